// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/neighbour.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/router/own.h"
#include "kernel/router/routes.h"
#include "kernel/router/say.h"
#include "mu/router/v1/router.pb-c.h"

bool neighbour_may_link(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    static const struct verdict denied = { CODE_PERMISSION_DENIED, EXECUTED_NO, 0,
        "Link and Routes are for the service that the node runs as `link`" };

    /* Who it is stands in what the supervisor admitted, and not in what it says itself. */
    if (peer->supervised && strcmp(peer->admitted, "link") == 0)
        return true;
    say_verdict(router, peer, envelope->id, &denied);
    return false;
}

/* True for labels of [a-z0-9-] with dots between them. */
static bool neighbour_name_is_valid(const char *name)
{
    size_t size = strlen(name);

    if (size == 0 || size > ROUTER_NODE_NAME_MAX || name[0] == '.' || name[size - 1] == '.')
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == size &&
           strstr(name, "..") == NULL;
}

/* Why there can be no such neighbour; code 0 where there can. */
static struct verdict neighbour_judge(const struct router *router, const struct peer *linker,
        const Mu__Router__V1__LinkRequest *request)
{
    struct verdict verdict = { .executed = EXECUTED_NO, .code = CODE_INVALID_ARGUMENT };

    if (request->client[0] != '\0' ? !neighbour_name_is_valid(request->client)
                                   : !neighbour_name_is_valid(request->node) ||
                                             !neighbour_name_is_valid(request->owner)) {
        verdict.text = "the names of node, owner and client are labels of a-z, 0-9 and -, 64 bytes "
                       "at most";
    } else if (request->node_id.len != NEIGHBOUR_ID_SIZE ||
               request->link_id.len != NEIGHBOUR_ID_SIZE) {
        verdict.text = "the ids of node and link are 32 bytes";
    } else if (linker->state == PEER_DRAINING) {
        verdict.code = CODE_UNAVAILABLE;
        verdict.text = "the link service is about to stop";
    } else if (request->client[0] == '\0' && router->neighbour_count == ROUTER_NODES_MAX) {
        verdict.code = CODE_RESOURCE_EXHAUSTED;
        verdict.text = "the router has as many node channels as it can hold";
    } else if (request->client[0] != '\0' && router->client_count == ROUTER_CLIENTS_MAX) {
        verdict.code = CODE_RESOURCE_EXHAUSTED;
        verdict.text = "the router has as many clients as it can hold";
    } else {
        verdict.code = 0;
    }
    return verdict;
}

bool neighbour_is_client(const struct neighbour *neighbour)
{
    return neighbour->client[0] != '\0';
}

/* Which of the two it is counted in. */
static uint32_t *neighbour_count(struct router *router, const struct neighbour *neighbour)
{
    return neighbour_is_client(neighbour) ? &router->client_count : &router->neighbour_count;
}

static bool neighbour_add(struct router *router, struct peer *linker, uint64_t asked_id,
        const Mu__Router__V1__LinkRequest *request)
{
    struct neighbour *neighbour = calloc(1, sizeof(*neighbour));

    if (neighbour == NULL)
        return false;
    neighbour->linker = linker;
    neighbour->asked_id = asked_id;
    neighbour->asked_us = router->now_us;
    neighbour->channel = ++router->last_channel;
    memcpy(neighbour->node_id, request->node_id.data, NEIGHBOUR_ID_SIZE);
    memcpy(neighbour->link_id, request->link_id.data, NEIGHBOUR_ID_SIZE);
    snprintf(neighbour->node, sizeof(neighbour->node), "%s", request->node);
    snprintf(neighbour->owner, sizeof(neighbour->owner), "%s", request->owner);
    snprintf(neighbour->client, sizeof(neighbour->client), "%s", request->client);
    list_push(&router->neighbours, &neighbour->link);
    *neighbour_count(router, neighbour) += 1;
    router->sockets_due = true;
    return true;
}

void neighbour_link(struct router *router, struct peer *linker, const struct envelope *envelope)
{
    Mu__Router__V1__LinkRequest *request;
    struct verdict verdict;

    if (!neighbour_may_link(router, linker, envelope))
        return;
    request = own_unpack(router, linker, envelope, &mu__router__v1__link_request__descriptor);
    if (request == NULL)
        return;
    verdict = neighbour_judge(router, linker, request);
    if (verdict.code == 0 && !neighbour_add(router, linker, envelope->id, request)) {
        verdict.code = CODE_RESOURCE_EXHAUSTED;
        verdict.text = "no memory is left";
    }
    if (verdict.code != 0)
        say_verdict(router, linker, envelope->id, &verdict);
    mu__router__v1__link_request__free_unpacked(request, NULL);
}

struct neighbour *neighbour_find(const struct router *router, uint64_t channel)
{
    list_for_each (node, &router->neighbours) {
        struct neighbour *neighbour = list_entry(node, struct neighbour, link);

        if (neighbour->channel == channel)
            return neighbour;
    }
    return NULL;
}

struct neighbour *neighbour_next_asked(struct router *router)
{
    list_for_each (node, &router->neighbours) {
        struct neighbour *neighbour = list_entry(node, struct neighbour, link);

        if (neighbour->state == NEIGHBOUR_ASKED) {
            neighbour->state = NEIGHBOUR_OPENING;
            return neighbour;
        }
    }
    return NULL;
}

static void neighbour_free(struct router *router, struct neighbour *neighbour)
{
    parting_end(router, neighbour); /* where it has no routes any more */
    list_remove(&neighbour->link);
    *neighbour_count(router, neighbour) -= 1;
    router->sockets_due = true;
    free(neighbour->services);
    free(neighbour);
}

/* Link was answered, with `verdict` or OK; it came as its own call long before. */
static void neighbour_note(
        struct router *router, const struct neighbour *neighbour, const struct verdict *verdict)
{
    static const uint8_t endpoint[] = "router.Link";
    const struct envelope call = { .kind = ENVELOPE_CALL,
        .id = neighbour->asked_id,
        .endpoint = { endpoint, sizeof(endpoint) - 1 } };

    tally_answered_late(router, neighbour->linker, &call, neighbour->asked_us, verdict);
}

void neighbour_opened(struct router *router, uint64_t channel, const char *path, int r)
{
    Mu__Router__V1__LinkReply reply = MU__ROUTER__V1__LINK_REPLY__INIT;
    struct neighbour *neighbour = neighbour_find(router, channel);
    char text[128];
    const struct verdict failed = { CODE_UNAVAILABLE, EXECUTED_NO, 0, text };

    if (neighbour == NULL || neighbour->linker == NULL)
        return;
    if (r == 0) {
        neighbour->state = NEIGHBOUR_OPEN;
        neighbour_note(router, neighbour, NULL);
        reply.path = (char *)(uintptr_t)path;
        reply.channel = channel;
        own_reply(router, neighbour->linker, neighbour->asked_id, &reply.base);
        return;
    }
    snprintf(text, sizeof(text), "no socket for the node channel: %s", strerror(-r));
    neighbour_note(router, neighbour, &failed);
    say_verdict(router, neighbour->linker, neighbour->asked_id, &failed);
    neighbour_free(router, neighbour);
}

bool neighbour_attach(struct router *router, struct peer *peer, uint64_t channel)
{
    struct neighbour *neighbour = neighbour_find(router, channel);

    if (neighbour == NULL || neighbour->linker == NULL || neighbour->peer != NULL)
        return false;
    neighbour->peer = peer;
    if (neighbour_is_client(neighbour)) {
        peer->visitor = neighbour;
        return true;
    }
    peer->neighbour = neighbour;
    peer->calls_max = ROUTER_NODE_CALLS_MAX;
    peer->calls_made_max = ROUTER_NODE_CALLS_MAX;
    return true;
}

/* Its linker is gone: nothing more goes there, and the channel is closed where there is one. */
static void neighbour_forsake(struct router *router, struct neighbour *neighbour)
{
    static const struct verdict gone = { CODE_CANCELLED, EXECUTED_NO, 0, "the caller is gone" };

    if (neighbour->state != NEIGHBOUR_OPEN)
        neighbour_note(router, neighbour, &gone);
    neighbour->linker = NULL;
    parting_end(router, neighbour);
    routes_withdraw(router, neighbour);
    if (neighbour->peer != NULL)
        say_doom(router, neighbour->peer);
    else
        neighbour_free(router, neighbour);
}

void neighbour_detach(struct router *router, struct peer *peer)
{
    parting_forget(router, peer);
    if (peer->neighbour != NULL) {
        parting_end(router, peer->neighbour);
        routes_withdraw(router, peer->neighbour);
        neighbour_free(router, peer->neighbour);
        peer->neighbour = NULL;
        return;
    }
    if (peer->visitor != NULL) {
        neighbour_free(router, peer->visitor);
        peer->visitor = NULL;
        return;
    }
    list_for_each_safe (node, &router->neighbours) {
        struct neighbour *neighbour = list_entry(node, struct neighbour, link);

        if (neighbour->linker == peer)
            neighbour_forsake(router, neighbour);
    }
}
