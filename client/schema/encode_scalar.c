// SPDX-License-Identifier: Apache-2.0
/* What a scalar may look like in JSON (numbers as strings, special values of floats), and in YAML,
 * where a word without quotes is what its field takes it for. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/schema/base64.h"
#include "client/schema/encode.h"
#include "client/schema/number.h"
#include "client/schema/text.h"
#include "client/schema/wire.h"

enum {
    SCALAR_NAMES_MAX = 256,   /* names of an enum that a misspelt one is compared with */
    SCALAR_EXPECTED_MAX = 160 /* bytes of the names of an enum in an error */
};

/* What a number of each type can be. */
static const struct {
    uint64_t below; /* magnitude of the least one */
    uint64_t above; /* the greatest one */
    const char *expected;
} scalar_ranges[] = {
    [PROTOBUF_C_TYPE_INT32] = { 2147483648u, INT32_MAX, "a whole number of 32 bits" },
    [PROTOBUF_C_TYPE_SINT32] = { 2147483648u, INT32_MAX, "a whole number of 32 bits" },
    [PROTOBUF_C_TYPE_SFIXED32] = { 2147483648u, INT32_MAX, "a whole number of 32 bits" },
    [PROTOBUF_C_TYPE_UINT32] = { 0, UINT32_MAX, "a whole number from 0 to 4294967295" },
    [PROTOBUF_C_TYPE_FIXED32] = { 0, UINT32_MAX, "a whole number from 0 to 4294967295" },
    [PROTOBUF_C_TYPE_INT64] = { UINT64_C(1) << 63, INT64_MAX, "a whole number of 64 bits" },
    [PROTOBUF_C_TYPE_SINT64] = { UINT64_C(1) << 63, INT64_MAX, "a whole number of 64 bits" },
    [PROTOBUF_C_TYPE_SFIXED64] = { UINT64_C(1) << 63, INT64_MAX, "a whole number of 64 bits" },
    [PROTOBUF_C_TYPE_UINT64] = { 0, UINT64_MAX, "a whole number from 0 to 18446744073709551615" },
    [PROTOBUF_C_TYPE_FIXED64] = { 0, UINT64_MAX, "a whole number from 0 to 18446744073709551615" },
    [PROTOBUF_C_TYPE_ENUM] = { 2147483648u, INT32_MAX, NULL },
};

static bool scalar_is_word(const struct value *value)
{
    return value->kind == VALUE_STRING || value->kind == VALUE_PLAIN;
}

/* Reads a whole number of `type` in two's complement. YAML also has +1 and 0x1f. */
static bool scalar_read_whole(const struct value *value, ProtobufCType type, uint64_t *numberp)
{
    const char *text = value->text;
    bool negative = false;
    uint64_t magnitude;

    if (value->kind != VALUE_NUMBER && !scalar_is_word(value))
        return false;
    if (value->kind == VALUE_PLAIN && text[0] == '+' && text[1] != '-')
        text += 1;
    if (value->kind == VALUE_PLAIN && text[0] == '0' && text[1] == 'x') {
        size_t digits = strspn(text + 2, "0123456789abcdefABCDEF");

        if (digits == 0 || digits > 16 || text[2 + digits] != '\0')
            return false;
        magnitude = strtoull(text + 2, NULL, 16);
    } else if (!number_read_whole(text, &negative, &magnitude)) {
        return false;
    }
    if (magnitude > (negative ? scalar_ranges[type].below : scalar_ranges[type].above))
        return false;
    *numberp = negative ? 0 - magnitude : magnitude;
    return true;
}

static bool scalar_read_special(const struct value *value, double *numberp)
{
    static const struct {
        const char *text;
        enum value_kind kind;
        double number;
    } specials[] = {
        { "NaN", VALUE_STRING, NAN },
        { "Infinity", VALUE_STRING, INFINITY },
        { "-Infinity", VALUE_STRING, -INFINITY },
        { ".nan", VALUE_PLAIN, NAN },
        { ".inf", VALUE_PLAIN, INFINITY },
        { "-.inf", VALUE_PLAIN, -INFINITY },
    };

    for (size_t i = 0; i < sizeof(specials) / sizeof(*specials); i++)
        if (strcmp(value->text, specials[i].text) == 0 &&
                (value->kind == specials[i].kind || value->kind == VALUE_PLAIN)) {
            *numberp = specials[i].number;
            return true;
        }
    return false;
}

static bool scalar_read_real(const struct value *value, ProtobufCType type, double *numberp)
{
    const char *text = value->text;

    if (value->kind != VALUE_NUMBER && !scalar_is_word(value))
        return false;
    if (scalar_is_word(value) && scalar_read_special(value, numberp))
        return true;
    if (value->kind == VALUE_PLAIN && text[0] == '+' && text[1] != '-')
        text += 1;
    if (!number_is_json(text))
        return false;
    *numberp = type == PROTOBUF_C_TYPE_FLOAT ? (double)strtof(text, NULL) : strtod(text, NULL);
    return isfinite(*numberp);
}

static bool scalar_read_bool(const struct value *value, bool *flagp)
{
    static const char *const words[] = { "false", "False", "FALSE", "no", "No", "NO", "off", "Off",
        "OFF", "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON" };
    size_t count = sizeof(words) / sizeof(*words);

    if (value->kind == VALUE_BOOL) {
        *flagp = *value->text == 't';
        return true;
    }
    for (size_t i = 0; i < count && value->kind == VALUE_PLAIN; i++)
        if (strcmp(value->text, words[i]) == 0) {
            *flagp = i >= count / 2;
            return true;
        }
    return false;
}

enum value_kind encode_resolve(const struct value *value)
{
    bool flag;

    if (value->kind != VALUE_PLAIN)
        return value->kind;
    if (scalar_read_bool(value, &flag))
        return VALUE_BOOL;
    return number_is_json(value->text) ? VALUE_NUMBER : VALUE_STRING;
}

/* Writes the tag, where the value is to be written with one. */
static bool scalar_open(
        struct encode *encode, const ProtobufCFieldDescriptor *field, bool written, uint32_t number)
{
    if (written && number != 0)
        encode_tag(encode, number, wire_type_of(field->type));
    return written;
}

static void scalar_put_number(struct encode *encode, ProtobufCType type, uint64_t number)
{
    uint8_t bytes[8];
    size_t size = wire_type_of(type) == WIRE_32BIT ? 4 : 8;

    if (type == PROTOBUF_C_TYPE_SINT32 || type == PROTOBUF_C_TYPE_SINT64)
        number = wire_zigzag((int64_t)number);
    if (wire_type_of(type) == WIRE_VARINT) {
        buffer_put_varint(&encode->out, number);
        return;
    }
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(number >> 8 * i);
    buffer_put(&encode->out, bytes, size);
}

static uint64_t scalar_bits(ProtobufCType type, double number)
{
    float single = (float)number;
    uint32_t bits = 0;
    uint64_t wide = 0;

    if (type == PROTOBUF_C_TYPE_FLOAT) {
        memcpy(&bits, &single, sizeof(bits));
        return bits;
    }
    memcpy(&wide, &number, sizeof(wide));
    return wide;
}

/* "one of LOW, HIGH", by number, as far as there is room. */
static const char *scalar_list_names(
        const ProtobufCEnumDescriptor *enumeration, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "one of ");

    for (unsigned i = 0; i < enumeration->n_values && used < size; i++)
        used += (size_t)snprintf(
                text + used, size - used, "%s%s", i > 0 ? ", " : "", enumeration->values[i].name);
    if (used >= size)
        snprintf(text, size, "a value of %s", enumeration->name);
    return text;
}

static int scalar_fail_enum(const struct encode *encode, const ProtobufCEnumDescriptor *enumeration,
        const struct value *value, const struct step *step)
{
    const char *names[SCALAR_NAMES_MAX];
    char expected[SCALAR_EXPECTED_MAX];
    const char *closest = NULL;
    size_t count = 0;

    for (; count < enumeration->n_value_names && count < SCALAR_NAMES_MAX; count++)
        names[count] = enumeration->values_by_name[count].name;
    if (scalar_is_word(value))
        closest = text_closest(value->text, value->size, names, count);
    if (closest != NULL)
        return encode_fail(encode, step, value, "%s has no value %s; did you mean %s?",
                enumeration->name, value->text, closest);
    return encode_expected(
            encode, step, value, scalar_list_names(enumeration, expected, sizeof(expected)));
}

/* Of NullValue there is nothing but null, which JSON could not tell from another number. */
static int encode_enum(struct encode *encode, const ProtobufCFieldDescriptor *field, bool presence,
        uint32_t number, const struct value *value, const struct step *step)
{
    const ProtobufCEnumDescriptor *enumeration = field->descriptor;
    const bool is_null = strcmp(enumeration->name, "google.protobuf.NullValue") == 0;
    const ProtobufCEnumValue *named = NULL;
    uint64_t bits;

    if (value->kind == VALUE_NULL && is_null) {
        bits = 0;
    } else {
        if (scalar_is_word(value))
            named = protobuf_c_enum_descriptor_get_value_by_name(enumeration, value->text);
        if (named != NULL)
            bits = (uint64_t)(int64_t)named->value;
        else if (value->kind == VALUE_STRING ||
                 !scalar_read_whole(value, PROTOBUF_C_TYPE_ENUM, &bits) || (is_null && bits != 0))
            return scalar_fail_enum(encode, enumeration, value, step);
    }
    if (scalar_open(encode, field, presence || bits != 0, number))
        buffer_put_varint(&encode->out, bits);
    return 0;
}

static int encode_bytes(struct encode *encode, const ProtobufCFieldDescriptor *field, bool presence,
        uint32_t number, const struct value *value, const struct step *step)
{
    uint8_t *bytes;
    long size;

    if (!scalar_is_word(value))
        return encode_expected(encode, step, value, "base64");
    bytes = mu_arena_alloc(&encode->arena, (size_t)value->size * 3 / 4 + 1);
    if (bytes == NULL)
        return -ENOMEM;
    size = base64_read(bytes, value->text, value->size);
    if (size < 0)
        return encode_expected(encode, step, value, "base64");
    if (scalar_open(encode, field, presence || size != 0, number)) {
        buffer_put_varint(&encode->out, (uint64_t)size);
        buffer_put(&encode->out, bytes, (size_t)size);
    }
    return 0;
}

static int encode_string(struct encode *encode, const ProtobufCFieldDescriptor *field,
        bool presence, uint32_t number, const struct value *value, const struct step *step)
{
    if (!scalar_is_word(value))
        return encode_expected(encode, step, value, "a string");
    if (scalar_open(encode, field, presence || value->size != 0, number)) {
        buffer_put_varint(&encode->out, value->size);
        buffer_put(&encode->out, value->text, value->size);
    }
    return 0;
}

int encode_scalar(struct encode *encode, const ProtobufCFieldDescriptor *field, bool presence,
        uint32_t number, const struct value *value, const struct step *step)
{
    uint64_t bits = 0;
    double real;
    bool flag;

    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return encode_string(encode, field, presence, number, value, step);
    case PROTOBUF_C_TYPE_BYTES:
        return encode_bytes(encode, field, presence, number, value, step);
    case PROTOBUF_C_TYPE_ENUM:
        return encode_enum(encode, field, presence, number, value, step);
    case PROTOBUF_C_TYPE_BOOL:
        if (!scalar_read_bool(value, &flag))
            return encode_expected(encode, step, value, "true or false");
        bits = flag;
        break;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        if (!scalar_read_real(value, field->type, &real))
            return encode_expected(encode, step, value,
                    field->type == PROTOBUF_C_TYPE_FLOAT ? "a number that a float can hold"
                                                         : "a number");
        bits = scalar_bits(field->type, real);
        break;
    default:
        if (!scalar_read_whole(value, field->type, &bits))
            return encode_expected(encode, step, value, scalar_ranges[field->type].expected);
    }
    if (scalar_open(encode, field, presence || bits != 0, number))
        scalar_put_number(encode, field->type, bits);
    return 0;
}
