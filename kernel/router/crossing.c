// SPDX-License-Identifier: Apache-2.0
/* Both ends of a node channel number calls as routers do, so the numbers meet: what is a call to a
 * callee over there is one of a caller here. Each end turns the bit CALL_ID_ROUTER of what it
 * receives, and from there on the other node is a peer like any other: a caller with ids below the
 * bit, a callee with those of our slots.
 *
 * The other node vouches for its processes, and its certificate for the node; a neighbour is never
 * taken for anybody on this node, nor for another node than its own. Of a user it says what it
 * likes: the callee is told so, and nobody is let through anything for it. */
#include "kernel/router/crossing.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "transport/reserved.h"
#include "kernel/router/say.h"
#include "transport/stamp.h"

static struct span crossing_text(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

/* Why the call is not let in; code 0 where it is. `*stamp` is what the other router says of its
 * caller. */
static struct verdict crossing_judge(const struct router *router, const struct peer *peer,
        const struct envelope *call, struct stamp *stamp)
{
    struct verdict verdict = { .executed = EXECUTED_NO, .code = CODE_INVALID_ARGUMENT };
    uint64_t time_us = call->timeout_ms * UINT64_C(1000);

    if (call->status.size != 0 || call->parent != 0 || call->token.size != 0) {
        verdict.text = "a call between nodes carries a status, a parent or a token";
    } else if (call->caller.size == 0 || stamp_read(stamp, call->caller) != ENVELOPE_OK ||
               (stamp->service.size != 0 && !service_name_is_valid(stamp->service)) ||
               (stamp->space.size != 0 && !service_name_is_valid(stamp->space)) ||
               (stamp->user.size != 0 && !access_subject_is_valid(stamp->user)) ||
               stamp->client.size > STAMP_TEXT_MAX) {
        verdict.text = "a call between nodes does not say properly who calls";
    } else if (stamp->hops >= ROUTER_HOPS_MAX) {
        verdict.code = CODE_UNAVAILABLE;
        verdict.text = "the call came over more links than a call may";
    } else if (reserved_has(route_service_name(call->endpoint))) {
        verdict.code = CODE_PERMISSION_DENIED;
        verdict.text = "router, node, registry and link serve their own node alone";
    } else if (time_us != 0 && time_us <= peer->neighbour->transit_us) {
        verdict.code = CODE_DEADLINE_EXCEEDED;
        verdict.text = "the call's time was over when it came here";
    } else if (router->calls.count >= ROUTER_CALLS_MAX - ROUTER_CALLS_KEPT) {
        verdict.code = CODE_RESOURCE_EXHAUSTED;
        verdict.text = "what room the router has left for calls is kept for its own node";
    } else {
        verdict.code = 0;
    }
    return verdict;
}

/* What the code alone does not say. */
static enum cause crossing_cause(enum code code)
{
    if (code == CODE_UNAVAILABLE)
        return CAUSE_TOO_FAR;
    if (code == CODE_PERMISSION_DENIED)
        return CAUSE_NOT_FOR_NODES;
    return code == CODE_RESOURCE_EXHAUSTED ? CAUSE_ROUTER_FULL : CAUSE_NONE;
}

bool crossing_admit(
        struct router *router, struct peer *peer, const struct envelope *call, struct draft *draft)
{
    struct neighbour *neighbour = peer->neighbour;
    struct stamp stamp = { .instance = 0 };
    struct verdict verdict = crossing_judge(router, peer, call, &stamp);

    if (verdict.code != 0) {
        tally_blame(router, crossing_cause(verdict.code));
        say_verdict(router, peer, call->id, &verdict);
        return false;
    }
    draft->transit_us = neighbour->transit_us;
    draft->hops = stamp.hops + 1;
    draft->origin = neighbour->channel;
    draft->from_service = stamp.client.size != 0 ? stamp.client : stamp.service;
    draft->from_instance = stamp.instance;
    draft->from_space = stamp.space;
    draft->caller = stamp_write(&(struct stamp){ .node = crossing_text(neighbour->node),
                                        .owner = crossing_text(neighbour->owner),
                                        .service = stamp.service,
                                        .instance = stamp.instance,
                                        .uid = STAMP_UID_NOBODY,
                                        .client = stamp.client,
                                        .user = stamp.user,
                                        .space = stamp.space,
                                        .hops = draft->hops },
            neighbour->stamp);
    return true;
}

int crossing_step(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    struct envelope turned = *envelope;

    turned.id ^= CALL_ID_ROUTER;
    switch (turned.kind) {
    case ENVELOPE_CALL:
        return route_call(router, peer, &turned);
    case ENVELOPE_RESULT:
        return route_result(router, peer, &turned);
    case ENVELOPE_CANCEL:
        return route_cancel(router, peer, &turned);
    case ENVELOPE_ITEM:
    case ENVELOPE_END:
    case ENVELOPE_CREDIT:
        return stream_step(router, peer, &turned);
    case ENVELOPE_PING:
        say_surely(router, peer, &(struct envelope){ .kind = ENVELOPE_PONG, .id = turned.id });
        return 0;
    case ENVELOPE_PONG:
        parting_pong(peer->neighbour, turned.id);
        return 0;
    case ENVELOPE_DRAIN:
        return parting_heard(router, peer, envelope);
    case ENVELOPE_HELLO: /* a node is no service: what it offers stands in routes */
    case ENVELOPE_READY:
    case ENVELOPE_WELCOME:
    case ENVELOPE_NONE:
    case ENVELOPE_KINDS:
        return err_new(-EPROTO);
    }
    return err_new(-EPROTO);
}
