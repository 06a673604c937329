// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/absence.h"

#include <stdio.h>

#include "kernel/router/candidates.h"
#include "kernel/router/choice.h"
#include "kernel/router/claim.h"

enum { ABSENCE_RETRY_MS = 100, ABSENCE_RETRY_MAX_MS = 1000, ABSENCE_TEXT_MAX = 192 };

/* When one that is full may have room again. */
static uint32_t absence_wait_ms(const struct peer *full)
{
    uint32_t wait_ms = full->latency_us / 1000 + 1;

    return wait_ms < ABSENCE_RETRY_MAX_MS ? wait_ms : ABSENCE_RETRY_MAX_MS;
}

/* What keeps a call of the caller's from an instance that is up. */
static void absence_write_full(char text[ABSENCE_TEXT_MAX], const struct service *service,
        const struct peer *caller, const struct envelope *envelope)
{
    const struct peer *full = service->ready[0];

    if (!claim_may_grow(caller, full) || full->calls_taken_count >= full->calls_max)
        snprintf(text, ABSENCE_TEXT_MAX, "%s is full%s: it takes %u calls at a time and instance",
                service->name, claim_may_grow(caller, full) ? "" : " for this caller",
                full->calls_max);
    else
        snprintf(text, ABSENCE_TEXT_MAX,
                "%s is full%s: %zu bytes wait for it, and it takes %d at a time and instance",
                service->name,
                outbox_queued(&full->out) + route_size(envelope) > OUTBOX_HARD_MAX
                        ? ""
                        : " for this caller",
                outbox_queued(&full->out), OUTBOX_HARD_MAX);
}

void absence_write_unknown(
        const struct router *router, struct span name, char text[STATUS_TEXT_MAX])
{
    snprintf(text, STATUS_TEXT_MAX,
            router->neighbour_count == 0 ? "no service \"%.*s\" on this node"
                                         : "no node offers \"%.*s\"",
            (int)name.size, name.data);
}

struct verdict absence_explain(const struct router *router, const struct peer *peer,
        const struct envelope *envelope, const struct draft *draft, enum routes_outcome outcome,
        char *text)
{
    const struct service *service = draft->service;
    bool alone = router->neighbour_count == 0;
    struct span name = route_service_name(envelope->endpoint);
    struct verdict verdict = { .executed = EXECUTED_NO, .code = CODE_UNAVAILABLE, .text = text };

    if (service == NULL) {
        verdict.code = CODE_NOT_FOUND;
        absence_write_unknown(router, name, text);
    } else if (draft->callee != NULL) {
        verdict.code = CODE_RESOURCE_EXHAUSTED;
        snprintf(text, STATUS_TEXT_MAX, "%s takes bodies of up to %zu bytes", service->name,
                draft->callee->body_max);
    } else if (draft->settings != NULL && service->ready_count != 0 && !choice_is_any(draft)) {
        snprintf(text, STATUS_TEXT_MAX,
                "a policy leaves no instance of %s that is here (`mu policy explain`)",
                service->name);
    } else if (service->ready_count != 0) {
        verdict.code = CODE_RESOURCE_EXHAUSTED;
        verdict.retry_after_ms = absence_wait_ms(service->ready[0]);
        absence_write_full(text, service, peer, envelope);
    } else if (outcome == ROUTES_FULL) {
        verdict.code = CODE_RESOURCE_EXHAUSTED;
        verdict.retry_after_ms = ABSENCE_RETRY_MS;
        snprintf(text, STATUS_TEXT_MAX, "the links to nodes that offer %s are full", service->name);
    } else if (service->route_count != 0) {
        verdict.retry_after_ms = ABSENCE_RETRY_MS;
        snprintf(text, STATUS_TEXT_MAX,
                "no instance of %s here, and no way to another node's is open to this call",
                service->name);
    } else {
        verdict.retry_after_ms = ABSENCE_RETRY_MS;
        snprintf(text, STATUS_TEXT_MAX,
                alone ? "no instance of %s takes calls now" : "no node offers %s now",
                service->name);
    }
    return verdict;
}

enum cause absence_cause(const struct peer *peer, const struct envelope *envelope,
        const struct draft *draft, enum routes_outcome outcome)
{
    const struct service *service = draft->service;

    if (service == NULL)
        return draft->hidden ? CAUSE_NAMESPACE : CAUSE_NO_SERVICE;
    if (draft->callee != NULL)
        return CAUSE_BODY_TOO_LARGE;
    if (draft->settings != NULL && service->ready_count != 0 && !choice_is_any(draft))
        return CAUSE_POLICY;
    if (service->ready_count != 0)
        return candidates_room(peer, service->ready[0], envelope);
    if (outcome == ROUTES_FULL)
        return CAUSE_ROUTES_FULL;
    return service->route_count != 0 ? CAUSE_NO_ROUTE : CAUSE_NO_INSTANCE;
}
