/* transport/link/lanes.h - what waits for a node, in three lanes, and which record of it is
 * sent next (docs/protocol.md, "Between link processes"). Pure.
 *
 * An urgent lane goes first, but not for ever: behind LANES_TURNS records in a row it lets the less
 * urgent ones have one. A small envelope so waits behind one piece of a large one at most. What
 * belongs to one call leaves in the order in which it was put: an envelope follows one of its call
 * that waits in the lane of large ones there, and a large one waits until the small ones that
 * were put before it have left. */
#pragma once

#include "transport/link/fifo.h"
#include "transport/link/session_limits.h"
#include "transport/secure/record.h"

/* On the wire both the class of a record and the stream that it belongs to. */
enum lane {
    LANE_MESSAGES, /* between the two link processes */
    LANE_SMALL,    /* Frames of envelopes of up to LINK_SMALL_MAX bytes, each one whole record */
    LANE_LARGE,    /* Frames of one envelope, in pieces */
    LANES
};

enum lanes_outcome { LANES_OK, LANES_FULL, LANES_NO_MEMORY };

enum { LANES_CALLS = 1024 }; /* places of the table of calls that have something in LANE_LARGE */

/* What stands in front of each item of LANE_MESSAGES and LANE_LARGE. */
struct lanes_item {
    uint64_t call;  /* its id */
    uint64_t after; /* waits until so many bytes have left LANE_SMALL since the beginning */
    size_t size;    /* bytes of it that have not left */
};

struct lanes {
    size_t room; /* bytes that may wait; 0: LINK_QUEUE_MAX + LINK_QUEUE_RESERVE */
    struct fifo fifos[LANES];
    struct lanes_item begun[LANES]; /* the item in front, once its first piece left; size 0: none */
    uint8_t turns[LANES];           /* records since a less urgent lane had one */
    uint64_t small_put;             /* bytes, since the beginning */
    uint64_t small_left;
    /* How many envelopes of a call wait in LANE_LARGE. Calls may share a place: then one of them
     * takes the slower lane, and its order is kept all the same. */
    uint32_t calls[LANES_CALLS];
};

/* Empty on zeroes. Safe twice. */
void lanes_deinit(struct lanes *lanes);

/* Bytes of envelopes that wait, as they count for LINK_QUEUE_MAX. */
size_t lanes_queued(const struct lanes *lanes);

/* Appends a copy. LANES_FULL above `room`. */
enum lanes_outcome lanes_put(struct lanes *lanes, const struct envelope *envelope);

/* Appends a copy of a message of 1..LINK_MESSAGE_MAX bytes. LANES_FULL above LINK_MESSAGES_MAX. */
enum lanes_outcome lanes_put_message(struct lanes *lanes, struct span message);

/* What may leave now. */
struct lanes_permit {
    uint32_t credit;    /* bytes of envelopes that the peer takes */
    bool begun_only;    /* nothing but the rest of what has begun */
    bool messages_only; /* nothing of LANE_SMALL and LANE_LARGE */
};

/* Takes out the next record: its body is written to `body` (RECORD_BODY_MAX bytes), the rest to
 * `*record`. False where nothing may leave. */
bool lanes_take(struct lanes *lanes, const struct lanes_permit *permit, uint8_t *body,
        struct record *record);

/* True where an item was begun and not ended. */
bool lanes_are_midway(const struct lanes *lanes);
