// SPDX-License-Identifier: Apache-2.0
/* mu network graph. A node knows its own links, and of the others what lies on the paths by which
 * their services came to it; that is what is drawn. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/graph.h"
#include "services/interface/mu/network_list.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/terminal.h"

struct network_view {
    Mu__Link__V1__NodesReply *nodes; /* all owned */
    Mu__Link__V1__LinksReply *links;
    Mu__Link__V1__RoutesReply *routes;
};

static void network_view_deinit(struct network_view *view)
{
    bus_reply_free(&view->nodes);
    bus_reply_free(&view->links);
    bus_reply_free(&view->routes);
}

static int network_view_init(struct network_view *view, struct cli *cli)
{
    int code = network_nodes(cli, &view->nodes);

    if (code == EXIT_OK)
        code = network_links(cli, &view->links);
    if (code == EXIT_OK)
        code = network_routes(cli, "", &view->routes);
    return code;
}

static bool graph_is_self(const Mu__Link__V1__Node *node)
{
    return node->hops == 0 && node->reachable && !node->linked;
}

static enum graph_outcome graph_take_node(struct graph *graph, const Mu__Link__V1__Node *node)
{
    char stand[NETWORK_STAND_MAX];
    size_t index;

    if (graph_add(graph, node->name, &index) != GRAPH_OK)
        return GRAPH_FULL;
    snprintf(graph->nodes[index].id, GRAPH_TEXT_MAX, "%s", node->id);
    snprintf(graph->nodes[index].note, GRAPH_TEXT_MAX, "%s", network_stand(node, stand));
    return GRAPH_OK;
}

static enum graph_outcome graph_take_nodes(
        struct graph *graph, const Mu__Link__V1__NodesReply *reply)
{
    for (int is_self = 1; is_self >= 0; is_self--) { /* it comes first */
        for (size_t i = 0; i < reply->n_nodes; i++) {
            if (graph_is_self(reply->nodes[i]) == (is_self == 1) &&
                    graph_take_node(graph, reply->nodes[i]) != GRAPH_OK)
                return GRAPH_FULL;
        }
    }
    return GRAPH_OK;
}

static enum graph_outcome graph_take_link(struct graph *graph, const Mu__Link__V1__LinkInfo *link)
{
    struct graph_node *node;
    size_t index;

    if (link->node[0] == '\0') /* dialled by its address, and never met */
        return GRAPH_OK;
    if (graph_add(graph, link->node, &index) != GRAPH_OK)
        return GRAPH_FULL;
    node = &graph->nodes[index];
    if (link->state != MU__LINK__V1__LINK_STATE__LINK_UP) {
        if (link->reason[0] != '\0')
            snprintf(node->note, GRAPH_TEXT_MAX, "%s", link->reason);
        return GRAPH_OK;
    }
    snprintf(node->note, GRAPH_TEXT_MAX, "%.2f ms", link->round_trip_us / 1000.0);
    return graph_connect(graph, 0, index, link->round_trip_us);
}

/* The way of a route: this node, the neighbour, those between, the node that has the service. The
 * path names them from the far end. */
static enum graph_outcome graph_take_route(
        struct graph *graph, const Mu__Link__V1__RouteInfo *route)
{
    size_t before;
    size_t index;

    if (graph_add(graph, route->node, &before) != GRAPH_OK)
        return GRAPH_FULL;
    graph_offer(&graph->nodes[before], route->service);
    if (route->hops < 2)
        return GRAPH_OK;
    for (size_t i = 0; i < route->n_path; i++) {
        if (graph_add(graph, route->path[i], &index) != GRAPH_OK ||
                graph_connect(graph, before, index, 0) != GRAPH_OK)
            return GRAPH_FULL;
        before = index;
    }
    return GRAPH_OK;
}

static enum graph_outcome graph_take(struct graph *graph, const struct network_view *view)
{
    enum graph_outcome outcome = graph_take_nodes(graph, view->nodes);

    for (size_t i = 0; outcome == GRAPH_OK && i < view->links->n_links; i++)
        outcome = graph_take_link(graph, view->links->links[i]);
    for (size_t i = 0; outcome == GRAPH_OK && i < view->routes->n_routes; i++)
        outcome = graph_take_route(graph, view->routes->routes[i]);
    graph_arrange(graph);
    return outcome;
}

static json_t *graph_json_services(const struct graph_node *node)
{
    json_t *list = json_array();
    const char *word = node->services;

    while (*word != '\0') {
        size_t size = strcspn(word, " ");

        json_array_append_new(list, json_stringn(word, size));
        word += size;
        word += strspn(word, " ");
    }
    return list;
}

static void graph_print_json(const struct cli *cli, const struct graph *graph)
{
    json_t *nodes = json_array();
    json_t *links = json_array();
    json_t *root = json_pack("{s:o, s:o}", "nodes", nodes, "links", links);

    for (size_t i = 0; i < graph->node_count; i++) {
        const struct graph_node *node = &graph->nodes[i];
        bool is_reached = i == 0 || node->parent != GRAPH_NONE;
        json_t *entry = json_pack("{s:s, s:s, s:b, s:s, s:o}", "name", node->name, "id", node->id,
                "reached", (int)is_reached, "note", node->note, "services",
                graph_json_services(node));

        if (is_reached)
            json_object_set_new(entry, "links", json_integer((json_int_t)node->depth));
        if (node->parent != GRAPH_NONE)
            json_object_set_new(entry, "through", json_string(graph->nodes[node->parent].name));
        json_array_append_new(nodes, entry);
    }
    for (size_t i = 0; i < graph->link_count; i++) {
        const struct graph_link *link = &graph->links[i];

        json_array_append_new(
                links, json_pack("{s:s, s:s, s:I}", "from", graph->nodes[link->from].name, "to",
                               graph->nodes[link->to].name, "roundTripUs",
                               (json_int_t)link->round_trip_us));
    }
    json_dumpf(root, stdout, cli->format == OUTPUT_PRETTY ? JSON_INDENT(2) : JSON_COMPACT);
    fputc('\n', stdout);
    json_decref(root);
}

static int network_graph_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(network_view_deinit) struct network_view view = { 0 };
    CLEANUP(graph_cleanup) struct graph *graph = graph_new();
    struct graph_style style = { terminal_columns(), terminal_is_utf8() };
    int code = network_view_init(&view, cli);

    (void)arguments;
    if (code != EXIT_OK)
        return code;
    if (graph == NULL)
        return (int)failure_of_memory(cli);
    if (graph_take(graph, &view) == GRAPH_FULL)
        output_talk(cli, "there are more than %d nodes or %d links: only some are shown",
                GRAPH_NODES_MAX, GRAPH_LINKS_MAX);
    if (output_is_json(cli))
        graph_print_json(cli, graph);
    else if (cli->format == OUTPUT_DOT)
        graph_print_dot(graph, stdout);
    else if (graph_draw(graph, stdout, &style) < 0)
        return (int)failure_say(cli, EXIT_INTERNAL, "let Graphviz draw it: -o dot",
                "there is no memory for such a picture");
    return EXIT_OK;
}

const struct command network_graph_command = {
    .name = "graph",
    .own_format = OUTPUT_DOT,
    .summary = "a picture of the network, as this node sees it",
    .details = "Boxes from left to right: this node, those it is linked to, those behind them. -o "
               "dot writes it\n"
               "for Graphviz, -o json for programs.",
    .examples =
            (const struct example[]){
                    { "mu network graph", "in the terminal" },
                    { "mu network graph -o dot | dot -Tsvg > mesh.svg", "with Graphviz" },
                    { NULL, NULL },
            },
    .run = network_graph_run,
};
