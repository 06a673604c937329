/* client/protoc/source.h - where a thing stands in its .proto, and what is said about it there. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "google/protobuf/descriptor.pb-c.h"

enum { SOURCE_PATH_MAX = 128 }; /* steps; deeper things are looked for no further */

/* The way from a file to a thing in it, by field numbers and indexes: SourceCodeInfo.Location.path
 * in descriptor.proto. */
struct source_path {
    int32_t steps[SOURCE_PATH_MAX];
    size_t count;
};

/* The fields of descriptor.proto that lead somewhere. */
enum {
    SOURCE_FILE_MESSAGE = 4,
    SOURCE_FILE_SERVICE = 6,
    SOURCE_FILE_SYNTAX = 12,
    SOURCE_MESSAGE_FIELD = 2,
    SOURCE_MESSAGE_NESTED = 3,
    SOURCE_SERVICE_METHOD = 2
};

/* Goes one step further, to entry `index` of field `field`. */
void source_path_push(struct source_path *path, int32_t field, size_t index);

struct source_place {
    int line; /* both from 1; 0 where nothing is known */
    int column;
};

/* Where the thing at `path` begins. */
struct source_place source_find(
        const Google__Protobuf__FileDescriptorProto *file, const struct source_path *path);

/* The comment in front of the thing at `path`, else the one behind it; borrowed; NULL for none. */
const char *source_comment(
        const Google__Protobuf__FileDescriptorProto *file, const struct source_path *path);
