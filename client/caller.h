/* client/caller.h - who calls, as the router stamps it. */
#pragma once

#include "mu/service.h"

/* Reads a packed mu.bus.v1.Caller. Its texts go to `room`, which has bytes.size + 2 bytes. What
 * cannot be read stays empty: such a caller is nobody. */
void caller_read(struct mu_caller *caller, struct mu_bytes bytes, char *room);
