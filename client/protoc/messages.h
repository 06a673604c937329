/* client/protoc/messages.h - the structs of the messages, which protoc-c's own plugin makes. */
#pragma once

#include "google/protobuf/compiler/plugin.pb-c.h"

/* Runs the plugin `program` (a name on PATH, or a path) on `request` without its services: protoc-c
 * would make members of their methods' names, and `register` is none in C. The caller frees the
 * response. Returns NULL after saying on standard error what went wrong. */
Google__Protobuf__Compiler__CodeGeneratorResponse *messages_generate(
        const char *program, const Google__Protobuf__Compiler__CodeGeneratorRequest *request);
