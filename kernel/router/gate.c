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

/* ---- limits ---- */

/* What it counts with. */
static size_t gate_bytes(const struct envelope *envelope)
{
    bool streams = envelope->shape == SHAPE_CLIENT_STREAM || envelope->shape == SHAPE_TWO_WAY;

    return envelope->body.size + (streams ? STREAM_WINDOW : 0);
}

/* The name by which the policy tells its caller from others. */
static struct span gate_name(const struct policy *policy, const struct draft *draft)
{
    struct scope_call whose;

    policy_whose(&whose, draft->peer, draft->user);
    return whose.names[policy->terms.caller.kind];
}

/* Where the call counts for the policy's limits. */
static struct quota *gate_quota(struct policy *policy, const struct draft *draft, uint64_t now_us)
{
    const struct terms *terms = &policy->terms;
    struct quota *quota = NULL;

    if (policy->each != NULL)
        quota = quota_take(policy->each, gate_name(policy, draft),
                (struct quota_rate){ terms->rate_per_s, terms->rate_burst }, now_us);
    return quota != NULL ? quota : &policy->quota;
}

/* True where the limit has room for the call. */
static bool gate_has_room(
        enum setting setting, const struct policy *policy, struct quota *quota, size_t bytes)
{
    const struct terms *terms = &policy->terms;

    if (setting == SETTING_IN_FLIGHT)
        return quota->in_flight < terms->in_flight_max;
    if (setting == SETTING_BYTES)
        return quota->bytes == 0 || quota->bytes + bytes <= terms->bytes_max;
    return bucket_has(&quota->rate);
}

/* `the policy of shop.* for user:* (alice) lets … `. */
static void gate_write(char text[STATUS_TEXT_MAX], enum setting setting,
        const struct policy *policy, struct span name)
{
    const struct scope *caller = &policy->terms.caller;
    char scope[2 * SCOPE_NAME_MAX] = "";

    if (caller->each)
        snprintf(scope, sizeof(scope), " for %s (%.*s)", policy->message->caller, (int)name.size,
                (const char *)name.data);
    else if (caller->kind != SCOPE_ALL)
        snprintf(scope, sizeof(scope), " for %s", policy->message->caller);
    if (setting == SETTING_IN_FLIGHT)
        snprintf(text, STATUS_TEXT_MAX, "the policy of %s%s lets %u calls be under way at a time",
                policy->message->endpoints, scope, policy->terms.in_flight_max);
    else if (setting == SETTING_BYTES)
        snprintf(text, STATUS_TEXT_MAX,
                "the policy of %s%s lets calls with %llu bytes be under way at a time",
                policy->message->endpoints, scope, (unsigned long long)policy->terms.bytes_max);
    else
        snprintf(text, STATUS_TEXT_MAX,
                "the policy of %s%s lets %u calls a second through, %u at once",
                policy->message->endpoints, scope, policy->terms.rate_per_s,
                policy->terms.rate_burst);
}

/* True where the limit lets the call through; else its caller is told. */
static bool gate_limit(struct router *router, const struct draft *draft, struct policy *policy,
        enum setting setting)
{
    struct quota *quota = gate_quota(policy, draft, router->now_us);
    uint32_t per_s = policy->terms.rate_per_s;
    char text[STATUS_TEXT_MAX];

    if (setting == SETTING_RATE)
        bucket_fill(&quota->rate, per_s, policy->terms.rate_burst, router->now_us);
    if (gate_has_room(setting, policy, quota, gate_bytes(draft->envelope)))
        return true;
    policy->refused += 1;
    gate_write(text, setting, policy, gate_name(policy, draft));
    return gate_refuse(router, draft->peer, draft->envelope,
            &(struct verdict){ CODE_RESOURCE_EXHAUSTED, EXECUTED_NO,
                    setting == SETTING_RATE ? bucket_wait_ms(&quota->rate, per_s) : GATE_RETRY_MS,
                    text });
}

/* A call that one limit refuses takes nothing from the rates of the others. */
static bool gate_limits(struct router *router, const struct draft *draft)
{
    const struct settings *settings = draft->settings;

    for (int i = 0; i < LEVELS * LIMITS; i++) {
        struct policy *policy = settings->limits[i / LIMITS][i % LIMITS];

        if (policy != NULL &&
                !gate_limit(router, draft, policy, (enum setting)(SETTING_IN_FLIGHT + i % LIMITS)))
            return false;
    }
    for (int level = 0; level < LEVELS; level++) {
        struct policy *policy = settings->limits[level][SETTING_RATE - SETTING_IN_FLIGHT];

        if (policy != NULL)
            bucket_take(&gate_quota(policy, draft, router->now_us)->rate);
    }
    return true;
}

bool gate_judge(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft)
{
    const struct settings *settings = draft->settings;

    return (settings->by[SETTING_FAULT] == NULL || gate_fault(router, peer, envelope, draft)) &&
           (!settings->limited || gate_limits(router, draft));
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

/* Once, whatever limits of calls and of bytes the policy has. */
static void gate_count_in(struct call *call, struct quota *quota)
{
    for (uint32_t i = 0; i < call->quota_count; i++) {
        if (call->quotas[i] == quota)
            return;
    }
    policy_hold(quota->policy);
    quota->in_flight += 1;
    quota->bytes += call->quota_bytes;
    call->quotas[call->quota_count++] = quota;
}

void gate_count(struct call *call, const struct draft *draft, uint64_t now_us)
{
    call->quota_bytes = (uint32_t)gate_bytes(draft->envelope);
    for (int level = 0; level < LEVELS; level++) {
        for (int i = SETTING_IN_FLIGHT; i < SETTING_RATE; i++) {
            struct policy *policy = draft->settings->limits[level][i - SETTING_IN_FLIGHT];

            if (policy != NULL)
                gate_count_in(call, gate_quota(policy, draft, now_us));
        }
    }
}

void gate_discount(struct call *call)
{
    for (uint32_t i = 0; i < call->quota_count; i++) {
        struct quota *quota = call->quotas[i];

        quota->in_flight -= 1;
        quota->bytes -= call->quota_bytes;
        policy_release(quota->policy);
    }
    call->quota_count = 0;
}
