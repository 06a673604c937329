// SPDX-License-Identifier: Apache-2.0
/* Purpose and message are put together in one buffer, because libsodium's signing in parts is
 * Ed25519ph, another algorithm than the one that everybody has. What is larger than the buffer
 * signs its hash instead (revocation.c). */
#include "transport/secure/key.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"

/* Each is signed with its NUL, so that none is the beginning of another. */
static const char *const purposes[KEY_PURPOSES] = {
    [KEY_FOR_CERTIFICATE] = "mu.cert.v1",
    [KEY_FOR_LINK_STATIC] = "mu.link.static.v1",
    [KEY_FOR_REVOCATIONS] = "mu.revocation.v1",
    [KEY_FOR_REQUEST] = "mu.request.v1",
    [KEY_FOR_JOIN] = "mu.join.v1",
    [KEY_FOR_ADVERT] = "mu.advert.v1",
    [KEY_FOR_CLIENT] = "mu.client.v1",
    [KEY_FOR_ACCESS] = "mu.token.v1",
    [KEY_FOR_ACCESS_SEAL] = "mu.token.seal.v1",
};

enum { PURPOSE_SIZE_MAX = 24 }; /* bytes, the NUL included */

static size_t key_assemble(uint8_t *bytes, enum key_purpose purpose, struct span message)
{
    size_t size = strlen(purposes[purpose]) + 1;

    CHECK(size <= PURPOSE_SIZE_MAX && message.size <= SIGNED_SIZE_MAX);

    memcpy(bytes, purposes[purpose], size);
    if (message.size != 0)
        memcpy(bytes + size, message.data, message.size);
    return size + message.size;
}

int key_init(struct key *key)
{
    uint8_t seed[KEY_SEED_SIZE];
    int r;

    randombytes_buf(seed, sizeof(seed));
    r = key_init_seed(key, seed);
    sodium_memzero(seed, sizeof(seed));
    return err_trace(r);
}

int key_init_seed(struct key *key, const uint8_t seed[KEY_SEED_SIZE])
{
    struct key made = { .secret = sodium_malloc(crypto_sign_SECRETKEYBYTES) };

    if (made.secret == NULL)
        return err_new(-ENOMEM);
    crypto_sign_seed_keypair(made.public.bytes, made.secret, seed);
    sodium_mprotect_readonly(made.secret);
    *key = made;
    return 0;
}

void key_deinit(struct key *key)
{
    sodium_free(key->secret); /* wipes */
    *key = (struct key){ 0 };
}

void key_seed(const struct key *key, uint8_t seed[KEY_SEED_SIZE])
{
    crypto_sign_ed25519_sk_to_seed(seed, key->secret);
}

void key_sign(const struct key *key, enum key_purpose purpose, struct span message,
        uint8_t signature[SIGNATURE_SIZE])
{
    uint8_t bytes[PURPOSE_SIZE_MAX + SIGNED_SIZE_MAX];
    size_t size = key_assemble(bytes, purpose, message);

    crypto_sign_detached(signature, NULL, bytes, size, key->secret);
}

bool key_verify(const struct public_key *public, enum key_purpose purpose, struct span message,
        const uint8_t signature[SIGNATURE_SIZE])
{
    uint8_t bytes[PURPOSE_SIZE_MAX + SIGNED_SIZE_MAX];
    size_t size = key_assemble(bytes, purpose, message);

    return crypto_sign_verify_detached(signature, bytes, size, public->bytes) == 0;
}

bool public_key_equal(const struct public_key *one, const struct public_key *two)
{
    return memcmp(one->bytes, two->bytes, PUBLIC_KEY_SIZE) == 0;
}
