// SPDX-License-Identifier: Apache-2.0
/* One growing buffer. What was dropped is room again when the rest has moved to the front, which is
 * done when room is wanted and at least half of it is free: so a byte moves once, on average. */
#include "transport/link/fifo.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum {
    FIFO_ROOM_MIN = 4096,
    FIFO_ROOM_KEPT = 2097152 /* bytes that stay allocated behind a burst */
};

void fifo_deinit(struct fifo *fifo)
{
    free(fifo->bytes);
    *fifo = (struct fifo){ 0 };
}

uint8_t *fifo_reserve(struct fifo *fifo, size_t size)
{
    size_t held = fifo_size(fifo);
    size_t room = fifo->room != 0 ? fifo->room : FIFO_ROOM_MIN;
    uint8_t *bytes;

    if (fifo->bytes != NULL && fifo->room - fifo->tail >= size)
        return fifo->bytes + fifo->tail;
    if (fifo->bytes != NULL && held + size <= fifo->room && held <= fifo->room / 2) {
        memmove(fifo->bytes, fifo->bytes + fifo->head, held);
    } else {
        while (room < held + size)
            room *= 2;
        bytes = malloc(room);
        if (bytes == NULL)
            return NULL;
        if (fifo->bytes != NULL)
            memcpy(bytes, fifo->bytes + fifo->head, held);
        free(fifo->bytes);
        fifo->bytes = bytes;
        fifo->room = room;
    }
    fifo->head = 0;
    fifo->tail = held;
    return fifo->bytes + held;
}

void fifo_add(struct fifo *fifo, size_t size)
{
    CHECK(size <= fifo->room - fifo->tail);
    fifo->tail += size;
}

struct span fifo_peek(const struct fifo *fifo)
{
    if (fifo->bytes == NULL)
        return (struct span){ 0 };
    return (struct span){ fifo->bytes + fifo->head, fifo_size(fifo) };
}

void fifo_drop(struct fifo *fifo, size_t size)
{
    CHECK(size <= fifo_size(fifo));
    fifo->head += size;
    if (fifo->head < fifo->tail)
        return;
    fifo->head = 0;
    fifo->tail = 0;
    if (fifo->room > FIFO_ROOM_KEPT)
        fifo_deinit(fifo);
}
