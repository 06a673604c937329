/* transport/secure/seal.h - a key under a passphrase (docs/protocol.md, "Key files"): argon2id and
 * libsodium's secretbox. */
#pragma once

#include "transport/secure/key.h"

enum { SEALED_KEY_SIZE = 136 };

/* What opening costs, chosen when it is sealed and written into it. */
struct seal_cost {
    uint32_t passes;     /* 1..SEAL_PASSES_MAX */
    uint32_t memory_kib; /* 8..SEAL_MEMORY_KIB_MAX */
};

/* libsodium's MODERATE: 256 MiB, and about half a second. */
extern const struct seal_cost seal_cost_moderate;

enum seal_outcome {
    SEAL_OK,
    SEAL_BAD,    /* not a sealed key */
    SEAL_GREEDY, /* asks for more passes or memory than the limits: nothing was tried */
    SEAL_WRONG   /* not its passphrase, or it was changed */
};

/* Seals `key` under `passphrase` (at most PASSPHRASE_SIZE_MAX bytes). Returns 0, SEAL_GREEDY for a
 * cost outside of its limits, or -ENOMEM. */
int seal_key(uint8_t sealed[SEALED_KEY_SIZE], const struct key *key, struct span passphrase,
        const struct seal_cost *cost);

/* Opens what seal_key made. Returns 0, an enum seal_outcome, or -ENOMEM. `*key` is set on 0 only.
 */
int seal_open(struct key *key, struct span sealed, struct span passphrase);

/* Tells whose key is sealed, which takes no passphrase; nothing proves it before it is opened. */
enum seal_outcome seal_peek(struct public_key *key, struct span sealed);
