// SPDX-License-Identifier: Apache-2.0
/* A policy is checked here by what the router checks it with, before it is written down: so what is
 * on the disk the router takes, and a slip changes nothing. */
#include "kernel/endpoints_policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "kernel/answer.h"
#include "kernel/inquiry.h"
#include "transport/terms.h"

/* Copies a message by its bytes; NULL without memory. */
static Mu__Router__V1__Policy *endpoints_copy(const Mu__Router__V1__Policy *policy)
{
    size_t size = mu__router__v1__policy__get_packed_size(policy);
    uint8_t *bytes = malloc(size + 1);
    Mu__Router__V1__Policy *copy = NULL;

    if (bytes != NULL) {
        mu__router__v1__policy__pack(policy, bytes);
        copy = mu__router__v1__policy__unpack(NULL, size, bytes);
    }
    free(bytes);
    return copy;
}

/* NULL: out of memory. */
static Mu__Node__V1__PolicySet *endpoints_make_policy(const struct inquiry *inquiry)
{
    const Mu__Node__V1__SetPolicyRequest *request = (const void *)inquiry->request;
    Mu__Node__V1__PolicySet *set = calloc(1, sizeof(*set));

    if (set == NULL)
        return NULL;
    mu__node__v1__policy_set__init(set);
    while (set->handle == 0) {
        if (getrandom(&set->handle, sizeof(set->handle), 0) < 0)
            set->handle = clock_us();
    }
    set->set_s = (uint64_t)time(NULL);
    set->ends_s = request->for_s == 0 ? 0 : set->set_s + request->for_s;
    set->uid = inquiry->caller->uid;
    set->policy = endpoints_copy(request->policy);
    if (set->policy != NULL)
        return set;
    mu__node__v1__policy_set__free_unpacked(set, NULL);
    return NULL;
}

/* False where the request is none, which the caller is told. */
static bool endpoints_judge_policy(const struct inquiry *inquiry)
{
    const Mu__Node__V1__SetPolicyRequest *request = (const void *)inquiry->request;
    struct terms terms;
    char why[TERMS_TEXT_MAX] = "policy: what holds, and for which endpoints";
    bool good = request->policy != NULL;

    if (good && request->for_s > UINT32_MAX) {
        snprintf(why, sizeof(why), "for_s: %u seconds at most; 0 is for good", UINT32_MAX);
        good = false;
    } else if (good) {
        request->policy->left_ms = request->for_s * 1000;
        good = terms_read(&terms, request->policy, why);
    }
    if (!good)
        answer_refusal(&inquiry->node->control, inquiry->call, MU_INVALID_ARGUMENT, "%s", why);
    return good;
}

void endpoints_set_policy(const struct inquiry *inquiry)
{
    Mu__Node__V1__SetPolicyReply reply = MU__NODE__V1__SET_POLICY_REPLY__INIT;
    struct node *node = inquiry->node;
    Mu__Node__V1__PolicySet *set;
    bool replaced = false;
    int r = -ENOMEM;

    if (!endpoints_judge_policy(inquiry))
        return;
    policies_sweep(&node->policies, &node->folders, (uint64_t)time(NULL));
    set = endpoints_make_policy(inquiry);
    if (set != NULL)
        r = policies_set(&node->policies, &node->folders, set, &replaced);
    if (r == -ENOSPC) {
        answer_refusal(&node->control, inquiry->call, MU_RESOURCE_EXHAUSTED,
                "a node has room for %d policies; `mu policy remove` makes some", POLICIES_MAX);
    } else if (r < 0) {
        answer_refusal(&node->control, inquiry->call, MU_RESOURCE_EXHAUSTED,
                "it cannot be written down: %s/policies: %s", node->folders.place.state,
                strerror(-r));
    } else {
        node_send_policies(node);
        reply.replaced = replaced;
        answer_message(&node->control, inquiry->call, &reply.base);
    }
}

void endpoints_remove_policy(const struct inquiry *inquiry)
{
    const Mu__Node__V1__RemovePolicyRequest *request = (const void *)inquiry->request;
    Mu__Node__V1__RemovePolicyReply reply = MU__NODE__V1__REMOVE_POLICY_REPLY__INIT;
    struct node *node = inquiry->node;
    int r = policies_remove(&node->policies, &node->folders, request, &reply.removed);

    if (r == 0 && reply.removed == 0) {
        answer_refusal(&node->control, inquiry->call, MU_NOT_FOUND,
                "no policy has the scope `%.128s`; `mu policy list` shows them",
                request->endpoints);
        return;
    }
    node_send_policies(node);
    if (r < 0)
        answer_failure(&node->control, inquiry->call, MU_RESOURCE_EXHAUSTED,
                "it may be back after the node's next start: %s/policies: %s",
                node->folders.place.state, strerror(-r));
    else
        answer_message(&node->control, inquiry->call, &reply.base);
}

void endpoints_policies(const struct inquiry *inquiry)
{
    Mu__Node__V1__PoliciesReply reply = MU__NODE__V1__POLICIES_REPLY__INIT;
    struct node *node = inquiry->node;
    Mu__Node__V1__PolicySet *each[POLICIES_MAX];
    uint64_t now_s = (uint64_t)time(NULL);

    policies_sweep(&node->policies, &node->folders, now_s);
    policies_tell_left(&node->policies, now_s);
    reply.policies = each;
    list_for_each (link, &node->policies.list)
        each[reply.n_policies++] = list_entry(link, struct policy_kept, link)->message;
    answer_message(&node->control, inquiry->call, &reply.base);
}
