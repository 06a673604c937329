// SPDX-License-Identifier: Apache-2.0
/* Gives every type and service of a file its full name and its place, before anything looks for
 * them. */
#include <errno.h>
#include <string.h>

#include "client/schema/text.h"
#include "client/schema/types.h"

/* The numbers of members in their descriptors, of which paths are made. */
enum { FILE_MESSAGE = 4, FILE_ENUM = 5, FILE_SERVICE = 6, MESSAGE_MESSAGE = 3, MESSAGE_ENUM = 4 };

/* What encloses a type: a file, or a message. */
struct scope {
    struct mu_schema *schema;
    struct place_in_file place;
    const char *name;    /* "" or "package.Message" */
    const char *package; /* "" for none */
    struct mu_schema_error *error;
};

static size_t scope_count_message(const message_proto *proto)
{
    size_t count = 1 + proto->n_enum_type;

    for (size_t i = 0; i < proto->n_nested_type; i++)
        count += scope_count_message(proto->nested_type[i]);
    return count;
}

size_t scope_count_types(const file_proto *proto)
{
    size_t count = proto->n_enum_type;

    for (size_t i = 0; i < proto->n_message_type; i++)
        count += scope_count_message(proto->message_type[i]);
    return count;
}

/* Opens the scope of the `index`th member with number `kind`, called `name`. */
static int scope_enter(const struct scope *outer, int32_t kind, size_t index, const char *name,
        struct scope *inner)
{
    int32_t *path = schema_alloc(outer->schema, outer->place.path_size + 2, sizeof(*path));

    if (name == NULL || !name_is_valid(name, false))
        return text_fail(outer->error, "%s: something without a proper name in %s",
                outer->place.file->proto->name, *outer->name != '\0' ? outer->name : "it");
    *inner = *outer;
    inner->name = schema_join(outer->schema, outer->name, *outer->name != '\0' ? "." : "", name);
    if (path == NULL || inner->name == NULL)
        return -ENOMEM;
    if (outer->place.path_size != 0)
        memcpy(path, outer->place.path, outer->place.path_size * sizeof(*path));
    path[outer->place.path_size] = kind;
    path[outer->place.path_size + 1] = (int32_t)index;
    inner->place.path = path;
    inner->place.path_size += 2;
    return 0;
}

static int scope_add_enum(
        const struct scope *outer, int32_t kind, size_t index, const enum_proto *proto)
{
    struct mu_schema *schema = outer->schema;
    struct enum_type *enumeration = schema_alloc(schema, 1, sizeof(*enumeration));
    struct scope scope;
    int result = scope_enter(outer, kind, index, proto->name, &scope);

    if (result < 0)
        return result;
    if (enumeration == NULL)
        return -ENOMEM;
    enumeration->base.magic = PROTOBUF_C__ENUM_DESCRIPTOR_MAGIC;
    enumeration->base.name = scope.name;
    enumeration->base.short_name = proto->name;
    enumeration->base.c_name = proto->name;
    enumeration->base.package_name = outer->package;
    enumeration->proto = proto;
    enumeration->place = scope.place;
    schema->types[schema->type_count++] =
            (struct type){ .name = scope.name, .enumeration = enumeration };
    return 0;
}

static int scope_add_message(
        const struct scope *outer, int32_t kind, size_t index, const message_proto *proto)
{
    struct mu_schema *schema = outer->schema;
    struct message_type *message = schema_alloc(schema, 1, sizeof(*message));
    struct scope scope;
    int result = scope_enter(outer, kind, index, proto->name, &scope);

    if (result == 0 && message == NULL)
        result = -ENOMEM;
    if (result < 0)
        return result;
    message->base.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC;
    message->base.name = scope.name;
    message->base.short_name = proto->name;
    message->base.c_name = proto->name;
    message->base.package_name = outer->package;
    message->base.reserved1 = message;
    message->proto = proto;
    message->place = scope.place;
    schema->types[schema->type_count++] = (struct type){ .name = scope.name, .message = message };
    for (size_t i = 0; i < proto->n_nested_type && result == 0; i++)
        result = scope_add_message(&scope, MESSAGE_MESSAGE, i, proto->nested_type[i]);
    for (size_t i = 0; i < proto->n_enum_type && result == 0; i++)
        result = scope_add_enum(&scope, MESSAGE_ENUM, i, proto->enum_type[i]);
    return result;
}

static int scope_add_service(const struct scope *outer, size_t index, const service_proto *proto)
{
    struct service *service = &outer->schema->services[outer->schema->service_count++];
    struct scope scope;
    int result = scope_enter(outer, FILE_SERVICE, index, proto->name, &scope);

    if (result < 0)
        return result;
    service->base.name = scope.name;
    service->proto = proto;
    service->place = scope.place;
    return 0;
}

int scope_collect(struct mu_schema *schema, const struct file *file, struct mu_schema_error *error)
{
    const file_proto *proto = file->proto;
    struct scope scope = {
        .schema = schema,
        .place = { .file = file },
        .name = proto->package != NULL ? proto->package : "",
        .package = proto->package != NULL ? proto->package : "",
        .error = error,
    };
    int result = 0;

    if (*scope.name != '\0' && !name_is_valid(scope.name, true))
        return text_fail(error, "%s: a package without a proper name", proto->name);
    for (size_t i = 0; i < proto->n_message_type && result == 0; i++)
        result = scope_add_message(&scope, FILE_MESSAGE, i, proto->message_type[i]);
    for (size_t i = 0; i < proto->n_enum_type && result == 0; i++)
        result = scope_add_enum(&scope, FILE_ENUM, i, proto->enum_type[i]);
    for (size_t i = 0; i < proto->n_service && result == 0; i++)
        result = scope_add_service(&scope, i, proto->service[i]);
    return result;
}
