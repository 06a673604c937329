// SPDX-License-Identifier: Apache-2.0
#include "kernel/policies.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "kernel/limits.h"
#include "kernel/shelf.h"
#include "transport/terms.h"
#include "mu/schema.h"

static const struct shelf policies_shelf = { "policies", POLICY_SIZE_MAX };

void policies_init(struct policies_kept *policies)
{
    *policies = (struct policies_kept){ 0 };
    list_init(&policies->list);
}

static void policies_free(struct policies_kept *policies, struct policy_kept *kept)
{
    policies->count -= 1;
    list_remove(&kept->link);
    mu__node__v1__policy_set__free_unpacked(kept->message, NULL);
    free(kept);
}

void policies_deinit(struct policies_kept *policies)
{
    while (!list_is_empty(&policies->list))
        policies_free(policies, list_entry(policies->list.next, struct policy_kept, link));
}

static int policies_write(const struct folders *folders, const Mu__Node__V1__PolicySet *message)
{
    size_t size = mu__node__v1__policy_set__get_packed_size(message);
    CLEANUP(cleanup_free) uint8_t *packed = malloc(size + 1);

    if (packed == NULL)
        return err_new(-ENOMEM);
    mu__node__v1__policy_set__pack(message, packed);
    return err_trace(
            shelf_write(&policies_shelf, folders, message->handle, (struct span){ packed, size }));
}

/* True where the router would take it. */
static bool policies_is_good(const Mu__Node__V1__PolicySet *message)
{
    struct terms terms;
    char why[TERMS_TEXT_MAX];
    bool good;

    if (message->policy == NULL)
        return false;
    message->policy->left_ms = message->ends_s != 0 ? 1 : 0; /* what it has left is said later */
    good = terms_read(&terms, message->policy, why);
    message->policy->left_ms = 0;
    return good;
}

/* NULL where the record is none. */
static Mu__Node__V1__PolicySet *policies_read(struct span record)
{
    Mu__Node__V1__PolicySet *message;

    if (mu_body_check(&mu__node__v1__policy_set__descriptor,
                (struct mu_bytes){ record.data, record.size }, NULL) != 0)
        return NULL;
    message = mu__node__v1__policy_set__unpack(NULL, record.size, record.data);
    if (message == NULL || policies_is_good(message))
        return message;
    mu__node__v1__policy_set__free_unpacked(message, NULL);
    return NULL;
}

/* ---- the list ---- */

static bool policies_is_over(const Mu__Node__V1__PolicySet *message, uint64_t now_s)
{
    return message->ends_s != 0 && message->ends_s <= now_s;
}

static bool policies_is_of(
        const Mu__Node__V1__PolicySet *message, const char *endpoints, const char *caller)
{
    return strcmp(message->policy->endpoints, endpoints) == 0 &&
           strcmp(message->policy->caller, caller) == 0;
}

/* The one with the scope of `set`; NULL where there is none. */
static struct policy_kept *policies_same(
        const struct policies_kept *policies, const Mu__Node__V1__PolicySet *set)
{
    list_for_each (node, &policies->list) {
        struct policy_kept *kept = list_entry(node, struct policy_kept, link);

        if (policies_is_of(kept->message, set->policy->endpoints, set->policy->caller) &&
                (kept->message->ends_s == 0) == (set->ends_s == 0))
            return kept;
    }
    return NULL;
}

/* Takes `message` over. Returns 0 or -ENOMEM. */
static int policies_push(struct policies_kept *policies, Mu__Node__V1__PolicySet *message)
{
    struct policy_kept *kept = calloc(1, sizeof(*kept));

    if (kept == NULL) {
        mu__node__v1__policy_set__free_unpacked(message, NULL);
        return err_new(-ENOMEM);
    }
    kept->message = message;
    policies->count += 1;
    list_push(&policies->list, &kept->link);
    return 0;
}

/* A load under way. */
struct policies_load {
    struct policies_kept *policies;
    uint64_t now_s;
};

static int policies_take(void *user, struct span record)
{
    const struct policies_load *load = user;
    Mu__Node__V1__PolicySet *message = policies_read(record);

    if (message == NULL)
        return SHELF_BAD;
    if (!policies_is_over(message, load->now_s) && load->policies->count < POLICIES_MAX &&
            policies_same(load->policies, message) == NULL)
        return err_trace(policies_push(load->policies, message));
    mu__node__v1__policy_set__free_unpacked(message, NULL);
    return SHELF_OVER;
}

int policies_load(struct policies_kept *policies, const struct folders *folders, uint64_t now_s)
{
    struct policies_load load = { policies, now_s };

    return err_trace(shelf_load(&policies_shelf, folders, policies_take, &load));
}

int policies_set(struct policies_kept *policies, const struct folders *folders,
        Mu__Node__V1__PolicySet *set, bool *replacedp)
{
    struct policy_kept *same = policies_same(policies, set);
    int r = 0;

    set->policy->left_ms = 0;
    *replacedp = same != NULL;
    if (same != NULL)
        set->handle = same->message->handle;
    else if (policies->count == POLICIES_MAX)
        r = err_new(-ENOSPC);
    if (r == 0)
        r = policies_write(folders, set);
    if (r == 0 && same == NULL)
        return err_trace(policies_push(policies, set));
    if (r == 0) {
        mu__node__v1__policy_set__free_unpacked(same->message, NULL);
        same->message = set;
        return 0;
    }
    mu__node__v1__policy_set__free_unpacked(set, NULL);
    return err_trace(r);
}

int policies_remove(struct policies_kept *policies, const struct folders *folders,
        const Mu__Node__V1__RemovePolicyRequest *scope, uint32_t *removedp)
{
    *removedp = 0;
    list_for_each_safe (node, &policies->list) {
        struct policy_kept *kept = list_entry(node, struct policy_kept, link);
        int r;

        if (!policies_is_of(kept->message, scope->endpoints, scope->caller))
            continue;
        r = shelf_remove(&policies_shelf, folders, kept->message->handle);
        if (r < 0)
            return err_trace(r);
        policies_free(policies, kept);
        *removedp += 1;
    }
    return *removedp > 0 ? err_trace(shelf_sync(&policies_shelf, folders)) : 0;
}

void policies_sweep(struct policies_kept *policies, const struct folders *folders, uint64_t now_s)
{
    list_for_each_safe (node, &policies->list) {
        struct policy_kept *kept = list_entry(node, struct policy_kept, link);

        if (!policies_is_over(kept->message, now_s))
            continue;
        /* One that stays is removed at the next start: it has ended. */
        (void)shelf_remove(&policies_shelf, folders, kept->message->handle);
        policies_free(policies, kept);
    }
}

/* ---- for the router ---- */

/* A clock that was set back lets no fault stay for longer than one may. */
static uint64_t policies_left_ms(const Mu__Node__V1__PolicySet *set, uint64_t now_s)
{
    uint64_t left_ms = set->ends_s > now_s ? (set->ends_s - now_s) * 1000 : 0;

    if (set->policy->fault != NULL && left_ms > POLICY_FAULT_MAX_MS)
        return POLICY_FAULT_MAX_MS;
    return left_ms;
}

void policies_tell_left(struct policies_kept *policies, uint64_t now_s)
{
    list_for_each (node, &policies->list) {
        Mu__Node__V1__PolicySet *set = list_entry(node, struct policy_kept, link)->message;

        set->policy->left_ms = policies_left_ms(set, now_s);
    }
}

int policies_pack(struct policies_kept *policies, uint64_t now_s, struct span *packedp)
{
    Mu__Router__V1__PoliciesRequest request = MU__ROUTER__V1__POLICIES_REQUEST__INIT;
    CLEANUP(cleanup_free) Mu__Router__V1__Policy **each =
            calloc(policies->count + 1, sizeof(*each));
    uint8_t *packed;

    if (each == NULL)
        return err_new(-ENOMEM);
    policies_tell_left(policies, now_s);
    request.policies = each;
    list_for_each (node, &policies->list) {
        const Mu__Node__V1__PolicySet *set = list_entry(node, struct policy_kept, link)->message;

        if (policies_is_over(set, now_s))
            continue;
        each[request.n_policies++] = set->policy;
    }
    packed = malloc(mu__router__v1__policies_request__get_packed_size(&request) + 1);
    if (packed == NULL)
        return err_new(-ENOMEM);
    *packedp = (struct span){ packed, mu__router__v1__policies_request__pack(&request, packed) };
    return 0;
}
