/* services/platform/auth/family.h - a session: the refresh tokens that come one after the other of
 * one login.
 *
 * Each is good once and gives the next. One that is shown again was copied by somebody, and nobody
 * knows who is who: the whole session ends (RFC 9700, section 4.14.2). A token is the session's id
 * and 32 random bytes, of which a BLAKE2b-256 hash is kept; those that were used are known until
 * the session ends. Time is an argument. Puts go into the book's open transaction: the caller
 * commits. */
#pragma once

#include <stdint.h>

#include "services/platform/auth/auth_limits.h"
#include "services/platform/auth/book.h"
#include "transport/secure/identity_limits.h"

enum {
    FAMILY_ID_SIZE = 16,
    REFRESH_TEXT_SIZE = 5 + 64 /* characters: `mur1.` and base64 of 48 bytes */
};

struct family {
    uint8_t id[FAMILY_ID_SIZE];
    char account[ACCESS_SUBJECT_MAX + 1];
    uint64_t created_s;
    uint64_t until_s;
    uint32_t generation; /* of the refresh token that is good */
};

enum family_outcome {
    FAMILY_OK = BOOK_OK,
    FAMILY_NONE = BOOK_NONE, /* no refresh token, or one of no session that is open */
    FAMILY_FULL = BOOK_FULL, /* no room on the disk */
    FAMILY_REUSED = 3,       /* was used before; the session is for the caller to end */
    FAMILY_ENDED = 4         /* its time is over, or its refreshes are; likewise */
};

/* Opens a session of `account`, and writes its first refresh token into `text`, with a NUL; the
 * caller wipes it. Sessions of the account that ended are removed, and of ACCOUNT_SESSIONS_MAX the
 * oldest. 0, FAMILY_FULL or -errno. */
int family_open(struct book *book, const char *account, uint64_t now_s, struct family *family,
        char text[REFRESH_TEXT_SIZE + 1]);

/* Takes the refresh token `old` for the next one, in `text`. `*family` is set but for FAMILY_NONE
 * and -errno. */
int family_refresh(struct book *book, const char *old, uint64_t now_s, struct family *family,
        char text[REFRESH_TEXT_SIZE + 1]);

/* The session of a refresh token, whether that is good or was used. 0, FAMILY_NONE or -errno. */
int family_find(struct book *book, const char *text, struct family *family);

/* Ends it: its refresh tokens are known no more. 0 or -errno. */
int family_close(struct book *book, const struct family *family);

/* Ends all of an account. 0 or -errno. */
int family_close_all(struct book *book, const char *account);

/* How many the account has. 0 or -errno. */
int family_count(struct book *book, const char *account, size_t *countp);
