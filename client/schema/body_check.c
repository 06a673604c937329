// SPDX-License-Identifier: Apache-2.0
/* One strict reading of the wire, before anything is allocated. protobuf-c 1.4.1 recurses as deep
 * as the bytes say and lets 1 MiB of empty messages become 76 MiB; what it costs to unpack is
 * therefore added up here, as body_unpack.c will spend it. What is not minimal is refused: two
 * readers could take it for two things. */
#include "client/schema/body.h"

#include "client/schema/text.h"
#include "client/schema/wire.h"

struct walk {
    const uint8_t *start;
    size_t cost;    /* bytes of memory so far */
    unsigned depth; /* of messages around the one being read */
    struct mu_schema_error *error;
};

/* One field as it stands on the wire. */
struct record {
    const ProtobufCFieldDescriptor *field; /* NULL for one that the type does not have */
    unsigned wire_type;
    const uint8_t *value;   /* after the tag */
    const uint8_t *content; /* after the length, of WIRE_LENGTH */
    const uint8_t *next;    /* after it all */
};

static int walk_message(struct walk *walk, const ProtobufCMessageDescriptor *type,
        const uint8_t *at, const uint8_t *end);

static int walk_fail(const struct walk *walk, const uint8_t *at,
        const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field,
        const char *what)
{
    return text_fail(walk->error, "byte %zu: %s%s%s: %s", (size_t)(at - walk->start), type->name,
            field != NULL ? "." : "", field != NULL ? field->name : "", what);
}

/* Steps over one value. Returns the byte after it, or NULL where it is cut short. Only WIRE_LENGTH
 * sets
 * `*contentp`. */
static const uint8_t *walk_skip(
        const uint8_t *at, const uint8_t *end, unsigned wire_type, const uint8_t **contentp)
{
    uint64_t value;

    switch (wire_type) {
    case WIRE_VARINT:
        return wire_read_varint(at, end, &value);
    case WIRE_64BIT:
        return end - at >= 8 ? at + 8 : NULL;
    case WIRE_32BIT:
        return end - at >= 4 ? at + 4 : NULL;
    default:
        at = wire_read_varint(at, end, &value);
        if (at == NULL || value > (uint64_t)(end - at))
            return NULL;
        *contentp = at;
        return at + value;
    }
}

static int walk_record(struct walk *walk, const ProtobufCMessageDescriptor *type, const uint8_t *at,
        const uint8_t *end, struct record *record)
{
    uint64_t tag;
    const uint8_t *value = wire_read_varint(at, end, &tag);

    if (value == NULL || tag >> 3 == 0 || tag >> 3 > WIRE_NUMBER_MAX)
        return walk_fail(walk, at, type, NULL, "not a field's tag");
    record->wire_type = tag & 7;
    if (record->wire_type == 3 || record->wire_type == 4)
        return walk_fail(walk, at, type, NULL, "groups are not supported");
    if (record->wire_type > WIRE_32BIT)
        return walk_fail(walk, at, type, NULL, "there is no such wire type");
    record->field = wire_find_field(type, (uint32_t)(tag >> 3));
    record->value = value;
    record->content = NULL;
    record->next = walk_skip(value, end, record->wire_type, &record->content);
    return record->next != NULL ? 0
                                : walk_fail(walk, at, type, record->field,
                                          "the value is cut short, or not minimal");
}

static int walk_packed(
        struct walk *walk, const ProtobufCMessageDescriptor *type, const struct record *record)
{
    unsigned wire_type = wire_type_of(record->field->type);
    const uint8_t *at = record->content;
    size_t count = 0;

    for (; at != record->next; count++) {
        const uint8_t *value = at;

        at = walk_skip(value, record->next, wire_type, NULL);
        if (at == NULL)
            return walk_fail(walk, value, type, record->field, "a packed value is cut short");
    }
    walk->cost += wire_round(count * wire_size_in_memory(record->field->type));
    return 0;
}

static int walk_text(
        struct walk *walk, const ProtobufCMessageDescriptor *type, const struct record *record)
{
    size_t size = (size_t)(record->next - record->content);

    if (record->field->type == PROTOBUF_C_TYPE_BYTES) {
        walk->cost += wire_round(size);
        return 0;
    }
    walk->cost += wire_round(size + 1);
    return text_is_clean(record->content, size)
                   ? 0
                   : walk_fail(walk, record->content, type, record->field,
                             "not UTF-8, or with a NUL");
}

static int walk_child(
        struct walk *walk, const ProtobufCMessageDescriptor *type, const struct record *record)
{
    int result;

    if (walk->depth == MU_SCHEMA_DEPTH_MAX)
        return walk_fail(walk, record->value, type, record->field, "messages nested too deep");
    walk->depth += 1;
    result = walk_message(walk, record->field->descriptor, record->content, record->next);
    walk->depth -= 1;
    return result;
}

static int walk_field(
        struct walk *walk, const ProtobufCMessageDescriptor *type, const struct record *record)
{
    const ProtobufCFieldDescriptor *field = record->field;
    bool is_repeated = field->label == PROTOBUF_C_LABEL_REPEATED;

    if (record->wire_type != wire_type_of(field->type)) {
        if (record->wire_type == WIRE_LENGTH && is_repeated)
            return walk_packed(walk, type, record);
        return walk_fail(walk, record->value, type, field, "the wrong wire type");
    }
    if (is_repeated)
        walk->cost += wire_round(wire_size_in_memory(field->type));
    if (record->wire_type != WIRE_LENGTH)
        return 0;
    return field->type == PROTOBUF_C_TYPE_MESSAGE ? walk_child(walk, type, record)
                                                  : walk_text(walk, type, record);
}

static int walk_message(struct walk *walk, const ProtobufCMessageDescriptor *type,
        const uint8_t *at, const uint8_t *end)
{
    const uint8_t *start = at;
    uint64_t seen = 0; /* by index: a required field must be among a type's first 64 */

    walk->cost += wire_round(type->sizeof_message);
    while (at != end) {
        struct record record;
        int result = walk_record(walk, type, at, end, &record);

        if (result == 0 && record.field != NULL) {
            ptrdiff_t index = record.field - type->fields;

            seen |= index < 64 ? UINT64_C(1) << index : 0;
            result = walk_field(walk, type, &record);
        } else if (result == 0) {
            walk->cost += sizeof(ProtobufCMessageUnknownField) +
                          wire_round((size_t)(record.next - record.value));
        }
        if (result < 0)
            return result;
        at = record.next;
    }
    for (unsigned i = 0; i < type->n_fields && i < 64; i++)
        if (type->fields[i].label == PROTOBUF_C_LABEL_REQUIRED && !(seen >> i & 1))
            return walk_fail(walk, start, type, &type->fields[i], "required, but missing");
    return 0;
}

int body_measure(const ProtobufCMessageDescriptor *type, struct mu_bytes body, size_t *costp,
        struct mu_schema_error *error)
{
    struct walk walk = { .start = body.data, .error = error };
    const uint8_t *end = body.size != 0 ? body.data + body.size : body.data;
    int result;

    if (body.size > INT32_MAX)
        return text_fail(error, "%s: %zu bytes are no message", type->name, body.size);
    result = walk_message(&walk, type, body.data, end);
    if (result == 0)
        *costp = walk.cost;
    return result;
}

int body_check(const ProtobufCMessageDescriptor *type, struct mu_bytes body, size_t *costp,
        struct mu_schema_error *error)
{
    int result = body_measure(type, body, costp, error);

    if (result < 0)
        return result;
    if (*costp > body_budget(body.size))
        return text_fail(error, "%s: %zu bytes would take %zu bytes of memory", type->name,
                body.size, *costp);
    return 0;
}

int mu_body_check(
        const ProtobufCMessageDescriptor *type, struct mu_bytes body, struct mu_schema_error *error)
{
    size_t cost = 0;

    return body_check(type, body, &cost, error);
}
