/* meters_json.h - meters for programs, with the quantiles that people see. */
#pragma once

#include <jansson.h>

#include "services/interface/mu/meters.h"

/* Makes the object; of services only the one called `only`, where that is not NULL. The caller's;
 * NULL: no memory. */
json_t *meters_json_make(const struct meters *meters, const char *only);
