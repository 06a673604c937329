/* transport/stamp.h - who calls (mu.bus.v1.Caller): what a router stamps on each call. Read in
 * place and written by hand, as strictly as envelopes. */
#pragma once

#include "transport/envelope.h"

enum { STAMP_SIZE_MAX = 486 }; /* bytes that stamp_write makes of texts up to STAMP_TEXT_MAX */
enum { STAMP_TEXT_MAX = 64, STAMP_TOKEN_SIZE = 16 };

#define STAMP_UID_NOBODY UINT32_MAX /* of a caller that is no process here */

struct stamp {
    struct span node; /* texts borrowed from the bytes that were read, or the writer's own */
    struct span service;
    struct span owner;
    struct span client;
    struct span user;
    struct span token; /* empty, or STAMP_TOKEN_SIZE bytes */
    struct span space; /* the namespace of its service */
    uint64_t instance;
    uint32_t uid;
    uint32_t pid;
    uint32_t hops;
    bool is_operator;
};

/* Reads a packed Caller. `*stamp` is set on ENVELOPE_OK only; no bytes are an empty one. */
enum envelope_outcome stamp_read(struct stamp *stamp, struct span bytes);

/* Writes a stamp whose texts have at most STAMP_TEXT_MAX bytes each. Returns the bytes, in `room`.
 */
struct span stamp_write(const struct stamp *stamp, uint8_t room[STAMP_SIZE_MAX]);

/* Puts a user, his token's id and, unless it is empty, the namespace that this keeps to behind a
 * stamp that stamp_write made without them. Returns the bytes, in `room`. */
struct span stamp_add_user(struct span stamp, struct span user, struct span token,
        struct span space, uint8_t room[STAMP_SIZE_MAX]);
