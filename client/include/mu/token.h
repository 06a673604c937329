/* mu/token.h - access tokens, for those who bear one: what it says, and how to pass on less of it.
 *
 * A token is one line, `mut1.…`, made by the service `auth` of a node (docs/operating.md, "Users").
 * Its bearer narrows it without asking anybody: fewer endpoints, less time, fewer calls. Nobody who
 * gets the narrower one takes that back. A token is as good as a password. */
#pragma once

#include <stdbool.h>

#include "mu/api.h"

enum {
    MU_TOKEN_TEXT_SIZE = 3073,  /* bytes of the longest line, with the final NUL */
    MU_TOKEN_NAME_SIZE = 65,    /* bytes of a subject and of an audience, with the final NUL */
    MU_TOKEN_SCOPES_MAX = 16,   /* patterns of endpoints in a token */
    MU_TOKEN_SCOPE_SIZE = 128,  /* bytes of one, with the final NUL */
    MU_TOKEN_ID_SIZE = 16,      /* bytes */
    MU_TOKEN_NARROWINGS_MAX = 4 /* how often a token can be narrowed */
};

struct mu_token {
    char subject[MU_TOKEN_NAME_SIZE];  /* on whose behalf */
    char audience[MU_TOKEN_NAME_SIZE]; /* the nodes that it is for; "": any */
    uint8_t id[MU_TOKEN_ID_SIZE];      /* of it, and of all that are made of it */
    uint64_t issued_s;                 /* unix seconds */
    uint64_t expires_s;
    uint32_t calls;      /* that it is good for; 0: any number */
    uint32_t narrowings; /* how often it was narrowed */
    bool sealed;         /* nobody narrows it further */
    uint32_t scope_count;
    char scopes[MU_TOKEN_SCOPES_MAX][MU_TOKEN_SCOPE_SIZE]; /* store.Get, store.*, > */
};

/* Reads what `text` says into `*token`. That is no proof that a node believes it. Returns 0, or
 * -EINVAL where it is no token. */
MU_PUBLIC int mu_token_look(struct mu_token *token, const char *text);

/* What is to be left; 0 and no scopes: as it is. Not all of them, but for `seal`. */
struct mu_token_narrowing {
    const char *const *scopes; /* borrowed; each covered by one of the token's */
    uint32_t scope_count;
    uint64_t expires_s; /* not later than the token's */
    uint32_t calls;     /* not more than the token's */
    bool seal;          /* nobody is to narrow it further */
};

/* Makes a narrower token of `text` and writes it into `narrower`, with a NUL. Returns 0; -EINVAL
 * where `text` is no token or a scope no pattern; -EPERM where the narrowing would allow more than
 * the token does; -EROFS where it is sealed; -E2BIG where it was narrowed MU_TOKEN_NARROWINGS_MAX
 * times, or the line would be too long; -ENOSYS where there is no randomness. */
MU_PUBLIC int mu_token_narrow(const char *text, const struct mu_token_narrowing *narrowing,
        char narrower[MU_TOKEN_TEXT_SIZE]);
