// SPDX-License-Identifier: Apache-2.0
/* Prints messages that body_unpack.c has made, in the order of the .proto: unpacking has already
 * done what the encoding asks of a reader (the last value wins, parts are merged), but for maps,
 * where the last of several entries with one key counts. */
#include "client/schema/decode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/schema/body.h"
#include "client/schema/text.h"
#include "client/schema/wire.h"

/* An entry of a map while double keys are looked for. */
struct keyed {
    const void *key;
    ProtobufCType type;
    size_t index;
};

static void decode_break_line(struct decode *decode)
{
    if (!(decode->flags & MU_JSON_PRETTY))
        return;
    buffer_put_byte(&decode->out, '\n');
    for (unsigned i = 0; i < decode->indent; i++)
        buffer_put_text(&decode->out, "  ");
}

static void decode_open(struct decode *decode, char sign)
{
    buffer_put_byte(&decode->out, (uint8_t)sign);
    decode->indent += 1;
}

static void decode_close(struct decode *decode, char sign, bool is_empty)
{
    decode->indent -= 1;
    if (!is_empty)
        decode_break_line(decode);
    buffer_put_byte(&decode->out, (uint8_t)sign);
}

/* Goes to where the next member of a list or object is written. */
static void decode_next(struct decode *decode, bool *is_emptyp)
{
    if (!*is_emptyp)
        buffer_put_byte(&decode->out, ',');
    *is_emptyp = false;
    decode_break_line(decode);
}

static void decode_colon(struct decode *decode)
{
    buffer_put_text(&decode->out, decode->flags & MU_JSON_PRETTY ? ": " : ":");
}

int decode_value(struct decode *decode, const ProtobufCFieldDescriptor *field, const void *member)
{
    const ProtobufCMessage *message;

    if (field->type != PROTOBUF_C_TYPE_MESSAGE)
        return decode_scalar(decode, field, member);
    message = *(ProtobufCMessage *const *)member;
    if (message == NULL) /* the value of a map's entry that has none */
        message = body_unpack_checked(
                decode->arena, field->descriptor, (struct mu_bytes){ .size = 0 });
    return message != NULL ? decode_message(decode, message) : -ENOMEM;
}

int decode_list(struct decode *decode, const ProtobufCFieldDescriptor *field,
        const ProtobufCMessage *message)
{
    const uint8_t *elements = *(const uint8_t *const *)decode_member(message, field->offset);
    size_t count = *(const size_t *)decode_member(message, field->quantifier_offset);
    bool is_empty = true;
    int result = 0;

    decode_open(decode, '[');
    for (size_t i = 0; i < count && result == 0; i++) {
        decode_next(decode, &is_empty);
        result = decode_value(decode, field, elements + i * wire_size_in_memory(field->type));
    }
    decode_close(decode, ']', is_empty);
    return result;
}

static int keyed_compare(const void *a, const void *b)
{
    const struct keyed *left = a;
    const struct keyed *right = b;
    int order;

    if (left->type == PROTOBUF_C_TYPE_STRING)
        order = strcmp(*(char *const *)left->key, *(char *const *)right->key);
    else
        order = memcmp(left->key, right->key, wire_size_in_memory(left->type));
    return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

static bool keyed_is_same(const struct keyed *a, const struct keyed *b)
{
    if (a->type == PROTOBUF_C_TYPE_STRING)
        return strcmp(*(char *const *)a->key, *(char *const *)b->key) == 0;
    return memcmp(a->key, b->key, wire_size_in_memory(a->type)) == 0;
}

/* Sets those of `entries` to NULL whose key comes again later. */
static int decode_drop_double_keys(
        struct decode *decode, const ProtobufCMessage **entries, size_t count)
{
    struct keyed *keyed = mu_arena_alloc(decode->arena, count * sizeof(*keyed));

    if (keyed == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const ProtobufCFieldDescriptor *key = &entries[i]->descriptor->fields[0];

        keyed[i] = (struct keyed){ decode_member(entries[i], key->offset), key->type, i };
    }
    qsort(keyed, count, sizeof(*keyed), keyed_compare);
    for (size_t i = 1; i < count; i++)
        if (keyed_is_same(&keyed[i - 1], &keyed[i]))
            entries[keyed[i - 1].index] = NULL;
    return 0;
}

static int decode_entry(struct decode *decode, const ProtobufCMessage *entry)
{
    const ProtobufCFieldDescriptor *key = &entry->descriptor->fields[0];
    const ProtobufCFieldDescriptor *value = &entry->descriptor->fields[1];
    bool is_bare = key->type != PROTOBUF_C_TYPE_STRING && wire_size_in_memory(key->type) == 4;
    int result;

    if (is_bare)
        buffer_put_byte(&decode->out, '"');
    result = decode_scalar(decode, key, decode_member(entry, key->offset));
    if (is_bare)
        buffer_put_byte(&decode->out, '"');
    decode_colon(decode);
    return result == 0 ? decode_value(decode, value, decode_member(entry, value->offset)) : result;
}

int decode_map(struct decode *decode, const ProtobufCFieldDescriptor *field,
        const ProtobufCMessage *message)
{
    size_t count = *(const size_t *)decode_member(message, field->quantifier_offset);
    const void *const *array = decode_member(message, field->offset);
    const ProtobufCMessage **entries;
    bool is_empty = true;
    int result = 0;

    entries = mu_arena_alloc(decode->arena, count * sizeof(*entries));
    if (entries == NULL)
        return -ENOMEM;
    if (count > 0)
        memcpy(entries, *array, count * sizeof(*entries));
    if (count > 1)
        result = decode_drop_double_keys(decode, entries, count);
    decode_open(decode, '{');
    for (size_t i = 0; i < count && result == 0; i++) {
        if (entries[i] == NULL)
            continue;
        decode_next(decode, &is_empty);
        result = decode_entry(decode, entries[i]);
    }
    decode_close(decode, '}', is_empty);
    return result;
}

/* A field without presence is there unless it is zero, by its bits: -0.0 is not. */
static bool decode_is_zero(const ProtobufCFieldDescriptor *field, const void *member)
{
    static const uint8_t zero[sizeof(uint64_t)];

    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(const void *const *)member == NULL;
    case PROTOBUF_C_TYPE_STRING:
        return **(char *const *)member == '\0';
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)member)->len == 0;
    default:
        return memcmp(member, zero, wire_size_in_memory(field->type)) == 0;
    }
}

static bool decode_is_written(const struct decode *decode, const ProtobufCFieldDescriptor *field,
        const ProtobufCMessage *message)
{
    const void *member = decode_member(message, field->offset);
    const void *quantifier = decode_member(message, field->quantifier_offset);
    bool with_defaults = (decode->flags & MU_JSON_DEFAULTS) != 0;

    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *(const uint32_t *)quantifier == field->id;
    switch (field->label) {
    case PROTOBUF_C_LABEL_REPEATED:
        return *(const size_t *)quantifier != 0 || with_defaults;
    case PROTOBUF_C_LABEL_OPTIONAL:
        if (field->quantifier_offset != 0)
            return *(const protobuf_c_boolean *)quantifier != 0;
        return *(const void *const *)member != field->default_value;
    case PROTOBUF_C_LABEL_NONE:
        return !decode_is_zero(field, member) ||
               (with_defaults && field->type != PROTOBUF_C_TYPE_MESSAGE);
    case PROTOBUF_C_LABEL_REQUIRED:
        break;
    }
    return true;
}

int decode_message(struct decode *decode, const ProtobufCMessage *message)
{
    const struct message_type *type = message_type_of(message->descriptor);
    bool is_empty = true;
    int result = 0;

    if (type->well_known != WELL_KNOWN_NOT)
        return decode_well_known(decode, message);
    decode_open(decode, '{');
    for (unsigned i = 0; i < type->base.n_fields && result == 0; i++) {
        const ProtobufCFieldDescriptor *field = &type->base.fields[type->order[i]];
        const struct field_type *extra = &type->fields[type->order[i]];

        if (!decode_is_written(decode, field, message))
            continue;
        decode_next(decode, &is_empty);
        decode_quote(decode, decode->flags & MU_JSON_PROTO_NAMES ? field->name : extra->json_name);
        decode_colon(decode);
        if (extra->is_map)
            result = decode_map(decode, field, message);
        else if (field->label == PROTOBUF_C_LABEL_REPEATED)
            result = decode_list(decode, field, message);
        else
            result = decode_value(decode, field, decode_member(message, field->offset));
    }
    decode_close(decode, '}', is_empty);
    return result;
}
