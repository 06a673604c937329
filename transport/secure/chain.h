/* transport/secure/chain.h - the certificates from a node to its root, the node's first. */
#pragma once

#include "transport/secure/certificate.h"

enum { CHAIN_SIZE_MAX = CHAIN_MAX * CERTIFICATE_SIZE_MAX };

struct chain {
    uint32_t count; /* 1..CHAIN_MAX */
    struct certificate certificates[CHAIN_MAX];
};

/* Reads `bytes`, all of them, as `count` certificates one behind the other; they say themselves how
 * long they are. CERTIFICATE_BAD also where `count` is none of 1..CHAIN_MAX. Says nothing of what
 * they are worth. `*chain` is set on CERTIFICATE_OK only. */
enum certificate_outcome chain_read(struct chain *chain, uint32_t count, struct span bytes);

size_t chain_size(const struct chain *chain);

/* Writes chain_size(chain) bytes to `out` and returns the end. */
uint8_t *chain_write(const struct chain *chain, uint8_t *out);

/* The key that the chain hangs from: the last certificate's issuer. The only word for it is its
 * own: who joins by a token compares it with token_names_root. */
const struct public_key *chain_root(const struct chain *chain);
