// SPDX-License-Identifier: Apache-2.0
/* How a channel becomes a service and ceases to be one. This is the slow path: only here and behind
 * the router's own endpoints are bodies unpacked. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "transport/reserved.h"
#include "kernel/router/parting.h"
#include "kernel/router/route.h"
#include "kernel/router/say.h"
#include "kernel/router/tenant.h"
#include "kernel/router/waiting.h"
#include "mu/bus/v1/bus.pb-c.h"
#include "mu/node/v1/node.pb-c.h"
#include "mu/registry/v1/registry.pb-c.h"
#include "mu/schema.h"
#include "transport/stamp.h"

enum { SESSION_TYPES_SIZE = 32 };

static const char *session_service_name(const struct peer *peer)
{
    return peer->service != NULL ? peer->service->name : peer->admitted;
}

static struct span session_text(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

int session_stamp(struct router *router, struct peer *peer)
{
    const char *service = session_service_name(peer);
    const char *client = peer->visitor != NULL ? peer->visitor->client : NULL;
    uint8_t room[STAMP_SIZE_MAX];
    struct span caller =
            stamp_write(&(struct stamp){ .node = session_text(router->node),
                                .service = session_text(client != NULL ? "client" : service),
                                .instance = peer->instance,
                                .uid = client != NULL ? STAMP_UID_NOBODY : peer->uid,
                                .pid = client != NULL ? 0 : peer->pid,
                                .is_operator = peer->is_operator,
                                .space = session_text(peer->space),
                                .client = session_text(client != NULL ? client : "") },
                    room);
    uint8_t *stamp = malloc(caller.size + 1);

    if (stamp == NULL)
        return err_new(-ENOMEM);
    memcpy(stamp, caller.data, caller.size);
    free(peer->stamp);
    peer->stamp = stamp;
    peer->stamp_size = caller.size;
    return 0;
}

/* Packs what the registry is to know of the peer, with `hello`'s metadata, into peer->notice. */
static int session_pack_notice(const struct router *router, struct peer *peer,
        const Mu__Bus__V1__Hello *hello, Mu__Registry__V1__Instance__MetadataEntry *entries,
        Mu__Registry__V1__Instance__MetadataEntry **each)
{
    Mu__Registry__V1__Instance instance = MU__REGISTRY__V1__INSTANCE__INIT;
    Mu__Registry__V1__AttachRequest request = MU__REGISTRY__V1__ATTACH_REQUEST__INIT;

    for (size_t i = 0; i < hello->n_metadata; i++) {
        mu__registry__v1__instance__metadata_entry__init(&entries[i]);
        entries[i].key = hello->metadata[i]->key;
        entries[i].value = hello->metadata[i]->value;
        each[i] = &entries[i];
    }
    instance.instance = peer->instance;
    instance.service = peer->service->name;
    instance.version = hello->version;
    instance.node = (char *)(uintptr_t)router->node;
    instance.pid = peer->pid;
    instance.namespace_ = peer->service->space;
    instance.local = peer->service->space[0] != '\0' && !peer->service->to_network;
    instance.types = hello->types;
    instance.n_metadata = hello->n_metadata;
    instance.metadata = each;
    request.instance = &instance;
    peer->notice = malloc(mu__registry__v1__attach_request__get_packed_size(&request));
    if (peer->notice == NULL)
        return err_new(-ENOMEM);
    peer->notice_size = mu__registry__v1__attach_request__pack(&request, peer->notice);
    snprintf(peer->version, sizeof(peer->version), "%s", hello->version);
    return 0;
}

static int session_write_notice(
        const struct router *router, struct peer *peer, const Mu__Bus__V1__Hello *hello)
{
    CLEANUP(cleanup_free) Mu__Registry__V1__Instance__MetadataEntry *entries =
            calloc(hello->n_metadata + 1, sizeof(*entries));
    CLEANUP(cleanup_free) Mu__Registry__V1__Instance__MetadataEntry **each =
            calloc(hello->n_metadata + 1, sizeof(*each));

    if (entries == NULL || each == NULL)
        return err_new(-ENOMEM);
    return err_trace(session_pack_notice(router, peer, hello, entries, each));
}

/* Why the peer may not be `hello->service`; code 0 where it may. */
static struct verdict session_judge(const struct peer *peer, const Mu__Bus__V1__Hello *hello)
{
    struct span name = { (const uint8_t *)hello->service, strlen(hello->service) };
    struct verdict verdict = { .executed = EXECUTED_NO, .code = CODE_INVALID_ARGUMENT };

    if (peer->state != PEER_CALLER) {
        verdict.text = "this channel said HELLO before";
    } else if (!service_name_is_valid(name)) {
        verdict.text = "a service's name is a lower-case letter, then up to 62 of a-z, 0-9 and -";
    } else if (hello->types.len != 0 && hello->types.len != SESSION_TYPES_SIZE) {
        verdict.text = "`types` is a BLAKE2b-256: 32 bytes";
    } else if (peer->admitted[0] != '\0' && strcmp(peer->admitted, hello->service) != 0) {
        verdict.code = CODE_PERMISSION_DENIED;
        verdict.text = "the supervisor started this process as another service";
    } else if (peer->visitor != NULL) {
        verdict.code = CODE_PERMISSION_DENIED;
        verdict.text = "a client offers no services: for that, run a node and join the network";
    } else if (!peer->supervised && !peer->is_operator) {
        verdict.code = CODE_PERMISSION_DENIED;
        verdict.text = "only the node's owner may offer services on the public socket";
    } else if (!peer->supervised && reserved_has(name)) {
        verdict.code = CODE_PERMISSION_DENIED;
        verdict.text =
                "router, node, registry, link, etcd, auth and client are the node's own names";
    } else {
        verdict.code = 0;
    }
    return verdict;
}

static void session_welcome(struct router *router, struct peer *peer)
{
    Mu__Bus__V1__Welcome welcome = MU__BUS__V1__WELCOME__INIT;
    uint8_t body[ROUTER_NODE_MAX + 64];

    welcome.instance = peer->instance;
    welcome.node = router->node;
    welcome.message_max = BODY_SIZE_MAX;
    welcome.window = STREAM_WINDOW;
    say_surely(router, peer,
            &(struct envelope){ .kind = ENVELOPE_WELCOME,
                    .body = { body, mu__bus__v1__welcome__pack(&welcome, body) } });
}

/* Texts one behind the other, each with its NUL. NULL without memory. */
static char *session_join(char *const *texts, size_t count, size_t *sizep)
{
    size_t size = 0;
    char *joined;
    char *end;

    for (size_t i = 0; i < count; i++)
        size += strlen(texts[i]) + 1;
    joined = malloc(size + 1);
    end = joined;
    for (size_t i = 0; joined != NULL && i < count; i++)
        end = stpcpy(end, texts[i]) + 1;
    *sizep = size;
    return joined;
}

/* Keeps what policies ask of an instance. Returns 0 or -ENOMEM. */
static int session_note(struct peer *peer, const Mu__Bus__V1__Hello *hello)
{
    CLEANUP(cleanup_free) char **labels = calloc(2 * hello->n_metadata + 1, sizeof(*labels));

    if (labels == NULL)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < hello->n_metadata; i++) {
        labels[2 * i] = hello->metadata[i]->key;
        labels[2 * i + 1] = hello->metadata[i]->value;
    }
    free(peer->labels);
    free(peer->idempotent);
    peer->labels = session_join(labels, 2 * hello->n_metadata, &peer->labels_size);
    peer->idempotent = session_join(hello->idempotent, hello->n_idempotent, &peer->idempotent_size);
    return peer->labels != NULL && peer->idempotent != NULL ? 0 : err_new(-ENOMEM);
}

static int session_accept(struct router *router, struct peer *peer, const Mu__Bus__V1__Hello *hello)
{
    struct span name = { (const uint8_t *)hello->service, strlen(hello->service) };
    struct service *service = service_add(&router->services, name);

    if (service == NULL)
        return err_new(-ENOSPC);
    peer->service = service;
    if (peer->supervised)
        tenant_admit(router, service, peer);
    if (peer->instance == 0)
        peer->instance = random_next(&router->random) >> 1 | 1;
    if (hello->calls_max != 0 && hello->calls_max < peer->calls_max)
        peer->calls_max = hello->calls_max;
    if (session_stamp(router, peer) < 0 || session_write_notice(router, peer, hello) < 0 ||
            session_note(peer, hello) < 0) {
        peer->service = NULL;
        return err_new(-ENOMEM);
    }
    peer->state = PEER_HELLO;
    session_welcome(router, peer);
    return 0;
}

static int session_hello(struct router *router, struct peer *peer, struct span body)
{
    static const struct verdict no_room = { CODE_RESOURCE_EXHAUSTED, EXECUTED_NO, 1000,
        "the router has no room for one more service" };
    struct mu_bytes bytes = { body.data, body.size };
    Mu__Bus__V1__Hello *hello;
    struct verdict verdict;

    if (body.size > ROUTER_HELLO_SIZE_MAX ||
            mu_body_check(&mu__bus__v1__hello__descriptor, bytes, NULL) != 0)
        return err_new(-EPROTO);
    hello = mu__bus__v1__hello__unpack(NULL, body.size, body.data);
    if (hello == NULL)
        return err_new(-ENOMEM);
    verdict = session_judge(peer, hello);
    if (verdict.code != 0)
        say_unwelcome(router, peer, &verdict);
    else if (session_accept(router, peer, hello) < 0)
        say_unwelcome(router, peer, &no_room);
    mu__bus__v1__hello__free_unpacked(hello, NULL);
    return 0;
}

/* Tells the supervisor that a process of its takes calls, or does no more. */
static void session_tell_node(struct router *router, const struct peer *peer, bool ready)
{
    Mu__Node__V1__AttachedRequest request = MU__NODE__V1__ATTACHED_REQUEST__INIT;
    uint8_t body[32];

    if (!peer->supervised || peer->internal)
        return;
    request.instance = peer->instance;
    request.ready = ready;
    route_notice(router, "node", "node.Attached",
            (struct span){ body, mu__node__v1__attached_request__pack(&request, body) });
}

/* Tells a registry that has just come who is there. */
static void session_reset_registry(struct router *router)
{
    uint8_t *body = NULL;
    size_t size = 0;
    uint32_t told = 0;

    list_for_each (node, &router->peers) {
        const struct peer *peer = list_entry(node, struct peer, link);

        if (peer->state == PEER_READY && peer->notice != NULL)
            size += peer->notice_size;
    }
    body = malloc(size + 1);
    size = 0;
    list_for_each (node, &router->peers) {
        const struct peer *peer = list_entry(node, struct peer, link);

        /* An AttachRequest and one instance of a ResetRequest are the same bytes: field 1. */
        if (body == NULL || told == ROUTER_RESET_INSTANCES_MAX || peer->state != PEER_READY ||
                peer->notice == NULL)
            continue;
        memcpy(body + size, peer->notice, peer->notice_size);
        size += peer->notice_size;
        told += 1;
    }
    route_notice(router, "registry", "registry.Reset", (struct span){ body, size });
    free(body);
    list_for_each (node, &router->peers) {
        const struct peer *peer = list_entry(node, struct peer, link);

        if (peer->state != PEER_READY || peer->notice == NULL)
            continue;
        if (told > 0)
            told -= 1;
        else
            route_notice(router, "registry", "registry.Attach",
                    (struct span){ peer->notice, peer->notice_size });
    }
}

static int session_ready(struct router *router, struct peer *peer)
{
    if (peer->state != PEER_HELLO)
        return err_new(-EPROTO);
    if (service_join(peer->service, peer) < 0)
        return err_new(-ENOMEM);
    peer->state = PEER_READY;
    session_tell_node(router, peer, true);
    if (strcmp(peer->service->name, "registry") == 0)
        session_reset_registry(router);
    else if (peer->notice != NULL)
        route_notice(router, "registry", "registry.Attach",
                (struct span){ peer->notice, peer->notice_size });
    waiting_serve(router, peer->service);
    return 0;
}

static void session_tell_registry_gone(struct router *router, const struct peer *peer)
{
    Mu__Registry__V1__DetachRequest request = MU__REGISTRY__V1__DETACH_REQUEST__INIT;
    uint8_t body[32];

    request.instance = peer->instance;
    route_notice(router, "registry", "registry.Detach",
            (struct span){ body, mu__registry__v1__detach_request__pack(&request, body) });
}

void session_leave(struct router *router, struct peer *peer)
{
    enum peer_state state = peer->state;

    peer->state = PEER_CALLER;
    if (state == PEER_READY) {
        service_leave(peer->service, peer);
        session_tell_registry_gone(router, peer);
        if (peer->supervised)
            waiting_ask(router, peer->service);
    }
    session_tell_node(router, peer, false);
}

void session_drained(struct router *router, struct peer *peer)
{
    if (peer->state == PEER_DRAINING && peer->calls_taken_count == 0 && !peer->parts)
        say_surely(router, peer, &(struct envelope){ .kind = ENVELOPE_DRAIN });
}

static int session_drain(struct router *router, struct peer *peer)
{
    if (peer->state != PEER_READY && peer->state != PEER_HELLO)
        return err_new(-EPROTO);
    if (peer->state == PEER_READY) {
        service_leave(peer->service, peer);
        session_tell_registry_gone(router, peer);
        if (peer->supervised)
            waiting_ask(router, peer->service);
    }
    peer->state = PEER_DRAINING;
    if (peer->supervised && strcmp(peer->admitted, "link") == 0)
        parting_begin(router, peer);
    else
        session_drained(router, peer);
    return 0;
}

int session_step(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    if (envelope->kind == ENVELOPE_HELLO)
        return session_hello(router, peer, envelope->body);
    if (envelope->kind == ENVELOPE_READY)
        return session_ready(router, peer);
    return session_drain(router, peer);
}
