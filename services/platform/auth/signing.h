/* services/platform/auth/signing.h - the keys that sign access tokens. One signs; those before it
 * are believed until the last token of theirs has ended.
 *
 * Time is an argument. Puts go into the book's open transaction: the caller commits, and then reads
 * the keys anew. */
#pragma once

#include <stdint.h>

#include "services/platform/auth/auth_limits.h"
#include "services/platform/auth/book.h"
#include "transport/secure/access.h"

struct signing_key {
    struct key key; /* owned: deinit */
    uint64_t created_s;
    uint64_t until_s; /* 0: it signs */
};

struct signing {
    uint32_t count;
    struct signing_key keys[ACCESS_KEYS_MAX]; /* the one that signs is the first */
};

/* Reads the keys. Outcomes as of the book: BOOK_NONE where none signs. `*signing` is set on 0 only,
 * and is then the caller's to deinit. */
int signing_load(struct book *book, struct signing *signing);

/* Wipes the keys. Safe on zeroes, and safe twice. */
void signing_deinit(struct signing *signing);

/* Makes a new key that signs from now on. BOOK_OK; BOOK_FULL, also where ACCESS_KEYS_MAX are
 * believed still; or -errno. */
int signing_rotate(struct book *book, const struct signing *signing, uint64_t now_s);

/* Forgets those whose last token has ended; `*gonep` is how many. BOOK_OK or -errno. */
int signing_sweep(
        struct book *book, const struct signing *signing, uint64_t now_s, uint32_t *gonep);
