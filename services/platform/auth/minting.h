/* services/platform/auth/minting.h - making an access token of an account's. */
#pragma once

#include "services/platform/auth/account.h"
#include "services/platform/auth/auth.h"
#include "services/platform/auth/issued.h"

/* What is asked for; zeroes stand for all that the account may. */
struct minting {
    const struct account *account;
    const uint8_t *family; /* of the session, FAMILY_ID_SIZE bytes; NULL: none */
    char *const *scopes;   /* valid, and covered by the account's */
    size_t scope_count;    /* 0: the account's own; ACCESS_SCOPES_MAX at most */
    uint32_t life_s;       /* ACCESS_LIFE_MAX_S at most; 0: that */
    uint32_t calls;        /* 0: any number */
    const char *audience;  /* or NULL */
};

struct minted {
    char line[ACCESS_TEXT_MAX + 1]; /* as good as a password: the caller wipes it */
    struct issued issued;
};

enum minting_outcome {
    MINTING_OK = BOOK_OK,
    MINTING_FULL = BOOK_FULL, /* no room on the disk, or the account has too many tokens */
    MINTING_NOTHING = 3,      /* the account may call nothing, so there is no token */
    MINTING_AUDIENCE = 4,     /* no pattern of nodes */
    MINTING_LONG = 5          /* the line would be too long: too many scopes, too long ones */
};

/* Signs the token and puts it among those issued, for the caller to commit. An outcome or -errno.
 * With the lock. */
int minting_make(struct auth *auth, const struct minting *minting, struct minted *minted);

/* Answers a call for which there is no token. */
void minting_fail(struct mu_call *call, int r);
