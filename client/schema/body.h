/* client/schema/body.h - what a body costs, for those here who have a budget of their own. */
#pragma once

#include "mu/schema.h"

/* The memory that a body of `size` bytes may take. */
static inline size_t body_budget(size_t size)
{
    return size * MU_BODY_MEMORY_FACTOR + MU_BODY_MEMORY_EXTRA;
}

/* As mu_body_check, and tells the cost in `*costp`. */
int body_check(const ProtobufCMessageDescriptor *type, struct mu_bytes body, size_t *costp,
        struct mu_schema_error *error);

/* As body_check without a budget: measures what unpacking takes in an arena. */
int body_measure(const ProtobufCMessageDescriptor *type, struct mu_bytes body, size_t *costp,
        struct mu_schema_error *error);

/* Unpacks a body that body_measure passed. NULL where the arena's memory is used up. */
ProtobufCMessage *body_unpack_checked(
        struct mu_arena *arena, const ProtobufCMessageDescriptor *type, struct mu_bytes body);
