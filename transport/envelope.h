/* transport/envelope.h - one envelope (mu.bus.v1.Envelope), read in place and written by hand.
 *
 * The wire is protobuf and any protobuf library can speak it. Here it is read without unpacking:
 * the router needs a handful of numbers of each envelope and none of its bodies, and protobuf-c
 * would allocate for every field. One strict reading is accepted: minimal varints, no groups, tag 0
 * or repeated field, no text where there should be a number; unknown fields are skipped. What
 * passes here protobuf-c reads the same way (tests/unit/envelope_test.c compares them). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/limits.h"

/* Bytes that somebody else owns. */
struct span {
    const uint8_t *data; /* borrowed: from whom, each user says */
    size_t size;
};

/* The numbers of mu.bus.v1.Kind. */
enum envelope_kind {
    ENVELOPE_NONE = 0,
    ENVELOPE_CALL = 1,
    ENVELOPE_RESULT = 2,
    ENVELOPE_ITEM = 3,
    ENVELOPE_END = 4,
    ENVELOPE_CREDIT = 5,
    ENVELOPE_CANCEL = 6,
    ENVELOPE_HELLO = 7,
    ENVELOPE_WELCOME = 8,
    ENVELOPE_READY = 9,
    ENVELOPE_DRAIN = 10,
    ENVELOPE_PING = 11,
    ENVELOPE_PONG = 12,
    ENVELOPE_KINDS
};

/* Set in the numbers that a router gives to calls, clear in those that callers pick (1 to
 * CALL_ID_ROUTER - 1): so a process that both calls and serves tells its calls apart. Five bytes as
 * a varint. */
#define CALL_ID_ROUTER (UINT64_C(1) << 34)

/* The numbers of mu.bus.v1.Shape. */
enum envelope_shape {
    SHAPE_UNARY = 0,
    SHAPE_CLIENT_STREAM = 1,
    SHAPE_SERVER_STREAM = 2,
    SHAPE_TWO_WAY = 3
};

struct envelope {
    enum envelope_kind kind;
    enum envelope_shape shape;
    uint64_t id;
    uint64_t parent;
    uint32_t timeout_ms;
    uint32_t credit;
    struct span
            endpoint;   /* all spans borrowed from the bytes that were read, or the writer's own */
    struct span trace;  /* empty, or TRACE_SIZE bytes */
    struct span caller; /* a packed mu.bus.v1.Caller */
    struct span status; /* a packed mu.bus.v1.Status */
    struct span body;
    struct span token; /* of an access token, as text */
    struct span key;   /* empty, or what a call must not be carried out twice by */
};

enum envelope_outcome {
    ENVELOPE_OK,
    ENVELOPE_BAD /* not an envelope, or over a limit */
};

/* Reads `size` bytes as one envelope. `*envelope` is set on ENVELOPE_OK only. */
enum envelope_outcome envelope_read(struct envelope *envelope, const uint8_t *bytes, size_t size);

/* How many bytes envelope_write makes of it. */
size_t envelope_size(const struct envelope *envelope);

/* Writes envelope_size(envelope) bytes to `out` and returns the end of them. Fields that are 0 or
 * empty are left out. */
uint8_t *envelope_write(const struct envelope *envelope, uint8_t *out);

/* A status (mu.bus.v1.Status) read in place. */
struct status {
    uint32_t code;     /* of mu.bus.v1.Code; a number above 16 reads as 2, UNKNOWN */
    uint32_t executed; /* of mu.bus.v1.Executed: 0 unknown, 1 no, 2 yes */
    uint32_t retry_after_ms;
    struct span message;
    struct span origin;
};

enum envelope_outcome status_read(struct status *status, struct span bytes);

/* Writes a status to `out` (`max` bytes); a message that does not fit is cut. Returns its size. */
size_t status_write(const struct status *status, uint8_t *out, size_t max);

/* ---- varints and fields, for the few who write protobuf by hand ---- */

/* 1..10: seven bits a byte. */
static inline size_t varint_size(uint64_t value)
{
    return (size_t)(70 - __builtin_clzll(value | 1)) / 7;
}

static inline uint8_t *varint_write(uint8_t *out, uint64_t value)
{
    while (value >= 0x80) {
        *out++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *out++ = (uint8_t)value;
    return out;
}

/* Reads a minimal varint before `end`. Returns the byte after it, or NULL where there is none. */
static inline const uint8_t *varint_read(const uint8_t *at, const uint8_t *end, uint64_t *valuep)
{
    uint64_t value = 0;
    unsigned shift = 0;

    for (; at < end && shift < 64; at++, shift += 7) {
        value |= (uint64_t)(*at & 0x7f) << shift;
        if (*at < 0x80) {
            if ((*at == 0 && shift > 0) || (shift == 63 && *at > 1))
                return NULL; /* not minimal, or over 64 bits */
            *valuep = value;
            return at + 1;
        }
    }
    return NULL;
}

/* True where `text` is `service.Method`: a lower-case letter, then up to 62 of [a-z0-9-], a dot,
 * then parts of [A-Za-z0-9_] divided by dots. */
bool endpoint_is_valid(struct span text);

/* True for the first part of such an endpoint alone. */
bool service_name_is_valid(struct span text);

/* True for well-formed UTF-8. */
bool text_is_valid(struct span text);
