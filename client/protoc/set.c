// SPDX-License-Identifier: Apache-2.0
#include "client/protoc/set.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "client/protoc/memory.h"

static size_t set_index(
        const Google__Protobuf__Compiler__CodeGeneratorRequest *request, const char *name)
{
    for (size_t i = 0; i < request->n_proto_file; i++)
        if (strcmp(request->proto_file[i]->name, name) == 0)
            return i;
    return request->n_proto_file;
}

/* Marks file number `index` and what it imports; a file that is not there is passed over. */
static void set_want(
        const Google__Protobuf__Compiler__CodeGeneratorRequest *request, size_t index, bool *wanted)
{
    if (index == request->n_proto_file || wanted[index])
        return;
    wanted[index] = true;
    for (size_t i = 0; i < request->proto_file[index]->n_dependency; i++)
        set_want(request, set_index(request, request->proto_file[index]->dependency[i]), wanted);
}

static bool set_has_comment(const Google__Protobuf__SourceCodeInfo__Location *location)
{
    return location->leading_comments != NULL || location->trailing_comments != NULL ||
           location->n_leading_detached_comments > 0;
}

static void set_trim_info(Google__Protobuf__SourceCodeInfo *info)
{
    size_t kept = 0;

    for (size_t i = 0; i < info->n_location; i++) {
        if (set_has_comment(info->location[i]))
            info->location[kept++] = info->location[i];
        else
            protobuf_c_message_free_unpacked(&info->location[i]->base, NULL);
    }
    info->n_location = kept;
}

void set_trim(Google__Protobuf__Compiler__CodeGeneratorRequest *request)
{
    for (size_t i = 0; i < request->n_proto_file; i++)
        if (request->proto_file[i]->source_code_info != NULL)
            set_trim_info(request->proto_file[i]->source_code_info);
}

void set_pack(const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
        const Google__Protobuf__FileDescriptorProto *file, uint8_t **datap, size_t *sizep)
{
    Google__Protobuf__FileDescriptorSet set = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_SET__INIT;
    bool *wanted = memory_get(request->n_proto_file * sizeof(bool));

    set_want(request, set_index(request, file->name), wanted);
    set.file = memory_get(request->n_proto_file * sizeof(Google__Protobuf__FileDescriptorProto *));
    for (size_t i = 0; i < request->n_proto_file; i++) {
        if (!wanted[i])
            continue;
        set.file[set.n_file++] = request->proto_file[i];
    }
    *sizep = google__protobuf__file_descriptor_set__get_packed_size(&set);
    *datap = memory_get(*sizep);
    google__protobuf__file_descriptor_set__pack(&set, *datap);
    free(set.file);
    free(wanted);
}
