/* transport/secure/aead.h - ChaCha20-Poly1305 (RFC 8439), in place, with a counter for a nonce as
 * Noise numbers them: four zero bytes, then the counter, little-endian. */
#pragma once

#include <stdbool.h>

#include "transport/envelope.h"

enum {
    AEAD_KEY_SIZE = 32, /* bytes */
    AEAD_TAG_SIZE = 16,
    AEAD_SHORT_MAX = 448 /* bytes of a message that takes the shorter way, see aead.c */
};

/* Encrypts `size` bytes at `bytes` where they stand and writes the tag behind them, so there is
 * room for AEAD_TAG_SIZE more. `ad` is authenticated with them and may be empty. A counter is
 * used once with a key. */
void aead_seal(const uint8_t key[AEAD_KEY_SIZE], uint64_t counter, struct span ad, uint8_t *bytes,
        size_t size);

/* Decrypts `size` bytes where they stand, if the tag behind them is theirs. False where it is not:
 * then the `size` bytes are zeroes. */
bool aead_open(const uint8_t key[AEAD_KEY_SIZE], uint64_t counter, struct span ad, uint8_t *bytes,
        size_t size);
