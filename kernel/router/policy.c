// SPDX-License-Identifier: Apache-2.0
/* The list is in the order of rank, so that the first policy that makes a setting is the one that
 * counts. What was found for an endpoint stands in a table of fixed size in which the newest takes
 * the place of whatever has the same hash: names of methods come from callers, and must not make
 * anything grow. */
#include "kernel/router/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/router/own.h"
#include "transport/reserved.h"
#include "kernel/router/route.h"
#include "kernel/router/say.h"

enum {
    POLICY_RETRY_COST = 100,
    POLICY_KEY_MAX = PATTERN_SIZE_MAX + SERVICE_NAME_MAX + 1 /* endpoint, a space, the caller */
};

struct known {
    size_t key_size; /* 0: the place is free */
    bool any;        /* something holds */
    struct settings settings;
    uint8_t key[POLICY_KEY_MAX];
};

struct policies {
    struct list list; /* owned: struct policy, the narrowest first */
    uint32_t count;
    uint64_t next_end_us; /* 0: none ends */
    struct known known[POLICY_ENDPOINTS_KEPT];
};

static struct span policy_span(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

/* ---- one policy ---- */

static void policy_free(struct policy *policy)
{
    mu__router__v1__policy__free_unpacked(policy->message, NULL);
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
    policy->retries += 1;
    return true;
}

/* More parts that are no wildcard first; then no `>`; then more parts; then one caller's; then one
 * that ends. */
static uint32_t policy_rank(const Mu__Router__V1__Policy *message)
{
    const char *part = message->endpoints;
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
    return literal << 16 | (deep ? 0u : 1u) << 15 | parts << 2 |
           (message->caller[0] != '\0' ? 2u : 0u) | (message->left_ms != 0 ? 1u : 0u);
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
    case SETTINGS:
        break;
    }
    return false;
}

static bool policy_is_for(const struct policy *policy, struct span endpoint, struct span caller)
{
    const char *only = policy->message->caller;

    if (only[0] != '\0' &&
            (strlen(only) != caller.size || memcmp(only, caller.data, caller.size) != 0))
        return false;
    return pattern_matches(policy_span(policy->message->endpoints), endpoint);
}

/* ---- what holds ---- */

static void policies_forget_known(struct policies *policies)
{
    for (uint32_t i = 0; i < POLICY_ENDPOINTS_KEPT; i++)
        policies->known[i].key_size = 0;
}

/* Takes one off the list; it lives on while calls point to it. */
static void policies_drop(struct policies *policies, struct policy *policy)
{
    list_remove(&policy->link);
    policies->count -= 1;
    policy->stands = false;
    if (policy->held == 0)
        policy_free(policy);
}

/* Finds when the next one ends; frees everything where none is left. */
static void policies_settle(struct router *router)
{
    struct policies *policies = router->policies;

    if (policies->count == 0) {
        free(policies);
        router->policies = NULL;
        return;
    }
    policies->next_end_us = 0;
    list_for_each (node, &policies->list) {
        const struct policy *policy = list_entry(node, struct policy, link);

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

bool policies_resolve(
        struct router *router, struct span endpoint, struct span caller, struct settings *settings)
{
    bool any = false;

    *settings = (struct settings){ { NULL } };
    if (router->policies != NULL)
        policies_expire(router);
    if (router->policies == NULL || reserved_has(route_service_name(endpoint)))
        return false;
    list_for_each (node, &router->policies->list) {
        struct policy *policy = list_entry(node, struct policy, link);

        if (!policy_is_for(policy, endpoint, caller))
            continue;
        for (int i = 0; i < SETTINGS; i++) {
            if (settings->by[i] == NULL && policy_makes(policy, (enum setting)i))
                settings->by[i] = policy;
        }
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

const struct settings *policies_find(
        struct router *router, const struct peer *caller, struct span endpoint)
{
    struct span service = policy_span(caller->service != NULL ? caller->service->name : "");
    uint8_t key[POLICY_KEY_MAX];
    size_t size = endpoint.size + 1 + service.size;
    struct known *known;

    policies_expire(router);
    if (router->policies == NULL)
        return NULL;
    memcpy(key, endpoint.data, endpoint.size);
    key[endpoint.size] = ' ';
    memcpy(key + endpoint.size + 1, service.data, service.size);
    known = &router->policies->known[policies_place(key, size)];
    if (known->key_size != size || memcmp(known->key, key, size) != 0) {
        known->any = policies_resolve(router, endpoint, service, &known->settings);
        known->key_size = size;
        memcpy(known->key, key, size);
    }
    return known->any ? &known->settings : NULL;
}

/* ---- router.Policies ---- */

/* The standing policy of the message's scope; NULL where there is none. */
static struct policy *policies_same(
        const struct policies *policies, const Mu__Router__V1__Policy *message)
{
    list_for_each (node, &policies->list) {
        struct policy *policy = list_entry(node, struct policy, link);

        if (strcmp(policy->message->endpoints, message->endpoints) == 0 &&
                strcmp(policy->message->caller, message->caller) == 0 &&
                (policy->ends_us == 0) == (message->left_ms == 0))
            return policy;
    }
    return NULL;
}

static bool policies_is_twice(const Mu__Router__V1__PoliciesRequest *request, size_t index)
{
    const Mu__Router__V1__Policy *one = request->policies[index];

    for (size_t i = 0; i < index; i++) {
        const Mu__Router__V1__Policy *other = request->policies[i];

        if (strcmp(one->endpoints, other->endpoints) == 0 &&
                strcmp(one->caller, other->caller) == 0 &&
                (one->left_ms == 0) == (other->left_ms == 0))
            return true;
    }
    return false;
}

/* Puts the policy into its place in the list: of as narrow ones `shop.*` stands before `*.Pay`. */
static void policies_insert(struct policies *policies, struct policy *policy)
{
    struct list *behind = policies->list.next;

    for (; behind != &policies->list; behind = behind->next) {
        const struct policy *other = list_entry(behind, struct policy, link);

        if (other->rank < policy->rank ||
                (other->rank == policy->rank &&
                        strcmp(other->message->endpoints, policy->message->endpoints) < 0))
            break;
    }
    list_push(behind, &policy->link);
    policies->count += 1;
}

/* Takes over the message. What a policy of the same scope had counted goes on, so that setting it
 * again fills no bucket. */
static void policies_put(struct router *router, const struct terms *terms,
        Mu__Router__V1__Policy *message, struct policy *fresh)
{
    struct policies *policies = router->policies;
    struct policy *policy = policies_same(policies, message);
    bool is_new = policy == NULL;

    if (is_new)
        policy = fresh;
    else
        free(fresh);
    if (is_new)
        policy->retry_level = POLICY_RETRIES_SAVED * POLICY_RETRY_COST;
    if (is_new || policy->terms.rate_per_s != terms->rate_per_s ||
            policy->terms.rate_burst != terms->rate_burst)
        bucket_init(&policy->rate, terms->rate_burst, router->now_us);
    mu__router__v1__policy__free_unpacked(policy->message, NULL);
    policy->message = message;
    policy->terms = *terms;
    policy->ends_us = message->left_ms == 0 ? 0 : router->now_us + message->left_ms * 1000;
    policy->rank = policy_rank(message);
    policy->stands = true;
    if (is_new)
        policies_insert(policies, policy);
}

static bool policies_is_listed(
        const Mu__Router__V1__PoliciesRequest *request, const struct policy *policy)
{
    for (size_t i = 0; i < request->n_policies; i++) {
        const Mu__Router__V1__Policy *message = request->policies[i];

        if (strcmp(message->endpoints, policy->message->endpoints) == 0 &&
                strcmp(message->caller, policy->message->caller) == 0 &&
                (message->left_ms == 0) == (policy->ends_us == 0))
            return true;
    }
    return false;
}

/* Everything that is needed, so that nothing can fail halfway. */
struct policies_draft {
    char why[TERMS_TEXT_MAX];
    size_t count;
    struct {
        struct terms terms;
        struct policy *fresh; /* owned: the policy's place, where its scope is new */
    } each[];
};

/* NULL without memory. */
static struct policies_draft *policies_draft_new(size_t count)
{
    struct policies_draft *draft = calloc(1, sizeof(*draft) + count * sizeof(draft->each[0]));

    if (draft != NULL)
        draft->count = count;
    return draft;
}

static void policies_draft_free(struct policies_draft *draft)
{
    for (size_t i = 0; draft != NULL && i < draft->count; i++)
        free(draft->each[i].fresh);
    free(draft);
}

/* Returns 0, or the code with which the request is refused, for the reason in `why`. */
static enum code policies_prepare(struct router *router,
        const Mu__Router__V1__PoliciesRequest *request, struct policies_draft *draft)
{
    if (request->n_policies > POLICIES_MAX) {
        snprintf(draft->why, sizeof(draft->why), "a node has %d policies at most", POLICIES_MAX);
        return CODE_RESOURCE_EXHAUSTED;
    }
    for (size_t i = 0; i < request->n_policies; i++) {
        if (!terms_read(&draft->each[i].terms, request->policies[i], draft->why))
            return CODE_INVALID_ARGUMENT;
        if (policies_is_twice(request, i)) {
            snprintf(draft->why, sizeof(draft->why), "the scope %s is there twice",
                    request->policies[i]->endpoints);
            return CODE_INVALID_ARGUMENT;
        }
    }
    snprintf(draft->why, sizeof(draft->why), "no memory is left");
    if (router->policies == NULL) {
        router->policies = calloc(1, sizeof(*router->policies));
        if (router->policies == NULL)
            return CODE_RESOURCE_EXHAUSTED;
        list_init(&router->policies->list);
    }
    for (size_t i = 0; i < request->n_policies; i++) {
        draft->each[i].fresh = calloc(1, sizeof(*draft->each[i].fresh));
        if (draft->each[i].fresh == NULL)
            return CODE_RESOURCE_EXHAUSTED;
        list_init(&draft->each[i].fresh->link);
    }
    return 0;
}

static void policies_commit(struct router *router, Mu__Router__V1__PoliciesRequest *request,
        struct policies_draft *draft)
{
    list_for_each_safe (node, &router->policies->list) {
        struct policy *policy = list_entry(node, struct policy, link);

        if (!policies_is_listed(request, policy))
            policies_drop(router->policies, policy);
    }
    for (size_t i = 0; i < request->n_policies; i++) {
        policies_put(router, &draft->each[i].terms, request->policies[i], draft->each[i].fresh);
        draft->each[i].fresh = NULL;
        request->policies[i] = NULL;
    }
}

void policies_replace(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    static const struct verdict supervisors = { CODE_PERMISSION_DENIED, EXECUTED_NO, 0,
        "Policies is the supervisor's: an operator calls node.SetPolicy (`mu policy`)" };
    Mu__Router__V1__PoliciesReply reply = MU__ROUTER__V1__POLICIES_REPLY__INIT;
    struct policies_draft *draft;
    Mu__Router__V1__PoliciesRequest *request;
    enum code code = CODE_RESOURCE_EXHAUSTED;

    if (!peer->internal) {
        say_verdict(router, peer, envelope->id, &supervisors);
        return;
    }
    request = own_unpack(router, peer, envelope, &mu__router__v1__policies_request__descriptor);
    if (request == NULL)
        return;
    draft = policies_draft_new(request->n_policies);
    if (draft != NULL)
        code = policies_prepare(router, request, draft);
    if (code == 0) {
        policies_commit(router, request, draft);
        own_reply(router, peer, envelope->id, &reply.base);
    } else {
        say_verdict(router, peer, envelope->id,
                &(struct verdict){
                        code, EXECUTED_NO, 0, draft != NULL ? draft->why : "no memory is left" });
    }
    policies_draft_free(draft);
    mu__router__v1__policies_request__free_unpacked(request, NULL);
    if (router->policies != NULL)
        policies_settle(router);
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
