// SPDX-License-Identifier: Apache-2.0
/* The turns are counted by hand and not by threads of their own: handlers run on several threads
 * anyway, and those that hash are the ones that wait. */
#include "services/platform/auth/password.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "services/platform/auth/auth_limits.h"

_Static_assert(PASSWORD_HASH_SIZE == crypto_pwhash_STRBYTES, "a hash is libsodium's");

/* Waits for a turn. False where too many wait. */
static bool enter(struct passwords *passwords)
{
    bool mine = true;

    pthread_mutex_lock(&passwords->lock);
    if (passwords->running == PASSWORD_HASHES_MAX && passwords->waiting == PASSWORD_WAITERS_MAX) {
        mine = false;
    } else {
        passwords->waiting += 1;
        while (passwords->running == PASSWORD_HASHES_MAX)
            pthread_cond_wait(&passwords->free, &passwords->lock);
        passwords->waiting -= 1;
        passwords->running += 1;
    }
    pthread_mutex_unlock(&passwords->lock);
    return mine;
}

static void leave(struct passwords *passwords)
{
    pthread_mutex_lock(&passwords->lock);
    passwords->running -= 1;
    pthread_cond_signal(&passwords->free);
    pthread_mutex_unlock(&passwords->lock);
}

int password_hash(struct passwords *passwords, const char *password, char hash[PASSWORD_HASH_SIZE])
{
    int failed;

    if (!enter(passwords))
        return PASSWORD_BUSY;
    failed = crypto_pwhash_str(hash, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
            crypto_pwhash_MEMLIMIT_INTERACTIVE);
    leave(passwords);
    return failed != 0 ? err_new(-ENOMEM) : PASSWORD_OK;
}

int password_verify(struct passwords *passwords, const char *password, const char *hash)
{
    const char *looked_at = hash[0] != '\0' ? hash : passwords->nobody;
    bool fits;

    if (!enter(passwords))
        return PASSWORD_BUSY;
    fits = crypto_pwhash_str_verify(looked_at, password, strlen(password)) == 0;
    leave(passwords);
    return fits && hash[0] != '\0' ? PASSWORD_OK : PASSWORD_WRONG;
}

void password_generate(char secret[PASSWORD_SECRET_SIZE])
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* no l, o, 0, 1 */
    char *at = secret;

    _Static_assert(sizeof(letters) == 32 + 1, "each is five bits");
    for (int i = 0; i < 25; i++) {
        if (i > 0 && i % 5 == 0)
            *at++ = '-';
        *at++ = letters[randombytes_uniform(32)];
    }
    *at = '\0';
}

/* A hash is what a password is held against, and nobody is let in by one that was drawn: to find a
 * password for it is to break argon2id. So it costs no 64 MiB and no tenth of a second at each
 * start.
 */
static void draw_hash(char hash[PASSWORD_HASH_SIZE])
{
    enum { SALT_TEXT = 23, TAG_SIZE = 32, TAG_TEXT = 44 };
    uint8_t bytes[crypto_pwhash_SALTBYTES + TAG_SIZE];
    char salt[SALT_TEXT];
    char tag[TAG_TEXT];

    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2base64(salt, sizeof(salt), bytes, crypto_pwhash_SALTBYTES,
            sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    sodium_bin2base64(tag, sizeof(tag), bytes + crypto_pwhash_SALTBYTES, TAG_SIZE,
            sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    snprintf(hash, PASSWORD_HASH_SIZE, "%sv=19$m=%u,t=%u,p=1$%s$%s", crypto_pwhash_STRPREFIX,
            (unsigned)(crypto_pwhash_MEMLIMIT_INTERACTIVE / 1024),
            (unsigned)crypto_pwhash_OPSLIMIT_INTERACTIVE, salt, tag);
    CHECK(crypto_pwhash_str_needs_rehash(hash, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                  crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0);
}

void passwords_init(struct passwords *passwords)
{
    *passwords = (struct passwords){ .running = 0 };
    pthread_mutex_init(&passwords->lock, NULL);
    pthread_cond_init(&passwords->free, NULL);
    draw_hash(passwords->nobody);
}

void passwords_deinit(struct passwords *passwords)
{
    pthread_cond_destroy(&passwords->free);
    pthread_mutex_destroy(&passwords->lock);
}
