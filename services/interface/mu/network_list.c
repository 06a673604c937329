// SPDX-License-Identifier: Apache-2.0
/* mu network nodes, links, routes. */
#include "services/interface/mu/network_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/exits.h"
#include "services/interface/mu/listing.h"
#include "mu/link/v1/link.mu.h"
#include "services/interface/mu/network.h"
#include "services/interface/mu/output.h"

static int network_compare_nodes(const void *a, const void *b)
{
    const Mu__Link__V1__Node *const *left = a;
    const Mu__Link__V1__Node *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

static int network_compare_routes(const void *a, const void *b)
{
    const Mu__Link__V1__RouteInfo *const *left = a;
    const Mu__Link__V1__RouteInfo *const *right = b;
    int order = strcmp((*left)->service, (*right)->service);

    if (order == 0 && (*left)->hops != (*right)->hops)
        order = (*left)->hops < (*right)->hops ? -1 : 1;
    if (order == 0)
        order = strcmp((*left)->node, (*right)->node);
    return order != 0 ? order : strcmp((*left)->via, (*right)->via);
}

void network_sort_routes(Mu__Link__V1__RoutesReply *reply)
{
    if (reply->n_routes > 1)
        qsort(reply->routes, reply->n_routes, sizeof(reply->routes[0]), network_compare_routes);
}

int network_nodes(struct cli *cli, Mu__Link__V1__NodesReply **replyp)
{
    Mu__Link__V1__NodesRequest request = MU__LINK__V1__NODES_REQUEST__INIT;
    Mu__Link__V1__NodesReply *reply = NULL;
    int code = network_call(cli, "link.Nodes", &request.base,
            &mu__link__v1__nodes_reply__descriptor, 0, (ProtobufCMessage **)&reply);

    if (code == EXIT_OK && reply->n_nodes == 0) { /* a member knows itself at least */
        bus_reply_free(&reply);
        return network_none(cli);
    }
    if (code == EXIT_OK) {
        qsort(reply->nodes, reply->n_nodes, sizeof(reply->nodes[0]), network_compare_nodes);
        *replyp = reply;
    }
    return code;
}

int network_links(struct cli *cli, Mu__Link__V1__LinksReply **replyp)
{
    Mu__Link__V1__LinksRequest request = MU__LINK__V1__LINKS_REQUEST__INIT;

    return network_call(cli, "link.Links", &request.base, &mu__link__v1__links_reply__descriptor, 0,
            (ProtobufCMessage **)replyp);
}

int network_routes(struct cli *cli, const char *prefix, Mu__Link__V1__RoutesReply **replyp)
{
    Mu__Link__V1__RoutesRequest request = MU__LINK__V1__ROUTES_REQUEST__INIT;
    int code;

    request.prefix = (char *)prefix;
    code = network_call(cli, "link.Routes", &request.base, &mu__link__v1__routes_reply__descriptor,
            0, (ProtobufCMessage **)replyp);
    if (code == EXIT_OK)
        network_sort_routes(*replyp);
    return code;
}

/* Texts one behind the other, divided by `divider`, as far as they fit. */
static const char *network_join(
        char *const *texts, size_t count, const char *divider, char all[TABLE_CELL_MAX])
{
    size_t length = 0;

    all[0] = '\0';
    for (size_t i = 0; i < count && length < TABLE_CELL_MAX; i++)
        length += (size_t)snprintf(
                all + length, TABLE_CELL_MAX - length, "%s%s", i > 0 ? divider : "", texts[i]);
    return all;
}

/* ---- nodes ---- */

enum nodes_column {
    NODES_NODE,
    NODES_STATE,
    NODES_ROLE,
    NODES_SERVICES,
    NODES_HEARD,
    NODES_ADDRESSES,
    NODES_COLUMNS
};

static const struct table_column nodes_columns[NODES_COLUMNS] = {
    [NODES_NODE] = { .name = "NODE", .cut = true },
    [NODES_STATE] = { .name = "STATE" },
    [NODES_ROLE] = { .name = "ROLE", .spare = 3 },
    [NODES_SERVICES] = { .name = "SERVICES", .right = true, .spare = 4 },
    [NODES_HEARD] = { .name = "HEARD", .right = true, .spare = 1 },
    [NODES_ADDRESSES] = { .name = "ADDRESSES", .cut = true, .spare = 2 },
};

const char *network_stand(const Mu__Link__V1__Node *node, char text[NETWORK_STAND_MAX])
{
    if (node->revoked)
        return "revoked";
    if (node->linked)
        return "linked";
    if (!node->reachable)
        return "not reachable";
    if (node->hops == 0)
        return "this node";
    snprintf(text, NETWORK_STAND_MAX, "%u hop%s", node->hops, node->hops == 1 ? "" : "s");
    return text;
}

static const char *nodes_color(const Mu__Link__V1__Node *node)
{
    if (node->revoked)
        return COLOR_BAD;
    return node->reachable || node->linked ? COLOR_GOOD : COLOR_WARN;
}

static void nodes_row(struct table *table, const void *item)
{
    const Mu__Link__V1__Node *node = item;
    char stand[NETWORK_STAND_MAX];
    char heard[DURATION_TEXT_MAX];
    char addresses[TABLE_CELL_MAX];

    table_cell(table, NODES_NODE, "%s", node->name);
    table_cell(table, NODES_STATE, "%s", network_stand(node, stand));
    table_color(table, NODES_STATE, nodes_color(node));
    table_cell(table, NODES_ROLE, "%s", node->authority ? "authority" : "");
    table_cell(table, NODES_SERVICES, "%u", node->services);
    table_cell(table, NODES_HEARD, "%s",
            node->reachable && node->hops == 0 ? "" : duration_print(node->heard_ms, heard));
    table_cell(table, NODES_ADDRESSES, "%s",
            network_join(node->addresses, node->n_addresses, " ", addresses));
}

static const char *nodes_name(const void *item)
{
    const Mu__Link__V1__Node *node = item;

    return node->name;
}

int network_nodes_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__NodesReply *reply = NULL;
    int code = network_nodes(cli, &reply);

    (void)arguments;
    if (reply == NULL)
        return code;
    const struct listing listing = {
        .types = link_type.types,
        .reply = &reply->base,
        .items = reply->nodes,
        .item_count = reply->n_nodes,
        .columns = nodes_columns,
        .column_count = NODES_COLUMNS,
        .name = nodes_name,
        .row = nodes_row,
    };

    return listing_print(cli, &listing);
}

const struct command network_nodes_command = {
    .name = "nodes",
    .summary = "nodes that are known, linked or not",
    .details =
            "STATE is `linked` beside this node, hops where others lie between. HEARD is how long "
            "nothing\n"
            "was heard of a node.",
    .examples =
            (const struct example[]){
                    { "mu network nodes", "a table" },
                    { "mu network nodes -o jsonl", "one mu.link.v1.Node a line" },
                    { NULL, NULL },
            },
    .run = network_nodes_run,
};

/* ---- links ---- */

enum links_column {
    LINKS_NODE,
    LINKS_STATE,
    LINKS_DIALLED,
    LINKS_ADDRESS,
    LINKS_UP,
    LINKS_ROUND_TRIP,
    LINKS_IN,
    LINKS_OUT,
    LINKS_WHY,
    LINKS_COLUMNS
};

static const struct table_column links_columns[LINKS_COLUMNS] = {
    [LINKS_NODE] = { .name = "NODE", .cut = true },
    [LINKS_STATE] = { .name = "STATE" },
    [LINKS_DIALLED] = { .name = "DIALLED", .spare = 5 },
    [LINKS_ADDRESS] = { .name = "ADDRESS", .cut = true, .spare = 3 },
    [LINKS_UP] = { .name = "UP", .right = true, .spare = 2 },
    [LINKS_ROUND_TRIP] = { .name = "ROUND TRIP", .right = true, .spare = 4 },
    [LINKS_IN] = { .name = "IN", .right = true, .spare = 6 },
    [LINKS_OUT] = { .name = "OUT", .right = true, .spare = 7 },
    [LINKS_WHY] = { .name = "WHY", .cut = true },
};

static const struct {
    const char *name;
    const char *color;
} links_states[] = {
    [MU__LINK__V1__LINK_STATE__LINK_NONE] = { "none", COLOR_DIM },
    [MU__LINK__V1__LINK_STATE__LINK_DIALING] = { "dialling", COLOR_WARN },
    [MU__LINK__V1__LINK_STATE__LINK_HANDSHAKE] = { "handshake", COLOR_WARN },
    [MU__LINK__V1__LINK_STATE__LINK_UP] = { "up", COLOR_GOOD },
    [MU__LINK__V1__LINK_STATE__LINK_LEAVING] = { "leaving", COLOR_WARN },
    [MU__LINK__V1__LINK_STATE__LINK_BACKOFF] = { "waits", COLOR_BAD },
};

static void links_row(struct table *table, const void *item)
{
    const Mu__Link__V1__LinkInfo *link = item;
    size_t state = (size_t)link->state;
    char text[DURATION_TEXT_MAX];

    table_cell(table, LINKS_NODE, "%s", link->node);
    if (state >= sizeof(links_states) / sizeof(links_states[0])) {
        table_cell(table, LINKS_STATE, "%zu", state); /* of a newer link */
    } else {
        table_cell(table, LINKS_STATE, "%s%s%s", links_states[state].name,
                link->retry_ms > 0 ? " " : "",
                link->retry_ms > 0 ? duration_print(link->retry_ms, text) : "");
        table_color(table, LINKS_STATE, links_states[state].color);
    }
    table_cell(table, LINKS_DIALLED, "%s", link->dialled ? "here" : "there");
    table_cell(table, LINKS_ADDRESS, "%s", link->address);
    if (link->state == MU__LINK__V1__LINK_STATE__LINK_UP) {
        table_cell(table, LINKS_UP, "%s", duration_print(link->up_ms, text));
        table_cell(table, LINKS_ROUND_TRIP, "%.2f ms", link->round_trip_us / 1000.0);
    } else {
        table_cell(table, LINKS_UP, "-");
        table_cell(table, LINKS_ROUND_TRIP, "-");
    }
    table_cell(table, LINKS_IN, "%.1f KiB", (double)link->bytes_in / 1024);
    table_cell(table, LINKS_OUT, "%.1f KiB", (double)link->bytes_out / 1024);
    table_cell(table, LINKS_WHY, "%s", link->reason);
}

static const char *links_name(const void *item)
{
    const Mu__Link__V1__LinkInfo *link = item;

    return link->node;
}

/* Strangers at the door are worth a word, and nothing more: none of them came in. */
static void links_refused(const struct cli *cli, const Mu__Link__V1__LinksReply *reply)
{
    for (size_t i = 0; i < reply->n_refused; i++) {
        if (reply->refused[i]->value > 0)
            output_talk(cli, "refused: %" PRIu64 " connections, %s", reply->refused[i]->value,
                    reply->refused[i]->key);
    }
}

static int network_links_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__LinksReply *reply = NULL;
    int code = network_links(cli, &reply);

    (void)arguments;
    if (code != EXIT_OK)
        return code;
    const struct listing listing = {
        .types = link_type.types,
        .reply = &reply->base,
        .items = reply->links,
        .item_count = reply->n_links,
        .columns = links_columns,
        .column_count = LINKS_COLUMNS,
        .name = links_name,
        .row = links_row,
    };

    code = listing_print(cli, &listing);
    if (code == EXIT_OK && cli->format == OUTPUT_DEFAULT)
        links_refused(cli, reply);
    return code;
}

const struct command network_links_command = {
    .name = "links",
    .summary = "connections to other nodes, and why one is not up",
    .details =
            "DIALLED says on which side it was dialled: `here` works from behind NAT. IN and OUT "
            "are what\n"
            "went over the wire. Connections that were refused before anybody was known are "
            "counted below.",
    .examples =
            (const struct example[]){
                    { "mu network links", "a table" },
                    { "mu network links -o jsonl", "one mu.link.v1.LinkInfo a line" },
                    { NULL, NULL },
            },
    .run = network_links_run,
};

/* ---- routes ---- */

enum routes_column {
    ROUTES_SERVICE,
    ROUTES_NODE,
    ROUTES_VIA,
    ROUTES_HOPS,
    ROUTES_METRIC,
    ROUTES_INSTANCES,
    ROUTES_TAKEN,
    ROUTES_PATH,
    ROUTES_COLUMNS
};

static const struct table_column routes_columns[ROUTES_COLUMNS] = {
    [ROUTES_SERVICE] = { .name = "SERVICE", .cut = true },
    [ROUTES_NODE] = { .name = "NODE", .cut = true },
    [ROUTES_VIA] = { .name = "VIA", .cut = true, .spare = 1 },
    [ROUTES_HOPS] = { .name = "HOPS", .right = true, .spare = 3 },
    [ROUTES_METRIC] = { .name = "METRIC", .right = true, .spare = 4 },
    [ROUTES_INSTANCES] = { .name = "INSTANCES", .right = true, .spare = 5 },
    [ROUTES_TAKEN] = { .name = "TAKEN", .spare = 2 },
    [ROUTES_PATH] = { .name = "PATH", .cut = true, .spare = 6 },
};

static void routes_row(struct table *table, const void *item)
{
    const Mu__Link__V1__RouteInfo *route = item;
    char path[TABLE_CELL_MAX];
    char text[DURATION_TEXT_MAX];

    table_cell(table, ROUTES_SERVICE, "%s", route->service);
    table_cell(table, ROUTES_NODE, "%s", route->node);
    table_cell(table, ROUTES_VIA, "%s", route->via);
    table_cell(table, ROUTES_HOPS, "%u", route->hops);
    table_cell(table, ROUTES_METRIC, "%.2f ms", route->metric_us / 1000.0);
    table_cell(table, ROUTES_INSTANCES, "%u", route->instances);
    if (route->damped_ms > 0) {
        table_cell(table, ROUTES_TAKEN, "held %s", duration_print(route->damped_ms, text));
        table_color(table, ROUTES_TAKEN, COLOR_WARN);
    } else {
        table_cell(table, ROUTES_TAKEN, "%s", route->chosen ? "yes" : "no");
        table_color(table, ROUTES_TAKEN, route->chosen ? COLOR_GOOD : COLOR_DIM);
    }
    table_cell(table, ROUTES_PATH, "%s", network_join(route->path, route->n_path, " ", path));
}

static const char *routes_name(const void *item)
{
    const Mu__Link__V1__RouteInfo *route = item;

    return route->service;
}

static int network_routes_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__RoutesReply *reply = NULL;
    int code = network_routes(cli, arguments->word_count > 0 ? arguments->words[0] : "", &reply);

    if (code != EXIT_OK)
        return code;
    const struct listing listing = {
        .types = link_type.types,
        .reply = &reply->base,
        .items = reply->routes,
        .item_count = reply->n_routes,
        .columns = routes_columns,
        .column_count = ROUTES_COLUMNS,
        .name = routes_name,
        .row = routes_row,
    };

    return listing_print(cli, &listing);
}

const struct command network_routes_command = {
    .name = "routes",
    .summary = "which services are reached through whom",
    .words = "[PREFIX]",
    .words_max = 1,
    .details =
            "TAKEN is yes for the ways that calls take now, `held` for one that came and went too "
            "often and is\n"
            "not believed yet. METRIC is smoothed round trip and load: less is better.",
    .examples =
            (const struct example[]){
                    { "mu network routes", "all services" },
                    { "mu network routes greeter", "those whose names start so" },
                    { NULL, NULL },
            },
    .first = COMPLETE_SERVICE,
    .run = network_routes_run,
};
