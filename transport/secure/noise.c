// SPDX-License-Identifier: Apache-2.0
/* The specification's three objects, in its order. "SymmetricState" is not a struct of its own: its
 * four fields are of use to nobody but the handshake that they are part of. libsodium 1.0.18 has no
 * HKDF, but HMAC in parts, of which HKDF is ten lines. */
#include "transport/secure/noise.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"

_Static_assert(NOISE_HASH_SIZE == crypto_hash_sha256_BYTES, "SHA256");
_Static_assert(NOISE_HASH_SIZE == crypto_auth_hmacsha256_BYTES, "HMAC-SHA256");
_Static_assert(NOISE_KEY_SIZE == crypto_scalarmult_BYTES, "X25519");
_Static_assert(NOISE_KEY_SIZE == crypto_scalarmult_SCALARBYTES, "X25519");

const struct noise_pattern noise_xxpsk0 = {
    .protocol = "Noise_XXpsk0_25519_ChaChaPoly_SHA256",
    .messages = {
            { NOISE_PSK, NOISE_E },
            { NOISE_E, NOISE_EE, NOISE_S, NOISE_ES },
            { NOISE_S, NOISE_SE },
    },
};

/* ---- CipherState ---- */

bool noise_cipher_seal(struct noise_cipher *cipher, struct span ad, uint8_t *bytes, size_t size)
{
    if (cipher->counter == UINT64_MAX)
        return false;
    aead_seal(cipher->key, cipher->counter, ad, bytes, size);
    cipher->counter += 1;
    return true;
}

bool noise_cipher_open(struct noise_cipher *cipher, struct span ad, uint8_t *bytes, size_t size)
{
    if (cipher->counter == UINT64_MAX || !aead_open(cipher->key, cipher->counter, ad, bytes, size))
        return false;
    cipher->counter += 1;
    return true;
}

void noise_cipher_rekey(struct noise_cipher *cipher)
{
    uint8_t fresh[AEAD_KEY_SIZE + AEAD_TAG_SIZE] = { 0 };

    aead_seal(cipher->key, UINT64_MAX, (struct span){ 0 }, fresh, AEAD_KEY_SIZE);
    memcpy(cipher->key, fresh, AEAD_KEY_SIZE);
    sodium_memzero(fresh, sizeof(fresh));
}

void noise_cipher_deinit(struct noise_cipher *cipher)
{
    sodium_memzero(cipher, sizeof(*cipher));
}

/* ---- SymmetricState ---- */

/* HMAC-SHA256 of `data` and one more byte; neither is there where its size or it itself is 0. */
static void noise_hmac(uint8_t out[NOISE_HASH_SIZE], const uint8_t key[NOISE_HASH_SIZE],
        const uint8_t *data, size_t size, uint8_t last)
{
    crypto_auth_hmacsha256_state state;

    crypto_auth_hmacsha256_init(&state, key, NOISE_HASH_SIZE);
    crypto_auth_hmacsha256_update(&state, data, size);
    crypto_auth_hmacsha256_update(&state, &last, last != 0);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof(state));
}

/* "HKDF": `count` outputs of 32 bytes. */
static void noise_hkdf(uint8_t (*outputs)[NOISE_HASH_SIZE], uint8_t count,
        const uint8_t chaining[NOISE_HASH_SIZE], const uint8_t *input, size_t size)
{
    uint8_t key[NOISE_HASH_SIZE];

    noise_hmac(key, chaining, input, size, 0);
    noise_hmac(outputs[0], key, NULL, 0, 1);
    for (uint8_t i = 1; i < count; i++)
        noise_hmac(outputs[i], key, outputs[i - 1], NOISE_HASH_SIZE, (uint8_t)(i + 1));
    sodium_memzero(key, sizeof(key));
}

static void noise_mix_hash(struct noise *noise, const uint8_t *data, size_t size)
{
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, noise->hash, NOISE_HASH_SIZE);
    crypto_hash_sha256_update(&state, data, size);
    crypto_hash_sha256_final(&state, noise->hash);
}

static void noise_set_key(struct noise *noise, const uint8_t key[AEAD_KEY_SIZE])
{
    memcpy(noise->cipher.key, key, AEAD_KEY_SIZE);
    noise->cipher.counter = 0;
    noise->keyed = true;
}

static void noise_mix_key(struct noise *noise, const uint8_t input[NOISE_KEY_SIZE])
{
    uint8_t outputs[2][NOISE_HASH_SIZE];

    noise_hkdf(outputs, 2, noise->chaining, input, NOISE_KEY_SIZE);
    memcpy(noise->chaining, outputs[0], NOISE_HASH_SIZE);
    noise_set_key(noise, outputs[1]);
    sodium_memzero(outputs, sizeof(outputs));
}

static void noise_mix_key_and_hash(struct noise *noise, const uint8_t input[NOISE_KEY_SIZE])
{
    uint8_t outputs[3][NOISE_HASH_SIZE];

    noise_hkdf(outputs, 3, noise->chaining, input, NOISE_KEY_SIZE);
    memcpy(noise->chaining, outputs[0], NOISE_HASH_SIZE);
    noise_mix_hash(noise, outputs[1], NOISE_HASH_SIZE);
    noise_set_key(noise, outputs[2]);
    sodium_memzero(outputs, sizeof(outputs));
}

/* What a field takes on the wire besides its own bytes. */
static size_t noise_tag_size(const struct noise *noise)
{
    return noise->keyed ? AEAD_TAG_SIZE : 0;
}

/* "EncryptAndHash". Returns the end of what was written. */
static uint8_t *noise_seal_field(
        struct noise *noise, uint8_t *out, const uint8_t *field, size_t size)
{
    size_t sealed = size + noise_tag_size(noise);

    if (size > 0)
        memmove(out, field, size);
    if (noise->keyed)
        noise_cipher_seal(&noise->cipher, (struct span){ noise->hash, NOISE_HASH_SIZE }, out, size);
    noise_mix_hash(noise, out, sealed);
    return out + sealed;
}

/* "DecryptAndHash" of `sealed` bytes; `out` has room for them. */
static bool noise_open_field(struct noise *noise, uint8_t *out, const uint8_t *field, size_t sealed)
{
    uint8_t ad[NOISE_HASH_SIZE];

    memcpy(ad, noise->hash, sizeof(ad));
    noise_mix_hash(noise, field, sealed);
    if (sealed > 0)
        memcpy(out, field, sealed);
    return !noise->keyed || noise_cipher_open(&noise->cipher, (struct span){ ad, sizeof(ad) }, out,
                                    sealed - AEAD_TAG_SIZE);
}

/* ---- HandshakeState ---- */

void noise_pair_init(struct noise_pair *pair, const uint8_t secret[NOISE_KEY_SIZE])
{
    memcpy(pair->secret, secret, NOISE_KEY_SIZE);
    crypto_scalarmult_base(pair->public, pair->secret);
}

void noise_pair_deinit(struct noise_pair *pair)
{
    sodium_memzero(pair, sizeof(*pair));
}

static size_t noise_count_psks(const struct noise_pattern *pattern)
{
    const uint8_t *tokens = pattern->messages[0];
    size_t count = 0;

    for (size_t i = 0; i < sizeof(pattern->messages); i++)
        count += tokens[i] == NOISE_PSK;
    return count;
}

static void noise_copy_keys(struct noise *noise, const struct noise_keys *keys)
{
    memcpy(noise->ephemeral.secret, keys->ephemeral_secret, NOISE_KEY_SIZE);
    if (keys->own_static != NULL)
        noise->own_static = *keys->own_static;
    if (keys->remote_static != NULL)
        memcpy(noise->remote_static, keys->remote_static, NOISE_KEY_SIZE);
    if (keys->psk_count > 0)
        memcpy(noise->psks, keys->psks, keys->psk_count * NOISE_KEY_SIZE);
}

void noise_init(struct noise *noise, const struct noise_pattern *pattern, enum noise_role role,
        struct span prologue, const struct noise_keys *keys)
{
    size_t length = strlen(pattern->protocol);
    bool initiator = role == NOISE_INITIATOR;

    CHECK(keys->psk_count <= NOISE_PSKS_MAX && keys->psk_count == noise_count_psks(pattern));
    CHECK(keys->remote_static != NULL ||
            !(initiator ? pattern->responder_known : pattern->initiator_known));
    *noise = (struct noise){ .pattern = pattern, .role = role, .has_psks = keys->psk_count > 0 };
    noise_copy_keys(noise, keys);
    if (length <= NOISE_HASH_SIZE)
        memcpy(noise->hash, pattern->protocol, length);
    else
        crypto_hash_sha256(noise->hash, (const uint8_t *)pattern->protocol, length);
    memcpy(noise->chaining, noise->hash, NOISE_HASH_SIZE);
    noise_mix_hash(noise, prologue.data, prologue.size);
    if (pattern->initiator_known)
        noise_mix_hash(
                noise, initiator ? noise->own_static.public : noise->remote_static, NOISE_KEY_SIZE);
    if (pattern->responder_known)
        noise_mix_hash(
                noise, initiator ? noise->remote_static : noise->own_static.public, NOISE_KEY_SIZE);
}

void noise_deinit(struct noise *noise)
{
    sodium_memzero(noise, sizeof(*noise));
}

bool noise_is_done(const struct noise *noise)
{
    return !noise->refused && (noise->message == NOISE_MESSAGES_MAX ||
                                      noise->pattern->messages[noise->message][0] == NOISE_END);
}

bool noise_writes(const struct noise *noise)
{
    return !noise_is_done(noise) && noise->message % 2 == (uint8_t)noise->role;
}

/* Mixes in what Diffie and Hellman give for a token: the first letter is the initiator's key, the
 * second the responder's. False for a point of low order. */
static bool noise_agree(struct noise *noise, enum noise_token token)
{
    bool initiator = noise->role == NOISE_INITIATOR;
    bool own_static = token == NOISE_SS || token == (initiator ? NOISE_SE : NOISE_ES);
    bool remote_static = token == NOISE_SS || token == (initiator ? NOISE_ES : NOISE_SE);
    const struct noise_pair *pair = own_static ? &noise->own_static : &noise->ephemeral;
    uint8_t shared[NOISE_KEY_SIZE];
    bool agreed;

    agreed = crypto_scalarmult(shared, pair->secret,
                     remote_static ? noise->remote_static : noise->remote_ephemeral) == 0;
    if (agreed)
        noise_mix_key(noise, shared);
    sodium_memzero(shared, sizeof(shared));
    return agreed;
}

static void noise_mix_ephemeral(struct noise *noise, const uint8_t public[NOISE_KEY_SIZE])
{
    noise_mix_hash(noise, public, NOISE_KEY_SIZE);
    if (noise->has_psks)
        noise_mix_key(noise, public);
}

/* Tokens that are the same to writer and reader. */
static bool noise_mix_token(struct noise *noise, enum noise_token token)
{
    if (token != NOISE_PSK)
        return noise_agree(noise, token);
    noise_mix_key_and_hash(noise, noise->psks[noise->psk]);
    noise->psk += 1;
    return true;
}

static enum noise_outcome noise_refuse(struct noise *noise)
{
    noise_deinit(noise);
    noise->refused = true;
    return NOISE_REFUSED;
}

enum noise_outcome noise_write(
        struct noise *noise, struct span payload, uint8_t *out, size_t *sizep)
{
    uint8_t *end = out;

    if (noise->refused)
        return NOISE_REFUSED;
    CHECK(noise_writes(noise));
    for (size_t i = 0; i < NOISE_TOKENS_MAX; i++) {
        enum noise_token token = noise->pattern->messages[noise->message][i];

        if (token == NOISE_END)
            break;
        if (token == NOISE_E) {
            crypto_scalarmult_base(noise->ephemeral.public, noise->ephemeral.secret);
            memcpy(end, noise->ephemeral.public, NOISE_KEY_SIZE);
            noise_mix_ephemeral(noise, end);
            end += NOISE_KEY_SIZE;
        } else if (token == NOISE_S) {
            end = noise_seal_field(noise, end, noise->own_static.public, NOISE_KEY_SIZE);
        } else if (!noise_mix_token(noise, token)) {
            return noise_refuse(noise);
        }
    }
    end = noise_seal_field(noise, end, payload.data, payload.size);
    noise->message += 1;
    *sizep = (size_t)(end - out);
    return NOISE_OK;
}

/* Reads a public key from the front of `rest`: in the clear, or sealed where there is a key. */
static bool noise_take_ephemeral(struct noise *noise, struct span *rest)
{
    if (rest->size < NOISE_KEY_SIZE)
        return false;
    memcpy(noise->remote_ephemeral, rest->data, NOISE_KEY_SIZE);
    noise_mix_ephemeral(noise, noise->remote_ephemeral);
    *rest = (struct span){ rest->data + NOISE_KEY_SIZE, rest->size - NOISE_KEY_SIZE };
    return true;
}

static bool noise_take_static(struct noise *noise, struct span *rest)
{
    size_t sealed = NOISE_KEY_SIZE + noise_tag_size(noise);
    uint8_t field[NOISE_KEY_SIZE + AEAD_TAG_SIZE];

    if (rest->size < sealed || !noise_open_field(noise, field, rest->data, sealed))
        return false;
    memcpy(noise->remote_static, field, NOISE_KEY_SIZE);
    *rest = (struct span){ rest->data + sealed, rest->size - sealed };
    return true;
}

static bool noise_take(struct noise *noise, enum noise_token token, struct span *rest)
{
    if (token == NOISE_E)
        return noise_take_ephemeral(noise, rest);
    if (token == NOISE_S)
        return noise_take_static(noise, rest);
    return noise_mix_token(noise, token);
}

enum noise_outcome noise_read(
        struct noise *noise, struct span message, uint8_t *payload, size_t *sizep)
{
    struct span rest = message;

    if (noise->refused)
        return NOISE_REFUSED;
    CHECK(!noise_writes(noise) && !noise_is_done(noise));
    for (size_t i = 0; i < NOISE_TOKENS_MAX; i++) {
        enum noise_token token = noise->pattern->messages[noise->message][i];

        if (token == NOISE_END)
            break;
        if (!noise_take(noise, token, &rest))
            return noise_refuse(noise);
    }
    if (rest.size < noise_tag_size(noise) ||
            !noise_open_field(noise, payload, rest.data, rest.size))
        return noise_refuse(noise);
    noise->message += 1;
    *sizep = rest.size - noise_tag_size(noise);
    return NOISE_OK;
}

void noise_split(const struct noise *noise, struct noise_cipher *send, struct noise_cipher *receive)
{
    uint8_t outputs[2][NOISE_HASH_SIZE];
    bool initiator = noise->role == NOISE_INITIATOR;

    CHECK(noise_is_done(noise));
    noise_hkdf(outputs, 2, noise->chaining, NULL, 0);
    *send = (struct noise_cipher){ .counter = 0 };
    *receive = (struct noise_cipher){ .counter = 0 };
    memcpy(initiator ? send->key : receive->key, outputs[0], AEAD_KEY_SIZE);
    memcpy(initiator ? receive->key : send->key, outputs[1], AEAD_KEY_SIZE);
    sodium_memzero(outputs, sizeof(outputs));
}
