// SPDX-License-Identifier: Apache-2.0
/* Only instances of this node are left out: another node knows its own better. */
#include "kernel/router/outlier.h"

#include "kernel/router/say.h"

enum { OUTLIER_CODE_UNKNOWN = 2, OUTLIER_CODE_INTERNAL = 13, OUTLIER_CODE_DATA_LOSS = 15 };

/* Errors that speak against the instance, and not against the request. */
static bool outlier_is_failure(uint32_t code)
{
    return code == CODE_UNAVAILABLE || code == CODE_DEADLINE_EXCEEDED ||
           code == CODE_RESOURCE_EXHAUSTED || code == OUTLIER_CODE_UNKNOWN ||
           code == OUTLIER_CODE_INTERNAL || code == OUTLIER_CODE_DATA_LOSS;
}

/* True where one more of the service's instances, `peer`, may be left out. */
static bool outlier_may_eject(const struct peer *peer)
{
    const struct service *service = peer->service;
    uint32_t out = 1;

    for (uint32_t i = 0; i < service->ready_count; i++) {
        const struct peer *other = service->ready[i];

        out += other != peer && other->breaker.state != BREAKER_CLOSED ? 1 : 0;
    }
    return out <= service->ready_count / 2;
}

void outlier_watch(struct router *router, struct call *call, const struct settings *settings)
{
    if (settings->by[SETTING_BREAKER] == NULL || call->callee->service == NULL)
        return;
    call->watched = policy_hold(settings->by[SETTING_BREAKER]);
    call->probe = breaker_sent(&call->callee->breaker, router->now_us);
}

void outlier_judge(struct router *router, struct call *call, uint32_t code)
{
    struct policy *policy = call->watched;
    struct breaker *breaker = &call->callee->breaker;

    if (breaker_answered(breaker, &policy->terms.breaker,
                (struct breaker_answer){ outlier_is_failure(code), call->probe }, router->now_us) &&
            outlier_may_eject(call->callee)) {
        breaker_eject(breaker, &policy->terms.breaker, router->now_us);
        policy->ejections += 1;
    }
    call->probe = false;
}

void outlier_let_go(struct call *call)
{
    if (call->probe)
        breaker_probe_lost(&call->callee->breaker);
    call->probe = false;
    policy_release(call->watched);
    call->watched = NULL;
}
