/* services/platform/auth/issued.h - access tokens that have not ended: whose they are, and which of
 * them are void.
 *
 * Time is an argument. Puts go into the book's open transaction: the caller commits. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "services/platform/auth/family.h"
#include "transport/secure/access.h"

struct issued {
    struct access_id id;
    char account[ACCESS_SUBJECT_MAX + 1];
    uint8_t family[FAMILY_ID_SIZE]; /* zeroes where it is of no session */
    uint64_t until_s;
    bool revoked;
};

/* Keeps a token that was made; those of the account that ended are removed. BOOK_OK; BOOK_FULL,
 * also where the account has ACCOUNT_TOKENS_MAX; or -errno. */
int issued_put(struct book *book, const struct issued *issued, uint64_t now_s);

/* Finds one by its id. BOOK_OK, BOOK_NONE or -errno. */
int issued_find(struct book *book, const struct access_id *id, struct issued *issued);

/* Voids what is of the account and, where `family` is not NULL, of that session only. BOOK_OK,
 * BOOK_FULL or -errno. */
int issued_revoke_all(struct book *book, const char *account, const uint8_t *family);

/* Voids one that was found. As above. */
int issued_revoke(struct book *book, const struct issued *issued);

/* Removes those that ended, of all accounts. 0 or -errno. */
int issued_sweep(struct book *book, uint64_t now_s);

/* Visits all; `fn` returns 0 to go on, anything else stops and is returned. */
typedef int (*issued_fn)(const struct issued *issued, void *user);
int issued_each(struct book *book, issued_fn fn, void *user);
