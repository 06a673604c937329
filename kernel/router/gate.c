// SPDX-License-Identifier: Apache-2.0
/* All of it is refused before anybody is sent the call: executed is NO for certain. */
#include "kernel/router/gate.h"

#include <stdio.h>

#include "kernel/router/say.h"

enum { GATE_RETRY_MS = 100 };

static bool gate_refuse(struct router *router, struct peer *peer, const struct envelope *envelope,
        const struct verdict *verdict)
{
    say_verdict(router, peer, envelope->id, verdict);
    return false;
}

/* Puts a fault into the call, or not. False where that ends it. */
static bool gate_fault(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft)
{
    struct policy *policy = draft->settings->by[SETTING_FAULT];
    char text[STATUS_TEXT_MAX];

    if (peer->neighbour != NULL ||
            random_below(&router->random, 100) >= policy->terms.fault_percent)
        return true; /* calls of other nodes have had their faults there */
    policy->faults += 1;
    draft->delay_ms = policy->terms.fault_delay_ms;
    if (policy->terms.fault_code == 0)
        return true;
    snprintf(text, sizeof(text), "a fault put into %u %% of the calls of %s (`mu policy show`)",
            policy->terms.fault_percent, policy->message->endpoints);
    return gate_refuse(router, peer, envelope,
            &(struct verdict){ (enum code)policy->terms.fault_code, EXECUTED_NO, 0, text });
}

static bool gate_in_flight(struct router *router, struct peer *peer,
        const struct envelope *envelope, const struct draft *draft)
{
    struct policy *policy = draft->settings->by[SETTING_IN_FLIGHT];
    char text[STATUS_TEXT_MAX];

    if (policy->in_flight < policy->terms.in_flight_max)
        return true;
    policy->refused += 1;
    snprintf(text, sizeof(text), "the policy of %s lets %u calls be under way at a time",
            policy->message->endpoints, policy->terms.in_flight_max);
    return gate_refuse(router, peer, envelope,
            &(struct verdict){ CODE_RESOURCE_EXHAUSTED, EXECUTED_NO, GATE_RETRY_MS, text });
}

static bool gate_rate(struct router *router, struct peer *peer, const struct envelope *envelope,
        const struct draft *draft)
{
    struct policy *policy = draft->settings->by[SETTING_RATE];
    uint32_t per_s = policy->terms.rate_per_s;
    char text[STATUS_TEXT_MAX];

    bucket_fill(&policy->rate, per_s, policy->terms.rate_burst, router->now_us);
    if (bucket_take(&policy->rate))
        return true;
    policy->refused += 1;
    snprintf(text, sizeof(text), "the policy of %s lets %u calls a second through, %u at once",
            policy->message->endpoints, per_s, policy->terms.rate_burst);
    return gate_refuse(router, peer, envelope,
            &(struct verdict){ CODE_RESOURCE_EXHAUSTED, EXECUTED_NO,
                    bucket_wait_ms(&policy->rate, per_s), text });
}

bool gate_judge(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft)
{
    const struct settings *settings = draft->settings;

    return (settings->by[SETTING_FAULT] == NULL || gate_fault(router, peer, envelope, draft)) &&
           (settings->by[SETTING_IN_FLIGHT] == NULL ||
                   gate_in_flight(router, peer, envelope, draft)) &&
           (settings->by[SETTING_RATE] == NULL || gate_rate(router, peer, envelope, draft));
}

uint64_t gate_timeout_ms(const struct settings *settings, const struct envelope *envelope)
{
    const struct policy *cap = settings->by[SETTING_TIMEOUT_MAX];
    uint64_t timeout_ms = envelope->timeout_ms;

    if (timeout_ms == 0 && envelope->shape == SHAPE_UNARY)
        timeout_ms = settings->by[SETTING_TIMEOUT] != NULL
                             ? settings->by[SETTING_TIMEOUT]->terms.timeout_ms
                             : TIMEOUT_DEFAULT_MS;
    if (cap != NULL && timeout_ms > cap->terms.timeout_max_ms)
        timeout_ms = cap->terms.timeout_max_ms;
    return timeout_ms;
}

void gate_count(struct call *call, const struct settings *settings)
{
    if (settings->by[SETTING_IN_FLIGHT] == NULL)
        return;
    call->limited = policy_hold(settings->by[SETTING_IN_FLIGHT]);
    call->limited->in_flight += 1;
}

void gate_discount(struct call *call)
{
    call->limited->in_flight -= 1;
    policy_release(call->limited);
    call->limited = NULL;
}
