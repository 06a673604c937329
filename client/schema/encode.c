// SPDX-License-Identifier: Apache-2.0
/* Writes the wire straight from what a text says, field by field in the order of their numbers, so
 * that one message has one body however its JSON was arranged. */
#include "client/schema/encode.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/schema/text.h"
#include "client/schema/wire.h"

enum {
    ENCODE_PATH_MAX = 256, /* bytes of a path in an error */
    ENCODE_NAMES_MAX =
            256, /* fields of a type that a misspelt one is compared with, in both forms */
    ENCODE_GOT_MAX = 64
};

/* Appends the path to `step`. Returns its size so far. */
static size_t step_print(const struct step *step, char *path, size_t size)
{
    int added;

    if (step == NULL)
        return size;
    size = step_print(step->outer, path, size);
    if (step->name == NULL)
        added = snprintf(path + size, ENCODE_PATH_MAX - size, "[%zu]", step->index);
    else if (step->is_key)
        added = snprintf(path + size, ENCODE_PATH_MAX - size, "[\"%s\"]", step->name);
    else
        added = snprintf(
                path + size, ENCODE_PATH_MAX - size, "%s%s", size != 0 ? "." : "", step->name);
    size += (size_t)added;
    return size < ENCODE_PATH_MAX ? size : ENCODE_PATH_MAX - 1;
}

int encode_fail(const struct encode *encode, const struct step *step, const struct value *value,
        const char *format, ...)
{
    char path[ENCODE_PATH_MAX] = "";
    char what[MU_SCHEMA_ERROR_MAX];
    char where[64] = "";
    size_t size = step_print(step, path, 0);
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    if (encode->has_lines)
        snprintf(where, sizeof(where), "line %u column %u: ", value->line, value->column);
    return text_fail(encode->error, "%s%s%s%s", where, path, size != 0 ? ": " : "", what);
}

int encode_expected(const struct encode *encode, const struct step *step, const struct value *value,
        const char *what)
{
    char got[ENCODE_GOT_MAX];

    return encode_fail(encode, step, value, "expected %s, got %s", what,
            value_describe(value, got, sizeof(got)));
}

void encode_tag(struct encode *encode, uint32_t number, unsigned wire_type)
{
    buffer_put_varint(&encode->out, (uint64_t)number << 3 | wire_type);
}

static int encode_unknown_field(const struct encode *encode, const struct message_type *type,
        const struct value *member, const struct step *outer)
{
    struct step step = { .outer = outer, .name = member->key };
    const char *names[ENCODE_NAMES_MAX];
    size_t count = 0;
    const char *closest;

    for (unsigned i = 0; i < type->base.n_fields && count < ENCODE_NAMES_MAX; i++) {
        names[count++] = type->fields[i].json_name;
        if (strcmp(type->base.fields[i].name, type->fields[i].json_name) != 0 &&
                count < ENCODE_NAMES_MAX)
            names[count++] = type->base.fields[i].name;
    }
    closest = text_closest(member->key, strlen(member->key), names, count);
    if (closest != NULL)
        return encode_fail(encode, &step, member, "no such field; did you mean %s?", closest);
    return encode_fail(encode, &step, member, "%s has no such field", type->base.name);
}

int encode_child(struct encode *encode, uint32_t number, const struct message_type *type,
        const struct value *value, const struct step *step)
{
    size_t start;
    int result;

    if (encode->depth == MU_SCHEMA_DEPTH_MAX)
        return encode_fail(encode, step, value, "messages nested too deep");
    encode_tag(encode, number, WIRE_LENGTH);
    start = encode->out.size;
    encode->depth += 1;
    result = encode_message(encode, type, value, step);
    encode->depth -= 1;
    buffer_prefix(&encode->out, start);
    return result;
}

static int encode_single(struct encode *encode, const ProtobufCFieldDescriptor *field,
        const struct value *value, const struct step *step)
{
    bool has_presence = field->label != PROTOBUF_C_LABEL_NONE ||
                        (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;

    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return encode_child(encode, field->id, message_type_of(field->descriptor), value, step);
    return encode_scalar(encode, field, has_presence, field->id, value, step);
}

int encode_list(struct encode *encode, const ProtobufCFieldDescriptor *field,
        const struct value *list, const struct step *outer)
{
    bool is_packed = (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) != 0;
    struct step step = { .outer = outer };
    size_t start;

    if (list->kind != VALUE_LIST)
        return encode_expected(encode, outer, list, "a list");
    if (list->count == 0)
        return 0;
    if (is_packed)
        encode_tag(encode, field->id, WIRE_LENGTH);
    start = encode->out.size;
    for (const struct value *value = list->first; value != NULL; value = value->next) {
        int result;

        if (field->type == PROTOBUF_C_TYPE_MESSAGE)
            result = encode_child(
                    encode, field->id, message_type_of(field->descriptor), value, &step);
        else
            result = encode_scalar(encode, field, true, is_packed ? 0 : field->id, value, &step);
        if (result < 0)
            return result;
        step.index += 1;
    }
    if (is_packed)
        buffer_prefix(&encode->out, start);
    return 0;
}

/* Keys of maps are strings in JSON, whatever they are in the .proto. */
static int encode_key(struct encode *encode, const ProtobufCFieldDescriptor *field,
        const struct value *member, const struct step *step)
{
    struct value key = *member;

    key.kind = VALUE_STRING;
    key.text = member->key;
    key.size = (uint32_t)strlen(member->key);
    if (field->type == PROTOBUF_C_TYPE_BOOL) {
        if (strcmp(key.text, "true") != 0 && strcmp(key.text, "false") != 0)
            return encode_expected(encode, step, &key, "true or false as the key");
        key.kind = VALUE_BOOL;
    }
    return encode_scalar(encode, field, false, field->id, &key, step);
}

static int encode_entry(struct encode *encode, const ProtobufCFieldDescriptor *map,
        const struct value *member, const struct step *outer)
{
    const struct message_type *entry = message_type_of(map->descriptor);
    struct step step = { .outer = outer, .name = member->key, .is_key = true };
    size_t start;
    int result;

    if (encode->depth == MU_SCHEMA_DEPTH_MAX)
        return encode_fail(encode, &step, member, "messages nested too deep");
    encode_tag(encode, map->id, WIRE_LENGTH);
    start = encode->out.size;
    encode->depth += 1;
    result = encode_key(encode, &entry->base.fields[0], member, &step);
    if (result == 0)
        result = encode_single(encode, &entry->base.fields[1], member, &step);
    encode->depth -= 1;
    buffer_prefix(&encode->out, start);
    return result;
}

int encode_map(struct encode *encode, const ProtobufCFieldDescriptor *field,
        const struct value *object, const struct step *step)
{
    if (object->kind != VALUE_OBJECT)
        return encode_expected(encode, step, object, "an object");
    for (const struct value *member = object->first; member != NULL; member = member->next) {
        int result = encode_entry(encode, field, member, step);

        if (result < 0)
            return result;
    }
    return 0;
}

/* null stands for a field that is not there, except where null is a value. */
static bool encode_is_absent(
        const struct message_type *type, unsigned index, const struct value *value)
{
    const ProtobufCFieldDescriptor *field = &type->base.fields[index];

    if (value->kind != VALUE_NULL)
        return false;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return true;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return message_type_of(field->descriptor)->well_known != WELL_KNOWN_VALUE;
    return !type->fields[index].is_null;
}

/* Sorts the members of an object to the fields they belong to. */
static int encode_sort(struct encode *encode, const struct message_type *type,
        const struct value *object, const struct step *outer, const struct value **slots)
{
    const char **oneofs; /* the name of the member that stands for it */

    oneofs = mu_arena_alloc(&encode->arena, type->proto->n_oneof_decl * sizeof(*oneofs));
    if (oneofs == NULL)
        return -ENOMEM;
    memset(oneofs, 0, type->proto->n_oneof_decl * sizeof(*oneofs));
    for (const struct value *member = object->first; member != NULL; member = member->next) {
        const ProtobufCFieldDescriptor *field = message_find_field(type, member->key);
        struct step step = { .outer = outer, .name = member->key };
        unsigned index;
        int32_t oneof;

        if (field == NULL && (encode->flags & MU_JSON_IGNORE_UNKNOWN))
            continue;
        if (field == NULL)
            return encode_unknown_field(encode, type, member, outer);
        index = (unsigned)(field - type->base.fields);
        if (slots[index] != NULL)
            return encode_fail(encode, &step, member, "the field stands here twice");
        slots[index] = member;
        oneof = type->fields[index].oneof;
        if (oneof < 0 || encode_is_absent(type, index, member))
            continue;
        if (oneofs[oneof] != NULL)
            return encode_fail(encode, &step, member, "only one of %s and %s can be set",
                    oneofs[oneof], member->key);
        oneofs[oneof] = member->key;
    }
    return 0;
}

int encode_message(struct encode *encode, const struct message_type *type,
        const struct value *value, const struct step *outer)
{
    const struct value **slots;
    int result;

    if (type->well_known != WELL_KNOWN_NOT)
        return encode_well_known(encode, type, value, outer);
    if (value->kind != VALUE_OBJECT)
        return encode_expected(encode, outer, value, "an object");
    slots = mu_arena_alloc(&encode->arena, type->base.n_fields * sizeof(struct value *));
    if (slots == NULL)
        return -ENOMEM;
    memset(slots, 0, type->base.n_fields * sizeof(*slots));
    result = encode_sort(encode, type, value, outer, slots);
    for (unsigned i = 0; i < type->base.n_fields && result == 0; i++) {
        const ProtobufCFieldDescriptor *field = &type->base.fields[i];
        const struct value *member = slots[i];
        struct step step = { .outer = outer, .name = field->name };

        if (member == NULL || encode_is_absent(type, i, member)) {
            if (field->label == PROTOBUF_C_LABEL_REQUIRED)
                result = encode_fail(encode, &step, value, "required, but missing");
            continue;
        }
        step.name = member->key;
        if (type->fields[i].is_map)
            result = encode_map(encode, field, member, &step);
        else if (field->label == PROTOBUF_C_LABEL_REPEATED)
            result = encode_list(encode, field, member, &step);
        else
            result = encode_single(encode, field, member, &step);
    }
    return result;
}
