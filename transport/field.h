/* transport/field.h - fields of protobuf messages, for the files here that read and write them in
 * place. */
#pragma once

#include <string.h>

#include "transport/envelope.h"

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

#define TAG(field, wire) ((uint8_t)((field) << 3 | (wire)))

/* One field as it stands on the wire. */
struct field {
    uint32_t number;
    uint32_t wire;
    uint64_t value;    /* of a varint */
    struct span bytes; /* of a length-delimited field */
};

static inline const uint8_t *field_read(struct field *field, const uint8_t *at, const uint8_t *end)
{
    uint64_t tag;
    uint64_t size;

    at = varint_read(at, end, &tag);
    if (at == NULL || tag > UINT32_MAX || tag >> 3 == 0)
        return NULL;
    field->number = (uint32_t)(tag >> 3);
    field->wire = (uint32_t)(tag & 7);
    switch (field->wire) {
    case WIRE_VARINT:
        return varint_read(at, end, &field->value);
    case WIRE_BYTES:
        at = varint_read(at, end, &size);
        if (at == NULL || size > (uint64_t)(end - at))
            return NULL;
        field->bytes = (struct span){ at, (size_t)size };
        return at + size;
    case WIRE_FIXED64:
        return end - at >= 8 ? at + 8 : NULL;
    case WIRE_FIXED32:
        return end - at >= 4 ? at + 4 : NULL;
    default:
        return NULL; /* groups, and what is none */
    }
}

/* Which wire type each known field has; fields that are not known may have any. */
static inline bool field_fits(const struct field *field, uint32_t varints, uint32_t last)
{
    if (field->number > last)
        return true;
    if ((varints >> field->number & 1) != 0)
        return field->wire == WIRE_VARINT;
    return field->wire == WIRE_BYTES;
}

static inline size_t number_size(uint64_t value)
{
    return value != 0 ? 1 + varint_size(value) : 0;
}

static inline size_t span_size(struct span span)
{
    return span.size != 0 ? 1 + varint_size(span.size) + span.size : 0;
}

static inline uint8_t *number_write(uint8_t *out, unsigned field, uint64_t value)
{
    if (value == 0)
        return out;
    *out++ = TAG(field, WIRE_VARINT);
    return varint_write(out, value);
}

static inline uint8_t *span_write(uint8_t *out, unsigned field, struct span span)
{
    if (span.size == 0)
        return out;
    *out++ = TAG(field, WIRE_BYTES);
    out = varint_write(out, span.size);
    memcpy(out, span.data, span.size);
    return out + span.size;
}
