// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "mu/arena.h"
#include "services/network/link/handlers.h"
#include "services/network/link/known.h"
#include "services/network/link/self.h"
#include "transport/secure/node_id.h"

/* Answers are built while the lock is held, of an arena that goes with the call: what they point to
 * may change afterwards. */
struct view {
    struct mesh *mesh;
    struct mu_arena arena;
    bool failed; /* no memory */
    void **lines;
    size_t count;
    size_t room;
};

static void view_open(struct view *view, struct mu_call *call)
{
    *view = (struct view){ .mesh = mu_call_state(call) };
    mu_arena_init(&view->arena, SIZE_MAX);
    mesh_lock(view->mesh);
}

static void view_close(struct view *view)
{
    mesh_unlock(view->mesh);
    free(view->lines);
    mu_arena_deinit(&view->arena);
}

static void *view_alloc(struct view *view, size_t size)
{
    void *memory = mu_arena_alloc(&view->arena, size);

    view->failed = view->failed || memory == NULL;
    return memory;
}

static char *view_text(struct view *view, const void *text, size_t size)
{
    static char none[] = "";
    char *copy = view_alloc(view, size + 1);

    if (copy == NULL)
        return none;
    if (size > 0)
        memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

static char *view_string(struct view *view, const char *text)
{
    return view_text(view, text, strlen(text));
}

static char *view_id(struct view *view, const struct public_key *key)
{
    char id[NODE_ID_SIZE + 1];

    node_id_print(key, id);
    return view_text(view, id, NODE_ID_SIZE);
}

/* A new line of the answer, of `size` bytes; NULL without memory. */
static void *view_line(struct view *view, size_t size)
{
    void *line;

    if (view->count == view->room) {
        size_t room = view->room != 0 ? 2 * view->room : 32;
        void **lines = reallocarray(view->lines, room, sizeof(*lines));

        if (lines == NULL) {
            view->failed = true;
            return NULL;
        }
        view->lines = lines;
        view->room = room;
    }
    line = view_alloc(view, size);
    if (line != NULL)
        view->lines[view->count++] = line;
    return line;
}

static void view_reply(struct view *view, struct mu_call *call, const ProtobufCMessage *reply)
{
    if (view->failed)
        mu_call_refuse(call, MU_RESOURCE_EXHAUSTED, "no memory");
    else
        mu_call_reply(call, reply);
    view_close(view);
}

/* ---- Show ---- */

static void count_one(const struct known_node *node, void *user)
{
    (void)node;
    *(uint32_t *)user += 1;
}

void view_show(struct mu_call *call, const Mu__Link__V1__ShowRequest *request)
{
    Mu__Link__V1__ShowReply reply = MU__LINK__V1__SHOW_REPLY__INIT;
    struct view view;
    struct self self;

    (void)request;
    view_open(&view, call);
    self_fill(&self, view.mesh);
    reply.self = &self.message;
    reply.links = view.mesh->linked.count;
    if (view.mesh->seat.joined)
        known_each(view.mesh, count_one, &reply.nodes);
    view_reply(&view, call, &reply.base);
}

/* ---- Nodes ---- */

static void add_addresses(struct view *view, Mu__Link__V1__Node *line, const struct node *node)
{
    struct fields fields = node_offers(node);
    struct span address;

    line->addresses = view_alloc(view, ADVERT_ADDRESSES_MAX * sizeof(*line->addresses));
    while (line->addresses != NULL && line->n_addresses < ADVERT_ADDRESSES_MAX &&
            advert_next_address(&fields, &address))
        line->addresses[line->n_addresses++] = view_text(view, address.data, address.size);
}

static void add_route(struct view *view, Mu__Link__V1__Node *line, const struct node *node)
{
    line->reachable = node->hops != HOPS_NONE;
    line->hops = line->reachable ? node->hops : 0;
    line->heard_ms = node->slot == 0 ? 0 : clock_ms() - node->heard_ms;
    line->services = node->offer_count;
    add_addresses(view, line, node);
}

static void add_node(const struct known_node *known, void *user)
{
    struct view *view = user;
    struct mesh *mesh = view->mesh;
    const struct linked_node *linked = linked_find_key(&mesh->linked, &known->key);
    const struct node *node =
            mesh->routes != NULL ? nodes_find(&mesh->routes->nodes, &known->key) : NULL;
    bool self = public_key_equal(&known->key, &mesh->seat.membership.key.public);
    Mu__Link__V1__Node *line = view_line(view, sizeof(*line));

    if (line == NULL)
        return;
    mu__link__v1__node__init(line);
    line->id = view_id(view, &known->key);
    line->name = view_string(view, known->name);
    line->owner = strchr(line->name, '.') != NULL ? strchr(line->name, '.') + 1 : line->name;
    line->revoked = seat_has_revoked(&mesh->seat, &known->key);
    line->linked = linked != NULL;
    line->authority = self ? membership_is_authority(&mesh->seat.membership)
                           : linked != NULL && linked->is_authority;
    if (node != NULL && node->held)
        add_route(view, line, node);
    if (linked != NULL) {
        line->reachable = true;
        line->hops = 1;
        line->heard_ms = clock_ms() - linked->heard_ms;
    }
    line->reachable = line->reachable || self;
}

void view_nodes(struct mu_call *call, const Mu__Link__V1__NodesRequest *request)
{
    Mu__Link__V1__NodesReply reply = MU__LINK__V1__NODES_REPLY__INIT;
    struct view view;

    (void)request;
    view_open(&view, call);
    if (view.mesh->seat.joined && known_each(view.mesh, add_node, &view) < 0)
        view.failed = true;
    reply.nodes = (Mu__Link__V1__Node **)view.lines;
    reply.n_nodes = view.count;
    view_reply(&view, call, &reply.base);
}

/* ---- Links ---- */

static void add_link(const struct link_info *info, void *user)
{
    struct view *view = user;
    Mu__Link__V1__LinkInfo *line = info->client ? NULL : view_line(view, sizeof(*line));

    if (line == NULL)
        return;
    mu__link__v1__link_info__init(line);
    line->node = view_string(view, info->name);
    if (info->id != NULL)
        line->id = view_id(view, info->id);
    line->state = (Mu__Link__V1__LinkState)info->state;
    line->dialled = info->dialled;
    line->address = view_string(view, info->address);
    line->up_ms = info->up_ms;
    line->round_trip_us = info->round_trip_us;
    line->bytes_in = info->bytes_in;
    line->bytes_out = info->bytes_out;
    line->records_in = info->records_in;
    line->records_out = info->records_out;
    line->queued_bytes = info->queued_bytes;
    line->reason = view_string(view, info->reason);
    line->retry_ms = info->retry_ms;
}

/* Connections refused, by cause; the causes are few. */
enum { CAUSES_MAX = 64 };

struct refusals {
    struct view *view;
    Mu__Link__V1__LinksReply__RefusedEntry entries[CAUSES_MAX];
    Mu__Link__V1__LinksReply__RefusedEntry *pointers[CAUSES_MAX];
    size_t count;
};

static void add_refusal(const char *cause, uint64_t count, void *user)
{
    struct refusals *refusals = user;
    Mu__Link__V1__LinksReply__RefusedEntry *entry;

    if (refusals->count == CAUSES_MAX)
        return;
    entry = &refusals->entries[refusals->count];
    mu__link__v1__links_reply__refused_entry__init(entry);
    entry->key = view_string(refusals->view, cause);
    entry->value = count;
    refusals->pointers[refusals->count++] = entry;
}

void view_links(struct mu_call *call, const Mu__Link__V1__LinksRequest *request)
{
    Mu__Link__V1__LinksReply reply = MU__LINK__V1__LINKS_REPLY__INIT;
    struct refusals refusals = { .count = 0 };
    struct view view;

    (void)request;
    view_open(&view, call);
    refusals.view = &view;
    links_lock(view.mesh->links);
    links_each(view.mesh->links, add_link, &view);
    links_each_refused(view.mesh->links, add_refusal, &refusals);
    links_unlock(view.mesh->links);
    reply.links = (Mu__Link__V1__LinkInfo **)view.lines;
    reply.n_links = view.count;
    reply.refused = refusals.pointers;
    reply.n_refused = refusals.count;
    view_reply(&view, call, &reply.base);
}

/* ---- Routes ---- */

static void add_path(struct view *view, Mu__Link__V1__RouteInfo *line, const struct path *path)
{
    line->path = view_alloc(view, (path->count + 1) * sizeof(*line->path));
    for (uint32_t i = 0; i < path->count && line->path != NULL; i++) {
        const struct node *node = nodes_find(&view->mesh->routes->nodes, &path->nodes[i]);

        line->path[line->n_path++] = node != NULL && node->held
                                             ? view_string(view, node->identity.name)
                                             : view_id(view, &path->nodes[i]);
    }
}

static void add_route_info(void *user, const struct route_report *report)
{
    struct view *view = user;
    Mu__Link__V1__RouteInfo *line = view_line(view, sizeof(*line));

    if (line == NULL)
        return;
    mu__link__v1__route_info__init(line);
    line->service = view_text(view, report->offer.service.data, report->offer.service.size);
    line->node = view_string(view, report->hops == 0 ? membership_name(&view->mesh->seat.membership)
                                                     : report->node->identity.name);
    if (report->via != NULL)
        line->via = view_string(view, report->via->identity.name);
    line->hops = report->hops;
    line->metric_us = report->metric_us;
    line->instances = report->offer.instances;
    line->chosen = report->chosen;
    line->damped_ms = report->damped_ms;
    if (report->path != NULL)
        add_path(view, line, report->path);
}

void view_routes(struct mu_call *call, const Mu__Link__V1__RoutesRequest *request)
{
    const struct span prefix = { (const uint8_t *)request->prefix, strlen(request->prefix) };
    Mu__Link__V1__RoutesReply reply = MU__LINK__V1__ROUTES_REPLY__INIT;
    struct view view;

    view_open(&view, call);
    if (view.mesh->routes != NULL)
        routes_report(view.mesh->routes, prefix, clock_ms(), add_route_info, &view);
    reply.routes = (Mu__Link__V1__RouteInfo **)view.lines;
    reply.n_routes = view.count;
    view_reply(&view, call, &reply.base);
}
