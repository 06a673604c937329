/* transport/link/fifo.h - bytes that wait, in order. Pure. */
#pragma once

#include "transport/envelope.h"

struct fifo {
    uint8_t *bytes; /* owned */
    size_t head;    /* index of the first byte that waits */
    size_t tail;    /* index behind the last */
    size_t room;
};

/* Safe on zeroes, and safe twice. */
void fifo_deinit(struct fifo *fifo);

static inline size_t fifo_size(const struct fifo *fifo)
{
    return fifo->tail - fifo->head;
}

/* Where `size` more bytes go, which fifo_add then counts; NULL where memory ends. */
uint8_t *fifo_reserve(struct fifo *fifo, size_t size);
void fifo_add(struct fifo *fifo, size_t size);

/* What waits; borrowed until the next reserve or drop. */
struct span fifo_peek(const struct fifo *fifo);

/* Forgets the first `size` bytes. */
void fifo_drop(struct fifo *fifo, size_t size);
