// SPDX-License-Identifier: Apache-2.0
/* A service keeps the routes to it, so that a call finds them all in one place; a neighbour keeps
 * the indexes of the services that it is a way to, so that its end takes no search. */
#include "kernel/router/routes.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/router/own.h"
#include "kernel/router/parting.h"
#include "transport/reserved.h"
#include "kernel/router/say.h"
#include "kernel/router/waiting.h"
#include "mu/router/v1/router.pb-c.h"

void routes_withdraw(struct router *router, struct neighbour *neighbour)
{
    for (uint32_t i = 0; i < neighbour->service_count; i++)
        service_drop_route(
                &router->services, &router->services.services[neighbour->services[i]], neighbour);
    neighbour->service_count = 0;
}

/* NULL where all routes can be taken, else what is wrong with one of them. */
static const char *routes_find_fault(const Mu__Router__V1__RoutesRequest *request)
{
    if (request->transit_us > ROUTER_TRANSIT_MAX_US)
        return "the time in transit is over the limit";
    if (request->await_ms > ROUTER_AWAY_MAX_MS)
        return "what is gone cannot be waited for as long";
    if (request->n_routes > ROUTER_ROUTES_MAX)
        return "more routes than one node channel may have";
    for (size_t i = 0; i < request->n_routes; i++) {
        const Mu__Router__V1__Route *route = request->routes[i];
        struct span name = { (const uint8_t *)route->service, strlen(route->service) };

        if (!service_name_is_valid(name))
            return "a route's service is a lower-case letter, then up to 62 of a-z, 0-9 and -";
        if (reserved_has(name))
            return "router, node, registry and link are reached on their own node alone";
        if (route->hops == 0 || route->hops > ROUTER_HOPS_MAX)
            return "a route has 1 to 3 hops";
    }
    return NULL;
}

/* Adds one route. False where there is no room for it. */
static bool routes_add(
        struct router *router, struct neighbour *neighbour, const Mu__Router__V1__Route *wanted)
{
    struct span name = { (const uint8_t *)wanted->service, strlen(wanted->service) };
    struct route route = { .via = neighbour, .metric_us = wanted->metric_us, .hops = wanted->hops };
    struct service *service = service_learn(&router->services, name);
    uint32_t before;

    if (service == NULL)
        return false;
    before = service->route_count;
    if (service_add_route(service, &route) < 0)
        return false;
    if (service->route_count > before)
        neighbour->services[neighbour->service_count++] =
                (uint32_t)(service - router->services.services);
    return true;
}

/* What was reached through the neighbour, and is no more in a moment, may be back soon: somebody
 * farther away restarts. */
static void routes_await(
        struct router *router, const struct neighbour *neighbour, uint32_t await_ms)
{
    uint64_t until_us = router->now_us + UINT64_C(1000) * await_ms;

    for (uint32_t i = 0; i < neighbour->service_count && await_ms != 0; i++)
        waiting_await(router, &router->services.services[neighbour->services[i]], until_us);
}

/* Takes the place of all routes through the neighbour, in one step. False without memory: then they
 * are as they were. */
static bool routes_set(struct router *router, struct neighbour *neighbour,
        const Mu__Router__V1__RoutesRequest *request, uint32_t *left_outp)
{
    uint32_t *services = calloc(request->n_routes + 1, sizeof(*services));

    if (services == NULL)
        return false;
    routes_await(router, neighbour, request->await_ms);
    routes_withdraw(router, neighbour);
    free(neighbour->services);
    neighbour->services = services;
    neighbour->transit_us = request->transit_us;
    if (!neighbour->parting.leaves)
        neighbour->parting.known = request->drains;
    for (size_t i = 0; i < request->n_routes; i++)
        *left_outp += routes_add(router, neighbour, request->routes[i]) ? 0 : 1;
    parting_routes(router, neighbour);
    return true;
}

void routes_replace(struct router *router, struct peer *linker, const struct envelope *envelope)
{
    Mu__Router__V1__RoutesReply reply = MU__ROUTER__V1__ROUTES_REPLY__INIT;
    struct verdict verdict = { .executed = EXECUTED_NO };
    Mu__Router__V1__RoutesRequest *request;
    struct neighbour *neighbour;

    if (!neighbour_may_link(router, linker, envelope))
        return;
    request = own_unpack(router, linker, envelope, &mu__router__v1__routes_request__descriptor);
    if (request == NULL)
        return;
    neighbour = neighbour_find(router, request->channel);
    verdict.text = routes_find_fault(request);
    if (verdict.text != NULL) {
        verdict.code = CODE_INVALID_ARGUMENT;
    } else if (neighbour == NULL || neighbour_is_client(neighbour) || neighbour->linker != linker) {
        verdict.code = CODE_NOT_FOUND;
        verdict.text = "the caller has no such node channel";
    } else if (!routes_set(router, neighbour, request, &reply.left_out)) {
        verdict.code = CODE_RESOURCE_EXHAUSTED;
        verdict.text = "no memory is left";
    }
    if (verdict.code != 0)
        say_verdict(router, linker, envelope->id, &verdict);
    else
        own_reply(router, linker, envelope->id, &reply.base);
    mu__router__v1__routes_request__free_unpacked(request, NULL);
}

static bool routes_is_allowed(const struct route *route, const struct routes_bounds *bounds)
{
    const struct neighbour *from = bounds->from->neighbour;
    const struct peer *peer = route->via->peer;

    /* Its node, not its channel: while a link replaces another there are two to the same node. */
    return peer != NULL && !peer->doomed && route->hops <= bounds->hops_max &&
           (!route->via->parting.shut || bounds->follows) &&
           (bounds->only == NULL ||
                   memcmp(bounds->only, route->via->node_id, NEIGHBOUR_ID_SIZE) == 0) &&
           (from == NULL || memcmp(from->node_id, route->via->node_id, NEIGHBOUR_ID_SIZE) != 0);
}

static uint64_t routes_load(const struct route *route)
{
    return (uint64_t)(route->via->peer->calls_taken_count + 1) *
           ((uint64_t)route->metric_us + route->via->peer->latency_us + 1);
}

/* By which routes are preferred, the least first: near ones, and those of a silent node behind all
 * others. */
static uint32_t routes_distance(const struct route *route)
{
    return route->hops + (route->via->peer->silent ? ROUTER_HOPS_MAX : 0);
}

/* True for a route of that distance that can take the call now. */
static bool routes_is_candidate(
        const struct route *route, const struct routes_bounds *bounds, uint32_t distance)
{
    return routes_is_allowed(route, bounds) && routes_distance(route) == distance &&
           service_peer_has_room(route->via->peer, bounds->from, bounds->size);
}

/* The candidate number `place`, which exists. */
static const struct route *routes_candidate(const struct service *service,
        const struct routes_bounds *bounds, uint32_t distance, uint32_t place)
{
    const struct route *route = service->routes;

    for (;; route++) {
        if (routes_is_candidate(route, bounds, distance) && place-- == 0)
            return route;
    }
}

enum routes_outcome routes_pick(const struct service *service, const struct routes_bounds *bounds,
        struct random *random, struct peer **calleep)
{
    enum routes_outcome outcome = ROUTES_NONE;
    uint32_t distance = UINT32_MAX;
    uint32_t count = 0;
    const struct route *first;
    const struct route *second;
    uint32_t start;

    for (uint32_t i = 0; i < service->route_count; i++) {
        const struct route *route = &service->routes[i];

        if (!routes_is_allowed(route, bounds))
            continue;
        outcome = outcome == ROUTES_NONE ? ROUTES_FULL : outcome;
        if (routes_distance(route) > distance ||
                !service_peer_has_room(route->via->peer, bounds->from, bounds->size))
            continue;
        outcome = ROUTES_FOUND;
        count = routes_distance(route) < distance ? 1 : count + 1;
        distance = routes_distance(route);
    }
    if (outcome != ROUTES_FOUND)
        return outcome;
    start = random_below(random, count);
    first = routes_candidate(service, bounds, distance, start);
    second = count == 1 ? first
                        : routes_candidate(service, bounds, distance,
                                  (start + 1 + random_below(random, count - 1)) % count);
    if (routes_load(second) < routes_load(first)) {
        const struct route *other = first;

        first = second;
        second = other;
    }
    if (second != first)
        service_peer_pass_over(second->via->peer);
    *calleep = first->via->peer;
    return ROUTES_FOUND;
}
