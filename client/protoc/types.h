/* client/protoc/types.h - every message of a request, by its full name. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "client/protoc/source.h"
#include "google/protobuf/compiler/plugin.pb-c.h"

enum type_visit { TYPE_NEW, TYPE_OPEN, TYPE_DONE };

struct type {
    char *full_name;   /* owned: "greeter.v1.HelloRequest" */
    char *struct_name; /* owned: "Greeter__V1__HelloRequest" */
    char *descriptor;  /* owned: "greeter__v1__hello_request__descriptor" */
    const Google__Protobuf__FileDescriptorProto *file; /* borrowed from the request, both */
    const Google__Protobuf__DescriptorProto *message;
    struct source_path path;
    enum type_visit visit; /* of the walk that looks for messages that hold themselves */
    bool checked;          /* its fields were */
};

struct types {
    struct type *entries; /* owned, sorted by full name */
    size_t count;
};

/* Indexes the messages of `request`, which must outlive the index. */
void types_init(
        struct types *types, const Google__Protobuf__Compiler__CodeGeneratorRequest *request);

/* Safe on zeroes, and safe twice. */
void types_deinit(struct types *types);

/* The message called `name`, with or without the leading dot that descriptors put there. NULL where
 * there is none. */
struct type *types_find(const struct types *types, const char *name);
