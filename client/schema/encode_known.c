// SPDX-License-Identifier: Apache-2.0
/* google.protobuf's own messages, as protobuf's JSON writes them. */
#include <errno.h>
#include <string.h>

#include "client/schema/encode.h"
#include "client/schema/moment.h"
#include "client/schema/text.h"
#include "client/schema/wire.h"

/* The indices of a google.protobuf.Value's fields. */
enum { KIND_NULL, KIND_NUMBER, KIND_STRING, KIND_BOOL, KIND_STRUCT, KIND_LIST };

static int encode_moment(struct encode *encode, const struct message_type *type,
        const struct value *value, const struct step *step)
{
    bool is_time = type->well_known == WELL_KNOWN_TIMESTAMP;
    bool is_word = value->kind == VALUE_STRING || value->kind == VALUE_PLAIN;
    struct moment moment = { 0 };

    if (!is_word ||
            !(is_time ? timestamp_read(&moment, value->text) : duration_read(&moment, value->text)))
        return encode_expected(encode, step, value,
                is_time ? "a time like \"2024-01-31T12:00:00Z\"" : "a duration like \"1.5s\"");
    if (moment.seconds != 0) {
        encode_tag(encode, type->base.fields[0].id, WIRE_VARINT);
        buffer_put_varint(&encode->out, (uint64_t)moment.seconds);
    }
    if (moment.nanos != 0) {
        encode_tag(encode, type->base.fields[1].id, WIRE_VARINT);
        buffer_put_varint(&encode->out, (uint64_t)(int64_t)moment.nanos);
    }
    return 0;
}

static const char mask_letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,";

/* `user.displayName,photo`, whose names are lowerCamelCase and become snake_case. */
static int encode_field_mask(struct encode *encode, const struct message_type *type,
        const struct value *value, const struct step *step)
{
    const char *at = value->text;

    if ((value->kind != VALUE_STRING && value->kind != VALUE_PLAIN) ||
            strspn(at, mask_letters) != value->size)
        return encode_expected(
                encode, step, value, "names of fields like \"user.displayName,photo\"");
    for (bool more = *at != '\0'; more; at++) { /* one path more than there are commas */
        size_t start;

        encode_tag(encode, type->base.fields[0].id, WIRE_LENGTH);
        start = encode->out.size;
        for (; *at != '\0' && *at != ','; at++) {
            if (text_is_upper(*at))
                buffer_put_byte(&encode->out, '_');
            buffer_put_byte(&encode->out, (uint8_t)text_to_lower(*at));
        }
        buffer_prefix(&encode->out, start);
        more = *at == ',';
    }
    return 0;
}

static int encode_any_value(struct encode *encode, const struct message_type *type,
        const struct value *value, const struct step *step)
{
    const ProtobufCFieldDescriptor *fields = type->base.fields;

    switch (encode_resolve(value)) {
    case VALUE_NULL:
        encode_tag(encode, fields[KIND_NULL].id, WIRE_VARINT);
        buffer_put_byte(&encode->out, 0);
        return 0;
    case VALUE_NUMBER:
        return encode_scalar(
                encode, &fields[KIND_NUMBER], true, fields[KIND_NUMBER].id, value, step);
    case VALUE_BOOL:
        return encode_scalar(encode, &fields[KIND_BOOL], true, fields[KIND_BOOL].id, value, step);
    case VALUE_LIST:
        return encode_child(encode, fields[KIND_LIST].id,
                message_type_of(fields[KIND_LIST].descriptor), value, step);
    case VALUE_OBJECT:
        return encode_child(encode, fields[KIND_STRUCT].id,
                message_type_of(fields[KIND_STRUCT].descriptor), value, step);
    case VALUE_STRING:
    case VALUE_PLAIN:
        break;
    }
    return encode_scalar(encode, &fields[KIND_STRING], true, fields[KIND_STRING].id, value, step);
}

int encode_well_known(struct encode *encode, const struct message_type *type,
        const struct value *value, const struct step *step)
{
    const ProtobufCFieldDescriptor *first = &type->base.fields[0];

    switch (type->well_known) {
    case WELL_KNOWN_DURATION:
    case WELL_KNOWN_TIMESTAMP:
        return encode_moment(encode, type, value, step);
    case WELL_KNOWN_FIELD_MASK:
        return encode_field_mask(encode, type, value, step);
    case WELL_KNOWN_LIST:
        return encode_list(encode, first, value, step);
    case WELL_KNOWN_STRUCT:
        return encode_map(encode, first, value, step);
    case WELL_KNOWN_VALUE:
        return encode_any_value(encode, type, value, step);
    case WELL_KNOWN_WRAPPER:
        return encode_scalar(encode, first, false, first->id, value, step);
    case WELL_KNOWN_ANY:
    case WELL_KNOWN_NOT:
        break;
    }
    return encode_fail(encode, step, value, "%s has no JSON here", type->base.name);
}
