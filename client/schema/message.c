// SPDX-License-Identifier: Apache-2.0
/* Turns a message of the set into the descriptor that protoc-c would have generated for it, with a
 * struct laid out as a C compiler would, so that all of protobuf-c works on it. `optional` of
 * proto3 has a has_ member, as in proto2. Only message_init is missing: protobuf-c then initialises
 * by the descriptor. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/schema/default.h"
#include "client/schema/text.h"
#include "client/schema/types.h"
#include "client/schema/wire.h"

enum {
    MESSAGE_FIELD = 2,      /* the number of `field` in DescriptorProto */
    REQUIRED_INDEX_MAX = 63 /* what mu_body_check keeps track of */
};

static const struct {
    const char *name;
    ProtobufCType type;
} message_scalars[] = {
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_DOUBLE] = { "double",
            PROTOBUF_C_TYPE_DOUBLE },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FLOAT] = { "float",
            PROTOBUF_C_TYPE_FLOAT },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT64] = { "int64",
            PROTOBUF_C_TYPE_INT64 },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT64] = { "uint64",
            PROTOBUF_C_TYPE_UINT64 },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT32] = { "int32",
            PROTOBUF_C_TYPE_INT32 },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FIXED64] = { "fixed64",
            PROTOBUF_C_TYPE_FIXED64 },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FIXED32] = { "fixed32",
            PROTOBUF_C_TYPE_FIXED32 },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BOOL] = { "bool", PROTOBUF_C_TYPE_BOOL },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING] = { "string",
            PROTOBUF_C_TYPE_STRING },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE] = { NULL,
            PROTOBUF_C_TYPE_MESSAGE },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BYTES] = { "bytes",
            PROTOBUF_C_TYPE_BYTES },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT32] = { "uint32",
            PROTOBUF_C_TYPE_UINT32 },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_ENUM] = { NULL, PROTOBUF_C_TYPE_ENUM },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SFIXED32] = { "sfixed32",
            PROTOBUF_C_TYPE_SFIXED32 },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SFIXED64] = { "sfixed64",
            PROTOBUF_C_TYPE_SFIXED64 },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SINT32] = { "sint32",
            PROTOBUF_C_TYPE_SINT32 },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SINT64] = { "sint64",
            PROTOBUF_C_TYPE_SINT64 },
};

/* What is needed while one message is built. */
struct build {
    struct mu_schema *schema;
    struct message_type *message;
    ProtobufCFieldDescriptor *fields;
    struct oneof_layout *oneofs; /* beside the .proto's, real ones only */
    struct mu_schema_error *error;
};

/* Where a oneof stands in the struct: its case, and a union with room for any value. 0: not yet. */
struct oneof_layout {
    unsigned case_offset;
    unsigned union_offset;
};

/* A field while they are being sorted. */
struct numbered {
    int32_t number;
    unsigned index; /* in the .proto */
};

static int numbered_compare(const void *a, const void *b)
{
    const struct numbered *left = a;
    const struct numbered *right = b;

    return (left->number > right->number) - (left->number < right->number);
}

static int build_fail(const struct build *build, const field_proto *proto, const char *what)
{
    return text_fail(build->error, "%s.%s: %s", build->message->base.name, proto->name, what);
}

static bool field_is_repeated(const field_proto *proto)
{
    return proto->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED;
}

/* An entry of a map has a key that is a whole number, bool or string, and a value. */
static bool entry_is_valid(const message_proto *entry)
{
    if (entry->n_field != 2 || entry->field[0]->number != 1 || entry->field[1]->number != 2 ||
            field_is_repeated(entry->field[0]) || field_is_repeated(entry->field[1]) ||
            entry->field[0]->has_oneof_index || entry->field[1]->has_oneof_index)
        return false;
    switch ((int)entry->field[0]->type) {
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_DOUBLE:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FLOAT:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_GROUP:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BYTES:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_ENUM:
        return false;
    default:
        return true;
    }
}

/* The name of one value's type, without `repeated`. */
static const char *type_text_single(const field_proto *proto)
{
    if (proto->type_name != NULL && *proto->type_name != '\0')
        return proto->type_name + (*proto->type_name == '.');
    /* A map's entry may not have been looked at yet; a type that is none is refused when it is. */
    if ((size_t)proto->type >= sizeof(message_scalars) / sizeof(message_scalars[0]) ||
            message_scalars[proto->type].name == NULL)
        return "?";
    return message_scalars[proto->type].name;
}

/* `entry` is that of a map, NULL for other fields. */
static const char *type_text(
        struct mu_schema *schema, const field_proto *proto, const message_proto *entry)
{
    char *text;

    if (!field_is_repeated(proto))
        return type_text_single(proto);
    if (entry == NULL)
        return schema_join(schema, "repeated ", type_text_single(proto), "");
    text = schema_join(schema, "map<", type_text_single(entry->field[0]), ", ");
    return text != NULL ? schema_join(schema, text, type_text_single(entry->field[1]), ">") : NULL;
}

/* user_id -> userId, as protoc does it. */
static const char *field_json_name(struct mu_schema *schema, const field_proto *proto)
{
    char *name;
    char *to;

    if (proto->json_name != NULL && *proto->json_name != '\0')
        return proto->json_name;
    name = schema_join(schema, proto->name, "", "");
    if (name == NULL)
        return NULL;
    to = name;
    for (const char *from = proto->name; *from != '\0'; from++) {
        if (*from != '_')
            *to++ = *from;
        else if (from[1] != '\0' && from[1] != '_')
            *to++ = (char)text_to_upper(*++from);
    }
    *to = '\0';
    return name;
}

/* Finds the message or enum of a field and links it. */
static int field_resolve(const struct build *build, const field_proto *proto,
        ProtobufCFieldDescriptor *field, struct field_type *extra)
{
    const message_proto *entry = NULL;
    const struct type *type;

    if (!proto->has_type ||
            (unsigned)proto->type >= sizeof(message_scalars) / sizeof(*message_scalars))
        return build_fail(build, proto, "a type that is not known");
    if (proto->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_GROUP)
        return build_fail(build, proto, "groups are not supported");
    field->type = message_scalars[proto->type].type;
    if (message_scalars[proto->type].name == NULL) {
        bool is_message = field->type == PROTOBUF_C_TYPE_MESSAGE;

        type = proto->type_name != NULL ? type_find(build->schema, proto->type_name) : NULL;
        if (type == NULL || (is_message ? type->message == NULL : type->enumeration == NULL))
            return text_fail(build->error, "%s.%s: %s %s is not in the set",
                    build->message->base.name, proto->name, is_message ? "message" : "enum",
                    proto->type_name != NULL ? proto->type_name : "without a name");
        field->descriptor = is_message ? (const void *)type->message : type->enumeration;
        if (is_message && type->message->proto->options != NULL &&
                type->message->proto->options->map_entry) {
            if (!field_is_repeated(proto) || !entry_is_valid(type->message->proto))
                return build_fail(build, proto, "not a map as protoc makes it");
            extra->is_map = true;
            entry = type->message->proto;
        }
        extra->is_null = !is_message && strcmp(type->name, "google.protobuf.NullValue") == 0;
    } else if (proto->type_name != NULL && *proto->type_name != '\0') {
        return build_fail(build, proto, "a scalar with the name of a type");
    }
    extra->type_text = type_text(build->schema, proto, entry);
    return extra->type_text != NULL ? 0 : -ENOMEM;
}

static void field_set_label(const struct build *build, const field_proto *proto,
        ProtobufCFieldDescriptor *field, const struct field_type *extra)
{
    bool is_proto3 = build->message->place.file->is_proto3;

    if (proto->options != NULL && proto->options->deprecated)
        field->flags |= PROTOBUF_C_FIELD_FLAG_DEPRECATED;
    if (field_is_repeated(proto)) {
        bool is_packed = proto->options != NULL && proto->options->has_packed
                                 ? proto->options->packed
                                 : is_proto3;

        field->label = PROTOBUF_C_LABEL_REPEATED;
        if (is_packed && wire_type_of(field->type) != WIRE_LENGTH)
            field->flags |= PROTOBUF_C_FIELD_FLAG_PACKED;
    } else if (extra->oneof >= 0) {
        field->label = PROTOBUF_C_LABEL_NONE;
        field->flags |= PROTOBUF_C_FIELD_FLAG_ONEOF;
    } else if (proto->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REQUIRED) {
        field->label = PROTOBUF_C_LABEL_REQUIRED;
    } else {
        field->label = is_proto3 && !proto->proto3_optional ? PROTOBUF_C_LABEL_NONE
                                                            : PROTOBUF_C_LABEL_OPTIONAL;
    }
}

static int field_build(const struct build *build, unsigned place, unsigned index)
{
    const field_proto *proto = build->message->proto->field[index];
    ProtobufCFieldDescriptor *field = &build->fields[place];
    struct field_type *extra = &build->message->fields[place];
    int result;

    if (proto->name == NULL || !name_is_valid(proto->name, false))
        return text_fail(
                build->error, "%s: a field without a proper name", build->message->base.name);
    if (proto->number < 1 || proto->number > WIRE_NUMBER_MAX)
        return build_fail(build, proto, "a number that no field can have");
    field->name = proto->name;
    field->id = (uint32_t)proto->number;
    extra->proto = proto;
    extra->comment = comment_find(&build->message->place, MESSAGE_FIELD, (int32_t)index);
    extra->json_name = field_json_name(build->schema, proto);
    extra->oneof = proto->has_oneof_index && !proto->proto3_optional ? proto->oneof_index : -1;
    if (extra->json_name == NULL)
        return -ENOMEM;
    if (proto->has_oneof_index &&
            (proto->oneof_index < 0 ||
                    (size_t)proto->oneof_index >= build->message->proto->n_oneof_decl))
        return build_fail(build, proto, "in a oneof that is not there");
    result = field_resolve(build, proto, field, extra);
    if (result < 0)
        return result;
    field_set_label(build, proto, field, extra);
    if (field->label == PROTOBUF_C_LABEL_REQUIRED && place > REQUIRED_INDEX_MAX)
        return build_fail(build, proto, "required, but not among the first 64 fields");
    if (field->label == PROTOBUF_C_LABEL_REPEATED || extra->oneof >= 0)
        return 0;
    result = default_read(build->schema, field, proto->default_value, &field->default_value);
    return result == -EINVAL ? build_fail(build, proto, "a default that is none") : result;
}

static unsigned layout_add(unsigned *sizep, size_t size, size_t alignment)
{
    size_t offset = (*sizep + alignment - 1) & ~(alignment - 1);

    *sizep = (unsigned)(offset + size);
    return (unsigned)offset;
}

static void layout_field(const struct build *build, unsigned place, unsigned *sizep)
{
    ProtobufCFieldDescriptor *field = &build->fields[place];
    size_t size = wire_size_in_memory(field->type);
    int32_t oneof = build->message->fields[place].oneof;

    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        field->quantifier_offset = layout_add(sizep, sizeof(size_t), sizeof(size_t));
        field->offset = layout_add(sizep, sizeof(void *), sizeof(void *));
    } else if (oneof >= 0) {
        struct oneof_layout *layout = &build->oneofs[oneof];

        if (layout->case_offset == 0) {
            layout->case_offset = layout_add(sizep, sizeof(uint32_t), sizeof(uint32_t));
            layout->union_offset = layout_add(sizep, sizeof(ProtobufCBinaryData), sizeof(void *));
        }
        field->quantifier_offset = layout->case_offset;
        field->offset = layout->union_offset;
    } else {
        if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type != PROTOBUF_C_TYPE_STRING &&
                field->type != PROTOBUF_C_TYPE_MESSAGE)
            field->quantifier_offset =
                    layout_add(sizep, sizeof(protobuf_c_boolean), sizeof(protobuf_c_boolean));
        field->offset = layout_add(sizep, size, size < sizeof(void *) ? size : sizeof(void *));
    }
}

/* Numbers that follow each other are one range; a last entry holds their count. */
static int message_build_ranges(const struct build *build, unsigned count)
{
    ProtobufCIntRange *ranges = schema_alloc(build->schema, count + 1, sizeof(*ranges));
    unsigned range_count = 0;

    if (ranges == NULL)
        return -ENOMEM;
    for (unsigned i = 0; i < count; i++)
        if (i == 0 || build->fields[i].id != build->fields[i - 1].id + 1)
            ranges[range_count++] = (ProtobufCIntRange){ (int)build->fields[i].id, i };
    ranges[range_count] = (ProtobufCIntRange){ 0, count };
    build->message->base.n_field_ranges = range_count;
    build->message->base.field_ranges = ranges;
    return 0;
}

static int name_compare(const void *a, const void *b, void *fields)
{
    const ProtobufCFieldDescriptor *all = fields;

    return strcmp(all[*(const unsigned *)a].name, all[*(const unsigned *)b].name);
}

static int json_name_compare(const void *a, const void *b, void *fields)
{
    const struct field_type *all = fields;

    return strcmp(all[*(const unsigned *)a].json_name, all[*(const unsigned *)b].json_name);
}

static int message_build_names(const struct build *build, unsigned count)
{
    struct message_type *message = build->message;
    unsigned *by_name = schema_alloc(build->schema, count, sizeof(*by_name));

    message->by_json_name = schema_alloc(build->schema, count, sizeof(*message->by_json_name));
    if (by_name == NULL || message->by_json_name == NULL)
        return -ENOMEM;
    for (unsigned i = 0; i < count; i++) {
        by_name[i] = i;
        message->by_json_name[i] = i;
    }
    qsort_r(by_name, count, sizeof(*by_name), name_compare, build->fields);
    qsort_r(message->by_json_name, count, sizeof(*by_name), json_name_compare, message->fields);
    for (unsigned i = 1; i < count; i++)
        if (strcmp(build->fields[by_name[i]].name, build->fields[by_name[i - 1]].name) == 0)
            return build_fail(
                    build, message->fields[by_name[i]].proto, "two fields with this name");
    message->base.fields_sorted_by_name = by_name;
    return 0;
}

/* Builds the fields in the order of their numbers. */
static int message_build_fields(const struct build *build, unsigned count)
{
    struct message_type *message = build->message;
    struct numbered *sorted = schema_alloc(build->schema, count, sizeof(*sorted));
    unsigned size = sizeof(ProtobufCMessage);

    message->order = schema_alloc(build->schema, count, sizeof(*message->order));
    if (sorted == NULL || message->order == NULL)
        return -ENOMEM;
    for (unsigned i = 0; i < count; i++)
        sorted[i] = (struct numbered){ message->proto->field[i]->number, i };
    if (count > 1)
        qsort(sorted, count, sizeof(*sorted), numbered_compare);
    for (unsigned i = 0; i < count; i++) {
        int result = field_build(build, i, sorted[i].index);

        if (result < 0)
            return result;
        if (i > 0 && sorted[i].number == sorted[i - 1].number)
            return build_fail(build, message->fields[i].proto, "two fields with this number");
        message->order[sorted[i].index] = i;
        layout_field(build, i, &size);
    }
    message->base.sizeof_message = (size + 7) & ~7u;
    return 0;
}

int message_build(
        struct mu_schema *schema, struct message_type *message, struct mu_schema_error *error)
{
    size_t count = message->proto->n_field;
    struct build build = {
        .schema = schema,
        .message = message,
        .fields = schema_alloc(schema, count, sizeof(*build.fields)),
        .oneofs = schema_alloc(schema, message->proto->n_oneof_decl, sizeof(*build.oneofs)),
        .error = error,
    };
    int result;

    message->fields = schema_alloc(schema, count, sizeof(*message->fields));
    if (build.fields == NULL || build.oneofs == NULL || message->fields == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < message->proto->n_oneof_decl; i++)
        if (message->proto->oneof_decl[i]->name == NULL ||
                !name_is_valid(message->proto->oneof_decl[i]->name, false))
            return text_fail(error, "%s: a oneof without a proper name", message->base.name);
    result = message_build_fields(&build, (unsigned)count);
    if (result == 0)
        result = message_build_names(&build, (unsigned)count);
    if (result == 0)
        result = message_build_ranges(&build, (unsigned)count);
    message->base.n_fields = (unsigned)count;
    message->base.fields = build.fields;
    if (result == 0)
        message->well_known = known_find(message);
    return result;
}

const ProtobufCFieldDescriptor *message_find_field(
        const struct message_type *message, const char *name)
{
    unsigned low = 0;
    unsigned high = message->base.n_fields;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        unsigned index = message->by_json_name[middle];
        int order = strcmp(message->fields[index].json_name, name);

        if (order == 0)
            return &message->base.fields[index];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return protobuf_c_message_descriptor_get_field_by_name(&message->base, name);
}

size_t mu_schema_fields(const struct mu_schema *schema, const ProtobufCMessageDescriptor *message,
        struct mu_schema_field *fields, size_t max)
{
    const struct message_type *type = message_type_of(message);

    (void)schema;
    for (unsigned i = 0; i < message->n_fields && i < max; i++) {
        const ProtobufCFieldDescriptor *field = &message->fields[type->order[i]];
        const struct field_type *extra = &type->fields[type->order[i]];

        fields[i] = (struct mu_schema_field){
            .name = field->name,
            .json_name = extra->json_name,
            .type = extra->type_text,
            .comment = extra->comment,
            .message = field->type == PROTOBUF_C_TYPE_MESSAGE ? field->descriptor : NULL,
            .values = field->type == PROTOBUF_C_TYPE_ENUM ? field->descriptor : NULL,
            .repeated = field->label == PROTOBUF_C_LABEL_REPEATED && !extra->is_map,
            .map = extra->is_map,
        };
    }
    return message->n_fields;
}
