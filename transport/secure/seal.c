// SPDX-License-Identifier: Apache-2.0
/* The cost stands in the file, so that it can be raised for new ones; whoever wrote the file may be
 * hostile, so it is held against limits before argon2id sees it. Nothing in the clear needs a MAC:
 * another cost or salt gives another key, which opens nothing, and the public key is compared. */
#include "transport/secure/seal.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "transport/secure/big_endian.h"

enum { SALT_SIZE = 16, NONCE_SIZE = 24, BOX_SIZE = 16 + KEY_SEED_SIZE };

/* Where the fields stand. */
enum {
    AT_ALGORITHM = 4,
    AT_ZERO = 5,
    AT_PASSES = 8,
    AT_MEMORY = 12,
    AT_PUBLIC = 16,
    AT_SALT = 48,
    AT_NONCE = 64,
    AT_BOX = 88
};

enum { ALGORITHM = 1, MEMORY_KIB_MIN = 8 }; /* argon2id 1.3 and XSalsa20-Poly1305 */

enum { KIB = 1024 };

_Static_assert(SALT_SIZE == crypto_pwhash_argon2id_SALTBYTES, "a salt is argon2id's");
_Static_assert(NONCE_SIZE == crypto_secretbox_NONCEBYTES, "a nonce is secretbox's");

const struct seal_cost seal_cost_moderate = {
    .passes = crypto_pwhash_argon2id_OPSLIMIT_MODERATE,
    .memory_kib = crypto_pwhash_argon2id_MEMLIMIT_MODERATE / KIB,
};

static const uint8_t magic[4] = { 'M', 'u', 'S', '1' };

static bool cost_is_allowed(const struct seal_cost *cost)
{
    return cost->passes >= 1 && cost->passes <= SEAL_PASSES_MAX &&
           cost->memory_kib >= MEMORY_KIB_MIN && cost->memory_kib <= SEAL_MEMORY_KIB_MAX;
}

/* The key that a passphrase gives, in guarded memory. NULL where memory ends. */
static uint8_t *key_from_passphrase(
        struct span passphrase, const uint8_t salt[SALT_SIZE], const struct seal_cost *cost)
{
    uint8_t *key = sodium_malloc(crypto_secretbox_KEYBYTES);

    if (key == NULL)
        return NULL;
    if (crypto_pwhash(key, crypto_secretbox_KEYBYTES, (const char *)passphrase.data,
                passphrase.size, salt, cost->passes, (size_t)cost->memory_kib * KIB,
                crypto_pwhash_ALG_ARGON2ID13) != 0) {
        sodium_free(key);
        return NULL;
    }
    return key;
}

int seal_key(uint8_t sealed[SEALED_KEY_SIZE], const struct key *key, struct span passphrase,
        const struct seal_cost *cost)
{
    uint8_t bytes[SEALED_KEY_SIZE] = { 0 };
    uint8_t seed[KEY_SEED_SIZE];
    uint8_t *box_key;

    CHECK(passphrase.size <= PASSPHRASE_SIZE_MAX);

    if (!cost_is_allowed(cost))
        return SEAL_GREEDY;
    memcpy(bytes, magic, sizeof(magic));
    bytes[AT_ALGORITHM] = ALGORITHM;
    be32_write(bytes + AT_PASSES, cost->passes);
    be32_write(bytes + AT_MEMORY, cost->memory_kib);
    memcpy(bytes + AT_PUBLIC, key->public.bytes, PUBLIC_KEY_SIZE);
    randombytes_buf(bytes + AT_SALT, SALT_SIZE);
    randombytes_buf(bytes + AT_NONCE, NONCE_SIZE);
    box_key = key_from_passphrase(passphrase, bytes + AT_SALT, cost);
    if (box_key == NULL)
        return err_new(-ENOMEM);
    key_seed(key, seed);
    crypto_secretbox_easy(bytes + AT_BOX, seed, sizeof(seed), bytes + AT_NONCE, box_key);
    sodium_memzero(seed, sizeof(seed));
    sodium_free(box_key);
    memcpy(sealed, bytes, sizeof(bytes));
    return 0;
}

/* Reads the head, up to what a passphrase is needed for. */
static enum seal_outcome head_read(struct seal_cost *cost, struct span sealed)
{
    static const uint8_t zero[AT_PASSES - AT_ZERO];
    const uint8_t *at = sealed.data;

    if (sealed.size != SEALED_KEY_SIZE || memcmp(at, magic, sizeof(magic)) != 0 ||
            at[AT_ALGORITHM] != ALGORITHM || memcmp(at + AT_ZERO, zero, sizeof(zero)) != 0)
        return SEAL_BAD;
    cost->passes = be32_read(at + AT_PASSES);
    cost->memory_kib = be32_read(at + AT_MEMORY);
    return cost_is_allowed(cost) ? SEAL_OK : SEAL_GREEDY;
}

static int box_open(struct key *key, const uint8_t *at, const uint8_t *box_key)
{
    uint8_t seed[KEY_SEED_SIZE];
    struct key opened;
    int r;

    if (crypto_secretbox_open_easy(seed, at + AT_BOX, BOX_SIZE, at + AT_NONCE, box_key) != 0)
        return SEAL_WRONG;
    r = key_init_seed(&opened, seed);
    sodium_memzero(seed, sizeof(seed));
    if (r < 0)
        return err_trace(r);
    if (memcmp(opened.public.bytes, at + AT_PUBLIC, PUBLIC_KEY_SIZE) != 0) {
        key_deinit(&opened);
        return SEAL_WRONG;
    }
    *key = opened;
    return 0;
}

int seal_open(struct key *key, struct span sealed, struct span passphrase)
{
    struct seal_cost cost;
    enum seal_outcome outcome = head_read(&cost, sealed);
    uint8_t *box_key;
    int r;

    if (outcome != SEAL_OK)
        return outcome;
    if (passphrase.size > PASSPHRASE_SIZE_MAX)
        return SEAL_WRONG;
    box_key = key_from_passphrase(passphrase, sealed.data + AT_SALT, &cost);
    if (box_key == NULL)
        return err_new(-ENOMEM);
    r = box_open(key, sealed.data, box_key);
    sodium_free(box_key);
    return err_trace(r);
}

enum seal_outcome seal_peek(struct public_key *key, struct span sealed)
{
    struct seal_cost cost;
    enum seal_outcome outcome = head_read(&cost, sealed);

    if (outcome == SEAL_OK)
        memcpy(key->bytes, sealed.data + AT_PUBLIC, PUBLIC_KEY_SIZE);
    return outcome;
}
