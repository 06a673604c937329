// SPDX-License-Identifier: Apache-2.0
#include "client/schema/default.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/schema/text.h"
#include "client/schema/wire.h"

/* Reads C escapes in place, as protoc writes the defaults of bytes. Returns the size. */
static size_t default_unescape(char *text)
{
    static const char letters[] = "n\nr\rt\t\"\"''\\\\";
    const char *from = text;
    char *to = text;

    while (*from != '\0') {
        const char *letter;
        unsigned value = 0;

        if (*from != '\\') {
            *to++ = *from++;
            continue;
        }
        from += 1;
        letter = *from != '\0' ? strchr(letters, *from) : NULL;
        if (letter != NULL) {
            *to++ = letter[1];
            from += 1;
            continue;
        }
        for (int digits = 0; digits < 3 && *from >= '0' && *from <= '7'; digits++)
            value = value * 8 + (unsigned)(*from++ - '0');
        *to++ = (char)value;
        if (*from != '\0' && !text_is_digit(from[-1]))
            from += 1;
    }
    return (size_t)(to - text);
}

static int default_read_bytes(struct mu_schema *schema, const char *text, const void **valuep)
{
    ProtobufCBinaryData *bytes = schema_alloc(schema, 1, sizeof(*bytes));
    char *data = schema_join(schema, text, "", "");

    if (bytes == NULL || data == NULL)
        return -ENOMEM;
    bytes->len = default_unescape(data);
    bytes->data = (uint8_t *)data;
    *valuep = bytes;
    return 0;
}

/* Sets the 4 or 8 bytes of a number. */
static int default_parse(const ProtobufCFieldDescriptor *field, const char *text, void *value)
{
    const ProtobufCEnumDescriptor *enumeration = field->descriptor;
    const ProtobufCEnumValue *named;
    char *end = NULL;

    errno = 0;
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)value = strcmp(text, "true") == 0;
        return *(protobuf_c_boolean *)value || strcmp(text, "false") == 0 ? 0 : -EINVAL;
    case PROTOBUF_C_TYPE_ENUM:
        named = protobuf_c_enum_descriptor_get_value_by_name(enumeration, text);
        if (named != NULL)
            *(int32_t *)value = named->value;
        return named != NULL ? 0 : -EINVAL;
    case PROTOBUF_C_TYPE_FLOAT:
        *(float *)value = strtof(text, &end);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        *(double *)value = strtod(text, &end);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        *(uint64_t *)value = strtoull(text, &end, 10);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        *(int64_t *)value = strtoll(text, &end, 10);
        break;
    default:
        *(uint32_t *)value = (uint32_t)strtoll(text, &end, 10);
    }
    return *text != '\0' && *end == '\0' && errno == 0 ? 0 : -EINVAL;
}

int default_read(struct mu_schema *schema, const ProtobufCFieldDescriptor *field, const char *text,
        const void **valuep)
{
    const ProtobufCEnumDescriptor *enumeration = field->descriptor;
    bool is_proto3 = field->label == PROTOBUF_C_LABEL_NONE;
    void *value;

    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return 0;
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        *valuep = text != NULL ? text : is_proto3 ? protobuf_c_empty_string : NULL;
        return 0;
    }
    if (text == NULL && (field->type != PROTOBUF_C_TYPE_ENUM || is_proto3))
        return 0;
    if (text == NULL) /* proto2: the first value of the enum */
        text = ((const struct enum_type *)(const void *)enumeration)->proto->value[0]->name;
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return default_read_bytes(schema, text, valuep);
    value = schema_alloc(schema, 1, sizeof(uint64_t));
    if (value == NULL)
        return -ENOMEM;
    *valuep = value;
    return default_parse(field, text, value);
}
