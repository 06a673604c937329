/* services/platform/auth/passkey_key.h - the public half of a passkey: COSE's ES256 (ECDSA over
 * P-256 with SHA-256) and EdDSA (Ed25519), as CTAP2 writes them.
 *
 * Pure. The process has called sodium_init(). */
#pragma once

#include "transport/envelope.h"

enum {
    PASSKEY_KEY_SIZE = 64,          /* bytes of the larger one: x and y of P-256 */
    PASSKEY_SIGNATURE_SIZE_MAX = 72 /* bytes of the larger one: two integers of DER */
};

/* The numbers are those of COSE, without the sign. */
enum passkey_algorithm { PASSKEY_ES256 = 7, PASSKEY_EDDSA = 8 };

struct passkey_key {
    enum passkey_algorithm algorithm;
    uint8_t bytes[PASSKEY_KEY_SIZE]; /* x, y; of EdDSA 32 bytes, and zeroes */
};

/* Reads a COSE_Key of one of the two kinds in its canonical form, which is the one that CTAP2
 * allows. False where it is none, or no point of its curve. */
bool passkey_key_read(struct passkey_key *key, struct span cose);

/* True where `signature` is the key's of `message`. */
bool passkey_key_verify(const struct passkey_key *key, struct span message, struct span signature);
