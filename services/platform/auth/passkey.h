/* services/platform/auth/passkey.h - what an account may log in with besides its password: the
 * public halves of keys that live in devices of its user's.
 *
 * Puts go into the book's open transaction: the caller commits. Times are arguments. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "services/platform/auth/auth_limits.h"
#include "services/platform/auth/book.h"
#include "services/platform/auth/passkey_key.h"
#include "transport/secure/identity_limits.h"

struct passkey {
    char account[ACCESS_SUBJECT_MAX + 1];
    char label[PASSKEY_LABEL_MAX + 1]; /* one passkey's of the account */
    uint32_t id_size;
    uint8_t id[PASSKEY_ID_MAX]; /* the device's own name for it */
    struct passkey_key key;
    uint32_t counter; /* of its device, the last one that was seen; 0: it counts nothing */
    uint64_t made_ms;
    uint64_t used_s; /* 0: never */
};

/* Those of one account, in the order in which they were made. */
struct passkeys {
    uint32_t count;
    struct passkey each[PASSKEYS_MAX];
};

/* True for 1 to PASSKEY_LABEL_MAX bytes of UTF-8 without control characters. */
bool passkey_label_is_valid(const char *label);

/* 0 or -errno. */
int passkey_load(struct book *book, const char *account, struct passkeys *passkeys);

/* 0 or -errno. */
int passkey_count(struct book *book, const char *account, size_t *countp);

/* By its id, by its label; NULL where there is none. */
const struct passkey *passkey_of_id(const struct passkeys *passkeys, struct span id);
const struct passkey *passkey_of_label(const struct passkeys *passkeys, const char *label);

/* Puts one, which may be there already. BOOK_OK; BOOK_FULL, also where it would be one over
 * PASSKEYS_MAX; or -errno. */
int passkey_put(struct book *book, const struct passkey *passkey);

/* BOOK_OK, BOOK_NONE or -errno. */
int passkey_delete(struct book *book, const struct passkey *passkey);

/* All of an account. 0 or -errno. */
int passkey_delete_all(struct book *book, const char *account);

/* Passkeys as an account might have them, always the same for the same name: they are shown where
 * there is no account, or it has none, so that nobody learns which there are. No device knows them.
 * 0 or -errno. */
int passkey_make_up(struct book *book, const char *account, struct passkeys *passkeys);

/* Makes the secret that they are derived from, where there is none yet. BOOK_OK, BOOK_FULL or
 * -errno; with `*madep` the caller has something to commit. */
int passkey_make_secret(struct book *book, bool *madep);
