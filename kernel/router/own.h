/* kernel/router/own.h - the router's own endpoints. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "kernel/router/core.h"

/* Answers a call of one of them, now or, for Link, later. */
int own_call(struct router *router, struct peer *peer, const struct envelope *envelope);

/* The answer to the peer's call `id`. */
void own_reply(
        struct router *router, struct peer *peer, uint64_t id, const ProtobufCMessage *reply);

/* The call's body, for protobuf_c_message_free_unpacked; NULL where it is none, which the peer was
 * told. */
void *own_unpack(struct router *router, struct peer *peer, const struct envelope *envelope,
        const ProtobufCMessageDescriptor *type);
