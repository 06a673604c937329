/* kernel/router/outlier.h - which instances are left out for their failures, and how it is told how
 * a call ended. */
#pragma once

#include "kernel/router/policy.h"

/* The call is sent to its callee: where a breaker watches, it is told the end. */
void outlier_sent(struct router *router, struct call *call, const struct rules *rules);

/* The callee answered with the code, or its time ran out (DEADLINE_EXCEEDED). Fine for a call that
 * nothing watches. */
void outlier_answered(struct router *router, struct call *call, uint32_t code);

/* The call leaves its callee, answered or not. The same. */
void outlier_done(struct call *call);
