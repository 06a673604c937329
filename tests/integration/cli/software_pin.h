/* software_pin.h - the PIN of a security key made of software: CTAP2's protocol 1 (section 5.5 of
 * CTAP 2.0), by OpenSSL. */
#pragma once

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

enum { PIN_TRIES = 8, PIN_TOKEN_SIZE = 32, PIN_POINT_SIZE = 65 };

struct software_pin {
    const char *pin; /* borrowed; NULL: there is none */
    int tries;       /* left */
    EVP_PKEY *key;   /* owned: for one agreement */
    uint8_t token[PIN_TOKEN_SIZE];
};

void software_pin_init(struct software_pin *pin, const char *text);

/* The public half of the key agreement, 0x04, x and y. */
void software_pin_point(const struct software_pin *pin, uint8_t point[PIN_POINT_SIZE]);

/* Is the PIN's hash right that came encrypted for the agreement with `point`? Then `*out` is the
 * token, encrypted likewise. */
bool software_pin_take(struct software_pin *pin, const uint8_t point[PIN_POINT_SIZE],
        const uint8_t hash[16], uint8_t out[PIN_TOKEN_SIZE]);

/* True where `mark` is the token's of `client_data_hash`. */
bool software_pin_marked(
        const struct software_pin *pin, const uint8_t client_data_hash[32], const uint8_t mark[16]);
