// SPDX-License-Identifier: Apache-2.0
#include "client/protoc/source.h"

#include <string.h>

void source_path_push(struct source_path *path, int32_t field, size_t index)
{
    if (path->count + 2 > SOURCE_PATH_MAX)
        return;
    path->steps[path->count++] = field;
    path->steps[path->count++] = (int32_t)index;
}

static const Google__Protobuf__SourceCodeInfo__Location *source_look_up(
        const Google__Protobuf__FileDescriptorProto *file, const struct source_path *path)
{
    if (file->source_code_info == NULL)
        return NULL;
    for (size_t i = 0; i < file->source_code_info->n_location; i++) {
        const Google__Protobuf__SourceCodeInfo__Location *location =
                file->source_code_info->location[i];

        if (location->n_path == path->count &&
                memcmp(location->path, path->steps, path->count * sizeof(path->steps[0])) == 0)
            return location;
    }
    return NULL;
}

struct source_place source_find(
        const Google__Protobuf__FileDescriptorProto *file, const struct source_path *path)
{
    const Google__Protobuf__SourceCodeInfo__Location *location = source_look_up(file, path);

    if (location == NULL || location->n_span < 2)
        return (struct source_place){ 0 };
    return (struct source_place){ .line = location->span[0] + 1, .column = location->span[1] + 1 };
}

const char *source_comment(
        const Google__Protobuf__FileDescriptorProto *file, const struct source_path *path)
{
    const Google__Protobuf__SourceCodeInfo__Location *location = source_look_up(file, path);

    if (location == NULL)
        return NULL;
    return location->leading_comments != NULL ? location->leading_comments
                                              : location->trailing_comments;
}
