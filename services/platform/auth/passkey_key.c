// SPDX-License-Identifier: Apache-2.0
/* CTAP2 has one encoding of a key, so keys are compared with it byte by byte, and no reader of CBOR
 * stands between a stranger and this process.
 *
 * P-256 is nettle's and not libfido2's, which brings libcrypto (docs/architecture.md, "Decisions,
 * and why", has what that costs). The tests ask libfido2 for a second opinion. */
#include "services/platform/auth/passkey_key.h"

#include <nettle/ecc-curve.h>
#include <nettle/ecdsa.h>
#include <sodium.h>
#include <string.h>

enum { COORDINATE_SIZE = 32 };

/* ---- keys ---- */

static const uint8_t es256_head[] = {
    0xa5,             /* a map of five */
    0x01, 0x02,       /* kty: EC2 */
    0x03, 0x26,       /* alg: ES256 */
    0x20, 0x01,       /* crv: P-256 */
    0x21, 0x58, 0x20, /* x, 32 bytes */
};
static const uint8_t es256_middle[] = { 0x22, 0x58, 0x20 }; /* y, 32 bytes */
static const uint8_t eddsa_head[] = {
    0xa4,             /* a map of four */
    0x01, 0x01,       /* kty: OKP */
    0x03, 0x27,       /* alg: EdDSA */
    0x20, 0x06,       /* crv: Ed25519 */
    0x21, 0x58, 0x20, /* x, 32 bytes */
};

enum {
    ES256_MIDDLE_AT = sizeof(es256_head) + COORDINATE_SIZE,
    ES256_Y_AT = ES256_MIDDLE_AT + sizeof(es256_middle),
    ES256_SIZE = ES256_Y_AT + COORDINATE_SIZE,
    EDDSA_SIZE = sizeof(eddsa_head) + COORDINATE_SIZE
};

/* The point, which the caller clears, or false where it is none of the curve. */
static bool point_of(const struct passkey_key *key, struct ecc_point *point)
{
    mpz_t x;
    mpz_t y;
    bool on_curve;

    mpz_init(x);
    mpz_init(y);
    mpz_import(x, COORDINATE_SIZE, 1, 1, 0, 0, key->bytes);
    mpz_import(y, COORDINATE_SIZE, 1, 1, 0, 0, key->bytes + COORDINATE_SIZE);
    ecc_point_init(point, nettle_get_secp_256r1());
    on_curve = ecc_point_set(point, x, y) == 1;
    mpz_clear(y);
    mpz_clear(x);
    if (!on_curve)
        ecc_point_clear(point);
    return on_curve;
}

static bool is_valid(const struct passkey_key *key)
{
    struct ecc_point point;

    if (key->algorithm == PASSKEY_EDDSA)
        return crypto_core_ed25519_is_valid_point(key->bytes) == 1 &&
               sodium_is_zero(key->bytes + COORDINATE_SIZE, PASSKEY_KEY_SIZE - COORDINATE_SIZE);
    if (key->algorithm != PASSKEY_ES256 || !point_of(key, &point))
        return false;
    ecc_point_clear(&point);
    return true;
}

bool passkey_key_read(struct passkey_key *key, struct span cose)
{
    struct passkey_key read = { .algorithm = PASSKEY_EDDSA };

    if (cose.size == EDDSA_SIZE && memcmp(cose.data, eddsa_head, sizeof(eddsa_head)) == 0) {
        memcpy(read.bytes, cose.data + sizeof(eddsa_head), COORDINATE_SIZE);
    } else if (cose.size == ES256_SIZE && memcmp(cose.data, es256_head, sizeof(es256_head)) == 0 &&
               memcmp(cose.data + ES256_MIDDLE_AT, es256_middle, sizeof(es256_middle)) == 0) {
        read.algorithm = PASSKEY_ES256;
        memcpy(read.bytes, cose.data + sizeof(es256_head), COORDINATE_SIZE);
        memcpy(read.bytes + COORDINATE_SIZE, cose.data + ES256_Y_AT, COORDINATE_SIZE);
    } else {
        return false;
    }
    if (!is_valid(&read))
        return false;
    *key = read;
    return true;
}

/* ---- signatures ---- */

/* Takes an integer of DER off: one spelling of each, above 0, of COORDINATE_SIZE bytes at most. */
static bool take_integer(struct span *der, mpz_t number)
{
    size_t size = der->size >= 2 && der->data[0] == 0x02 ? der->data[1] : 0;
    const uint8_t *bytes;
    bool padded;

    if (size == 0 || size > COORDINATE_SIZE + 1 || size > der->size - 2)
        return false;
    bytes = der->data + 2;
    padded = bytes[0] == 0 && size > 1;
    if ((bytes[0] & 0x80) != 0 || (padded && (bytes[1] & 0x80) == 0) ||
            (size == COORDINATE_SIZE + 1 && !padded) || (size == 1 && bytes[0] == 0))
        return false;
    mpz_import(number, size, 1, 1, 0, 0, bytes);
    *der = (struct span){ bytes + size, der->size - 2 - size };
    return true;
}

/* A sequence of two integers, and nothing behind it. */
static bool read_der(struct span der, struct dsa_signature *signature)
{
    if (der.size < 2 || der.size > PASSKEY_SIGNATURE_SIZE_MAX || der.data[0] != 0x30 ||
            der.data[1] != der.size - 2)
        return false;
    der = (struct span){ der.data + 2, der.size - 2 };
    return take_integer(&der, signature->r) && take_integer(&der, signature->s) && der.size == 0;
}

static bool verify_es256(const struct passkey_key *key, struct span message, struct span signature)
{
    uint8_t digest[crypto_hash_sha256_BYTES];
    struct dsa_signature numbers;
    struct ecc_point point;
    bool fits = false;

    if (!point_of(key, &point))
        return false;
    crypto_hash_sha256(digest, message.data, message.size);
    dsa_signature_init(&numbers);
    if (read_der(signature, &numbers))
        fits = ecdsa_verify(&point, sizeof(digest), digest, &numbers) == 1;
    dsa_signature_clear(&numbers);
    ecc_point_clear(&point);
    return fits;
}

bool passkey_key_verify(const struct passkey_key *key, struct span message, struct span signature)
{
    if (key->algorithm == PASSKEY_ES256)
        return verify_es256(key, message, signature);
    return signature.size == crypto_sign_BYTES &&
           crypto_sign_verify_detached(signature.data, message.data, message.size, key->bytes) == 0;
}
