// SPDX-License-Identifier: Apache-2.0
/* A schema is built in three passes over the unpacked set, which it keeps: every file's comments,
 * every type's name, and then every type's content, so that types may refer to each other in any
 * order. All of it lives in one arena. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "client/schema/body.h"
#include "client/schema/text.h"
#include "client/schema/types.h"

enum {
    SCHEMA_MEMORY_FACTOR = 64,    /* a set may become this many times its size, ... */
    SCHEMA_MEMORY_EXTRA = 1048576 /* ... and this many bytes more */
};

void *schema_alloc(struct mu_schema *schema, size_t count, size_t size)
{
    void *memory = mu_arena_alloc(&schema->arena, count * size);

    if (memory != NULL)
        memset(memory, 0, count * size);
    return memory;
}

char *schema_join(struct mu_schema *schema, const char *a, const char *b, const char *c)
{
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    size_t c_size = strlen(c);
    char *text = schema_alloc(schema, a_size + b_size + c_size + 1, 1);

    if (text != NULL) {
        memcpy(text, a, a_size);
        memcpy(text + a_size, b, b_size);
        memcpy(text + a_size + b_size, c, c_size);
    }
    return text;
}

bool name_is_valid(const char *name, bool dots)
{
    bool is_first = true;

    for (; *name != '\0'; name++) {
        if (*name == '.' && dots && !is_first) {
            is_first = true;
            continue;
        }
        if (*name != '_' && !text_is_lower(*name) && !text_is_upper(*name) &&
                (is_first || !text_is_digit(*name)))
            return false;
        is_first = false;
    }
    return !is_first;
}

static int type_compare(const void *a, const void *b)
{
    return strcmp(((const struct type *)a)->name, ((const struct type *)b)->name);
}

const struct type *type_find(const struct mu_schema *schema, const char *name)
{
    struct type wanted = { .name = name + (*name == '.') };

    if (schema->type_count == 0)
        return NULL;
    return bsearch(
            &wanted, schema->types, schema->type_count, sizeof(*schema->types), type_compare);
}

const struct message_type *message_type_of(const ProtobufCMessageDescriptor *descriptor)
{
    CHECK(descriptor->reserved1 == (const void *)descriptor);
    return (const struct message_type *)(const void *)descriptor;
}

const ProtobufCMessageDescriptor *mu_schema_message(
        const struct mu_schema *schema, const char *name)
{
    const struct type *type = type_find(schema, name);

    return type != NULL && type->message != NULL ? &type->message->base : NULL;
}

static int schema_open_file(
        struct mu_schema *schema, const file_proto *proto, struct mu_schema_error *error)
{
    struct file *file = &schema->files[schema->file_count++];

    file->proto = proto;
    if (proto->name == NULL)
        return text_fail(error, "a file without a name");
    if (proto->syntax != NULL && strcmp(proto->syntax, "proto3") == 0)
        file->is_proto3 = true;
    else if (proto->syntax != NULL && strcmp(proto->syntax, "proto2") != 0)
        return text_fail(error, "%s: neither proto2 nor proto3", proto->name);
    return comment_index(schema, file);
}

/* Makes room for all files, types and services, and gives them their names. */
static int schema_name(struct mu_schema *schema, const Google__Protobuf__FileDescriptorSet *set,
        struct mu_schema_error *error)
{
    size_t type_count = 0;
    size_t service_count = 0;
    int result = 0;

    for (size_t i = 0; i < set->n_file; i++) {
        type_count += scope_count_types(set->file[i]);
        service_count += set->file[i]->n_service;
    }
    if (type_count > MU_SCHEMA_TYPES_MAX) {
        text_write_error(error, "%zu types; %d at most", type_count, MU_SCHEMA_TYPES_MAX);
        return -E2BIG;
    }
    schema->files = schema_alloc(schema, set->n_file, sizeof(*schema->files));
    schema->types = schema_alloc(schema, type_count, sizeof(*schema->types));
    schema->services = schema_alloc(schema, service_count, sizeof(*schema->services));
    if (schema->files == NULL || schema->types == NULL || schema->services == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < set->n_file && result == 0; i++) {
        result = schema_open_file(schema, set->file[i], error);
        if (result == 0)
            result = scope_collect(schema, &schema->files[i], error);
    }
    if (result < 0)
        return result;
    qsort(schema->types, schema->type_count, sizeof(*schema->types), type_compare);
    for (size_t i = 1; i < schema->type_count; i++)
        if (strcmp(schema->types[i - 1].name, schema->types[i].name) == 0)
            return text_fail(error, "two types named %s", schema->types[i].name);
    return 0;
}

static int schema_build(
        struct mu_schema *schema, struct mu_bytes bytes, struct mu_schema_error *error)
{
    const ProtobufCMessageDescriptor *type = &google__protobuf__file_descriptor_set__descriptor;
    const ProtobufCMessage *set;
    size_t cost;
    int result = body_measure(type, bytes, &cost, error);

    if (result < 0)
        return result;
    set = body_unpack_checked(&schema->arena, type, bytes);
    if (set == NULL)
        return -ENOMEM;
    result = schema_name(schema, (const Google__Protobuf__FileDescriptorSet *)set, error);
    for (size_t i = 0; i < schema->type_count && result == 0; i++)
        if (schema->types[i].enumeration != NULL)
            result = enum_build(schema, schema->types[i].enumeration, error);
    for (size_t i = 0; i < schema->type_count && result == 0; i++)
        if (schema->types[i].message != NULL)
            result = message_build(schema, schema->types[i].message, error);
    for (size_t i = 0; i < schema->service_count && result == 0; i++)
        result = service_build(schema, &schema->services[i], error);
    return result;
}

int mu_schema_new(struct mu_schema **schemap, struct mu_bytes set, struct mu_schema_error *error)
{
    struct mu_schema *schema;
    int result;

    if (set.size > MU_SCHEMA_SET_MAX) {
        text_write_error(error, "%zu bytes of types; %d at most", set.size, MU_SCHEMA_SET_MAX);
        return err_new(-E2BIG);
    }
    schema = calloc(1, sizeof(*schema));
    if (schema == NULL) {
        text_write_error(error, "out of memory");
        return err_new(-ENOMEM);
    }
    mu_arena_init(&schema->arena, set.size * SCHEMA_MEMORY_FACTOR + SCHEMA_MEMORY_EXTRA);
    result = schema_build(schema, set, error);
    if (result < 0) {
        mu_schema_free(schema);
        if (result == -ENOMEM)
            text_write_error(error, "out of memory");
        return err_new(result);
    }
    *schemap = schema;
    return 0;
}

struct mu_schema *mu_schema_free(struct mu_schema *schema)
{
    if (schema != NULL)
        mu_arena_deinit(&schema->arena);
    free(schema);
    return NULL;
}
