// SPDX-License-Identifier: Apache-2.0
/* The checksum is for people, who drop and swap characters: it tells a slip of the hand from a
 * token that was refused. What a stranger changes, the psk and the proof find out. */
#include "transport/secure/token.h"

#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "transport/secure/address.h"
#include "transport/secure/base64url.h"
#include "transport/secure/big_endian.h"

enum { TOKEN_VERSION_NOW = 1, CRC_SIZE = 4, TOKEN_BYTES_MIN = TOKEN_HEAD_SIZE + CRC_SIZE };

static const char join_prefix[] = "mu1.";
static const char client_prefix[] = "muc1.";

/* CRC-32 as in IEEE 802.3 and zlib: reflected, polynomial 0x04c11db7. */
static uint32_t crc32_of(struct span bytes)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < bytes.size; i++) {
        crc ^= bytes.data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
    }
    return ~crc;
}

static void root_hash(uint8_t hash[TOKEN_ROOT_HASH_SIZE], const struct public_key *root)
{
    static const char context[] = "mu.root.v1";
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, TOKEN_ROOT_HASH_SIZE);
    crypto_generichash_update(&state, (const uint8_t *)context, sizeof(context) - 1);
    crypto_generichash_update(&state, root->bytes, sizeof(root->bytes));
    crypto_generichash_final(&state, hash, TOKEN_ROOT_HASH_SIZE);
}

/* BLAKE2b-256 keyed with the secret, of a text that says what for. */
static void derive(const struct token *token, const char *purpose, uint8_t out[32])
{
    crypto_generichash(out, 32, (const uint8_t *)purpose, strlen(purpose), token->secret,
            sizeof(token->secret));
}

void token_init(
        struct token *token, const struct public_key *root, uint32_t roles, uint64_t not_after_s)
{
    *token = (struct token){ .roles = roles, .not_after_s = not_after_s };
    network_id_init(&token->network, root);
    root_hash(token->root_hash, root);
    randombytes_buf(token->id.bytes, sizeof(token->id.bytes));
    randombytes_buf(token->secret, sizeof(token->secret));
}

enum token_outcome token_add_address(struct token *token, const char *address)
{
    size_t size = strnlen(address, ADDRESS_SIZE_MAX + 1);

    if (token->address_count == TOKEN_ADDRESSES_MAX ||
            !address_is_valid((struct span){ (const uint8_t *)address, size }))
        return TOKEN_BAD;
    memcpy(token->addresses[token->address_count], address, size);
    token->addresses[token->address_count][size] = '\0';
    token->address_count += 1;
    return TOKEN_OK;
}

size_t token_print(const struct token *token, char text[TOKEN_TEXT_SIZE_MAX + 1])
{
    uint8_t bytes[TOKEN_BYTES_MAX];
    uint8_t *out = bytes;
    const char *prefix = token_is_client(token) ? client_prefix : join_prefix;
    size_t prefix_size = strlen(prefix);
    char *line = text + prefix_size;

    *out++ = TOKEN_VERSION_NOW;
    out = bytes_write(out, token->network.bytes, NETWORK_ID_SIZE);
    out = bytes_write(out, token->id.bytes, TOKEN_ID_SIZE);
    out = bytes_write(out, token->secret, TOKEN_SECRET_SIZE);
    out = bytes_write(out, token->root_hash, TOKEN_ROOT_HASH_SIZE);
    out = be64_write(out, token->not_after_s);
    out = be32_write(out, token->roles);
    *out++ = (uint8_t)token->address_count;
    for (uint32_t i = 0; i < token->address_count; i++) {
        size_t size = strlen(token->addresses[i]);

        *out++ = (uint8_t)size;
        out = bytes_write(out, token->addresses[i], size);
    }
    out = be32_write(out, crc32_of((struct span){ bytes, (size_t)(out - bytes) }));
    memcpy(text, prefix, prefix_size);
    prefix_size += base64url_write(
            (struct span){ bytes, (size_t)(out - bytes) }, line, TOKEN_TEXT_SIZE_MAX - prefix_size);
    sodium_memzero(bytes, sizeof(bytes));
    return prefix_size;
}

/* Reads the addresses, which take all of `bytes`. */
static bool addresses_read(struct token *token, uint32_t count, struct span bytes)
{
    const uint8_t *at = bytes.data;
    const uint8_t *end = at + bytes.size;

    if (count > TOKEN_ADDRESSES_MAX)
        return false;
    for (; token->address_count < count; token->address_count++) {
        struct span address;

        if (at == end || *at > end - at - 1)
            return false;
        address = (struct span){ at + 1, *at };
        if (!address_is_valid(address))
            return false;
        memcpy(token->addresses[token->address_count], address.data, address.size);
        at = address.data + address.size;
    }
    return at == end;
}

static bool fields_read(struct token *token, struct span bytes)
{
    const uint8_t *at = bytes.data + 1;

    memcpy(token->network.bytes, at, NETWORK_ID_SIZE);
    at += NETWORK_ID_SIZE;
    memcpy(token->id.bytes, at, TOKEN_ID_SIZE);
    at += TOKEN_ID_SIZE;
    memcpy(token->secret, at, TOKEN_SECRET_SIZE);
    at += TOKEN_SECRET_SIZE;
    memcpy(token->root_hash, at, TOKEN_ROOT_HASH_SIZE);
    at += TOKEN_ROOT_HASH_SIZE;
    token->not_after_s = be64_read(at);
    token->roles = be32_read(at + 8);
    return token->not_after_s <= TIME_MAX_S &&
           addresses_read(token, at[12],
                   (struct span){ bytes.data + TOKEN_HEAD_SIZE, bytes.size - TOKEN_BYTES_MIN });
}

/* Reads a token's bytes, the checksum being right. */
static enum token_outcome token_read(struct token *token, struct span bytes, uint64_t now_s)
{
    if (bytes.data[0] != TOKEN_VERSION_NOW)
        return TOKEN_VERSION;
    if (bytes.size < TOKEN_BYTES_MIN || !fields_read(token, bytes))
        return TOKEN_BAD;
    if (now_s > token->not_after_s && now_s - token->not_after_s > CLOCK_TOLERANCE_S)
        return TOKEN_EXPIRED;
    return TOKEN_OK;
}

/* True where `text` begins with it; then `*linep` is what follows. */
static bool prefix_take(struct span text, const char *prefix, struct span *linep)
{
    size_t size = strlen(prefix);

    if (text.size < size || memcmp(text.data, prefix, size) != 0)
        return false;
    *linep = (struct span){ text.data + size, text.size - size };
    return true;
}

enum token_outcome token_parse(struct token *token, struct span text, uint64_t now_s)
{
    uint8_t bytes[TOKEN_BYTES_MAX];
    struct token read = { .address_count = 0 };
    enum token_outcome outcome = TOKEN_MISTYPED;
    struct span line;
    size_t size;
    bool client = prefix_take(text, client_prefix, &line);

    if (!client && !prefix_take(text, join_prefix, &line))
        return TOKEN_NO_TOKEN;
    if (text.size > TOKEN_TEXT_SIZE_MAX || !base64url_is_text(line))
        return TOKEN_NO_TEXT;
    if (base64url_read(line, bytes, sizeof(bytes), &size) && size > CRC_SIZE &&
            be32_read(bytes + size - CRC_SIZE) == crc32_of((struct span){ bytes, size - CRC_SIZE }))
        outcome = token_read(&read, (struct span){ bytes, size }, now_s);
    if (outcome == TOKEN_OK && token_is_client(&read) != client)
        outcome = TOKEN_BAD;
    if (outcome == TOKEN_OK)
        *token = read;
    sodium_memzero(bytes, sizeof(bytes));
    token_wipe(&read);
    return outcome;
}

bool token_is_client(const struct token *token)
{
    return token->roles == ROLE_CLIENT;
}

void token_psk(const struct token *token, uint8_t psk[PSK_SIZE])
{
    derive(token, token_is_client(token) ? "mu.client.psk.v1" : "mu.token.psk.v1", psk);
}

int token_proof_key(const struct token *token, struct key *key)
{
    uint8_t seed[KEY_SEED_SIZE];
    int r;

    derive(token, "mu.token.proof.v1", seed);
    r = key_init_seed(key, seed);
    sodium_memzero(seed, sizeof(seed));
    return err_trace(r);
}

bool token_names_root(const struct token *token, const struct public_key *root)
{
    uint8_t hash[TOKEN_ROOT_HASH_SIZE];

    root_hash(hash, root);
    return memcmp(hash, token->root_hash, sizeof(hash)) == 0;
}

void token_wipe(struct token *token)
{
    sodium_memzero(token, sizeof(*token));
}

const char *token_text(enum token_outcome outcome)
{
    static const char *const texts[TOKEN_OUTCOMES] = {
        [TOKEN_OK] = "good",
        [TOKEN_NO_TOKEN] = "a token begins with mu1. or muc1.",
        [TOKEN_NO_TEXT] = "there is a character in it that no join token has",
        [TOKEN_MISTYPED] = "mistyped or cut short: the checksum does not fit",
        [TOKEN_VERSION] = "a join token of a later version",
        [TOKEN_BAD] = "not a join token",
        [TOKEN_EXPIRED] = "expired: ask for a new one",
    };

    return (unsigned)outcome < TOKEN_OUTCOMES ? texts[outcome] : "unknown outcome";
}
