/* builtin.h - types that need no registry: of the node's own services, and of what each service
 * answers at `<service>.mu.<Method>`. */
#pragma once

#include "mu/service.h"

extern const struct mu_service_type *const builtin_types[]; /* ends with NULL */

/* The type of the service called `service`: node, registry or router; NULL where it is none. */
const struct mu_service_type *builtin_find(const char *service);

/* The type behind "mu.Health" and the like. */
const struct mu_service_type *builtin_debug(void);
