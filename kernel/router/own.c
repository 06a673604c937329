// SPDX-License-Identifier: Apache-2.0
/* The endpoints of the router itself, but for Admit, Dismiss, Drain and Open: those open and close
 * sockets, so the shell takes them off the supervisor's channel before they come here. */
#include "kernel/router/own.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/router/authority.h"
#include "kernel/router/explain.h"
#include "kernel/router/grant.h"
#include "kernel/router/policy.h"
#include "kernel/router/present.h"
#include "kernel/router/report.h"
#include "kernel/router/routes.h"
#include "kernel/router/say.h"
#include "kernel/router/waiting.h"
#include "mu/debug/v1/debug.pb-c.h"
#include "mu/router/v1/router.pb-c.h"
#include "mu/schema.h"

static bool own_is(struct span endpoint, const char *name)
{
    return endpoint.size == strlen(name) && memcmp(endpoint.data, name, endpoint.size) == 0;
}

void own_reply(struct router *router, struct peer *peer, uint64_t id, const ProtobufCMessage *reply)
{
    size_t size = protobuf_c_message_get_packed_size(reply);
    uint8_t *body = size <= BODY_SIZE_MAX ? malloc(size + 1) : NULL;

    if (body == NULL) {
        say_verdict(router, peer, id,
                &(struct verdict){
                        CODE_RESOURCE_EXHAUSTED, EXECUTED_YES, 0, "the reply is too large" });
        return;
    }
    protobuf_c_message_pack(reply, body);
    tally_replied(router, peer, id, size);
    say_surely(router, peer,
            &(struct envelope){ .kind = ENVELOPE_RESULT, .id = id, .body = { body, size } });
    free(body);
}

void *own_unpack(struct router *router, struct peer *peer, const struct envelope *envelope,
        const ProtobufCMessageDescriptor *type)
{
    static const struct verdict bad = { CODE_INVALID_ARGUMENT, EXECUTED_NO, 0,
        "the body is no message of the endpoint's type" };
    struct mu_bytes bytes = { envelope->body.data, envelope->body.size };
    void *message = NULL;

    if (mu_body_check(type, bytes, NULL) == 0)
        message = protobuf_c_message_unpack(type, NULL, bytes.size, bytes.data);
    if (message == NULL)
        say_verdict(router, peer, envelope->id, &bad);
    return message;
}

static void own_describe(const struct peer *peer, Mu__Router__V1__InstanceStats *stats)
{
    mu__router__v1__instance_stats__init(stats);
    stats->instance = peer->instance;
    stats->service = peer->service->name;
    stats->version = (char *)(uintptr_t)peer->version;
    stats->calls_open = peer->calls_taken_count;
    stats->calls = peer->calls;
    stats->latency_us = peer->latency_us;
    stats->queued_bytes = (uint32_t)outbox_queued(&peer->out);
}

static void own_describe_node(struct neighbour *neighbour, Mu__Router__V1__NodeStats *stats)
{
    const struct peer *peer = neighbour->peer;

    mu__router__v1__node_stats__init(stats);
    stats->channel = neighbour->channel;
    stats->node = neighbour->node;
    stats->owner = neighbour->owner;
    stats->link_id = (ProtobufCBinaryData){ NEIGHBOUR_ID_SIZE, neighbour->link_id };
    stats->routes = neighbour->service_count;
    stats->transit_us = neighbour->transit_us;
    stats->connected = peer != NULL;
    if (peer == NULL)
        return;
    stats->calls_open = peer->calls_taken_count;
    stats->calls = peer->calls;
    stats->calls_taken_open = peer->calls_made_count;
    stats->latency_us = peer->latency_us;
    stats->queued_bytes = (uint32_t)outbox_queued(&peer->out);
}

static void own_stats(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    Mu__Router__V1__StatsReply reply = MU__ROUTER__V1__STATS_REPLY__INIT;
    Mu__Router__V1__InstanceStats *stats = calloc(router->peer_count + 1, sizeof(*stats));
    Mu__Router__V1__InstanceStats **each = calloc(router->peer_count + 1, sizeof(*each));
    Mu__Router__V1__NodeStats *nodes = calloc(router->neighbour_count + 1, sizeof(*nodes));
    Mu__Router__V1__NodeStats **each_node = calloc(router->neighbour_count + 1, sizeof(*each_node));

    reply.calls = router->stats.calls;
    reply.calls_failed = router->stats.calls_failed;
    reply.calls_refused = router->stats.calls_refused;
    reply.results_late = router->stats.results_late;
    reply.items = router->stats.items;
    reply.bytes_in = router->stats.bytes_in;
    reply.bytes_out = router->stats.bytes_out;
    reply.calls_open = router->calls.count;
    reply.channels_open = router->peer_count;
    reply.channels_slow = router->stats.peers_slow;
    reply.channels_throttled = router->stats.throttles;
    reply.calls_denied = router->stats.calls_denied;
    reply.channels_refused = router->stats.peers_refused;
    reply.instances = each;
    reply.nodes = each_node;
    reply.clients = router->client_count;
    list_for_each (node, &router->peers) {
        const struct peer *other = list_entry(node, struct peer, link);

        if (stats == NULL || each == NULL || other->service == NULL)
            continue;
        own_describe(other, &stats[reply.n_instances]);
        each[reply.n_instances] = &stats[reply.n_instances];
        reply.n_instances += 1;
    }
    list_for_each (node, &router->neighbours) {
        struct neighbour *neighbour = list_entry(node, struct neighbour, link);

        if (nodes == NULL || each_node == NULL || neighbour_is_client(neighbour))
            continue;
        own_describe_node(neighbour, &nodes[reply.n_nodes]);
        each_node[reply.n_nodes] = &nodes[reply.n_nodes];
        reply.n_nodes += 1;
    }
    own_reply(router, peer, envelope->id, &reply.base);
    free(stats);
    free(each);
    free(nodes);
    free(each_node);
}

static void own_health(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    Mu__Debug__V1__HealthReply health = MU__DEBUG__V1__HEALTH_REPLY__INIT;

    health.ok = true;
    health.up_ms = (router->now_us - router->started_us) / 1000;
    own_reply(router, peer, envelope->id, &health.base);
}

int own_call(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    static const struct {
        const char *name;
        void (*serve)(struct router *, struct peer *, const struct envelope *);
    } endpoints[] = {
        { "router.Stats", own_stats },
        { "router.Meter", report_meter },
        { "router.Calls", report_calls },
        { "router.mu.Health", own_health },
        { "router.Link", neighbour_link },
        { "router.Routes", routes_replace },
        { "router.Grant", grant_pass_on },
        { "router.Revoke", grant_take_back },
        { "router.Caps", grant_list },
        { "router.Grants", grant_replace },
        { "router.Policies", policies_replace },
        { "router.Explain", explain_answer },
        { "router.Expect", waiting_expect },
        { "router.Present", present_token },
        { "router.Keys", authority_set_keys },
        { "router.Rules", authority_set_rules },
    };
    static const struct verdict supervisors = { CODE_PERMISSION_DENIED, EXECUTED_NO, 0,
        "Admit, Dismiss, Drain and Open are the supervisor's" };
    static const struct verdict unknown = { CODE_UNIMPLEMENTED, EXECUTED_NO, 0,
        "the router has Present, Grant, Revoke, Caps, Explain, Stats, Meter, Calls, Link, Routes, "
        "Keys, Rules "
        "and "
        "mu.Health" };

    for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
        if (own_is(envelope->endpoint, endpoints[i].name)) {
            endpoints[i].serve(router, peer, envelope);
            return 0;
        }
    }
    if (own_is(envelope->endpoint, "router.Admit") ||
            own_is(envelope->endpoint, "router.Dismiss") ||
            own_is(envelope->endpoint, "router.Drain") || own_is(envelope->endpoint, "router.Open"))
        say_verdict(router, peer, envelope->id, &supervisors);
    else
        say_verdict(router, peer, envelope->id, &unknown);
    return 0;
}
