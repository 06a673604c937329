/* client/protoc/rules.h - what a .proto must not hold, where C stubs are to be made of it. */
#pragma once

#include "client/protoc/refusals.h"
#include "client/protoc/stub.h"
#include "client/protoc/types.h"

/* Every message of `file`: proto3 without groups and without `optional`. */
void rules_check_file(const struct types *types, const Google__Protobuf__FileDescriptorProto *file,
        struct refusals *refusals);

/* A service: names that the bus and C take; and every message its methods reach, in whatever file:
 * the rules of rules_check_file, and none that holds itself. */
void rules_check_stub(
        const struct types *types, const struct stub *stub, struct refusals *refusals);

/* All services of one run: no two things with the same name in C. */
void rules_check_names(const struct stub *stubs, size_t count, struct refusals *refusals);
