/* tests/unit/authenticator.h - a security key made of software: it makes passkeys and signs with
 * them, as CTAP2 says, whatever it is told to sign. ES256 is OpenSSL's, so that two implementations
 * meet. */
#pragma once

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

#include "transport/envelope.h"

enum {
    AUTHENTICATOR_ID_SIZE = 48,
    AUTHENTICATOR_COSE_MAX = 77,
    AUTHENTICATOR_DATA_SIZE = 37, /* of an assertion */
    AUTHENTICATOR_SIGNATURE_MAX = 72,
    AUTHENTICATOR_PRESENT = 0x01,
    AUTHENTICATOR_VERIFIED = 0x04
};

struct authenticator_key {
    bool is_es256;
    uint8_t id[AUTHENTICATOR_ID_SIZE];
    size_t cose_size;
    uint8_t cose[AUTHENTICATOR_COSE_MAX]; /* the public half, as a COSE_Key */
    EVP_PKEY *es256;                      /* owned */
    uint8_t eddsa[64];
};

/* What it signs with its own text. */
struct authenticator_order {
    const char *rp;
    uint8_t flags;
    uint32_t counter;
    uint8_t client_data_hash[32];
};

struct authenticator_assertion {
    uint8_t data[AUTHENTICATOR_DATA_SIZE];
    size_t signature_size;
    uint8_t signature[AUTHENTICATOR_SIGNATURE_MAX];
};

void authenticator_make(struct authenticator_key *key, bool is_es256);
void authenticator_drop(struct authenticator_key *key);

/* Signs any message. Returns how many bytes. */
size_t authenticator_sign_bytes(const struct authenticator_key *key, struct span message,
        uint8_t signature[AUTHENTICATOR_SIGNATURE_MAX]);

void authenticator_sign(const struct authenticator_key *key,
        const struct authenticator_order *order, struct authenticator_assertion *out);
