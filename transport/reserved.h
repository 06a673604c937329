/* transport/reserved.h - the names of the node's own parts. */
#pragma once

#include <stdbool.h>

#include "transport/envelope.h"

/* True for router, node, registry, link, etcd and client: names that only the supervisor gives,
 * that serve their own node alone, and whose calls are under no policy. */
bool reserved_has(struct span name);
