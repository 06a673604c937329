// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/authenticator.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <sodium.h>
#include <string.h>

#include "base/check.h"

static const uint8_t es256_head[] = { 0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20 };
static const uint8_t es256_middle[] = { 0x22, 0x58, 0x20 };
static const uint8_t eddsa_head[] = { 0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 0x20 };

static void add(struct authenticator_key *key, const uint8_t *bytes, size_t size)
{
    CHECK(key->cose_size + size <= sizeof(key->cose));
    memcpy(key->cose + key->cose_size, bytes, size);
    key->cose_size += size;
}

static void make_es256(struct authenticator_key *key)
{
    uint8_t point[65];
    size_t size = 0;

    key->es256 = EVP_EC_gen("P-256");
    CHECK(key->es256 != NULL);
    CHECK(EVP_PKEY_get_octet_string_param(
                  key->es256, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &size) == 1);
    CHECK(size == sizeof(point) && point[0] == 4);
    add(key, es256_head, sizeof(es256_head));
    add(key, point + 1, 32);
    add(key, es256_middle, sizeof(es256_middle));
    add(key, point + 33, 32);
}

void authenticator_make(struct authenticator_key *key, bool is_es256)
{
    uint8_t public[32];

    *key = (struct authenticator_key){ .is_es256 = is_es256 };
    randombytes_buf(key->id, sizeof(key->id));
    if (is_es256) {
        make_es256(key);
        return;
    }
    crypto_sign_keypair(public, key->eddsa);
    add(key, eddsa_head, sizeof(eddsa_head));
    add(key, public, sizeof(public));
}

void authenticator_drop(struct authenticator_key *key)
{
    EVP_PKEY_free(key->es256);
    key->es256 = NULL;
}

size_t authenticator_sign_bytes(const struct authenticator_key *key, struct span message,
        uint8_t signature[AUTHENTICATOR_SIGNATURE_MAX])
{
    size_t size = AUTHENTICATOR_SIGNATURE_MAX;
    EVP_MD_CTX *context;

    if (!key->is_es256) {
        crypto_sign_detached(signature, NULL, message.data, message.size, key->eddsa);
        return crypto_sign_BYTES;
    }
    context = EVP_MD_CTX_new();
    CHECK(context != NULL);
    CHECK(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->es256) == 1);
    CHECK(EVP_DigestSign(context, signature, &size, message.data, message.size) == 1);
    EVP_MD_CTX_free(context);
    return size;
}

void authenticator_sign(const struct authenticator_key *key,
        const struct authenticator_order *order, struct authenticator_assertion *out)
{
    uint8_t message[AUTHENTICATOR_DATA_SIZE + sizeof(order->client_data_hash)];

    crypto_hash_sha256(out->data, (const uint8_t *)order->rp, strlen(order->rp));
    out->data[32] = order->flags;
    for (int i = 0; i < 4; i++)
        out->data[33 + i] = (uint8_t)(order->counter >> (24 - 8 * i));
    memcpy(message, out->data, sizeof(out->data));
    memcpy(message + sizeof(out->data), order->client_data_hash, sizeof(order->client_data_hash));
    out->signature_size = authenticator_sign_bytes(
            key, (struct span){ message, sizeof(message) }, out->signature);
}
