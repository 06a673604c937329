// SPDX-License-Identifier: Apache-2.0
#include "client/schema/buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/schema/wire.h"

enum { BUFFER_SIZE_FIRST = 256 }; /* bytes */

/* Makes room for `size` bytes and a NUL. */
static int buffer_grow(struct buffer *buffer, size_t size)
{
    size_t capacity = buffer->capacity != 0 ? buffer->capacity : BUFFER_SIZE_FIRST;
    uint8_t *data;

    if (buffer->failure == 0 && size > buffer->size_max - buffer->size)
        buffer->failure = -E2BIG;
    if (buffer->failure != 0 || buffer->capacity - buffer->size > size)
        return buffer->failure;
    while (capacity - buffer->size <= size)
        capacity *= 2;
    data = realloc(buffer->data, capacity);
    if (data == NULL)
        return buffer->failure = -ENOMEM;
    buffer->data = data;
    buffer->capacity = capacity;
    return 0;
}

void buffer_deinit(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){ 0 };
}

void buffer_put(struct buffer *buffer, const void *bytes, size_t size)
{
    if (size == 0 || buffer_grow(buffer, size) < 0)
        return;
    memcpy(buffer->data + buffer->size, bytes, size);
    buffer->size += size;
}

void buffer_put_byte(struct buffer *buffer, uint8_t byte)
{
    buffer_put(buffer, &byte, 1);
}

void buffer_put_text(struct buffer *buffer, const char *text)
{
    buffer_put(buffer, text, strlen(text));
}

void buffer_put_varint(struct buffer *buffer, uint64_t value)
{
    uint8_t bytes[WIRE_VARINT_MAX];
    size_t size = wire_write_varint(bytes, value);

    buffer_put(buffer, bytes, size);
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    va_list again;
    int size;

    va_start(args, format);
    va_copy(again, args);
    size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (buffer_grow(buffer, (size_t)size) == 0) {
        vsnprintf((char *)buffer->data + buffer->size, (size_t)size + 1, format, again);
        buffer->size += (size_t)size;
    }
    va_end(again);
}

void buffer_prefix(struct buffer *buffer, size_t start)
{
    uint8_t length[WIRE_VARINT_MAX];
    size_t size = buffer->size - start;
    size_t length_size = wire_write_varint(length, size);

    if (buffer_grow(buffer, length_size) < 0)
        return;
    memmove(buffer->data + start + length_size, buffer->data + start, size);
    memcpy(buffer->data + start, length, length_size);
    buffer->size += length_size;
}

int buffer_take(struct buffer *buffer, uint8_t **datap, size_t *sizep)
{
    int result = buffer_grow(buffer, 0);

    if (result == 0) {
        buffer->data[buffer->size] = '\0';
        *datap = buffer->data;
        *sizep = buffer->size;
        buffer->data = NULL;
    }
    buffer_deinit(buffer);
    return result;
}
