// SPDX-License-Identifier: Apache-2.0
/* One growing buffer, not a list of envelopes: what waits is already laid out as it will leave, so
 * a batch of a thousand envelopes costs one send and no allocation. It grows by doubling and gives
 * its memory back after a burst. */
#include "transport/batch.h"

#include <stdlib.h>
#include <string.h>

enum {
    BATCH_ROOM_MIN = 1024,
    BATCH_ROOM_KEPT = 1048576 /* bytes that stay allocated behind a burst */
};

void batch_deinit(struct batch *batch)
{
    free(batch->bytes);
    *batch = BATCH_EMPTY;
}

bool batch_grow(struct batch *batch, size_t more)
{
    size_t needed = batch->size + more;
    size_t room = batch->room != 0 ? batch->room : BATCH_ROOM_MIN;
    uint8_t *bytes;

    if (needed <= batch->room)
        return true;
    while (room < needed)
        room *= 2;
    bytes = malloc(room); /* not realloc: see stream_make_room */
    if (bytes == NULL)
        return false;
    if (batch->size > 0)
        memcpy(bytes, batch->bytes, batch->size);
    free(batch->bytes);
    batch->bytes = bytes;
    batch->room = room;
    return true;
}

void batch_seal(struct batch *batch, enum frame_link link)
{
    uint8_t *head;
    uint64_t length;

    if (batch->frame == SIZE_MAX)
        return;
    head = batch->bytes + batch->frame;
    length = batch->size - batch->frame - link;
    if (link == FRAME_IPC)
        *head++ = 0x01;
    for (int i = 7; i >= 0; i--, length >>= 8)
        head[i] = (uint8_t)length;
    batch->frame = SIZE_MAX;
}

bool batch_put(
        struct batch *batch, const struct envelope *envelope, size_t body, enum frame_link link)
{
    size_t whole = 1 + varint_size(body) + body;
    uint8_t *end;

    if (!batch_grow(batch, whole + link))
        return false;
    if (batch->frame != SIZE_MAX && batch->size - batch->frame + whole > BATCH_SIZE_MAX)
        batch_seal(batch, link);
    if (batch->frame == SIZE_MAX) {
        batch->frame = batch->size;
        batch->size += link;
    }
    end = batch->bytes + batch->size;
    *end++ = 0x0a;
    end = varint_write(end, body);
    end = envelope_write(envelope, end);
    batch->size = (size_t)(end - batch->bytes);
    return true;
}

void batch_clear(struct batch *batch)
{
    batch->size = 0;
    batch->frame = SIZE_MAX;
    if (batch->room > BATCH_ROOM_KEPT)
        batch_deinit(batch);
}
