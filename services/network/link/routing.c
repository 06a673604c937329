// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/routing.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "mu/router/v1/router.pb-c.h"
#include "services/network/link/peers.h"
#include "transport/secure/address.h"

enum {
    AGAIN_MS = 200,        /* before the router and the registry are told again */
    COST_MS = 1000,        /* between two looks at what links cost */
    COST_FIRST_MS = 500,   /* the same, while that of one is not known yet */
    TRANSIT_STEP_US = 500, /* a smaller change is not told to the router */
    ROTATION_LOOK_MS = 200 /* between two looks at links that others take over from */
};

/* ---- what routes ask ---- */

static void sign(void *context, struct span body, uint8_t signature[SIGNATURE_SIZE])
{
    struct mesh *mesh = context;

    advert_sign(&mesh->seat.membership.key, body, signature);
}

static bool believe(
        void *context, const struct advert *advert, struct identity *identity, uint64_t *valid_msp)
{
    struct mesh *mesh = context;
    uint64_t now_s = mesh_now_s();

    if (!advert_believe(&mesh->seat.trust, advert, now_s, identity) ||
            public_key_equal(&identity->key, &mesh->former))
        return false;
    *valid_msp = (identity->until_s + CLOCK_TOLERANCE_S - now_s) * 1000;
    return true;
}

static bool knows(void *context, struct span types)
{
    struct mesh *mesh = context;

    return offers_know_types(&mesh->offers, types) || imports_know(&mesh->imports, types);
}

/* ---- what routes want ---- */

static void tell_again(struct mesh *mesh, const struct inbox_item *item)
{
    (void)item;
    mesh->again_ms = clock_ms() + AGAIN_MS;
}

void routing_refused(struct mesh *mesh, const struct mu_result *result)
{
    struct inbox_item *item;

    if (result->status.code == MU_CANCELLED) /* this process ends */
        return;
    log_debug("what other nodes offer is not taken: %s", result->status.message);
    item = inbox_item_new(INBOX_REPLY, (struct span){ 0 });
    if (item == NULL)
        return;
    item->reply = tell_again;
    if (inbox_put(&mesh->inbox, item) != INBOX_OK)
        free(item);
}

/* A channel that the router does not know is one whose link has just ended. */
static void on_routes(struct mu_result *result, void *user)
{
    if (result->status.code != MU_OK && result->status.code != MU_NOT_FOUND)
        routing_refused(user, result);
}

static void tell_router(struct mesh *mesh, struct linked_node *node)
{
    Mu__Router__V1__RoutesRequest *request = node->table;
    CLEANUP(cleanup_free) uint8_t *bytes = NULL;
    size_t size;

    if (node->channel == 0 || request == NULL)
        return;
    request->channel = node->channel;
    request->transit_us = node->round_trip_us / 2;
    request->drains = node->drains;
    request->await_ms = departures_left_ms(&mesh->departures, clock_ms());
    node->told_round_trip_us = node->round_trip_us;
    size = mu__router__v1__routes_request__get_packed_size(request);
    bytes = malloc(size + 1);
    if (bytes == NULL)
        return;
    mu__router__v1__routes_request__pack(request, bytes);
    mu_call_async(
            mesh->client, "router.Routes", (struct mu_bytes){ bytes, size }, NULL, on_routes, mesh);
}

/* The table is kept until the next one, for the channel may open later. */
static void take_table(struct mesh *mesh, const struct routes_effect *effect)
{
    struct linked_node *node = linked_find_key(&mesh->linked, &effect->node);
    Mu__Router__V1__RoutesRequest *table;

    if (node == NULL || node->emptied)
        return;
    table = calloc(1, sizeof(*table));
    if (table == NULL)
        return;
    mu__router__v1__routes_request__init(table);
    table->routes = calloc(effect->count + 1, sizeof(*table->routes));
    for (uint32_t i = 0; i < effect->count && table->routes != NULL; i++) {
        const struct route *route = &effect->routes[i];
        Mu__Router__V1__Route *made = calloc(1, sizeof(*made));

        if (made == NULL)
            break;
        mu__router__v1__route__init(made);
        made->service = strndup((const char *)route->service.data, route->service.size);
        made->hops = route->hops;
        made->metric_us = route->metric_us;
        table->routes[table->n_routes++] = made;
    }
    linked_set_table(node, table);
    tell_router(mesh, node);
}

static void send_to(struct mesh *mesh, const struct routes_effect *effect)
{
    const struct linked_node *node = linked_find_key(&mesh->linked, &effect->node);

    if (node == NULL)
        return;
    links_lock(mesh->links);
    links_send(mesh->links, node->number, effect->message);
    links_unlock(mesh->links);
}

/* Nodes that adverts tell of can be dialled, too. */
static void note_where(struct mesh *mesh, const struct node *node)
{
    struct fields fields = node_offers(node);
    char texts[ADVERT_ADDRESSES_MAX][ADVERT_ADDRESS_MAX + 1];
    char *addresses[ADVERT_ADDRESSES_MAX];
    struct span address;
    size_t count = 0;

    while (count < ADVERT_ADDRESSES_MAX && advert_next_address(&fields, &address)) {
        if (!address_is_valid(address) || address.size > ADVERT_ADDRESS_MAX)
            continue;
        memcpy(texts[count], address.data, address.size);
        texts[count][address.size] = '\0';
        addresses[count] = texts[count];
        count += 1;
    }
    seeker_know(&mesh->seeker, &node->id, addresses, count);
}

static void run(struct mesh *mesh)
{
    struct routes_effect effect;

    while (routes_next(mesh->routes, &effect, clock_ms())) {
        switch (effect.kind) {
        case ROUTES_TABLE:
            take_table(mesh, &effect);
            break;
        case ROUTES_IMPORT:
            imports_tell(mesh, &effect.node, effect.import);
            if (effect.import != NULL)
                note_where(mesh, effect.import);
            break;
        case ROUTES_SEND:
            send_to(mesh, &effect);
            break;
        }
    }
}

/* ---- what happens ---- */

static uint64_t wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int routing_begin(struct mesh *mesh)
{
    struct routes_settings settings = {
        .node = mesh->seat.membership.key.public,
        .epoch = advert_epoch(wall_ms(), mesh->pin.boot_id),
        .sign = sign,
        .believe = believe,
        .knows = knows,
        .context = mesh,
    };
    int r;

    randombytes_buf(&settings.seed, sizeof(settings.seed));
    mesh->routes = calloc(1, sizeof(*mesh->routes));
    if (mesh->routes == NULL)
        return err_new(-ENOMEM);
    r = routes_init(mesh->routes, &settings, clock_ms());
    if (r < 0) {
        free(mesh->routes);
        mesh->routes = NULL;
        return err_trace(r);
    }
    routing_set_self(mesh);
    offers_tell(mesh);
    return 0;
}

static void forget_routes(struct mesh *mesh)
{
    if (mesh->routes != NULL)
        routes_deinit(mesh->routes);
    free(mesh->routes);
    mesh->routes = NULL;
}

void routing_end(struct mesh *mesh)
{
    if (mesh->routes == NULL)
        return;
    imports_withdraw(mesh);
    forget_routes(mesh);
}

int routing_begin_again(struct mesh *mesh)
{
    forget_routes(mesh);
    return err_trace(routing_begin(mesh));
}

void routing_set_self(struct mesh *mesh)
{
    const struct membership *membership = &mesh->seat.membership;
    char *texts[TOKEN_ADDRESSES_MAX];
    struct span addresses[TOKEN_ADDRESSES_MAX];
    uint8_t chain[CHAIN_SIZE_MAX];
    size_t count;

    if (mesh->routes == NULL)
        return;
    count = peers_own_addresses(mesh, texts);
    for (size_t i = 0; i < count; i++)
        addresses[i] = (struct span){ (const uint8_t *)texts[i], strlen(texts[i]) };
    routes_set_self(mesh->routes,
            (struct span){ chain, (size_t)(chain_write(&membership->chain, chain) - chain) },
            addresses, (uint32_t)count, clock_ms());
    run(mesh);
}

void routing_set_offers(struct mesh *mesh, const struct offer *offers, uint32_t count)
{
    if (mesh->routes == NULL)
        return;
    if (routes_set_offers(mesh->routes, offers, count, clock_ms()) != OWN_OK)
        log_warn("what this node offers is too much to be told; others know what it was before");
    run(mesh);
}

void routing_import_again(struct mesh *mesh)
{
    if (mesh->routes == NULL)
        return;
    imports_deinit(&mesh->imports);
    routes_import_again(mesh->routes);
    run(mesh);
}

void routing_up(struct mesh *mesh, const struct linked_node *node)
{
    if (mesh->routes == NULL)
        return;
    mesh->cost_ms = 0; /* its cost is not known */
    if (routes_link_up(mesh->routes, &node->identity.key, clock_ms()) != 0)
        log_warn("nothing is routed over the link to %s: there are too many", node->identity.name);
    run(mesh);
}

void routing_carries(struct mesh *mesh, struct linked_node *node, uint64_t channel)
{
    node->channel = channel;
    node->carries_ms = clock_ms();
    tell_router(mesh, node);
}

/* Its router is to know also where nothing is reached through the node. */
void routing_greeted(struct mesh *mesh, struct linked_node *node)
{
    if (node->table == NULL && !node->elder) {
        Mu__Router__V1__RoutesRequest *table = calloc(1, sizeof(*table));

        if (table == NULL)
            return;
        mu__router__v1__routes_request__init(table);
        linked_set_table(node, table);
    }
    tell_router(mesh, node);
}

void routing_down(struct mesh *mesh, const struct linked_node *node)
{
    if (mesh->routes == NULL || node->elder)
        return;
    routes_link_down(mesh->routes, &node->identity.key, clock_ms());
    run(mesh);
}

bool routing_hear(struct mesh *mesh, const struct linked_node *node, struct span message)
{
    int r;

    if (mesh->routes == NULL || node->elder)
        return false;
    r = routes_receive(mesh->routes, &node->identity.key, message, clock_ms());
    if (r == ROUTES_NOT_MINE)
        return false;
    if (r == ROUTES_BAD) {
        links_lock(mesh->links);
        links_close(mesh->links, node->number, "what it tells of routes cannot be so");
        links_unlock(mesh->links);
    }
    run(mesh);
    return true;
}

void routing_recheck(struct mesh *mesh)
{
    if (mesh->routes == NULL)
        return;
    routes_recheck(mesh->routes, clock_ms());
    run(mesh);
}

/* ---- what is due ---- */

static void note_cost(const struct link_info *info, void *user)
{
    struct mesh *mesh = user;
    struct linked_node *node = info->link != 0 ? linked_find(&mesh->linked, info->link) : NULL;

    if (node != NULL)
        node->round_trip_us = info->round_trip_us;
}

/* Returns when to look again. */
static uint64_t look_at_costs(struct mesh *mesh, uint64_t now_ms)
{
    uint64_t next_ms = now_ms + COST_MS;

    links_lock(mesh->links);
    links_each(mesh->links, note_cost, mesh);
    links_unlock(mesh->links);
    list_for_each (entry, &mesh->linked.all) {
        struct linked_node *node = list_entry(entry, struct linked_node, link);
        int64_t change_us = (int64_t)node->round_trip_us - (int64_t)node->told_round_trip_us;

        if (node->elder)
            continue;
        if (node->round_trip_us == 0) {
            next_ms = now_ms + COST_FIRST_MS;
            continue;
        }
        routes_set_cost(mesh->routes, &node->identity.key, node->round_trip_us / 2, now_ms);
        if (change_us > TRANSIT_STEP_US || change_us < -TRANSIT_STEP_US)
            tell_router(mesh, node);
    }
    return next_ms;
}

/* No call takes a channel any more whose node has another key, or sees one here, once the link of
 * that key is at work; those under way end as they would have. Returns when to look again. */
static uint64_t empty_superseded(struct mesh *mesh, uint64_t now_ms)
{
    uint64_t next_ms = UINT64_MAX;

    list_for_each (entry, &mesh->linked.all) {
        struct linked_node *node = list_entry(entry, struct linked_node, link);
        Mu__Router__V1__RoutesRequest *table;

        if (node->emptied || !linked_is_superseded(&mesh->linked, node, UINT64_MAX))
            continue;
        next_ms = now_ms + ROTATION_LOOK_MS;
        if (!linked_is_superseded(&mesh->linked, node, now_ms - ROTATION_SETTLE_MS))
            continue;
        table = calloc(1, sizeof(*table));
        if (table == NULL)
            continue;
        mu__router__v1__routes_request__init(table);
        linked_set_table(node, table);
        tell_router(mesh, node);
        node->emptied = true;
    }
    return next_ms;
}

static void tell_all_again(struct mesh *mesh)
{
    mesh->again_ms = 0;
    routing_import_again(mesh);
    list_for_each (entry, &mesh->linked.all)
        tell_router(mesh, list_entry(entry, struct linked_node, link));
}

uint64_t routing_due(struct mesh *mesh, uint64_t now_ms)
{
    uint64_t due_ms;

    if (mesh->routes == NULL)
        return UINT64_MAX;
    if (mesh->linked.count > 0 && mesh->cost_ms <= now_ms)
        mesh->cost_ms = look_at_costs(mesh, now_ms);
    if (mesh->again_ms != 0 && mesh->again_ms <= now_ms)
        tell_all_again(mesh);
    if (routes_due(mesh->routes, now_ms) <= now_ms)
        routes_tick(mesh->routes, now_ms);
    run(mesh);
    due_ms = empty_superseded(mesh, now_ms);
    if (routes_due(mesh->routes, now_ms) < due_ms)
        due_ms = routes_due(mesh->routes, now_ms);
    if (mesh->again_ms != 0 && mesh->again_ms < due_ms)
        due_ms = mesh->again_ms;
    return mesh->linked.count > 0 && mesh->cost_ms < due_ms ? mesh->cost_ms : due_ms;
}
