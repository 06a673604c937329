/* transport/scope.h - whose calls a policy is about, as its `caller` says:
 *
 *     web            those that the service web of this node makes
 *     user:alice     those on behalf of Alice, whoever makes them
 *     node:lamp      those that come over the link to the node lamp, whoever owns it; or lamp.alice
 *     client:till    those of the client till, which has no node
 *     user:*         those of each user by itself; so `node:*`, `client:*`, and `*` for services
 *     (nothing)      everybody's */
#pragma once

#include <stdbool.h>

#include "transport/envelope.h"

enum { SCOPE_NAME_MAX = 64 }; /* bytes of whoever calls */

enum scope_kind { SCOPE_ALL, SCOPE_SERVICE, SCOPE_NODE, SCOPE_CLIENT, SCOPE_USER, SCOPE_KINDS };

struct scope {
    enum scope_kind kind;
    bool each;        /* each of them by itself */
    const char *name; /* borrowed from the text; "*" with `each`, "" of SCOPE_ALL */
};

/* Whose a call is: a name of each kind that fits; empty: it is of nobody of that kind. */
struct scope_call {
    struct span names[SCOPE_KINDS];
};

/* False where `text` is none of those above; then `*scope` is as it was. */
bool scope_read(struct scope *scope, const char *text);

bool scope_has(const struct scope *scope, const struct scope_call *call);
