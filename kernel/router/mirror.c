// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/mirror.h"

#include <string.h>

#include "kernel/router/added.h"
#include "kernel/router/export.h"
#include "kernel/router/say.h"

static bool mirror_has_room(const struct peer *peer, const struct envelope *envelope)
{
    size_t size = envelope->body.size + ENVELOPE_HEAD_MAX;

    return peer->calls_taken_count < (peer->calls_max + 1) / 2 &&
           outbox_queued(&peer->out) + size <= ROUTER_SHARE_FREE / 2 &&
           envelope->body.size <= peer->body_max;
}

/* The one of the version that is the least busy; NULL where none has room, or may be called. */
static struct peer *mirror_pick(const struct service *service, const struct policy *policy,
        const struct envelope *envelope, const struct peer *caller)
{
    struct peer *best = NULL;

    for (uint32_t i = 0; service != NULL && i < service->ready_count; i++) {
        struct peer *peer = service->ready[i];

        if (strcmp(peer->version, policy->terms.mirror_version) == 0 &&
                (best == NULL || peer->calls_taken_count < best->calls_taken_count) &&
                mirror_has_room(peer, envelope) && export_allows(peer, caller, envelope->endpoint))
            best = peer;
    }
    return best;
}

void mirror_copy(struct router *router, struct policy *policy, const struct envelope *envelope,
        const struct draft *draft)
{
    struct peer *caller = draft->peer;
    struct draft copied = *draft;
    struct call *original;
    struct call *copy;

    if (envelope->shape != SHAPE_UNARY ||
            random_below(&router->random, 100) >= policy->terms.mirror_percent)
        return;
    original = call_find_by_caller(&router->calls, &caller->index, envelope->id);
    if (original == NULL)
        return; /* it was refused */
    copied.callee =
            mirror_pick(service_find(&router->services, route_service_name(envelope->endpoint)),
                    policy, envelope, caller);
    copy = copied.callee != NULL ? added_open(router, original, policy, envelope, &copied) : NULL;
    if (copy == NULL) {
        policy->mirror_skipped += 1;
        return;
    }
    policy->mirrored += 1;
    list_push(&caller->copies, &copy->by_caller);
    if (copy->deadline_us != 0)
        wheel_add(&router->wheel, &copy->timer, (copy->deadline_us + 999) / 1000);
}

const char *mirror_idle(
        const struct router *router, const struct settings *settings, struct span endpoint)
{
    const struct policy *policy = settings->by[SETTING_MIRROR];
    const struct service *service = service_find(&router->services, route_service_name(endpoint));

    for (uint32_t i = 0; service != NULL && i < service->ready_count; i++) {
        if (strcmp(service->ready[i]->version, policy->terms.mirror_version) == 0)
            return NULL;
    }
    return "no instance of this version takes calls on this node";
}

/* From here on it is one that was given up. */
static void mirror_forget(struct router *router, struct call *copy)
{
    list_remove(&copy->by_caller);
    wheel_remove(&router->wheel, &copy->timer);
    added_forget(copy);
}

void mirror_ended(struct router *router, struct call *copy, bool failed)
{
    copy->added->mirror_failed += failed ? 1 : 0;
    mirror_forget(router, copy);
}

void mirror_expire(struct router *router, struct call *copy)
{
    mirror_ended(router, copy, true);
    call_abandon(router, copy);
}

/* A copy of a call that was made by the capability, or by any where it is NULL. */
static struct call *mirror_find(const struct peer *caller, const struct cap *cap)
{
    list_for_each (node, &caller->copies) {
        struct call *copy = list_entry(node, struct call, by_caller);

        if (cap == NULL || copy->cap == cap)
            return copy;
    }
    return NULL;
}

void mirror_end(struct router *router, struct peer *caller, const struct cap *cap)
{
    struct call *copy;

    while ((copy = mirror_find(caller, cap)) != NULL) {
        mirror_forget(router, copy);
        call_abandon(router, copy);
    }
}
