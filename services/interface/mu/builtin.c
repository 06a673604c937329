// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/builtin.h"

#include <string.h>

#include "mu/debug/v1/debug.mu.h"
#include "mu/node/v1/node.mu.h"
#include "mu/registry/v1/registry.mu.h"
#include "mu/router/v1/router.mu.h"

const struct mu_service_type *const builtin_types[] = {
    &node_type,
    &registry_type,
    &router_type,
    NULL,
};

const struct mu_service_type *builtin_find(const char *service)
{
    for (const struct mu_service_type *const *type = builtin_types; *type != NULL; type++) {
        if (strcmp((*type)->name, service) == 0)
            return *type;
    }
    return NULL;
}

const struct mu_service_type *builtin_debug(void)
{
    return &debug_type;
}
