/* transport/secure/noise.h - the Noise Protocol Framework, revision 34 (noiseprotocol.org), for
 * 25519, ChaChaPoly and SHA256.
 *
 * A handshake is a table of tokens and this code runs any of them, so that the published test
 * vectors, of all patterns, exercise the very lines that run the one pattern of Mu's links. Names
 * in quotation marks below are the specification's. No clock, no randomness, no memory: ephemeral
 * keys are arguments. */
#pragma once

#include <stdbool.h>

#include "transport/secure/aead.h"

enum {
    NOISE_KEY_SIZE = 32, /* bytes of a public, secret or pre-shared key */
    NOISE_HASH_SIZE = 32,
    NOISE_MESSAGES_MAX = 4, /* messages of a handshake */
    NOISE_TOKENS_MAX = 6,   /* tokens of one of them */
    NOISE_PSKS_MAX = 4,
    NOISE_OVERHEAD_MAX = 96 /* bytes a message may have besides its payload: e 32, s 48, tag 16 */
};

/* ---- "CipherState": what remains of a handshake, one for each direction ---- */

struct noise_cipher {
    uint8_t key[AEAD_KEY_SIZE];
    uint64_t counter; /* of the next message; UINT64_MAX is never used for one */
};

/* "EncryptWithAd", in place; AEAD_TAG_SIZE more bytes are written. False where the counter is at
 * its end: then nothing was changed. */
bool noise_cipher_seal(struct noise_cipher *cipher, struct span ad, uint8_t *bytes, size_t size);

/* "DecryptWithAd", in place: `size` bytes and the tag behind them. False where they are not the
 * next message or the counter is at its end: no plaintext was written, the counter stands where it
 * was. */
bool noise_cipher_open(struct noise_cipher *cipher, struct span ad, uint8_t *bytes, size_t size);

/* "Rekey": replaces the key by one from which the old one cannot be found. The counter goes on. */
void noise_cipher_rekey(struct noise_cipher *cipher);

/* Wipes the key. Safe on zeroes, and safe twice. */
void noise_cipher_deinit(struct noise_cipher *cipher);

/* ---- "HandshakeState" ---- */

enum noise_role { NOISE_INITIATOR, NOISE_RESPONDER };

enum noise_token {
    NOISE_END, /* of a message's tokens */
    NOISE_E,
    NOISE_S,
    NOISE_EE,
    NOISE_ES,
    NOISE_SE,
    NOISE_SS,
    NOISE_PSK
};

struct noise_pattern {
    const char *protocol; /* "Noise_XX_25519_ChaChaPoly_SHA256" */
    bool initiator_known; /* pre-message "-> s": the responder has the initiator's static key */
    bool responder_known; /* pre-message "<- s" */
    uint8_t messages[NOISE_MESSAGES_MAX][NOISE_TOKENS_MAX]; /* of enum noise_token; the first one
                                                             * without tokens ends the handshake */
};

/* Noise_XXpsk0: the pattern of Mu's links. */
extern const struct noise_pattern noise_xxpsk0;

struct noise_pair {
    uint8_t secret[NOISE_KEY_SIZE];
    uint8_t public[NOISE_KEY_SIZE];
};

/* Makes the pair of an X25519 secret: 32 random bytes, used for nothing else. */
void noise_pair_init(struct noise_pair *pair, const uint8_t secret[NOISE_KEY_SIZE]);

/* Wipes it. Safe on zeroes, and safe twice. */
void noise_pair_deinit(struct noise_pair *pair);

/* What one side brings. All is copied. */
struct noise_keys {
    const uint8_t *ephemeral_secret;       /* fresh for this handshake */
    const struct noise_pair *own_static;   /* NULL where the pattern asks for none */
    const uint8_t *remote_static;          /* NULL, or known before: NOISE_KEY_SIZE bytes */
    const uint8_t (*psks)[NOISE_KEY_SIZE]; /* as many as the pattern has tokens "psk" */
    size_t psk_count;
};

enum noise_outcome {
    NOISE_OK,
    NOISE_REFUSED /* not the message that was due, not from somebody with the right keys, or with a
                   * point of low order in it; the handshake is over and refuses from now on */
};

struct noise {
    const struct noise_pattern *pattern; /* borrowed: a constant */
    enum noise_role role;
    uint8_t message; /* index of the one that is due */
    uint8_t psk;     /* index of the next pre-shared key */
    bool has_psks;   /* then public ephemerals are mixed into the key, too */
    bool keyed;      /* `cipher` has a key: what is written from here on is encrypted */
    bool refused;
    uint8_t chaining[NOISE_HASH_SIZE]; /* "ck" */
    uint8_t hash[NOISE_HASH_SIZE];     /* "h": after the last message, the link's own name */
    struct noise_cipher cipher;
    struct noise_pair ephemeral;
    struct noise_pair own_static;
    uint8_t remote_ephemeral[NOISE_KEY_SIZE];
    uint8_t remote_static[NOISE_KEY_SIZE];
    uint8_t psks[NOISE_PSKS_MAX][NOISE_KEY_SIZE];
};

/* "Initialize". `prologue` is what both sides know already and must agree upon. */
void noise_init(struct noise *noise, const struct noise_pattern *pattern, enum noise_role role,
        struct span prologue, const struct noise_keys *keys);

/* Wipes everything. Safe on zeroes, and safe twice. */
void noise_deinit(struct noise *noise);

/* True where the next message is this side's to write. */
bool noise_writes(const struct noise *noise);

/* True when all messages were written and read. */
bool noise_is_done(const struct noise *noise);

/* "WriteMessage": it is this side's turn; writes the message with `payload` in it to `out`, which
 * has room for payload.size + NOISE_OVERHEAD_MAX bytes, its size to `*sizep`. NOISE_REFUSED where
 * the peer's key is a point of low order, or after an earlier refusal. */
enum noise_outcome noise_write(
        struct noise *noise, struct span payload, uint8_t *out, size_t *sizep);

/* "ReadMessage": it is the peer's turn; writes the payload of `message` to `payload`, which has
 * room for message.size bytes, its size to `*sizep`. After NOISE_REFUSED no byte of it is
 * plaintext. */
enum noise_outcome noise_read(
        struct noise *noise, struct span message, uint8_t *payload, size_t *sizep);

/* "Split": the handshake is done. A pattern of one message only uses the initiator's `send`. */
void noise_split(
        const struct noise *noise, struct noise_cipher *send, struct noise_cipher *receive);
