// SPDX-License-Identifier: Apache-2.0
/* What service_pick and routes_pick asked is asked once more, of everybody; nothing has changed in
 * between. */
#include "kernel/router/candidates.h"

#include <stdio.h>
#include <string.h>

#include "kernel/router/claim.h"
#include "kernel/router/export.h"
#include "kernel/router/route.h"

enum { CANDIDATES_PEERS_MAX = 128 }; /* channels that are looked at for instances not READY */

static void candidates_add(struct decisions *decisions, const struct decision *decision)
{
    decisions->considered += 1;
    if (decisions->count < JOURNAL_DECISIONS_MAX)
        decisions->each[decisions->count++] = *decision;
}

enum cause candidates_room(
        const struct peer *caller, const struct peer *peer, const struct envelope *envelope)
{
    size_t size = envelope->body.size + ENVELOPE_HEAD_MAX;

    if (peer->calls_taken_count >= peer->calls_max)
        return CAUSE_FULL;
    if (!claim_may_grow(caller, peer))
        return CAUSE_SHARE_FULL;
    if (!claim_may_wait(caller, peer, size))
        return outbox_queued(&peer->out) + size > OUTBOX_HARD_MAX ? CAUSE_QUEUE_FULL
                                                                  : CAUSE_SHARE_FULL;
    if (envelope->body.size > peer->body_max)
        return CAUSE_BODY_TOO_LARGE;
    return peer->silent ? CAUSE_SILENT : CAUSE_FIT;
}

static void candidates_add_process(
        const struct peer *peer, enum cause cause, struct decisions *decisions)
{
    candidates_add(decisions, &(struct decision){ .id = peer->instance,
                                      .pid = peer->pid,
                                      .party = PARTY_PROCESS,
                                      .cause = (uint8_t)cause });
}

static enum cause candidates_judge(const struct draft *draft, const struct peer *peer)
{
    enum cause cause = candidates_room(draft->peer, peer, draft->envelope);

    if (draft->hidden)
        return CAUSE_NAMESPACE;
    if (cause == CAUSE_FIT && !export_allows(peer, draft->peer, draft->envelope->endpoint))
        return CAUSE_NOT_EXPORTED;
    return cause;
}

/* Instances that do not take calls yet, or no more. */
static void candidates_list_absent(
        const struct router *router, const struct service *service, struct decisions *decisions)
{
    uint32_t looked = 0;

    list_for_each (node, &router->peers) {
        const struct peer *peer = list_entry(node, struct peer, link);

        if (++looked > CANDIDATES_PEERS_MAX)
            return;
        if (peer->service != service)
            continue;
        if (peer->state == PEER_DRAINING)
            candidates_add_process(peer, CAUSE_DRAINING, decisions);
        else if (peer->state == PEER_HELLO)
            candidates_add_process(peer, CAUSE_STARTING, decisions);
    }
}

static enum cause candidates_judge_route(const struct draft *draft, const struct route *route)
{
    const struct neighbour *from = draft->peer->neighbour;
    const struct peer *peer = route->via->peer;

    if (peer == NULL || peer->doomed)
        return CAUSE_NOT_CONNECTED;
    if (route->via->parting.shut)
        return CAUSE_DRAINING;
    if (from != NULL && memcmp(from->node_id, route->via->node_id, NEIGHBOUR_ID_SIZE) == 0)
        return CAUSE_CAME_FROM_THERE;
    if (route->hops > ROUTER_HOPS_MAX - draft->hops)
        return CAUSE_TOO_FAR;
    return candidates_room(draft->peer, peer, draft->envelope);
}

static void candidates_add_route(
        const struct route *route, enum cause cause, struct decisions *decisions)
{
    struct decision decision = { .id = route->via->channel,
        .party = PARTY_NODE,
        .cause = (uint8_t)cause,
        .hops = (uint8_t)route->hops };

    snprintf(
            decision.node, sizeof(decision.node), "%.*s", DECISION_NODE_SIZE - 1, route->via->node);
    candidates_add(decisions, &decision);
}

void candidates_list(const struct router *router, const struct draft *draft,
        const struct peer *sent_to, struct decisions *decisions)
{
    const struct service *service = draft->service;

    decisions->count = 0;
    decisions->considered = 0;
    if (service == NULL)
        return;
    for (uint32_t i = 0; i < service->ready_count; i++) {
        if (service->ready[i] == sent_to)
            decisions->considered += 1;
        else
            candidates_add_process(
                    service->ready[i], candidates_judge(draft, service->ready[i]), decisions);
    }
    if (service->local && service->ready_count == 0)
        candidates_list_absent(router, service, decisions);
    for (uint32_t i = 0; i < service->route_count; i++) {
        const struct route *route = &service->routes[i];

        if (sent_to != NULL && route->via->peer == sent_to)
            decisions->considered += 1;
        else
            candidates_add_route(route, candidates_judge_route(draft, route), decisions);
    }
}
