/* kernel/router/tenant.h - namespaces: of which services a caller may know.
 *
 * A service has the namespace of its manifest, or none: then it is the node's own. Between two
 * namespaces there is nothing, unless an operator's grant names the service or a process of its
 * namespace passed a capability on; who has neither is answered as if there were no such service.
 * docs/operating.md, "Namespaces", has the table. */
#pragma once

#include "kernel/router/right.h"

/* Gives the service the namespace `space`; "" for none. */
void tenant_claim(struct router *router, struct service *service, const char *space);

/* The same by what a process of it says, whose name and exports are known. */
void tenant_admit(struct router *router, struct service *service, const struct peer *peer);

/* The namespace that calls of the peer on behalf of `user` (may be NULL) are confined to: its own,
 * else the one of the token; "" for none. */
const char *tenant_space(const struct peer *peer, const struct user *user);

/* True where the service, which has a namespace, is not for the caller to know of. Else
 * `draft->cap` is one that reaches it, where its caller needs such a one. */
bool tenant_hides(const struct router *router, const struct peer *peer, struct span endpoint,
        const struct service *service, struct draft *draft);

/* Finds the endpoint's service, into `draft->service`: NULL where there is none for the caller to
 * know of, and `draft->hidden` says that there is one. */
static inline void tenant_find(const struct router *router, const struct peer *peer,
        struct span endpoint, struct draft *draft)
{
    draft->service = service_find(&router->services, route_service_name(endpoint));
    draft->hidden = draft->service != NULL && draft->service->space[0] != '\0' &&
                    tenant_hides(router, peer, endpoint, draft->service, draft);
    if (draft->hidden)
        draft->service = NULL;
}

/* The capability of the giver's that one which is passed on is to be made of: it covers the
 * pattern, and reaches into another namespace where the pattern is of a service there and one of
 * the giver's does. NULL where none covers it. */
struct cap *tenant_parent(
        const struct router *router, const struct peer *giver, struct span pattern);

/* Keeps a note of a call to what is hidden from its caller, for the node's owner. */
void tenant_note(struct router *router, const struct peer *peer, struct span endpoint,
        const struct draft *draft);

/* gate_admit on a node with namespaces: what is hidden from the caller goes by the policies that
 * hold for a name that nobody has. */
bool tenant_gate(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft);

/* False where the endpoint is one of the node's own parts' that is not for a service with a
 * namespace, which the caller is told: what shows or changes the whole node. */
bool tenant_may_use(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft);
