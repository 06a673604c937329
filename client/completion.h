/* client/completion.h - calls that ended and are still to be told: taken off the table with the
 * lock, told without it. */
#pragma once

#include "client/call_table.h"
#include "mu/arena.h"
#include "transport/envelope.h"

enum { COMPLETIONS_MAX = 64 }; /* told in one go */

struct completion {
    struct pending call; /* a copy; its slot is free already */
    struct span status;  /* borrowed from the frame */
    struct span body;    /* the same */
    struct span trace;   /* the same */
};

struct completions {
    uint32_t count;
    struct completion list[COMPLETIONS_MAX];
};

/* Tells how one call ended: with `verdict`, or for NULL by what the frame says, whose messages are
 * unpacked into `arena`. */
void completion_tell(const struct completion *completion, const struct mu_status *verdict,
        struct mu_arena *arena);

/* Tells each of them the same way. */
void completions_tell(const struct completions *completions, const struct mu_status *verdict,
        struct mu_arena *arena);
