/* client/scratch.h - a packed message for the length of a call: on the stack while it is small. */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdlib.h>

#include "mu/client.h"

enum { SCRATCH_SIZE = 1024 }; /* bytes */

enum scratch_outcome { SCRATCH_OK, SCRATCH_TOO_LARGE, SCRATCH_NO_MEMORY };

struct scratch {
    struct mu_bytes bytes; /* borrowed from below; only its size where it is too large */
    uint8_t *heap;         /* owned; NULL while `small` is enough */
    uint8_t small[SCRATCH_SIZE];
};

/* Packs `message`, of MU_MESSAGE_MAX bytes at most. To be freed after SCRATCH_OK. */
static inline enum scratch_outcome scratch_pack(
        struct scratch *scratch, const ProtobufCMessage *message)
{
    uint8_t *out = scratch->small;

    scratch->heap = NULL;
    scratch->bytes.size = protobuf_c_message_get_packed_size(message);
    if (scratch->bytes.size > MU_MESSAGE_MAX)
        return SCRATCH_TOO_LARGE;
    if (scratch->bytes.size > SCRATCH_SIZE)
        out = scratch->heap = malloc(scratch->bytes.size);
    if (out == NULL)
        return SCRATCH_NO_MEMORY;
    scratch->bytes.data = out;
    protobuf_c_message_pack(message, out);
    return SCRATCH_OK;
}

static inline void scratch_free(struct scratch *scratch)
{
    free(scratch->heap);
}
