/* client/schema/wire.h - the protobuf wire, in the few pieces that everything here is made of
 * (https://protobuf.dev/programming-guides/encoding/). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <protobuf-c/protobuf-c.h>

enum {
    WIRE_VARINT = 0,
    WIRE_64BIT = 1,
    WIRE_LENGTH = 2,
    WIRE_32BIT = 5,
    WIRE_NUMBER_MAX = 536870911, /* of a field */
    WIRE_VARINT_MAX = 10         /* bytes */
};

/* Reads a minimal varint before `end`. Returns the byte after it, or NULL where there is none. */
static inline const uint8_t *wire_read_varint(
        const uint8_t *at, const uint8_t *end, uint64_t *valuep)
{
    uint64_t value = 0;
    unsigned shift = 0;

    if (at < end && *at < 0x80) {
        *valuep = *at;
        return at + 1;
    }
    for (; at < end && shift < 64; shift += 7) {
        uint8_t byte = *at++;

        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte >= 0x80)
            continue;
        if (byte == 0 || (shift == 63 && byte > 1))
            return NULL;
        *valuep = value;
        return at;
    }
    return NULL;
}

/* The same where mu_body_check has been before. */
static inline const uint8_t *wire_take_varint(const uint8_t *at, uint64_t *valuep)
{
    uint64_t value = *at & 0x7f;

    for (unsigned shift = 7; *at++ >= 0x80; shift += 7)
        value |= (uint64_t)(*at & 0x7f) << shift;
    *valuep = value;
    return at;
}

static inline uint32_t wire_take_fixed32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t wire_take_fixed64(const uint8_t *at)
{
    return wire_take_fixed32(at) | (uint64_t)wire_take_fixed32(at + 4) << 32;
}

static inline size_t wire_write_varint(uint8_t *out, uint64_t value)
{
    size_t size = 0;

    for (; value >= 0x80; value >>= 7)
        out[size++] = (uint8_t)(value | 0x80);
    out[size++] = (uint8_t)value;
    return size;
}

static inline uint64_t wire_zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (0 - ((uint64_t)value >> 63));
}

static inline int64_t wire_unzigzag(uint64_t value)
{
    return (int64_t)((value >> 1) ^ (0 - (value & 1)));
}

/* How values of `type` stand on the wire, alone. */
static inline unsigned wire_type_of(ProtobufCType type)
{
    static const uint8_t types[] = {
        [PROTOBUF_C_TYPE_SFIXED32] = WIRE_32BIT,
        [PROTOBUF_C_TYPE_SFIXED64] = WIRE_64BIT,
        [PROTOBUF_C_TYPE_FIXED32] = WIRE_32BIT,
        [PROTOBUF_C_TYPE_FIXED64] = WIRE_64BIT,
        [PROTOBUF_C_TYPE_FLOAT] = WIRE_32BIT,
        [PROTOBUF_C_TYPE_DOUBLE] = WIRE_64BIT,
        [PROTOBUF_C_TYPE_STRING] = WIRE_LENGTH,
        [PROTOBUF_C_TYPE_BYTES] = WIRE_LENGTH,
        [PROTOBUF_C_TYPE_MESSAGE] = WIRE_LENGTH, /* all others: WIRE_VARINT, 0 */
    };

    return types[type];
}

/* How many bytes a value of `type` takes in a message that protobuf-c unpacked. */
static inline size_t wire_size_in_memory(ProtobufCType type)
{
    static const uint8_t sizes[] = {
        [PROTOBUF_C_TYPE_INT32] = 4,
        [PROTOBUF_C_TYPE_SINT32] = 4,
        [PROTOBUF_C_TYPE_SFIXED32] = 4,
        [PROTOBUF_C_TYPE_INT64] = 8,
        [PROTOBUF_C_TYPE_SINT64] = 8,
        [PROTOBUF_C_TYPE_SFIXED64] = 8,
        [PROTOBUF_C_TYPE_UINT32] = 4,
        [PROTOBUF_C_TYPE_FIXED32] = 4,
        [PROTOBUF_C_TYPE_UINT64] = 8,
        [PROTOBUF_C_TYPE_FIXED64] = 8,
        [PROTOBUF_C_TYPE_FLOAT] = 4,
        [PROTOBUF_C_TYPE_DOUBLE] = 8,
        [PROTOBUF_C_TYPE_BOOL] = sizeof(protobuf_c_boolean),
        [PROTOBUF_C_TYPE_ENUM] = 4,
        [PROTOBUF_C_TYPE_STRING] = sizeof(char *),
        [PROTOBUF_C_TYPE_BYTES] = sizeof(ProtobufCBinaryData),
        [PROTOBUF_C_TYPE_MESSAGE] = sizeof(ProtobufCMessage *),
    };

    return sizes[type];
}

/* The field with `number`, or NULL. Most types have one range of numbers, which needs no search. */
static inline const ProtobufCFieldDescriptor *wire_find_field(
        const ProtobufCMessageDescriptor *type, uint32_t number)
{
    if (type->n_field_ranges == 1) {
        uint32_t index = number - (uint32_t)type->field_ranges[0].start_value;

        return index < type->n_fields ? &type->fields[index] : NULL;
    }
    return protobuf_c_message_descriptor_get_field(type, number);
}

/* What a piece of memory costs in an arena. */
static inline size_t wire_round(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

/* How many values a packed field of `type` holds in `size` bytes. */
static inline size_t wire_count_packed(ProtobufCType type, const uint8_t *at, size_t size)
{
    size_t count = 0;

    if (wire_type_of(type) == WIRE_32BIT)
        return size / 4;
    if (wire_type_of(type) == WIRE_64BIT)
        return size / 8;
    for (size_t i = 0; i < size; i++)
        count += at[i] < 0x80;
    return count;
}
