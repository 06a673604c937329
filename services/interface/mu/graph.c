// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/graph.h"

#include <stdlib.h>
#include <string.h>

struct graph *graph_new(void)
{
    return calloc(1, sizeof(struct graph));
}

struct graph *graph_free(struct graph *graph)
{
    free(graph);
    return NULL;
}

void graph_cleanup(struct graph **graphp)
{
    *graphp = graph_free(*graphp);
}

size_t graph_find(const struct graph *graph, const char *name)
{
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct graph_node *node = &graph->nodes[i];

        if (strcmp(node->name, name) == 0 || (node->id[0] != '\0' && strcmp(node->id, name) == 0))
            return i;
    }
    return GRAPH_NONE;
}

enum graph_outcome graph_add(struct graph *graph, const char *name, size_t *indexp)
{
    size_t index = graph_find(graph, name);

    if (index == GRAPH_NONE) {
        if (graph->node_count == GRAPH_NODES_MAX)
            return GRAPH_FULL;
        index = graph->node_count++;
        graph->nodes[index].parent = GRAPH_NONE;
        snprintf(graph->nodes[index].name, GRAPH_TEXT_MAX, "%s", name);
    }
    *indexp = index;
    return GRAPH_OK;
}

enum graph_outcome graph_connect(
        struct graph *graph, size_t from, size_t to, uint32_t round_trip_us)
{
    for (size_t i = 0; i < graph->link_count; i++) {
        struct graph_link *link = &graph->links[i];

        if ((link->from != from || link->to != to) && (link->from != to || link->to != from))
            continue;
        if (link->round_trip_us == 0)
            link->round_trip_us = round_trip_us;
        return GRAPH_OK;
    }
    if (from == to)
        return GRAPH_OK;
    if (graph->link_count == GRAPH_LINKS_MAX)
        return GRAPH_FULL;
    graph->links[graph->link_count++] = (struct graph_link){ from, to, round_trip_us, false };
    return GRAPH_OK;
}

void graph_offer(struct graph_node *node, const char *service)
{
    size_t used = strlen(node->services);
    size_t length = strlen(service);

    for (const char *word = node->services; *word != '\0'; word += strspn(word, " ")) {
        size_t size = strcspn(word, " ");

        if (size == length && strncmp(word, service, size) == 0)
            return;
        word += size;
    }
    snprintf(node->services + used, GRAPH_TEXT_MAX - used, "%s%s", used > 0 ? " " : "", service);
}

/* Takes the far end of `link` into the tree, where its near one is `index`. */
static bool graph_reach(struct graph *graph, struct graph_link *link, size_t index)
{
    size_t other = link->from == index ? link->to : link->from;
    struct graph_node *node = &graph->nodes[other];

    if ((link->from != index && link->to != index) || other == 0 || node->parent != GRAPH_NONE)
        return false;
    node->parent = index;
    node->depth = graph->nodes[index].depth + 1;
    link->in_tree = true;
    return true;
}

void graph_arrange(struct graph *graph)
{
    size_t queue[GRAPH_NODES_MAX] = { 0 };
    size_t count = graph->node_count > 0 ? 1 : 0;

    for (size_t next = 0; next < count; next++) {
        for (size_t i = 0; i < graph->link_count; i++) {
            struct graph_link *link = &graph->links[i];

            if (graph_reach(graph, link, queue[next]))
                queue[count++] = link->from == queue[next] ? link->to : link->from;
        }
    }
}

/* In quotes; none of ours holds one, and what another node wrote is no reason to break the file. */
static void graph_print_quoted(FILE *stream, const char *text)
{
    fputc('"', stream);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', stream);
        fputc(*text, stream);
    }
    fputc('"', stream);
}

void graph_print_dot(const struct graph *graph, FILE *stream)
{
    fputs("graph mu {\n  node [shape=box];\n", stream);
    for (size_t i = 0; i < graph->node_count; i++) {
        fputs("  ", stream);
        graph_print_quoted(stream, graph->nodes[i].name);
        fputs(" [tooltip=", stream);
        graph_print_quoted(stream, graph->nodes[i].services);
        fputs(i == 0 ? ", style=bold];\n" : "];\n", stream);
    }
    for (size_t i = 0; i < graph->link_count; i++) {
        const struct graph_link *link = &graph->links[i];

        fputs("  ", stream);
        graph_print_quoted(stream, graph->nodes[link->from].name);
        fputs(" -- ", stream);
        graph_print_quoted(stream, graph->nodes[link->to].name);
        if (link->round_trip_us > 0)
            fprintf(stream, " [label=\"%.2f ms\"]", link->round_trip_us / 1000.0);
        fputs(";\n", stream);
    }
    fputs("}\n", stream);
}
