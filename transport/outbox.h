/* transport/outbox.h - envelopes waiting for one peer, laid out as they will leave.
 *
 * Envelopes gather in one frame while a send is under way; a frame is closed at BATCH_SIZE_MAX and
 * the next one opened behind it, so that what waits always leaves with one send. No lock: its owner
 * has one. */
#pragma once

#include <stdatomic.h>

#include "transport/frame.h"

enum outbox_lane {
    OUTBOX_CALLS,  /* refused above OUTBOX_HARD_MAX */
    OUTBOX_RESULTS /* results, items, credits, cancels: refused above OUTBOX_HARD_MAX + _RESERVE */
};

enum outbox_outcome {
    OUTBOX_OK,
    OUTBOX_FULL,     /* over the limit of the lane: the envelope stays with the caller */
    OUTBOX_NO_MEMORY /* the same */
};

struct outbox {
    uint8_t *bytes; /* owned */
    size_t size;    /* bytes held */
    size_t room;    /* bytes allocated */
    size_t frame;   /* where the open frame's head stands; SIZE_MAX for none */
    size_t leaving; /* bytes that were taken and are under way still; they count for the limits */
    uint64_t turn;  /* how often what gathered here was taken; `leaving` is of the turn before */
    const atomic_uint_least64_t *taken; /* borrowed: bytes that the system took of it so far, all
                                           in all, which grows meanwhile; NULL: nobody counts */
    uint64_t taken_before;              /* that, when those that are leaving were none of them */
    enum frame_link link;
};

/* `link` is FRAME_IPC or FRAME_TCP. */
void outbox_init(struct outbox *outbox, enum frame_link link);

/* Safe on zeroes, and safe twice. */
void outbox_deinit(struct outbox *outbox);

/* Puts the stream's greeting in front of all frames; the outbox is empty. False where memory ends.
 */
bool outbox_greet(struct outbox *outbox);

/* Bytes that wait for the peer, with those under way. */
static inline size_t outbox_queued(const struct outbox *outbox)
{
    return outbox->size + outbox->leaving;
}

/* The same without what the system took already: a large send is under way for as long as its peer
 * needs to read it, and has left little by little. */
static inline size_t outbox_waiting(const struct outbox *outbox)
{
    uint64_t gone = outbox->taken != NULL && outbox->leaving > 0
                            ? atomic_load(outbox->taken) - outbox->taken_before
                            : 0;

    return outbox->size + (gone < outbox->leaving ? outbox->leaving - (size_t)gone : 0);
}

/* Appends a copy of `envelope`. */
enum outbox_outcome outbox_put(
        struct outbox *outbox, const struct envelope *envelope, enum outbox_lane lane);

/* Closes the open frame and gives all bytes, borrowed until the next put. */
struct span outbox_take(struct outbox *outbox);

/* Forgets what was taken; gives memory back where a burst took much. */
void outbox_clear(struct outbox *outbox);
