// SPDX-License-Identifier: Apache-2.0
/* Each refusal says what stands where, why it cannot be, and what to write instead. Messages are
 * walked depth first; one that is met while it is still open holds itself. */
#include "client/protoc/rules.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "client/protoc/memory.h"

typedef Google__Protobuf__FieldDescriptorProto rules_field;

/* A scalar type, and the message of google/protobuf/wrappers.proto that holds one. */
static const struct rules_scalar {
    const char *name;
    const char *wrapper;
} rules_scalars[] = {
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_DOUBLE] = { "double", "DoubleValue" },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FLOAT] = { "float", "FloatValue" },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT64] = { "int64", "Int64Value" },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT64] = { "uint64", "UInt64Value" },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT32] = { "int32", "Int32Value" },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FIXED64] = { "fixed64", "UInt64Value" },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FIXED32] = { "fixed32", "UInt32Value" },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BOOL] = { "bool", "BoolValue" },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING] = { "string", "StringValue" },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BYTES] = { "bytes", "BytesValue" },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT32] = { "uint32", "UInt32Value" },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SFIXED32] = { "sfixed32", "Int32Value" },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SFIXED64] = { "sfixed64", "Int64Value" },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SINT32] = { "sint32", "Int32Value" },
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SINT64] = { "sint64", "Int64Value" },
};

/* NULL for messages and enums. */
static const struct rules_scalar *rules_scalar(const rules_field *field)
{
    if ((size_t)field->type >= sizeof(rules_scalars) / sizeof(rules_scalars[0]) ||
            rules_scalars[field->type].name == NULL)
        return NULL;
    return &rules_scalars[field->type];
}

static void rules_refuse_optional(const struct type *type, const rules_field *field,
        const struct source_path *path, struct refusals *refusals)
{
    const struct rules_scalar *scalar = rules_scalar(field);

    if (field->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE) {
        refusals_add(refusals, type->file, path,
                "%s.%s is proto3 `optional`, which protoc-c cannot express. Fix: drop the word; a "
                "message that is not set is NULL all the same.",
                type->full_name, field->name);
        return;
    }
    refusals_add(refusals, type->file, path,
            "%s.%s is proto3 `optional`: the struct that protoc-c makes cannot say whether it was "
            "set. "
            "Fix: put it in a oneof of one, `oneof maybe_%s { %s %s = %d; }`%s%s.",
            type->full_name, field->name, field->name,
            scalar != NULL ? scalar->name : field->type_name + 1, field->name, field->number,
            scalar != NULL ? ", or make it a google.protobuf." : "",
            scalar != NULL ? scalar->wrapper : "");
}

static void rules_check_message(struct type *type, struct refusals *refusals)
{
    if (type->checked)
        return;
    type->checked = true;
    for (size_t i = 0; i < type->message->n_field; i++) {
        const rules_field *field = type->message->field[i];
        struct source_path path = type->path;

        source_path_push(&path, SOURCE_MESSAGE_FIELD, i);
        if (field->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_GROUP)
            refusals_add(refusals, type->file, &path,
                    "%s.%s is a group, which proto3 does not have. Fix: a message of its own, and "
                    "a "
                    "field of that type.",
                    type->full_name, field->name);
        if (field->proto3_optional)
            rules_refuse_optional(type, field, &path, refusals);
    }
}

/* protobuf's description of itself, which custom options need, is proto2 for good. */
static bool rules_is_proto3(const Google__Protobuf__FileDescriptorProto *file)
{
    if (strcmp(file->name, "google/protobuf/descriptor.proto") == 0)
        return true;
    return file->syntax != NULL && strcmp(file->syntax, "proto3") == 0;
}

void rules_check_file(const struct types *types, const Google__Protobuf__FileDescriptorProto *file,
        struct refusals *refusals)
{
    static const struct source_path syntax = { .steps = { SOURCE_FILE_SYNTAX }, .count = 1 };

    if (!rules_is_proto3(file))
        refusals_add(refusals, file, &syntax,
                "this is proto2, whose required fields, defaults and extensions the bus does not "
                "carry. "
                "Fix: `syntax = \"proto3\";`, without `required`, `optional` and defaults.");
    for (size_t i = 0; i < types->count; i++)
        if (types->entries[i].file == file)
            rules_check_message(&types->entries[i], refusals);
}

/* The way down to a message: who holds it, in which field. */
struct rules_step {
    struct type *type;
    size_t field;
    const struct rules_step *above; /* borrowed from the caller's frame; NULL on top */
};

static void rules_print_circle(FILE *out, const struct rules_step *step, const struct type *first)
{
    if (step->type != first && step->above != NULL)
        rules_print_circle(out, step->above, first);
    fprintf(out, "%s.%s -> ", step->type->full_name, step->type->message->field[step->field]->name);
}

static void rules_refuse_circle(
        const struct rules_step *step, const struct type *first, struct refusals *refusals)
{
    struct source_path path = step->type->path;
    char *circle = NULL;
    size_t size;
    FILE *out = open_memstream(&circle, &size);

    CHECK(out != NULL);
    rules_print_circle(out, step, first);
    fclose(out);
    source_path_push(&path, SOURCE_MESSAGE_FIELD, step->field);
    refusals_add(refusals, step->type->file, &path,
            "%s holds itself (%s%s): protobuf-c unpacks such a message on the stack, as deep as "
            "its sender "
            "likes. Fix: keep the messages in one `repeated` field and let them name each other by "
            "index or id, or carry the inner one packed, as `bytes`.",
            first->full_name, circle, first->full_name);
    free(circle);
}

static void rules_walk(const struct types *types, struct type *type, const struct rules_step *above,
        const Google__Protobuf__FileDescriptorProto *user, struct refusals *refusals)
{
    if (type->visit != TYPE_NEW)
        return;
    type->visit = TYPE_OPEN;
    rules_check_message(type, refusals);
    if (type->file != user && !rules_is_proto3(type->file))
        refusals_add(refusals, user, NULL,
                "%s comes from %s, which is proto2; the bus carries proto3 only. Fix: a proto3 "
                "message "
                "with the same fields.",
                type->full_name, type->file->name);
    for (size_t i = 0; i < type->message->n_field; i++) {
        const rules_field *field = type->message->field[i];
        struct rules_step step = { .type = type, .field = i, .above = above };
        struct type *held =
                field->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE
                        ? types_find(types, field->type_name)
                        : NULL;

        if (held == NULL)
            continue;
        if (held->visit == TYPE_OPEN)
            rules_refuse_circle(&step, held, refusals);
        rules_walk(types, held, &step, user, refusals);
    }
    type->visit = TYPE_DONE;
}

static bool rules_is_name(const char *name, const char *also)
{
    if (!islower((unsigned char)name[0]))
        return false;
    for (const char *at = name; *at != '\0'; at++)
        if (!islower((unsigned char)*at) && !isdigit((unsigned char)*at) &&
                strchr(also, *at) == NULL)
            return false;
    return true;
}

static void rules_check_stub_name(const struct stub *stub, struct refusals *refusals)
{
    const char *name = stub->bus_name;

    if (!rules_is_name(name, "-") || strlen(name) >= MU_SERVICE_NAME_MAX)
        refusals_add(refusals, stub->file, &stub->path,
                "service %s would be `%s` on the bus, where a name is a letter, then letters, "
                "digits and "
                "`-`, %d at most. Fix: rename it.",
                stub->full_name, name, MU_SERVICE_NAME_MAX - 1);
    if (!rules_is_name(stub->prefix, "_"))
        refusals_add(refusals, stub->file, &stub->path,
                "service %s: `%s` is no beginning of a C name here. Fix: --mu_opt=prefix=%s:NAME "
                "with a "
                "letter, then lower-case letters, digits and `_`.",
                stub->full_name, stub->prefix, stub->proto->name);
    if (strcmp(stub->prefix, "mu") == 0 || strncmp(stub->prefix, "mu_", 3) == 0)
        refusals_add(refusals, stub->file, &stub->path,
                "service %s: names that begin with `mu_` are libmu's own. Fix: rename it, or "
                "--mu_opt=prefix=%s:NAME.",
                stub->full_name, stub->proto->name);
    if (stub->method_count == 0)
        refusals_add(refusals, stub->file, &stub->path,
                "service %s has no rpc, so nothing could be called. Fix: add one, or drop the "
                "service.",
                stub->full_name);
}

void rules_check_stub(const struct types *types, const struct stub *stub, struct refusals *refusals)
{
    rules_check_stub_name(stub, refusals);
    for (size_t i = 0; i < stub->method_count; i++) {
        const struct stub_method *method = &stub->methods[i];

        if (strlen(stub->bus_name) + 1 + strlen(method->proto->name) >= MU_ENDPOINT_MAX)
            refusals_add(refusals, stub->file, &method->path,
                    "the endpoint %s.%s is longer than %d bytes. Fix: rename the rpc.",
                    stub->bus_name, method->proto->name, MU_ENDPOINT_MAX - 1);
        if (method->request == NULL || method->reply == NULL) {
            refusals_add(refusals, stub->file, &method->path,
                    "protoc sent no definition of a type of %s.%s. Fix: import the file that has "
                    "it.",
                    stub->full_name, method->proto->name);
            continue;
        }
        rules_walk(types, method->request, NULL, stub->file, refusals);
        rules_walk(types, method->reply, NULL, stub->file, refusals);
    }
}
