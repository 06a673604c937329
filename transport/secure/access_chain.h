/* transport/secure/access_chain.h - the signed blocks of an access token
 * (mu.router.v1.AccessToken), whatever they say. For access.c alone.
 *
 * Each block has a hash, over the hash of the one before, the key for the next one and its own
 * body; that is what is signed, so no block means anything behind other blocks than its own. */
#pragma once

#include "transport/secure/access.h"

enum { ACCESS_HASH_SIZE = 32 };

/* All spans are borrowed from the bytes that were read, or the writer's own. */
struct access_block {
    struct span body;
    struct span next;      /* PUBLIC_KEY_SIZE bytes: whose signature the next block has */
    struct span signature; /* SIGNATURE_SIZE bytes */
    uint8_t hash[ACCESS_HASH_SIZE];
};

struct access_chain {
    uint32_t count; /* 1..ACCESS_BLOCKS_MAX */
    struct access_block blocks[ACCESS_BLOCKS_MAX];
    struct span proof; /* KEY_SEED_SIZE bytes: of the last `next`; or empty, and … */
    struct span seal;  /* SIGNATURE_SIZE bytes: by it */
};

/* Reads `bytes`, all of them, in the one spelling that access_chain_write has, and makes the
 * hashes. Returns ACCESS_OK or ACCESS_BAD. */
enum access_outcome access_chain_read(struct access_chain *chain, struct span bytes);

/* Writes it to `out` and returns how many bytes; 0 where it is more than `max`. */
size_t access_chain_write(const struct access_chain *chain, uint8_t *out, size_t max);

/* Makes the hash of the last block. */
void access_chain_hash(struct access_chain *chain);

/* Signs the last block's hash. */
void access_chain_sign(const struct access_chain *chain, const struct key *key,
        enum key_purpose purpose, uint8_t signature[SIGNATURE_SIZE]);

/* Checks all signatures but the first, and the proof or seal. Returns ACCESS_OK or ACCESS_FORGED.
 */
enum access_outcome access_chain_verify(const struct access_chain *chain);

/* True where the first block is signed by the key. */
bool access_chain_is_by(const struct access_chain *chain, const struct public_key *authority);
