/* kernel/router/outlier.h - which instances are left out for their failures, and how it is told how
 * a call ended. */
#pragma once

#include "kernel/router/policy.h"

/* What the functions below do where a breaker watches. */
void outlier_watch(struct router *router, struct call *call, const struct settings *settings);
void outlier_judge(struct router *router, struct call *call, uint32_t code);
void outlier_let_go(struct call *call);

/* The call is sent to its callee: where a breaker watches, it is told the end. */
static inline void outlier_sent(
        struct router *router, struct call *call, const struct settings *settings)
{
    if (settings != NULL)
        outlier_watch(router, call, settings);
}

/* The callee answered with the code, or its time ran out (DEADLINE_EXCEEDED). Fine for a call that
 * nothing watches. */
static inline void outlier_answered(struct router *router, struct call *call, uint32_t code)
{
    if (call->watched != NULL)
        outlier_judge(router, call, code);
}

/* The call leaves its callee, answered or not. The same. */
static inline void outlier_done(struct call *call)
{
    if (call->watched != NULL)
        outlier_let_go(call);
}
