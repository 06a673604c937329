// SPDX-License-Identifier: Apache-2.0
#include "transport/secure/access_chain.h"

#include <sodium.h>
#include <string.h>

#include "transport/field.h"

/* Field numbers of mu.router.v1.AccessToken and AccessBlock. */
enum { FIELD_BLOCKS = 1, FIELD_PROOF = 2, FIELD_SEAL = 3 };
enum { FIELD_BODY = 1, FIELD_NEXT = 2, FIELD_SIGNATURE = 3 };

void access_chain_hash(struct access_chain *chain)
{
    static const uint8_t none[ACCESS_HASH_SIZE];
    struct access_block *block = &chain->blocks[chain->count - 1];
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, ACCESS_HASH_SIZE);
    crypto_generichash_update(
            &state, chain->count > 1 ? chain->blocks[chain->count - 2].hash : none, sizeof(none));
    crypto_generichash_update(&state, block->next.data, block->next.size);
    crypto_generichash_update(&state, block->body.data, block->body.size);
    crypto_generichash_final(&state, block->hash, ACCESS_HASH_SIZE);
}

/* Takes field `number`, which comes next, of `size` bytes (0: of any number, but some). */
static bool chain_take(struct span *rest, uint32_t number, size_t size, struct span *bytesp)
{
    struct field field = { 0 };
    const uint8_t *end = rest->data + rest->size;
    const uint8_t *at = rest->size > 0 ? field_read(&field, rest->data, end) : NULL;

    if (at == NULL || field.number != number || field.wire != WIRE_BYTES ||
            (size != 0 ? field.bytes.size != size : field.bytes.size == 0))
        return false;
    *bytesp = field.bytes;
    *rest = (struct span){ at, (size_t)(end - at) };
    return true;
}

enum access_outcome access_chain_read(struct access_chain *chain, struct span bytes)
{
    struct span rest = bytes;
    struct span block;

    *chain = (struct access_chain){ .count = 0 };
    while (chain_take(&rest, FIELD_BLOCKS, 0, &block)) {
        struct access_block *read = &chain->blocks[chain->count];

        if (chain->count == ACCESS_BLOCKS_MAX || !chain_take(&block, FIELD_BODY, 0, &read->body) ||
                !chain_take(&block, FIELD_NEXT, PUBLIC_KEY_SIZE, &read->next) ||
                !chain_take(&block, FIELD_SIGNATURE, SIGNATURE_SIZE, &read->signature) ||
                block.size != 0)
            return ACCESS_BAD;
        chain->count += 1;
        access_chain_hash(chain);
    }
    if (chain->count == 0 || (!chain_take(&rest, FIELD_PROOF, KEY_SEED_SIZE, &chain->proof) &&
                                     !chain_take(&rest, FIELD_SEAL, SIGNATURE_SIZE, &chain->seal)))
        return ACCESS_BAD;
    return rest.size == 0 ? ACCESS_OK : ACCESS_BAD;
}

static size_t block_size(const struct access_block *block)
{
    return span_size(block->body) + span_size(block->next) + span_size(block->signature);
}

size_t access_chain_write(const struct access_chain *chain, uint8_t *out, size_t max)
{
    uint8_t *begin = out;
    size_t size = span_size(chain->proof) + span_size(chain->seal);

    for (uint32_t i = 0; i < chain->count; i++)
        size += 1 + varint_size(block_size(&chain->blocks[i])) + block_size(&chain->blocks[i]);
    if (size > max)
        return 0;
    for (uint32_t i = 0; i < chain->count; i++) {
        const struct access_block *block = &chain->blocks[i];

        *out++ = TAG(FIELD_BLOCKS, WIRE_BYTES);
        out = varint_write(out, block_size(block));
        out = span_write(out, FIELD_BODY, block->body);
        out = span_write(out, FIELD_NEXT, block->next);
        out = span_write(out, FIELD_SIGNATURE, block->signature);
    }
    out = span_write(out, FIELD_PROOF, chain->proof);
    out = span_write(out, FIELD_SEAL, chain->seal);
    return (size_t)(out - begin);
}

void access_chain_sign(const struct access_chain *chain, const struct key *key,
        enum key_purpose purpose, uint8_t signature[SIGNATURE_SIZE])
{
    key_sign(key, purpose, (struct span){ chain->blocks[chain->count - 1].hash, ACCESS_HASH_SIZE },
            signature);
}

static bool block_is_by(const struct access_block *block, const uint8_t *key,
        enum key_purpose purpose, struct span signature)
{
    struct public_key public;

    memcpy(public.bytes, key, PUBLIC_KEY_SIZE);
    return key_verify(
            &public, purpose, (struct span){ block->hash, ACCESS_HASH_SIZE }, signature.data);
}

bool access_chain_is_by(const struct access_chain *chain, const struct public_key *authority)
{
    return block_is_by(
            &chain->blocks[0], authority->bytes, KEY_FOR_ACCESS, chain->blocks[0].signature);
}

/* True where the secret in the token is that of the last block's key. */
static bool chain_is_proved(const struct access_chain *chain)
{
    const struct access_block *last = &chain->blocks[chain->count - 1];
    uint8_t public[PUBLIC_KEY_SIZE];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];

    if (chain->seal.size != 0)
        return block_is_by(last, last->next.data, KEY_FOR_ACCESS_SEAL, chain->seal);
    crypto_sign_seed_keypair(public, secret, chain->proof.data);
    sodium_memzero(secret, sizeof(secret));
    return memcmp(public, last->next.data, sizeof(public)) == 0;
}

enum access_outcome access_chain_verify(const struct access_chain *chain)
{
    for (uint32_t i = 1; i < chain->count; i++)
        if (!block_is_by(&chain->blocks[i], chain->blocks[i - 1].next.data, KEY_FOR_ACCESS,
                    chain->blocks[i].signature))
            return ACCESS_FORGED;
    return chain_is_proved(chain) ? ACCESS_OK : ACCESS_FORGED;
}
