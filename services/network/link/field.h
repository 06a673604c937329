/* services/network/link/field.h - protobuf fields of control messages, read in place and written by
 * hand.
 *
 * A peer's message is never unpacked: what is forwarded must stay as it was signed, and protobuf-c
 * would take many times a message's size. One strict reading is accepted: minimal varints, no
 * groups, no tag 0. */
#pragma once

#include <string.h>

#include "transport/envelope.h"

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* Where a reader stands. */
struct fields {
    const uint8_t *at; /* borrowed from who gave the bytes */
    const uint8_t *end;
};

struct field {
    uint32_t number;
    uint32_t wire;
    uint64_t value;    /* of a varint, or of a fixed64 */
    struct span bytes; /* of a length-delimited field, borrowed from the reader's bytes */
};

enum field_outcome { FIELD_OK, FIELD_END, FIELD_BAD };

static inline struct fields fields_of(struct span bytes)
{
    return (struct fields){ bytes.data, bytes.size > 0 ? bytes.data + bytes.size : bytes.data };
}

static inline uint64_t fixed64_read(const uint8_t *at)
{
    uint64_t value = 0;

    for (int i = 7; i >= 0; i--)
        value = value << 8 | at[i];
    return value;
}

/* Takes `size` bytes as the field's value; NULL where there are fewer. */
static inline const uint8_t *field_take(
        struct field *field, const uint8_t *at, const uint8_t *end, uint64_t size)
{
    if (size > (uint64_t)(end - at))
        return NULL;
    field->bytes = (struct span){ at, (size_t)size };
    return at + size;
}

/* The next field, in `*field`. */
static inline enum field_outcome field_next(struct fields *fields, struct field *field)
{
    const uint8_t *at = fields->at;
    uint64_t tag;
    uint64_t size = 0;

    if (at == fields->end)
        return FIELD_END;
    at = varint_read(at, fields->end, &tag);
    if (at == NULL || tag > UINT32_MAX || tag >> 3 == 0)
        return FIELD_BAD;
    *field = (struct field){ .number = (uint32_t)(tag >> 3), .wire = (uint32_t)(tag & 7) };
    switch (field->wire) {
    case WIRE_VARINT:
        at = varint_read(at, fields->end, &field->value);
        break;
    case WIRE_BYTES:
        at = varint_read(at, fields->end, &size);
        at = at != NULL ? field_take(field, at, fields->end, size) : NULL;
        break;
    case WIRE_FIXED64:
        at = field_take(field, at, fields->end, 8);
        field->value = at != NULL ? fixed64_read(at - 8) : 0;
        break;
    case WIRE_FIXED32:
        at = field_take(field, at, fields->end, 4);
        break;
    default:
        at = NULL; /* groups, and what is none */
    }
    if (at == NULL)
        return FIELD_BAD;
    fields->at = at;
    return FIELD_OK;
}

/* True where `field` is number `number` and has this wire type. */
static inline bool field_is(const struct field *field, uint32_t number, uint32_t wire)
{
    return field->number == number && field->wire == wire;
}

/* ---- writing: a field that is 0 or empty is left out, except where bytes repeat ---- */

static inline size_t number_field_size(uint64_t value)
{
    return value != 0 ? 1 + varint_size(value) : 0;
}

static inline size_t bytes_field_size(size_t size)
{
    return 1 + varint_size(size) + size;
}

enum { FIXED64_FIELD_SIZE = 9 };

static inline uint8_t *number_field_write(uint8_t *out, uint32_t number, uint64_t value)
{
    if (value == 0)
        return out;
    *out++ = (uint8_t)(number << 3 | WIRE_VARINT);
    return varint_write(out, value);
}

/* The head of a length-delimited field whose `size` bytes the caller writes. */
static inline uint8_t *bytes_field_open(uint8_t *out, uint32_t number, size_t size)
{
    *out++ = (uint8_t)(number << 3 | WIRE_BYTES);
    return varint_write(out, size);
}

static inline uint8_t *bytes_field_write(uint8_t *out, uint32_t number, struct span bytes)
{
    out = bytes_field_open(out, number, bytes.size);
    if (bytes.size > 0)
        memcpy(out, bytes.data, bytes.size);
    return out + bytes.size;
}

static inline uint8_t *fixed64_field_write(uint8_t *out, uint32_t number, uint64_t value)
{
    *out++ = (uint8_t)(number << 3 | WIRE_FIXED64);
    for (int i = 0; i < 8; i++)
        *out++ = (uint8_t)(value >> (8 * i));
    return out;
}
