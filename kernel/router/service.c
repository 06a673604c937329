// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "kernel/router/claim.h"
#include "kernel/router/limits.h"

enum {
    SERVICE_NAMES = ROUTER_SERVICES_MAX + ROUTER_NAMES_LEARNED_MAX,
    SERVICE_BUCKETS = 2 * SERVICE_NAMES
};

int service_table_init(struct service_table *table)
{
    *table = (struct service_table){ 0 };
    list_init(&table->idle);
    table->services = calloc(SERVICE_NAMES, sizeof(*table->services));
    table->buckets = calloc(SERVICE_BUCKETS, sizeof(*table->buckets));
    if (table->services == NULL || table->buckets == NULL) {
        service_table_deinit(table);
        return err_new(-ENOMEM);
    }
    return 0;
}

void service_table_deinit(struct service_table *table)
{
    for (uint32_t i = 0; table->services != NULL && i < table->count; i++) {
        free(table->services[i].ready);
        free(table->services[i].routes);
    }
    free(table->services);
    free(table->buckets);
    *table = (struct service_table){ 0 };
}

/* FNV-1a (Fowler, Noll, Vo): names are short, nobody but an operator adds local ones, and of those
 * that other nodes pick few are let into one bucket. */
static uint32_t service_hash(struct span name)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < name.size; i++)
        hash = (hash ^ name.data[i]) * 16777619u;
    return hash % SERVICE_BUCKETS;
}

struct service *service_find(const struct service_table *table, struct span name)
{
    uint32_t next = table->buckets[service_hash(name)];

    while (next != 0) {
        struct service *service = &table->services[next - 1];

        if (memcmp(service->name, name.data, name.size) == 0 && service->name[name.size] == '\0')
            return service;
        next = service->next;
    }
    return NULL;
}

struct service *service_add(struct service_table *table, struct span name)
{
    struct service *service = service_find(table, name);
    uint32_t *bucket = &table->buckets[service_hash(name)];

    if (service != NULL && service->local)
        return service;
    if (table->local_count == ROUTER_SERVICES_MAX)
        return NULL;
    if (service == NULL) {
        service = &table->services[table->count++];
        memcpy(service->name, name.data, name.size);
        list_init(&service->idle);
        list_init(&service->waiters);
        service->next = *bucket;
        *bucket = table->count;
    }
    list_remove(&service->idle);
    service->local = true;
    table->local_count += 1;
    return service;
}

/* Takes the service out of its bucket. */
static void service_unchain(struct service_table *table, const struct service *service)
{
    struct span name = { (const uint8_t *)service->name, strlen(service->name) };
    uint32_t *next = &table->buckets[service_hash(name)];

    while (&table->services[*next - 1] != service)
        next = &table->services[*next - 1].next;
    *next = service->next;
}

/* Of names that nobody waits for; NULL where there is none. */
static struct service *service_longest_idle(const struct service_table *table)
{
    list_for_each (link, &table->idle) {
        struct service *service = list_entry(link, struct service, idle);

        if (list_is_empty(&service->waiters))
            return service;
    }
    return NULL;
}

/* A place for one more learned name, in no bucket; NULL where there is none. */
static struct service *service_take_place(struct service_table *table)
{
    struct service *service;

    if (table->count - table->local_count < ROUTER_NAMES_LEARNED_MAX) {
        service = &table->services[table->count++];
        list_init(&service->idle);
        list_init(&service->waiters);
        return service;
    }
    service = service_longest_idle(table);
    if (service == NULL)
        return NULL;
    list_remove(&service->idle);
    service_unchain(table, service);
    memset(service->name, 0, sizeof(service->name));
    service->awaited_us = 0;
    return service;
}

struct service *service_learn(struct service_table *table, struct span name)
{
    struct service *service = service_find(table, name);
    uint32_t *last = &table->buckets[service_hash(name)];
    uint32_t chained = 0;

    if (service != NULL)
        return service;
    for (; *last != 0; last = &table->services[*last - 1].next)
        chained += 1;
    if (chained >= ROUTER_NAMES_CHAINED_MAX)
        return NULL;
    service = service_take_place(table);
    if (service == NULL)
        return NULL;
    memcpy(service->name, name.data, name.size);
    service->next = 0;
    /* Behind the others, so that it slows none of them; the place may have been in this chain. */
    for (last = &table->buckets[service_hash(name)]; *last != 0;)
        last = &table->services[*last - 1].next;
    *last = (uint32_t)(service - table->services) + 1;
    list_push(&table->idle, &service->idle);
    return service;
}

/* The route through `via`; NULL where there is none. */
static struct route *service_find_route(const struct service *service, const struct neighbour *via)
{
    for (uint32_t i = 0; i < service->route_count; i++) {
        if (service->routes[i].via == via)
            return &service->routes[i];
    }
    return NULL;
}

int service_add_route(struct service *service, const struct route *route)
{
    struct route *same = service_find_route(service, route->via);

    if (same != NULL) {
        if (route->hops < same->hops ||
                (route->hops == same->hops && route->metric_us < same->metric_us))
            *same = *route;
        return 0;
    }
    if (service->route_count == service->route_room) {
        uint32_t room = service->route_room != 0 ? 2 * service->route_room : 2;
        struct route *routes = realloc(service->routes, room * sizeof(*routes));

        if (routes == NULL)
            return err_new(-ENOMEM);
        service->routes = routes;
        service->route_room = room;
    }
    service->routes[service->route_count++] = *route;
    list_remove(&service->idle);
    return 0;
}

void service_drop_route(
        struct service_table *table, struct service *service, const struct neighbour *via)
{
    struct route *route = service_find_route(service, via);

    if (route == NULL)
        return;
    service->route_count -= 1;
    *route = service->routes[service->route_count];
    if (service->route_count == 0 && !service->local)
        list_push(&table->idle, &service->idle);
}

int service_join(struct service *service, struct peer *peer)
{
    if (service->ready_count == service->ready_room) {
        uint32_t room = service->ready_room != 0 ? 2 * service->ready_room : 4;
        struct peer **ready = realloc(service->ready, room * sizeof(struct peer *));

        if (ready == NULL)
            return err_new(-ENOMEM);
        service->ready = ready;
        service->ready_room = room;
    }
    peer->place = service->ready_count;
    service->ready[service->ready_count++] = peer;
    return 0;
}

void service_leave(struct service *service, struct peer *peer)
{
    if (peer->place >= service->ready_count || service->ready[peer->place] != peer)
        return;
    service->ready_count -= 1;
    service->ready[peer->place] = service->ready[service->ready_count];
    service->ready[peer->place]->place = peer->place;
    peer->place = UINT32_MAX;
}

bool service_peer_has_room(const struct peer *peer, const struct peer *caller, size_t size)
{
    return peer->calls_taken_count < peer->calls_max && claim_may_wait(caller, peer, size) &&
           claim_may_grow(caller, peer);
}

static uint64_t service_load(const struct peer *peer)
{
    return (uint64_t)(peer->calls_taken_count + 1) * (peer->latency_us + 1);
}

enum { SERVICE_FORGET = 64 }; /* the part of a latency that goes when another is taken */

void service_peer_pass_over(struct peer *peer)
{
    peer->latency_us -= peer->latency_us / SERVICE_FORGET;
}

void service_peer_measure(struct peer *peer, uint64_t taken_us)
{
    int64_t sample = taken_us < UINT32_MAX / 2 ? (int64_t)taken_us : UINT32_MAX / 2;

    peer->latency_us = (uint32_t)(peer->latency_us + (sample - peer->latency_us) / 8);
}

static bool service_peer_takes(
        const struct peer *peer, const struct peer *caller, size_t size, bool silent)
{
    return peer->silent == silent && service_peer_has_room(peer, caller, size);
}

struct peer *service_pick(const struct service *service, const struct peer *caller, size_t size,
        struct random *random)
{
    uint32_t count = service->ready_count;
    struct peer *first;
    struct peer *second;
    uint32_t start;

    if (count == 1)
        return service_peer_has_room(service->ready[0], caller, size) ? service->ready[0] : NULL;
    if (count == 0)
        return NULL;
    start = random_below(random, count);
    first = service->ready[start];
    second = service->ready[(start + 1 + random_below(random, count - 1)) % count];
    if (service_load(second) < service_load(first)) {
        struct peer *other = first;

        first = second;
        second = other;
    }
    service_peer_pass_over(second);
    for (int silent = 0; silent <= 1; silent++) {
        if (service_peer_takes(first, caller, size, silent))
            return first;
        if (service_peer_takes(second, caller, size, silent))
            return second;
        for (uint32_t i = 0; i < count; i++) {
            if (service_peer_takes(service->ready[(start + i) % count], caller, size, silent))
                return service->ready[(start + i) % count];
        }
    }
    return NULL;
}
