// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "client/schema/base64.h"
#include "client/schema/decode.h"
#include "client/schema/number.h"
#include "client/schema/wire.h"

/* How many bytes at `text` go into a string as they are. */
static size_t quote_span(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    while (*at >= 0x20 && *at != '"' && *at != '\\' && *at != 0x7f && (*at != 0xc2 || at[1] > 0x9f))
        at += 1;
    return (size_t)((const char *)at - text);
}

/* Control characters are escaped, those of ISO 6429 above ASCII, too: a terminal may obey them. */
void decode_quote(struct decode *decode, const char *text)
{
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";

    buffer_put_byte(&decode->out, '"');
    for (;;) {
        size_t size = quote_span(text);
        const char *letter;

        buffer_put(&decode->out, text, size);
        text += size;
        if (*text == '\0')
            break;
        letter = (unsigned char)*text < 0x80 ? strchr(letters, *text) : NULL;
        if (letter != NULL) {
            char escape[] = { '\\', letter[1] };

            buffer_put(&decode->out, escape, sizeof(escape));
        } else {
            text += (unsigned char)*text == 0xc2;
            buffer_format(&decode->out, "\\u%04x", (unsigned char)*text);
        }
        text += 1;
    }
    buffer_put_byte(&decode->out, '"');
}

static void decode_real(struct decode *decode, double value, ProtobufCType type)
{
    char text[NUMBER_TEXT_MAX];

    if (isnan(value)) {
        buffer_put_text(&decode->out, "\"NaN\"");
    } else if (isinf(value)) {
        buffer_put_text(&decode->out, value < 0 ? "\"-Infinity\"" : "\"Infinity\"");
    } else {
        if (type == PROTOBUF_C_TYPE_FLOAT)
            number_print_float(text, (float)value);
        else
            number_print_double(text, value);
        buffer_put_text(&decode->out, text);
    }
}

static void decode_enum(
        struct decode *decode, const ProtobufCFieldDescriptor *field, int32_t number)
{
    const ProtobufCEnumDescriptor *enumeration = field->descriptor;
    const char *name = enum_find_name(enumeration, number);

    if (strcmp(enumeration->name, "google.protobuf.NullValue") == 0)
        buffer_put_text(&decode->out, "null");
    else if (name != NULL)
        decode_quote(decode, name);
    else
        buffer_format(&decode->out, "%" PRId32, number);
}

int decode_scalar(struct decode *decode, const ProtobufCFieldDescriptor *field, const void *member)
{
    const ProtobufCBinaryData *bytes = member;

    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        buffer_format(&decode->out, "%" PRId32, *(const int32_t *)member);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        buffer_format(&decode->out, "%" PRIu32, *(const uint32_t *)member);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        buffer_format(&decode->out, "\"%" PRId64 "\"", *(const int64_t *)member);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        buffer_format(&decode->out, "\"%" PRIu64 "\"", *(const uint64_t *)member);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        decode_real(decode, (double)*(const float *)member, field->type);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        decode_real(decode, *(const double *)member, field->type);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        buffer_put_text(&decode->out, *(const protobuf_c_boolean *)member ? "true" : "false");
        break;
    case PROTOBUF_C_TYPE_ENUM:
        decode_enum(decode, field, *(const int32_t *)member);
        break;
    case PROTOBUF_C_TYPE_STRING:
        decode_quote(decode, *(char *const *)member);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        buffer_put_byte(&decode->out, '"');
        base64_put(&decode->out, bytes->data, bytes->len);
        buffer_put_byte(&decode->out, '"');
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return 0;
}
