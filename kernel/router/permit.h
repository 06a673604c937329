/* kernel/router/permit.h - what a client without a node may call. Pure. */
#pragma once

#include "transport/envelope.h"

/* True where it may call `endpoint`, which is a valid one: any method of a service that is not the
 * node's own, but for the library's controls; and of the node's own parts what stands in the table.
 */
bool permit_has(struct span endpoint);
