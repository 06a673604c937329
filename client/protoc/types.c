// SPDX-License-Identifier: Apache-2.0
#include "client/protoc/types.h"

#include <stdlib.h>
#include <string.h>

#include "client/protoc/memory.h"
#include "client/protoc/names.h"

/* protobuf-c's file options, which reach us as bytes of an unknown field: number 1019 of
 * FileOptions, in it 6 for `c_package` (/usr/include/protobuf-c/protobuf-c.proto). */
enum { TYPES_OPTION_FILE = 1019, TYPES_OPTION_PACKAGE = 6 };

static size_t types_read_varint(const uint8_t *data, size_t size, uint64_t *valuep)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size && i < 10; i++) {
        value |= (uint64_t)(data[i] & 0x7f) << (7 * i);
        if ((data[i] & 0x80) == 0) {
            *valuep = value;
            return i + 1;
        }
    }
    return 0;
}

/* The text of field `wanted` in the message at `data`; NULL where it is not there. Caller frees. */
static char *types_read_text(const uint8_t *data, size_t size, uint64_t wanted)
{
    size_t at = 0;

    while (at < size) {
        uint64_t tag;
        uint64_t value;
        size_t step = types_read_varint(data + at, size - at, &tag);

        if (step == 0 || ((tag & 7) != 0 && (tag & 7) != 2))
            return NULL;
        at += step;
        step = types_read_varint(data + at, size - at, &value);
        if (step == 0)
            return NULL;
        at += step;
        if ((tag & 7) == 0)
            continue;
        if (value > size - at)
            return NULL;
        if (tag >> 3 == wanted)
            return memory_print("%.*s", (int)value, (const char *)data + at);
        at += (size_t)value;
    }
    return NULL;
}

/* What `c_package` names instead of the file's package; NULL for none. Caller frees. */
static char *types_c_package(const Google__Protobuf__FileDescriptorProto *file)
{
    if (file->options == NULL)
        return NULL;
    for (size_t i = 0; i < file->options->base.n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *field = &file->options->base.unknown_fields[i];
        uint64_t size;
        size_t head;

        if (field->tag != TYPES_OPTION_FILE)
            continue;
        head = types_read_varint(field->data, field->len, &size);
        return types_read_text(field->data + head, field->len - head, TYPES_OPTION_PACKAGE);
    }
    return NULL;
}

static size_t types_count(Google__Protobuf__DescriptorProto *const *messages, size_t count)
{
    size_t total = count;

    for (size_t i = 0; i < count; i++)
        total += types_count(messages[i]->nested_type, messages[i]->n_nested_type);
    return total;
}

/* Where the walk stands: the same for all messages of one level. */
struct types_level {
    const Google__Protobuf__FileDescriptorProto *file;
    const char *scope;   /* borrowed: full name of what holds them, "" for nothing */
    const char *c_scope; /* borrowed: the same with `c_package` in it */
    const struct source_path *path;
    int32_t field; /* of the path, that holds them */
};

static char *types_join(const char *scope, const char *name)
{
    return memory_print("%s%s%s", scope, scope[0] != '\0' ? "." : "", name);
}

static void types_add(struct types *types, const struct types_level *level,
        Google__Protobuf__DescriptorProto *const *messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct type *type = &types->entries[types->count++];
        char *c_name = types_join(level->c_scope, messages[i]->name);
        char *lower = names_lower(c_name);

        *type = (struct type){
            .full_name = types_join(level->scope, messages[i]->name),
            .struct_name = names_struct(c_name),
            .descriptor = memory_print("%s__descriptor", lower),
            .file = level->file,
            .message = messages[i],
            .path = *level->path,
        };
        free(lower);
        source_path_push(&type->path, level->field, i);
        types_add(types,
                &(struct types_level){
                        level->file, type->full_name, c_name, &type->path, SOURCE_MESSAGE_NESTED },
                messages[i]->nested_type, messages[i]->n_nested_type);
        free(c_name);
    }
}

static int types_compare(const void *left, const void *right)
{
    return strcmp(((const struct type *)left)->full_name, ((const struct type *)right)->full_name);
}

void types_init(
        struct types *types, const Google__Protobuf__Compiler__CodeGeneratorRequest *request)
{
    static const struct source_path root;
    size_t total = 0;

    for (size_t i = 0; i < request->n_proto_file; i++)
        total += types_count(
                request->proto_file[i]->message_type, request->proto_file[i]->n_message_type);
    *types = (struct types){ .entries = memory_get(total * sizeof(struct type)) };
    for (size_t i = 0; i < request->n_proto_file; i++) {
        const Google__Protobuf__FileDescriptorProto *file = request->proto_file[i];
        const char *package = file->package != NULL ? file->package : "";
        char *c_package = types_c_package(file);

        types_add(types,
                &(struct types_level){ file, package, c_package != NULL ? c_package : package,
                        &root, SOURCE_FILE_MESSAGE },
                file->message_type, file->n_message_type);
        free(c_package);
    }
    qsort(types->entries, types->count, sizeof(struct type), types_compare);
}

void types_deinit(struct types *types)
{
    for (size_t i = 0; i < types->count; i++) {
        free(types->entries[i].full_name);
        free(types->entries[i].struct_name);
        free(types->entries[i].descriptor);
    }
    free(types->entries);
    *types = (struct types){ 0 };
}

static int types_compare_name(const void *name, const void *type)
{
    return strcmp(name, ((const struct type *)type)->full_name);
}

struct type *types_find(const struct types *types, const char *name)
{
    return bsearch(name + (name[0] == '.'), types->entries, types->count, sizeof(struct type),
            types_compare_name);
}
