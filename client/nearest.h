/* client/nearest.h - what somebody may have meant. */
#pragma once

#include "mu/service.h"

/* The method whose name is nearest to `name` by edit distance; NULL where none is near. */
const char *nearest_method(const struct mu_service_type *type, const char *name);
