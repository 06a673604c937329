// SPDX-License-Identifier: Apache-2.0
/* Unpacks into protobuf-c's structs what mu_body_check passed, so that nothing is checked twice and
 * a message costs what was counted. protobuf-c's own unpacking notes every field in a list before
 * it fills the struct; here repeated fields are counted when the first of them comes, and all else
 * is stored as it comes. A message that comes in several parts is merged, as the encoding asks;
 * only that can take more than was counted, and is held to the same budget. */
#include "client/schema/body.h"

#include <stdint.h>

#include "client/schema/block.h"
#include "client/schema/text.h"
#include "client/schema/wire.h"

_Static_assert(sizeof(size_t) == 8, "counts to come are kept in the upper half of counts that are");

enum { UNPACK_COMING_SHIFT = 32 };

static bool unpack_fields(
        struct mu_arena *arena, ProtobufCMessage *message, const uint8_t *at, const uint8_t *end);

static void *unpack_member(ProtobufCMessage *message, unsigned offset)
{
    return (uint8_t *)message + offset;
}

static const uint8_t *unpack_skip(const uint8_t *at, unsigned wire_type)
{
    uint64_t value;

    switch (wire_type) {
    case WIRE_VARINT:
        return wire_take_varint(at, &value);
    case WIRE_64BIT:
        return at + 8;
    case WIRE_32BIT:
        return at + 4;
    default:
        at = wire_take_varint(at, &value);
        return at + value;
    }
}

/* Descriptors of a schema have no message_init: nobody can write a function at run time. */
static void unpack_init(ProtobufCMessage *message, const ProtobufCMessageDescriptor *type)
{
    if (type->message_init != NULL) {
        type->message_init(message);
        return;
    }
    memset(message, 0, type->sizeof_message);
    message->descriptor = type;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        void *member = unpack_member(message, field->offset);

        if (field->default_value == NULL || field->label == PROTOBUF_C_LABEL_REPEATED)
            continue;
        if (field->type == PROTOBUF_C_TYPE_STRING)
            *(const void **)member = field->default_value;
        else
            memcpy(member, field->default_value, wire_size_in_memory(field->type));
    }
}

static ProtobufCMessage *unpack_new(struct mu_arena *arena, const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *message = mu_arena_alloc(arena, type->sizeof_message);

    if (message != NULL)
        unpack_init(message, type);
    return message;
}

/* Gives `*arrayp` room for `count` elements that are and `coming` that come. */
static bool unpack_grow(
        struct mu_arena *arena, void **arrayp, size_t count, size_t coming, size_t element_size)
{
    void *array = mu_arena_alloc(arena, (count + coming) * element_size);

    if (array == NULL)
        return false;
    if (count != 0)
        memcpy(array, *arrayp, count * element_size);
    *arrayp = array;
    return true;
}

/* Counts what is repeated from `at` on into the upper halves of its fields' counts. Returns how
 * many fields are unknown. */
static size_t unpack_count(ProtobufCMessage *message, const uint8_t *at, const uint8_t *end)
{
    size_t unknown = 0;

    while (at != end) {
        const ProtobufCFieldDescriptor *field;
        const uint8_t *value;
        uint64_t tag;
        size_t count = 1;

        value = wire_take_varint(at, &tag);
        at = unpack_skip(value, tag & 7);
        field = wire_find_field(message->descriptor, (uint32_t)(tag >> 3));
        if (field == NULL) {
            unknown += 1;
        } else if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            if ((tag & 7) != wire_type_of(field->type)) {
                value = wire_take_varint(value, &tag);
                count = wire_count_packed(field->type, value, (size_t)(at - value));
            }
            *(size_t *)unpack_member(message, field->quantifier_offset) += count
                                                                           << UNPACK_COMING_SHIFT;
        }
    }
    return unknown;
}

/* Makes room for all that is repeated or unknown from `at` on. */
static bool unpack_reserve(
        struct mu_arena *arena, ProtobufCMessage *message, const uint8_t *at, const uint8_t *end)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    size_t unknown = unpack_count(message, at, end);

    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): n_fields says that there is one
        size_t *countp = unpack_member(message, field->quantifier_offset);
        size_t coming;

        if (field->label != PROTOBUF_C_LABEL_REPEATED || *countp >> UNPACK_COMING_SHIFT == 0)
            continue;
        coming = *countp >> UNPACK_COMING_SHIFT;
        *countp = (uint32_t)*countp;
        if (!unpack_grow(arena, unpack_member(message, field->offset), *countp, coming,
                    wire_size_in_memory(field->type)))
            return false;
    }
    return unknown == 0 ||
           unpack_grow(arena, (void **)&message->unknown_fields, message->n_unknown_fields, unknown,
                   sizeof(ProtobufCMessageUnknownField));
}

/* Stores a number at `member`. Returns the byte after it. */
static const uint8_t *unpack_number(ProtobufCType type, const uint8_t *at, void *member)
{
    uint64_t value;

    switch (wire_type_of(type)) {
    case WIRE_32BIT:
        *(uint32_t *)member = wire_take_fixed32(at);
        return at + 4;
    case WIRE_64BIT:
        *(uint64_t *)member = wire_take_fixed64(at);
        return at + 8;
    default:
        at = wire_take_varint(at, &value);
    }
    switch ((int)type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        *(uint64_t *)member = value;
        break;
    case PROTOBUF_C_TYPE_SINT64:
        *(int64_t *)member = wire_unzigzag(value);
        break;
    case PROTOBUF_C_TYPE_SINT32:
        *(int32_t *)member = (int32_t)wire_unzigzag((uint32_t)value);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)member = value != 0;
        break;
    default:
        *(uint32_t *)member = (uint32_t)value;
    }
    return at;
}

/* Stores what has a length and is no packed field. `*(void **)member` is NULL, or a message that
 * this is a further part of. */
static bool unpack_length(struct mu_arena *arena, const ProtobufCFieldDescriptor *field,
        const uint8_t *at, size_t size, void *member)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        ProtobufCMessage **childp = member;

        if (*childp == NULL)
            *childp = unpack_new(arena, field->descriptor);
        return *childp != NULL && unpack_fields(arena, *childp, at, at + size);
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData *bytes = member;

        bytes->len = size;
        bytes->data = size != 0 ? mu_arena_alloc(arena, size) : NULL;
        if (bytes->data != NULL)
            memcpy(bytes->data, at, size);
        return size == 0 || bytes->data != NULL;
    }
    char *text = mu_arena_alloc(arena, size + 1);

    if (text == NULL)
        return false;
    memcpy(text, at, size);
    text[size] = '\0';
    *(char **)member = text;
    return true;
}

/* The next three store one field whose value begins at `at`. They return the byte after it, or NULL
 * where there is no memory. */
static const uint8_t *unpack_repeated(struct mu_arena *arena, ProtobufCMessage *message,
        const ProtobufCFieldDescriptor *field, unsigned wire_type, const uint8_t *at)
{
    size_t *countp = unpack_member(message, field->quantifier_offset);
    size_t element_size = wire_size_in_memory(field->type);
    uint8_t *array = *(uint8_t **)unpack_member(message, field->offset);
    uint8_t *element;
    uint64_t size;

    if (array == NULL) /* there are only packed fields without a value */
        return at + 1;
    element = array + *countp * element_size;
    if (wire_type != WIRE_LENGTH) {
        *countp += 1;
        return unpack_number(field->type, at, element);
    }
    at = wire_take_varint(at, &size);
    if (wire_type_of(field->type) == WIRE_LENGTH) {
        *countp += 1;
        memset(element, 0, element_size);
        return unpack_length(arena, field, at, size, element) ? at + size : NULL;
    }
    for (const uint8_t *end = at + size; at != end; element += element_size) {
        at = unpack_number(field->type, at, element);
        *countp += 1;
    }
    return at;
}

static const uint8_t *unpack_single(struct mu_arena *arena, ProtobufCMessage *message,
        const ProtobufCFieldDescriptor *field, const uint8_t *at)
{
    void *member = unpack_member(message, field->offset);
    uint64_t size;

    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        uint32_t *casep = unpack_member(message, field->quantifier_offset);

        if (*casep != field->id)
            memset(member, 0, wire_size_in_memory(field->type));
        *casep = field->id;
    } else if (field->quantifier_offset != 0) {
        *(protobuf_c_boolean *)unpack_member(message, field->quantifier_offset) = 1;
    }
    if (wire_type_of(field->type) != WIRE_LENGTH)
        return unpack_number(field->type, at, member);
    at = wire_take_varint(at, &size);
    return unpack_length(arena, field, at, size, member) ? at + size : NULL;
}

static const uint8_t *unpack_unknown(
        struct mu_arena *arena, ProtobufCMessage *message, uint64_t tag, const uint8_t *at)
{
    ProtobufCMessageUnknownField *unknown = &message->unknown_fields[message->n_unknown_fields];
    const uint8_t *next = unpack_skip(at, tag & 7);

    unknown->tag = (uint32_t)(tag >> 3);
    unknown->wire_type = (ProtobufCWireType)(tag & 7);
    unknown->len = (size_t)(next - at);
    unknown->data = mu_arena_alloc(arena, unknown->len);
    if (unknown->data == NULL)
        return NULL;
    memcpy(unknown->data, at, unknown->len);
    message->n_unknown_fields += 1;
    return next;
}

static bool unpack_fields(
        struct mu_arena *arena, ProtobufCMessage *message, const uint8_t *at, const uint8_t *end)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    bool is_reserved = false;

    while (at != end) {
        const ProtobufCFieldDescriptor *field;
        const uint8_t *value;
        uint64_t tag;

        value = wire_take_varint(at, &tag);
        field = wire_find_field(type, (uint32_t)(tag >> 3));
        if (field != NULL && field->label != PROTOBUF_C_LABEL_REPEATED) {
            at = unpack_single(arena, message, field, value);
        } else {
            if (!is_reserved && !unpack_reserve(arena, message, at, end))
                return false;
            is_reserved = true;
            at = field != NULL ? unpack_repeated(arena, message, field, tag & 7, value)
                               : unpack_unknown(arena, message, tag, value);
        }
        if (at == NULL)
            return false;
    }
    return true;
}

ProtobufCMessage *body_unpack_checked(
        struct mu_arena *arena, const ProtobufCMessageDescriptor *type, struct mu_bytes body)
{
    ProtobufCMessage *message = unpack_new(arena, type);
    const uint8_t *end = body.size != 0 ? body.data + body.size : body.data;

    return message != NULL && unpack_fields(arena, message, body.data, end) ? message : NULL;
}

ProtobufCMessage *mu_arena_unpack(struct mu_arena *arena, const ProtobufCMessageDescriptor *type,
        struct mu_bytes body, struct mu_schema_error *error)
{
    size_t before = arena->size_left;
    size_t budget = body_budget(body.size);
    ProtobufCMessage *message = NULL;
    size_t cost;

    if (body_check(type, body, &cost, error) < 0)
        return NULL;
    if (budget > before)
        budget = before;
    arena->size_left = budget;
    if (cost <= budget && block_reserve(arena, cost) == 0)
        message = body_unpack_checked(arena, type, body);
    arena->size_left += before - budget;
    if (message == NULL)
        text_write_error(error, "%s: out of memory", type->name);
    return message;
}

ProtobufCMessage *mu_body_unpack(
        const ProtobufCMessageDescriptor *type, struct mu_bytes body, struct mu_schema_error *error)
{
    struct mu_arena arena;
    ProtobufCMessage *message = NULL;
    size_t cost;

    if (body_check(type, body, &cost, error) < 0)
        return NULL;
    mu_arena_init(&arena, body_budget(body.size));
    if (block_add(&arena, cost) == 0)
        message = body_unpack_checked(&arena, type, body);
    if (message == NULL) {
        mu_arena_deinit(&arena);
        text_write_error(error, "%s: out of memory", type->name);
    }
    return message; /* the first piece of the first block */
}

ProtobufCMessage *mu_body_free(ProtobufCMessage *message)
{
    if (message != NULL)
        block_free_chain((struct mu_arena_block *)(void *)((uint8_t *)message -
                                                           offsetof(struct mu_arena_block, bytes)));
    return NULL;
}
