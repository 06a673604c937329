// SPDX-License-Identifier: Apache-2.0
/* Deny by default: of the node's own parts and of what the library answers for every service, only
 * what changes nothing and stands here may be called. What a new version adds is denied until it is
 * put into this table. */
#include "kernel/router/permit.h"

#include <string.h>

#include "kernel/router/route.h"
#include "transport/names.h"
#include "transport/reserved.h"
#include "kernel/router/say.h"

/* Of the node's own parts. */
static const struct span permit_own[] = {
    NAME("router.Stats"),
    NAME("router.Present"),
    NAME("auth.Login"),
    NAME("auth.Refresh"),
    NAME("auth.Logout"),
    NAME("auth.Whoami"),
    NAME("node.Status"),
    NAME("node.List"),
    NAME("registry.List"),
    NAME("registry.Show"),
    NAME("registry.Describe"),
    NAME("registry.Watch"),
    NAME("link.Show"),
    NAME("link.Nodes"),
    NAME("link.Links"),
    NAME("link.Routes"),
    NAME("etcd.Show"),
};

/* Of what the library answers for every service, the node's own parts among them. */
static const struct span permit_library[] = { NAME("mu.Health"), NAME("mu.Stats") };

bool permit_has(struct span endpoint)
{
    struct span service = route_service_name(endpoint);
    struct span method = { service.data + service.size + 1, endpoint.size - service.size - 1 };

    if (method.size >= 3 && memcmp(method.data, "mu.", 3) == 0)
        return names_have(
                permit_library, sizeof(permit_library) / sizeof(permit_library[0]), method);
    if (reserved_has(service))
        return names_have(permit_own, sizeof(permit_own) / sizeof(permit_own[0]), endpoint);
    return true;
}
