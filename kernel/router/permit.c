// SPDX-License-Identifier: Apache-2.0
/* Deny by default: of the node's own parts and of what the library answers for every service, only
 * what changes nothing and stands here may be called. What a new version adds is denied until it is
 * put into this table. */
#include "kernel/router/permit.h"

#include <string.h>

#include "kernel/router/route.h"
#include "transport/reserved.h"
#include "kernel/router/say.h"

/* Of the node's own parts. */
static const char *const permit_own[] = {
    "router.Stats",
    "router.Present",
    "auth.Login",
    "auth.Refresh",
    "auth.Logout",
    "auth.Whoami",
    "node.Status",
    "node.List",
    "registry.List",
    "registry.Show",
    "registry.Describe",
    "registry.Watch",
    "link.Show",
    "link.Nodes",
    "link.Links",
    "link.Routes",
    "etcd.Show",
};

/* Of what the library answers for every service, the node's own parts among them. */
static const char *const permit_library[] = { "mu.Health", "mu.Stats" };

static bool permit_is(struct span text, const char *name)
{
    return text.size == strlen(name) && memcmp(text.data, name, text.size) == 0;
}

static bool permit_is_any(struct span text, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (permit_is(text, names[i]))
            return true;
    return false;
}

bool permit_has(struct span endpoint)
{
    struct span service = route_service_name(endpoint);
    struct span method = { service.data + service.size + 1, endpoint.size - service.size - 1 };

    if (method.size >= 3 && memcmp(method.data, "mu.", 3) == 0)
        return permit_is_any(
                method, permit_library, sizeof(permit_library) / sizeof(permit_library[0]));
    if (reserved_has(service))
        return permit_is_any(endpoint, permit_own, sizeof(permit_own) / sizeof(permit_own[0]));
    return true;
}
