// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/cli/software_pin.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <sodium.h>
#include <string.h>

#include "base/check.h"

static void renew(struct software_pin *pin)
{
    EVP_PKEY_free(pin->key);
    pin->key = EVP_EC_gen("P-256");
    CHECK(pin->key != NULL);
}

void software_pin_init(struct software_pin *pin, const char *text)
{
    *pin = (struct software_pin){ .pin = text, .tries = PIN_TRIES };
    randombytes_buf(pin->token, sizeof(pin->token));
    renew(pin);
}

void software_pin_point(const struct software_pin *pin, uint8_t point[PIN_POINT_SIZE])
{
    size_t size = 0;

    CHECK(EVP_PKEY_get_octet_string_param(
                  pin->key, OSSL_PKEY_PARAM_PUB_KEY, point, PIN_POINT_SIZE, &size) == 1);
    CHECK(size == PIN_POINT_SIZE);
}

/* SHA-256 of what both sides can compute. */
static bool agree(
        const struct software_pin *pin, const uint8_t point[PIN_POINT_SIZE], uint8_t secret[32])
{
    EVP_PKEY *peer = EVP_PKEY_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pin->key, NULL);
    uint8_t x[32];
    size_t size = sizeof(x);
    bool agreed;

    CHECK(peer != NULL && context != NULL);
    agreed = EVP_PKEY_copy_parameters(peer, pin->key) == 1 &&
             EVP_PKEY_set1_encoded_public_key(peer, point, PIN_POINT_SIZE) == 1 &&
             EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, peer) == 1 &&
             EVP_PKEY_derive(context, x, &size) == 1;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    crypto_hash_sha256(secret, x, sizeof(x));
    return agreed;
}

/* AES-256-CBC without padding, from a vector of zeroes. */
static void cipher(bool encrypts, const uint8_t key[32], const uint8_t *in, int size, uint8_t *out)
{
    static const uint8_t zeroes[16];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int done = 0;

    CHECK(context != NULL);
    CHECK(EVP_CipherInit_ex(context, EVP_aes_256_cbc(), NULL, key, zeroes, encrypts) == 1);
    CHECK(EVP_CIPHER_CTX_set_padding(context, 0) == 1);
    CHECK(EVP_CipherUpdate(context, out, &done, in, size) == 1 && done == size);
    EVP_CIPHER_CTX_free(context);
}

bool software_pin_take(struct software_pin *pin, const uint8_t point[PIN_POINT_SIZE],
        const uint8_t hash[16], uint8_t out[PIN_TOKEN_SIZE])
{
    uint8_t secret[32];
    uint8_t wanted[32];
    uint8_t got[16];

    if (!agree(pin, point, secret))
        return false;
    cipher(false, secret, hash, sizeof(got), got);
    crypto_hash_sha256(wanted, (const uint8_t *)pin->pin, strlen(pin->pin));
    if (memcmp(got, wanted, sizeof(got)) != 0) {
        pin->tries -= 1;
        renew(pin);
        return false;
    }
    pin->tries = PIN_TRIES;
    cipher(true, secret, pin->token, PIN_TOKEN_SIZE, out);
    return true;
}

bool software_pin_marked(
        const struct software_pin *pin, const uint8_t client_data_hash[32], const uint8_t mark[16])
{
    uint8_t wanted[32];
    crypto_auth_hmacsha256_state state;

    crypto_auth_hmacsha256_init(&state, pin->token, sizeof(pin->token));
    crypto_auth_hmacsha256_update(&state, client_data_hash, 32);
    crypto_auth_hmacsha256_final(&state, wanted);
    return memcmp(mark, wanted, 16) == 0;
}
