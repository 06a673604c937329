/* transport/secure/introduction.h - what each side says of itself inside of the handshake
 * (docs/protocol.md, "Introductions"): who it is, what it takes, and that the X25519 key of this
 * handshake is its own. One layout, one spelling. */
#pragma once

#include "transport/secure/chain.h"
#include "transport/secure/noise.h"

enum {
    INTRODUCTION_HEAD_SIZE = 97, /* bytes; the certificates follow */
    INTRODUCTION_SIZE_MAX = INTRODUCTION_HEAD_SIZE + CHAIN_SIZE_MAX,
    STATEMENT_SIZE = 1 + NOISE_KEY_SIZE + NETWORK_ID_SIZE
};

/* The versions of the protocol that a side speaks. */
struct link_versions {
    uint8_t min;
    uint8_t max;
};

/* What a side takes. As its peer said it: nothing here is judged. */
struct link_limits {
    uint32_t frame_size;   /* bytes of one message of the bus */
    uint32_t credit_count; /* messages it may be sent at first */
    uint32_t credit_size;  /* bytes of them */
};

struct introduction {
    struct link_versions versions;
    struct link_limits limits;
    uint64_t boot_id;
    uint64_t wall_ms;                  /* unix time; at most TIME_MAX_S in ms */
    uint8_t signature[SIGNATURE_SIZE]; /* of the statement below; zeroes without certificates */
    uint8_t certificate_count;         /* 0..CHAIN_MAX; 0: it has none and wants to join */
    struct span certificates;          /* borrowed */
};

enum introduction_outcome {
    INTRODUCTION_OK,
    INTRODUCTION_BAD /* not an introduction */
};

/* Reads `bytes`, all of them but the certificates, of which it says only where they are.
 * `*introduction` is set on INTRODUCTION_OK only. */
enum introduction_outcome introduction_read(struct introduction *introduction, struct span bytes);

/* Writes INTRODUCTION_HEAD_SIZE + certificates.size bytes to `out` and returns the end. */
uint8_t *introduction_write(const struct introduction *introduction, uint8_t *out);

/* What a node's key signs, for KEY_FOR_LINK_STATIC, to make an X25519 key its own: in which role
 * it uses it, the key, and in which network. */
void introduction_statement(uint8_t statement[STATEMENT_SIZE], enum noise_role role,
        const uint8_t link_static[NOISE_KEY_SIZE], const struct network_id *network);

/* True where version `used` is the best that both speak, so that nobody between them made it a
 * lesser one. */
bool link_versions_hold(struct link_versions own, struct link_versions peer, uint8_t used);
