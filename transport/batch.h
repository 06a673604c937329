/* transport/batch.h - envelopes in frames, one behind the other, laid out as they will leave.
 *
 * Envelopes gather in one frame; a frame is closed at BATCH_SIZE_MAX and the next one opened behind
 * it, so that a batch always leaves with one send. */
#pragma once

#include "transport/frame.h"

struct batch {
    uint8_t *bytes; /* owned */
    size_t size;    /* bytes held */
    size_t room;    /* bytes allocated */
    size_t frame;   /* where the open frame's head stands; SIZE_MAX for none */
};

/* An empty one. */
#define BATCH_EMPTY ((struct batch){ .frame = SIZE_MAX })

/* Safe on zeroes, and safe twice. */
void batch_deinit(struct batch *batch);

/* Makes room for `more` bytes. False where memory ends. */
bool batch_grow(struct batch *batch, size_t more);

/* Appends a copy of `envelope`, whose size is `body`. False where memory ends. */
bool batch_put(
        struct batch *batch, const struct envelope *envelope, size_t body, enum frame_link link);

/* Writes the length of the open frame, if any, into its head. */
void batch_seal(struct batch *batch, enum frame_link link);

/* Forgets all bytes; gives memory back where a burst took much. */
void batch_clear(struct batch *batch);
