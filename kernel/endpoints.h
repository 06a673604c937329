/* kernel/endpoints.h - what the supervisor answers on the bus: mu.node.v1.Node, as the service
 * "node". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/node.h"

/* Answers a CALL, now or through endpoints_stopped. */
void endpoints_answer(struct node *node, const struct envelope *envelope);

/* A service that `call` waited for is down; or, where not `done`, was started again meanwhile. */
void endpoints_stopped(struct node *node, uint64_t call, bool done);

/* The caller of `call` gave up. */
void endpoints_forget(struct node *node, uint64_t call);
