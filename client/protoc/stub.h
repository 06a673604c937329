/* client/protoc/stub.h - one service of a .proto, with all that is written in C about it. */
#pragma once

#include "client/protoc/parameter.h"
#include "client/protoc/types.h"
#include "mu/service.h"

struct stub_method {
    const Google__Protobuf__MethodDescriptorProto *proto; /* borrowed from the request */
    struct source_path path;
    const char *comment; /* borrowed from the request; NULL for none */
    char *name;          /* owned: "hello" */
    enum mu_shape shape;
    enum mu_idempotency idempotency;
    struct type *request; /* borrowed from the types, both; NULL where the request is broken */
    struct type *reply;
};

struct stub {
    const Google__Protobuf__FileDescriptorProto *file; /* borrowed from the request, both */
    const Google__Protobuf__ServiceDescriptorProto *proto;
    struct source_path path;
    const char *comment;         /* borrowed from the request; NULL for none */
    char *full_name;             /* owned: "greeter.v1.Greeter" */
    char *prefix;                /* owned: "greeter", in front of every C name */
    char *bus_name;              /* owned: "greeter", its default name on the bus */
    struct stub_method *methods; /* owned */
    size_t method_count;
};

/* Service number `index` of `file`. */
void stub_init(struct stub *stub, const Google__Protobuf__FileDescriptorProto *file, size_t index,
        const struct types *types, const struct parameter *parameter);

/* Safe on zeroes, and safe twice. */
void stub_deinit(struct stub *stub);

/* The member of the handlers: the method's name, with a `_` behind it where C keeps the word for
 * itself
 * (`register_`), as protoc-c does with fields. The caller frees it. */
char *stub_member(const struct stub_method *method);

/* The path without ".proto", and a suffix instead. The caller frees it. */
char *stub_path(const Google__Protobuf__FileDescriptorProto *file, const char *suffix);
