/* client/schema/buffer.h - bytes that grow at their end. A failure sticks and is asked for once, at
 * the end; what is put after it goes nowhere. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buffer {
    uint8_t *data; /* owned */
    size_t size;
    size_t capacity;
    size_t size_max;
    int failure; /* 0, -ENOMEM, or -E2BIG where size_max was passed */
};

static inline void buffer_init(struct buffer *buffer, size_t size_max)
{
    *buffer = (struct buffer){ .size_max = size_max };
}

/* Safe on zeroes, and safe twice. */
void buffer_deinit(struct buffer *buffer);

void buffer_put(struct buffer *buffer, const void *bytes, size_t size);
void buffer_put_byte(struct buffer *buffer, uint8_t byte);
void buffer_put_text(struct buffer *buffer, const char *text);
void buffer_put_varint(struct buffer *buffer, uint64_t value);
void buffer_format(struct buffer *buffer, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* Puts the length of all that stands from `start` on in front of it. */
void buffer_prefix(struct buffer *buffer, size_t start);

/* Hands the bytes over, with a NUL after them, in `*datap`. Returns 0, or the failure. */
int buffer_take(struct buffer *buffer, uint8_t **datap, size_t *sizep);
