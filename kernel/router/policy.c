// SPDX-License-Identifier: Apache-2.0
/* The list is in the order of rank, so that the first policy that makes a setting is the one that
 * counts. What was found for an endpoint stands in a table of fixed size in which the newest takes
 * the place of whatever has the same hash: names of methods come from callers, and must not make
 * anything grow. */
#include "kernel/router/policies.h"

#include <stdlib.h>
#include <string.h>

#include "transport/reserved.h"
#include "kernel/router/route.h"

static struct span policy_span(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

/* ---- one policy ---- */

struct policy *policy_new(const struct terms *terms)
{
    struct policy *policy = calloc(1, sizeof(*policy));

    if (policy == NULL)
        return NULL;
    list_init(&policy->link);
    if (!terms->caller.each)
        return policy;
    policy->each = quota_table_new(policy);
    if (policy->each != NULL)
        return policy;
    free(policy);
    return NULL;
}

void policy_free(struct policy *policy)
{
    if (policy == NULL)
        return;
    mu__router__v1__policy__free_unpacked(policy->message, NULL);
    quota_table_free(policy->each);
    free(policy);
}

struct policy *policy_hold(struct policy *policy)
{
    policy->held += 1;
    return policy;
}

void policy_release(struct policy *policy)
{
    policy->held -= 1;
    if (policy->held == 0 && !policy->stands)
        policy_free(policy);
}

void policy_earn(struct policy *policy)
{
    policy->retry_level += POLICY_RETRY_PERCENT;
    if (policy->retry_level > POLICY_RETRIES_SAVED * POLICY_RETRY_COST)
        policy->retry_level = POLICY_RETRIES_SAVED * POLICY_RETRY_COST;
}

bool policy_spend(struct policy *policy)
{
    if (policy->retry_level < POLICY_RETRY_COST) {
        policy->retries_spared += 1;
        return false;
    }
    policy->retry_level -= POLICY_RETRY_COST;
    return true;
}

/* One user before one of another kind, before each one, before everybody. */
static uint32_t policy_caller_rank(const struct scope *caller)
{
    uint32_t rank = caller->kind == SCOPE_ALL ? 0 : caller->kind == SCOPE_USER ? 2 : 1;

    return rank + (rank != 0 && !caller->each ? 2 : 0);
}

/* More parts that are no wildcard first; then no `>`; then more parts; then fewer callers; then one
 * that ends. */
uint32_t policy_rank(const struct policy *policy)
{
    const char *part = policy->message->endpoints;
    uint32_t literal = 0;
    uint32_t deep = 0;
    uint32_t parts = 0;

    while (part[0] != '\0') {
        size_t size = strcspn(part, ".");

        parts += 1;
        deep |= part[0] == '>' ? 1 : 0;
        literal += part[0] != '*' && part[0] != '>' ? 1 : 0;
        part += size + (part[size] == '.' ? 1 : 0);
    }
    return literal << 16 | (deep ? 0u : 1u) << 15 | parts << 4 |
           policy_caller_rank(&policy->terms.caller) << 1 |
           (policy->message->left_ms != 0 ? 1u : 0u);
}

static bool policy_makes(const struct policy *policy, enum setting setting)
{
    const struct terms *terms = &policy->terms;

    switch (setting) {
    case SETTING_TIMEOUT:
        return terms->timeout_ms != 0;
    case SETTING_TIMEOUT_MAX:
        return terms->timeout_max_ms != 0;
    case SETTING_IN_FLIGHT:
        return terms->in_flight_max != 0;
    case SETTING_BYTES:
        return terms->bytes_max != 0;
    case SETTING_RATE:
        return terms->rate_per_s != 0;
    case SETTING_RETRIES:
        return terms->retries_max != 0;
    case SETTING_BREAKER:
        return terms->has_breaker;
    case SETTING_WEIGHTS:
        return terms->weight_count != 0;
    case SETTING_LABELS:
        return terms->label_count != 0;
    case SETTING_FAULT:
        return terms->fault_percent != 0;
    case SETTING_HEDGE:
        return terms->hedge_ms != 0;
    case SETTING_MIRROR:
        return terms->mirror_percent != 0;
    case SETTINGS:
        break;
    }
    return false;
}

static enum level policy_level(const struct policy *policy)
{
    switch (policy->terms.caller.kind) {
    case SCOPE_SERVICE:
    case SCOPE_NODE:
    case SCOPE_CLIENT:
        return LEVEL_CALLER;
    case SCOPE_USER:
        return LEVEL_USER;
    case SCOPE_ALL:
    case SCOPE_KINDS:
        break;
    }
    return LEVEL_ALL;
}

/* Sets what the policy makes and no narrower one made. */
static void settings_take(struct settings *settings, struct policy *policy)
{
    for (int i = 0; i < SETTINGS; i++) {
        enum setting setting = (enum setting)i;
        struct policy **place = setting_is_limit(setting)
                                        ? settings_limit(settings, policy_level(policy), setting)
                                        : &settings->by[setting];

        if (*place != NULL || !policy_makes(policy, setting))
            continue;
        *place = policy;
        settings->limited |= setting_is_limit(setting);
    }
}

/* ---- what holds ---- */

static void policies_forget_known(struct policies *policies)
{
    for (uint32_t i = 0; i < POLICY_ENDPOINTS_KEPT; i++)
        policies->known[i].key_size = 0;
}

void policies_drop(struct policies *policies, struct policy *policy)
{
    list_remove(&policy->link);
    policies->count -= 1;
    policy->stands = false;
    if (policy->held == 0)
        policy_free(policy);
}

void policies_settle(struct router *router)
{
    struct policies *policies = router->policies;

    if (policies->count == 0) {
        free(policies);
        router->policies = NULL;
        return;
    }
    policies->next_end_us = 0;
    policies->kinds = 0;
    list_for_each (node, &policies->list) {
        const struct policy *policy = list_entry(node, struct policy, link);

        policies->kinds |= 1u << policy->terms.caller.kind;
        if (policy->ends_us != 0 &&
                (policies->next_end_us == 0 || policy->ends_us < policies->next_end_us))
            policies->next_end_us = policy->ends_us;
    }
    policies_forget_known(policies);
}

/* Drops what has ended. */
static void policies_expire(struct router *router)
{
    struct policies *policies = router->policies;

    if (policies->next_end_us == 0 || router->now_us < policies->next_end_us)
        return;
    list_for_each_safe (node, &policies->list) {
        struct policy *policy = list_entry(node, struct policy, link);

        if (policy->ends_us != 0 && policy->ends_us <= router->now_us)
            policies_drop(policies, policy);
    }
    policies_settle(router);
}

bool policies_resolve(struct router *router, struct span endpoint, const struct scope_call *whose,
        struct settings *settings)
{
    bool any = false;

    *settings = (struct settings){ .limited = false };
    if (router->policies != NULL)
        policies_expire(router);
    if (router->policies == NULL || reserved_has(route_service_name(endpoint)))
        return false;
    list_for_each (node, &router->policies->list) {
        struct policy *policy = list_entry(node, struct policy, link);

        if (!scope_has(&policy->terms.caller, whose) ||
                !pattern_matches(policy_span(policy->message->endpoints), endpoint))
            continue;
        settings_take(settings, policy);
        any = true;
    }
    return any;
}

/* FNV-1a, as for services. */
static uint32_t policies_place(const uint8_t *key, size_t size)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ key[i]) * 16777619u;
    return hash % POLICY_ENDPOINTS_KEPT;
}

void policy_whose(struct scope_call *whose, const struct peer *caller, const struct user *user)
{
    *whose = (struct scope_call){ .names[SCOPE_ALL] = { NULL, 0 } };
    if (user != NULL)
        whose->names[SCOPE_USER] =
                (struct span){ (const uint8_t *)user->subject, user->subject_size };
    if (caller->neighbour != NULL)
        whose->names[SCOPE_NODE] = policy_span(caller->neighbour->node);
    else if (caller->visitor != NULL)
        whose->names[SCOPE_CLIENT] = policy_span(caller->visitor->client);
    else
        whose->names[SCOPE_SERVICE] =
                policy_span(caller->service != NULL ? caller->service->name : caller->admitted);
}

/* The endpoint, and behind it whose the call is, as far as policies tell callers apart. */
static size_t policies_key(const struct policies *policies, struct span endpoint,
        const struct scope_call *whose, uint8_t key[POLICY_KEY_MAX])
{
    uint8_t *at = key + endpoint.size;

    memcpy(key, endpoint.data, endpoint.size);
    for (int i = SCOPE_ALL + 1; i < SCOPE_KINDS; i++) {
        struct span name = whose->names[i];

        if ((policies->kinds & 1u << i) == 0 || name.size == 0)
            continue;
        *at++ = ' ';
        *at++ = (uint8_t)i;
        memcpy(at, name.data, name.size);
        at += name.size;
    }
    return (size_t)(at - key);
}

const struct settings *policies_find(struct router *router, const struct peer *caller,
        const struct user *user, struct span endpoint)
{
    struct scope_call whose = { .names[SCOPE_ALL] = { NULL, 0 } };
    uint8_t key[POLICY_KEY_MAX];
    struct known *known;
    size_t size;

    policies_expire(router);
    if (router->policies == NULL)
        return NULL;
    if (router->policies->kinds != 1u << SCOPE_ALL)
        policy_whose(&whose, caller, user);
    size = policies_key(router->policies, endpoint, &whose, key);
    known = &router->policies->known[policies_place(key, size)];
    if (known->key_size != size || memcmp(known->key, key, size) != 0) {
        known->any = policies_resolve(router, endpoint, &whose, &known->settings);
        known->key_size = size;
        memcpy(known->key, key, size);
    }
    return known->any ? &known->settings : NULL;
}

void policies_forget_all(struct router *router)
{
    struct policies *policies = router->policies;

    if (policies == NULL)
        return;
    while (!list_is_empty(&policies->list))
        policies_drop(policies, list_entry(policies->list.next, struct policy, link));
    free(policies);
    router->policies = NULL;
}
