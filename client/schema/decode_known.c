// SPDX-License-Identifier: Apache-2.0
/* google.protobuf's own messages, as protobuf's JSON writes them. known.c has seen that their
 * fields are what is taken for granted here. */
#include <math.h>

#include "client/schema/decode.h"
#include "client/schema/moment.h"
#include "client/schema/text.h"

static int decode_moment(struct decode *decode, const ProtobufCMessage *message)
{
    const struct message_type *type = message_type_of(message->descriptor);
    const ProtobufCFieldDescriptor *fields = type->base.fields;
    struct moment moment = {
        .seconds = *(const int64_t *)decode_member(message, fields[0].offset),
        .nanos = *(const int32_t *)decode_member(message, fields[1].offset),
    };
    char text[MOMENT_TEXT_MAX];

    if (!(type->well_known == WELL_KNOWN_TIMESTAMP ? timestamp_print(&moment, text)
                                                   : duration_print(&moment, text)))
        return text_fail(decode->error, "%s: seconds or nanos out of range", type->base.name);
    decode_quote(decode, text);
    return 0;
}

/* `display_name` becomes `displayName`; a path that would not come back the same has no JSON. */
static int decode_path(struct decode *decode, const char *path)
{
    for (; *path != '\0'; path++) {
        bool is_start = *path == '_';

        path += is_start;
        if (is_start ? !text_is_lower(*path)
                     : !text_is_lower(*path) && !text_is_digit(*path) && *path != '.')
            return text_fail(
                    decode->error, "google.protobuf.FieldMask: a path that is not in snake_case");
        buffer_put_byte(&decode->out, (uint8_t)(is_start ? text_to_upper(*path) : *path));
    }
    return 0;
}

static int decode_field_mask(struct decode *decode, const ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *field = &message->descriptor->fields[0];
    size_t count = *(const size_t *)decode_member(message, field->quantifier_offset);
    char *const *paths = *(char *const *const *)decode_member(message, field->offset);
    int result = 0;

    buffer_put_byte(&decode->out, '"');
    for (size_t i = 0; i < count && result == 0; i++) {
        if (i > 0)
            buffer_put_byte(&decode->out, ',');
        result = decode_path(decode, paths[i]);
    }
    buffer_put_byte(&decode->out, '"');
    return result;
}

/* A google.protobuf.Value: whichever of its fields is set, and null for none. */
static int decode_any_value(struct decode *decode, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    uint32_t which = *(const uint32_t *)decode_member(message, type->fields[0].quantifier_offset);
    const ProtobufCFieldDescriptor *field;
    const void *member;

    if (which == 0) {
        buffer_put_text(&decode->out, "null");
        return 0;
    }
    field = &type->fields[which - 1];
    member = decode_member(message, field->offset);
    if (field->type == PROTOBUF_C_TYPE_DOUBLE && !isfinite(*(const double *)member))
        return text_fail(decode->error, "google.protobuf.Value: a number that JSON does not have");
    return decode_value(decode, field, member);
}

int decode_well_known(struct decode *decode, const ProtobufCMessage *message)
{
    const struct message_type *type = message_type_of(message->descriptor);
    const ProtobufCFieldDescriptor *first = &type->base.fields[0];

    switch (type->well_known) {
    case WELL_KNOWN_DURATION:
    case WELL_KNOWN_TIMESTAMP:
        return decode_moment(decode, message);
    case WELL_KNOWN_FIELD_MASK:
        return decode_field_mask(decode, message);
    case WELL_KNOWN_LIST:
        return decode_list(decode, first, message);
    case WELL_KNOWN_STRUCT:
        return decode_map(decode, first, message);
    case WELL_KNOWN_VALUE:
        return decode_any_value(decode, message);
    case WELL_KNOWN_WRAPPER:
        return decode_scalar(decode, first, decode_member(message, first->offset));
    case WELL_KNOWN_ANY:
    case WELL_KNOWN_NOT:
        break;
    }
    return text_fail(decode->error, "%s has no JSON here", type->base.name);
}
