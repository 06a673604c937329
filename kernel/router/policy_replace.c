// SPDX-License-Identifier: Apache-2.0
/* What the supervisor says takes the place of all that was said before, or of nothing: everything
 * that may fail is done first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/router/own.h"
#include "kernel/router/policies.h"
#include "kernel/router/say.h"

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

static void policies_refill(struct policy *policy, struct quota_rate rate, uint64_t now_us)
{
    bucket_init(&policy->quota.rate, rate.burst, now_us);
    if (policy->each != NULL)
        quota_refill(policy->each, rate, now_us);
}

/* Takes over the message. What a policy of the same scope had counted goes on, so that setting it
 * again fills no bucket. */
static void policies_put(struct router *router, const struct terms *terms,
        Mu__Router__V1__Policy *message, struct policy *fresh)
{
    struct policies *policies = router->policies;
    struct policy *policy = policies_same(policies, message);
    struct quota_rate rate = { terms->rate_per_s, terms->rate_burst };
    bool is_new = policy == NULL;

    if (is_new)
        policy = fresh;
    else
        policy_free(fresh);
    if (is_new)
        policy->retry_level = POLICY_RETRIES_SAVED * POLICY_RETRY_COST;
    if (is_new)
        quota_init(&policy->quota, policy, rate, router->now_us);
    else if (policy->terms.rate_per_s != rate.per_s || policy->terms.rate_burst != rate.burst)
        policies_refill(policy, rate, router->now_us);
    mu__router__v1__policy__free_unpacked(policy->message, NULL);
    policy->message = message;
    policy->terms = *terms;
    policy->ends_us = message->left_ms == 0 ? 0 : router->now_us + message->left_ms * 1000;
    policy->rank = policy_rank(policy);
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
        policy_free(draft->each[i].fresh);
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
        draft->each[i].fresh = policy_new(&draft->each[i].terms);
        if (draft->each[i].fresh == NULL)
            return CODE_RESOURCE_EXHAUSTED;
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
