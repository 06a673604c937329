// SPDX-License-Identifier: Apache-2.0
/* What is cheap is looked at before what is signed: a token that has ended, or is of another
 * network, costs its reader no signature. Nothing is told by that which the bearer does not know.
 */
#include "transport/secure/access.h"

#include <sodium.h>
#include <string.h>

#include "transport/secure/access_block.h"
#include "transport/secure/access_chain.h"
#include "transport/secure/base64url.h"

static const char access_prefix[] = "mut1.";

enum { PREFIX_SIZE = sizeof(access_prefix) - 1 };

void access_key_id(struct access_key_id *id, const struct public_key *key)
{
    static const char context[] = "mu.token.key.v1";
    uint8_t hash[crypto_generichash_BYTES];
    crypto_generichash_state state;

    /* The first bytes of a longer hash: BLAKE2b is not asked for less than 16. */
    crypto_generichash_init(&state, NULL, 0, sizeof(hash));
    crypto_generichash_update(&state, (const uint8_t *)context, sizeof(context) - 1);
    crypto_generichash_update(&state, key->bytes, sizeof(key->bytes));
    crypto_generichash_final(&state, hash, sizeof(hash));
    memcpy(id->bytes, hash, sizeof(id->bytes));
}

bool access_id_equal(const struct access_id *one, const struct access_id *two)
{
    return memcmp(one->bytes, two->bytes, sizeof(one->bytes)) == 0;
}

/* ---- texts ---- */

/* A token's bytes, and the blocks in them. */
struct access_parts {
    uint8_t bytes[ACCESS_BYTES_MAX];
    struct access_chain chain; /* borrowed from `bytes` */
};

static enum access_outcome parts_read(struct access_parts *parts, struct span text)
{
    size_t size;

    if (text.size < PREFIX_SIZE || memcmp(text.data, access_prefix, PREFIX_SIZE) != 0)
        return ACCESS_NO_TOKEN;
    text = (struct span){ text.data + PREFIX_SIZE, text.size - PREFIX_SIZE };
    if (text.size > ACCESS_TEXT_MAX - PREFIX_SIZE || !base64url_is_text(text))
        return ACCESS_NO_TEXT;
    if (!base64url_read(text, parts->bytes, sizeof(parts->bytes), &size))
        return ACCESS_BAD;
    return access_chain_read(&parts->chain, (struct span){ parts->bytes, size });
}

static enum access_outcome parts_print(
        const struct access_chain *chain, char line[ACCESS_TEXT_MAX + 1])
{
    uint8_t bytes[ACCESS_BYTES_MAX];
    size_t size = access_chain_write(chain, bytes, sizeof(bytes));

    if (size == 0)
        return ACCESS_FULL;
    memcpy(line, access_prefix, PREFIX_SIZE);
    base64url_write(
            (struct span){ bytes, size }, line + PREFIX_SIZE, ACCESS_TEXT_MAX - PREFIX_SIZE);
    sodium_memzero(bytes, sizeof(bytes));
    return ACCESS_OK;
}

/* What all blocks allow. */
static enum access_outcome parts_fold(const struct access_parts *parts, struct access *access)
{
    enum access_outcome outcome = ACCESS_OK;

    for (uint32_t i = 0; outcome == ACCESS_OK && i < parts->chain.count; i++) {
        const struct access_block *block = &parts->chain.blocks[i];
        struct access_body body;

        outcome = access_body_read(&body, block->body, i == 0);
        if (outcome == ACCESS_OK)
            outcome = access_fold(access, &body, block->hash);
    }
    access->sealed = parts->chain.seal.size != 0;
    return outcome;
}

/* ---- making ---- */

/* Prints the chain with one block more: the new token's proof takes the place of the old one. */
static enum access_outcome access_append(const struct access_chain *before, struct span body,
        const struct key *key, char line[ACCESS_TEXT_MAX + 1])
{
    struct access_chain chain = *before;
    struct access_block *block = &chain.blocks[chain.count];
    uint8_t seed[KEY_SEED_SIZE];
    uint8_t public[PUBLIC_KEY_SIZE];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    uint8_t signature[SIGNATURE_SIZE];
    enum access_outcome outcome;

    randombytes_buf(seed, sizeof(seed));
    crypto_sign_seed_keypair(public, secret, seed);
    sodium_memzero(secret, sizeof(secret));
    block->body = body;
    block->next = (struct span){ public, sizeof(public) };
    block->signature = (struct span){ signature, sizeof(signature) };
    chain.count += 1;
    access_chain_hash(&chain);
    access_chain_sign(&chain, key, KEY_FOR_ACCESS, signature);
    chain.proof = (struct span){ seed, sizeof(seed) };
    outcome = parts_print(&chain, line);
    sodium_memzero(seed, sizeof(seed));
    return outcome;
}

enum access_outcome access_issue(const struct access_grant *grant, const struct key *authority,
        char line[ACCESS_TEXT_MAX + 1], struct access_id *id)
{
    struct access_body body = { .is_first = true,
        .network = grant->network,
        .subject = { (const uint8_t *)grant->subject,
                strnlen(grant->subject, sizeof(grant->subject)) },
        .audience = { (const uint8_t *)grant->audience,
                strnlen(grant->audience, sizeof(grant->audience)) },
        .space = { (const uint8_t *)grant->space, strnlen(grant->space, sizeof(grant->space)) },
        .issued_s = grant->issued_s,
        .scopes = grant->scopes,
        .expires_s = grant->expires_s,
        .budget = grant->budget };
    static const struct access_chain none = { .count = 0 };
    uint8_t bytes[ACCESS_BODY_SIZE_MAX];
    enum access_outcome outcome = access_body_judge(&body);

    if (outcome != ACCESS_OK)
        return outcome;
    access_key_id(&body.key, &authority->public);
    randombytes_buf(body.id.bytes, sizeof(body.id.bytes));
    outcome = access_append(
            &none, (struct span){ bytes, access_body_write(&body, bytes) }, authority, line);
    if (outcome == ACCESS_OK)
        *id = body.id;
    return outcome;
}

/* Signs with the token's own secret: a further block, or, without a body, the seal. */
static enum access_outcome access_as_bearer(const struct access_chain *chain,
        const struct access_body *body, char line[ACCESS_TEXT_MAX + 1])
{
    struct access_chain sealed = *chain;
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    uint8_t bytes[ACCESS_BODY_SIZE_MAX];
    uint8_t seal[SIGNATURE_SIZE];
    struct key key = { .secret = secret };
    enum access_outcome outcome;

    crypto_sign_seed_keypair(key.public.bytes, secret, chain->proof.data);
    if (body != NULL) {
        outcome = access_append(
                chain, (struct span){ bytes, access_body_write(body, bytes) }, &key, line);
    } else {
        access_chain_sign(chain, &key, KEY_FOR_ACCESS_SEAL, seal);
        sealed.proof = (struct span){ NULL, 0 };
        sealed.seal = (struct span){ seal, sizeof(seal) };
        outcome = parts_print(&sealed, line);
    }
    sodium_memzero(secret, sizeof(secret));
    return outcome;
}

/* Reads a token as its bearer does, who wants to make another of it. */
static enum access_outcome access_open(
        struct access_parts *parts, struct access *access, struct span text)
{
    enum access_outcome outcome = parts_read(parts, text);

    if (outcome == ACCESS_OK)
        outcome = parts_fold(parts, access);
    if (outcome == ACCESS_OK && access->sealed)
        outcome = ACCESS_SEALED;
    return outcome == ACCESS_OK ? access_chain_verify(&parts->chain) : outcome;
}

enum access_outcome access_narrow(
        const struct access_narrowing *narrowing, struct span text, char line[ACCESS_TEXT_MAX + 1])
{
    static const uint8_t none[ACCESS_ID_SIZE];
    struct access_body body = {
        .scopes = narrowing->scopes, .expires_s = narrowing->expires_s, .budget = narrowing->budget
    };
    struct access_parts parts;
    struct access access;
    enum access_outcome outcome = access_open(&parts, &access, text);

    if (outcome == ACCESS_OK)
        outcome = access_body_judge(&body);
    if (outcome == ACCESS_OK && parts.chain.count == ACCESS_BLOCKS_MAX)
        outcome = ACCESS_FULL;
    if (outcome == ACCESS_OK)
        outcome = access_fold(&access, &body, none);
    if (outcome == ACCESS_OK)
        outcome = access_as_bearer(&parts.chain, &body, line);
    sodium_memzero(&parts, sizeof(parts));
    return outcome;
}

enum access_outcome access_seal(struct span text, char line[ACCESS_TEXT_MAX + 1])
{
    struct access_parts parts;
    struct access access;
    enum access_outcome outcome = access_open(&parts, &access, text);

    if (outcome == ACCESS_OK)
        outcome = access_as_bearer(&parts.chain, NULL, line);
    sodium_memzero(&parts, sizeof(parts));
    return outcome;
}

/* ---- believing ---- */

static const struct public_key *authority_find(
        const struct access_authority *authority, const struct access_key_id *id)
{
    for (uint32_t i = 0; i < authority->key_count; i++) {
        struct access_key_id has;

        access_key_id(&has, &authority->keys[i]);
        if (memcmp(has.bytes, id->bytes, sizeof(has.bytes)) == 0)
            return &authority->keys[i];
    }
    return NULL;
}

static enum access_outcome access_judge(const struct access_chain *chain,
        const struct access *access, const struct access_authority *authority, uint64_t now_s)
{
    const struct public_key *key;

    if (!network_id_equal(&access->network, &authority->network))
        return ACCESS_NETWORK;
    if (access->expires_s <= now_s)
        return ACCESS_EXPIRED;
    if (access->issued_s > now_s && access->issued_s - now_s > CLOCK_TOLERANCE_S)
        return ACCESS_EARLY;
    key = authority_find(authority, &access->key);
    if (key == NULL)
        return ACCESS_KEY;
    if (!access_chain_is_by(chain, key))
        return ACCESS_FORGED;
    return access_chain_verify(chain);
}

enum access_outcome access_read(struct access *access, struct span text,
        const struct access_authority *authority, uint64_t now_s)
{
    struct access_parts parts;
    struct access read;
    enum access_outcome outcome = parts_read(&parts, text);

    if (outcome == ACCESS_OK)
        outcome = parts_fold(&parts, &read);
    if (outcome == ACCESS_OK)
        outcome = access_judge(&parts.chain, &read, authority, now_s);
    if (outcome == ACCESS_OK)
        *access = read;
    sodium_memzero(&parts, sizeof(parts));
    return outcome;
}

enum access_outcome access_look(struct access *access, struct span text)
{
    struct access_parts parts;
    struct access read;
    enum access_outcome outcome = parts_read(&parts, text);

    if (outcome == ACCESS_OK)
        outcome = parts_fold(&parts, &read);
    if (outcome == ACCESS_OK)
        *access = read;
    sodium_memzero(&parts, sizeof(parts));
    return outcome;
}

const char *access_text(enum access_outcome outcome)
{
    static const char *const texts[ACCESS_OUTCOMES] = {
        [ACCESS_OK] = "good",
        [ACCESS_NO_TOKEN] = "an access token begins with mut1.",
        [ACCESS_NO_TEXT] = "it is too long, or there is a character in it that no token has",
        [ACCESS_BAD] = "not an access token: cut short, or changed",
        [ACCESS_NETWORK] = "of another network",
        [ACCESS_KEY] = "signed with a key that this node does not know, or knows no more",
        [ACCESS_FORGED] = "a signature in it does not fit",
        [ACCESS_WIDER] = "a part of it allows more than the token that it was made of",
        [ACCESS_EARLY] = "issued later than now: the clocks differ",
        [ACCESS_EXPIRED] = "expired: log in again",
        [ACCESS_SEALED] = "sealed: it cannot be narrowed",
        [ACCESS_FULL] = "narrowed as often, or as long, as a token can be",
    };

    return (unsigned)outcome < ACCESS_OUTCOMES ? texts[outcome] : "unknown outcome";
}
