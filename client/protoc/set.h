/* client/protoc/set.h - a file's types as a program carries them: the packed FileDescriptorSet of
 * the file and all that it imports, imports first, with the comments. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "google/protobuf/compiler/plugin.pb-c.h"

/* Forgets positions in the source on which no comment hangs: by far the most of them. */
void set_trim(Google__Protobuf__Compiler__CodeGeneratorRequest *request);

/* Packs the set of `file`. The caller frees `*datap`. */
void set_pack(const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
        const Google__Protobuf__FileDescriptorProto *file, uint8_t **datap, size_t *sizep);
