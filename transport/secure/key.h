/* transport/secure/key.h - Ed25519 keys: who a node is (docs/protocol.md, "Identity").
 *
 * A key signs for a purpose, and the purpose is signed with the message, so that a signature of one
 * kind never passes for one of another. There is no printer for a secret. The process has called
 * sodium_init() before it uses any of this. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "transport/envelope.h"
#include "transport/secure/identity_limits.h"

enum { PUBLIC_KEY_SIZE = 32, KEY_SEED_SIZE = 32, SIGNATURE_SIZE = 64 };

struct public_key {
    uint8_t bytes[PUBLIC_KEY_SIZE];
};

struct key {
    struct public_key public;
    uint8_t *secret; /* owned: libsodium's form in guarded memory, read only, wiped by deinit */
};

/* What a signature is for: the text that stands in front of what is signed. */
enum key_purpose {
    KEY_FOR_CERTIFICATE, /* "mu.cert.v1" */
    KEY_FOR_LINK_STATIC, /* "mu.link.static.v1" */
    KEY_FOR_REVOCATIONS, /* "mu.revocation.v1" */
    KEY_FOR_REQUEST,     /* "mu.request.v1" */
    KEY_FOR_JOIN,        /* "mu.join.v1" */
    KEY_FOR_ADVERT,      /* "mu.advert.v1" */
    KEY_FOR_CLIENT,      /* "mu.client.v1" */
    KEY_FOR_ACCESS,      /* "mu.token.v1" */
    KEY_FOR_ACCESS_SEAL, /* "mu.token.seal.v1" */
    KEY_PURPOSES
};

/* A new key from libsodium's randomness. Returns 0 or -ENOMEM. */
int key_init(struct key *key);

/* The key of a seed, always the same. The seed stays the caller's to wipe. Returns 0 or -ENOMEM. */
int key_init_seed(struct key *key, const uint8_t seed[KEY_SEED_SIZE]);

/* Wipes and frees the secret. Safe on zeroes, and safe twice. */
void key_deinit(struct key *key);

/* Copies out the seed, for those who keep keys; they wipe it. */
void key_seed(const struct key *key, uint8_t seed[KEY_SEED_SIZE]);

/* Signs the purpose's text, a NUL and `message` (at most SIGNED_SIZE_MAX bytes) by RFC 8032. */
void key_sign(const struct key *key, enum key_purpose purpose, struct span message,
        uint8_t signature[SIGNATURE_SIZE]);

/* True where `signature` is one of `public` over `message` for `purpose`. Keys of small order and
 * keys or signatures in a second spelling are refused. */
bool key_verify(const struct public_key *public, enum key_purpose purpose, struct span message,
        const uint8_t signature[SIGNATURE_SIZE]);

bool public_key_equal(const struct public_key *one, const struct public_key *two);
