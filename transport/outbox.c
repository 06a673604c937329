// SPDX-License-Identifier: Apache-2.0
/* One growing buffer, not a list of envelopes: what waits is already laid out as it will leave, so
 * a batch of a thousand envelopes costs one send and no allocation. It grows by doubling up to the
 * hard limit and gives its memory back after a burst. */
#include "transport/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum {
    OUTBOX_ROOM_MIN = 1024,
    OUTBOX_ROOM_KEPT = 1048576 /* bytes that stay allocated behind a burst */
};

void outbox_init(struct outbox *outbox, enum frame_link link)
{
    CHECK(link != FRAME_BARE);
    *outbox = (struct outbox){ .frame = SIZE_MAX, .link = link };
}

void outbox_deinit(struct outbox *outbox)
{
    free(outbox->bytes);
    *outbox = (struct outbox){ .frame = SIZE_MAX, .link = outbox->link };
}

static bool outbox_grow(struct outbox *outbox, size_t needed)
{
    size_t room = outbox->room != 0 ? outbox->room : OUTBOX_ROOM_MIN;
    uint8_t *bytes;

    if (needed <= outbox->room)
        return true;
    while (room < needed)
        room *= 2;
    bytes = malloc(room); /* not realloc: see stream_make_room */
    if (bytes == NULL)
        return false;
    if (outbox->size > 0)
        memcpy(bytes, outbox->bytes, outbox->size);
    free(outbox->bytes);
    outbox->bytes = bytes;
    outbox->room = room;
    return true;
}

/* Writes the length of the open frame into its head. */
static void outbox_seal(struct outbox *outbox)
{
    uint8_t *head;
    uint64_t length;

    if (outbox->frame == SIZE_MAX)
        return;
    head = outbox->bytes + outbox->frame;
    length = outbox->size - outbox->frame - outbox->link;
    if (outbox->link == FRAME_IPC)
        *head++ = 0x01;
    for (int i = 7; i >= 0; i--, length >>= 8)
        head[i] = (uint8_t)length;
    outbox->frame = SIZE_MAX;
}

enum outbox_outcome outbox_put(
        struct outbox *outbox, const struct envelope *envelope, enum outbox_lane lane)
{
    size_t limit = OUTBOX_HARD_MAX + (lane == OUTBOX_CALLS ? 0 : OUTBOX_RESERVE);
    size_t body = envelope_size(envelope);
    size_t whole = 1 + varint_size(body) + body;
    uint8_t *end;

    CHECK(body <= MESSAGE_SIZE_MAX - 8);
    if (outbox_queued(outbox) + whole > limit)
        return OUTBOX_FULL;
    if (!outbox_grow(outbox, outbox->size + whole + outbox->link))
        return OUTBOX_NO_MEMORY;
    if (outbox->frame != SIZE_MAX && outbox->size - outbox->frame + whole > BATCH_SIZE_MAX)
        outbox_seal(outbox);
    if (outbox->frame == SIZE_MAX) {
        outbox->frame = outbox->size;
        outbox->size += outbox->link;
    }
    end = outbox->bytes + outbox->size;
    *end++ = 0x0a;
    end = varint_write(end, body);
    end = envelope_write(envelope, end);
    outbox->size = (size_t)(end - outbox->bytes);
    return OUTBOX_OK;
}

bool outbox_greet(struct outbox *outbox)
{
    CHECK(outbox->size == 0);
    if (!outbox_grow(outbox, FRAME_GREETING_SIZE))
        return false;
    memcpy(outbox->bytes, frame_greeting, FRAME_GREETING_SIZE);
    outbox->size = FRAME_GREETING_SIZE;
    return true;
}

struct span outbox_take(struct outbox *outbox)
{
    outbox_seal(outbox);
    return (struct span){ outbox->bytes, outbox->size };
}

void outbox_clear(struct outbox *outbox)
{
    outbox->size = 0;
    outbox->frame = SIZE_MAX;
    outbox->turn += 1;
    if (outbox->room > OUTBOX_ROOM_KEPT) {
        free(outbox->bytes);
        outbox->bytes = NULL;
        outbox->room = 0;
    }
}
