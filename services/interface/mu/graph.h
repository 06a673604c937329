/* graph.h - nodes and the links between them, as one node sees them; drawn for people and for
 * Graphviz. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    GRAPH_NODES_MAX = 1024,
    GRAPH_LINKS_MAX = 8192,
    GRAPH_TEXT_MAX = 128,        /* bytes with the final NUL; longer texts are cut */
    GRAPH_NONE = GRAPH_NODES_MAX /* the index of no node */
};

enum graph_outcome {
    GRAPH_OK,
    GRAPH_FULL /* a limit above was met: nothing was added */
};

struct graph_node {
    char name[GRAPH_TEXT_MAX];
    char id[GRAPH_TEXT_MAX];       /* "" where it is not known */
    char note[GRAPH_TEXT_MAX];     /* "2 hops": its second line */
    char services[GRAPH_TEXT_MAX]; /* divided by blanks: its third line */
    size_t parent; /* graph_arrange: through whom it is reached; GRAPH_NONE for the first node and
                      for those that no link leads to */
    size_t depth;  /* graph_arrange: links between the first node and it */
};

struct graph_link {
    size_t from;
    size_t to;
    uint32_t round_trip_us; /* 0: not known */
    bool in_tree;           /* graph_arrange: the one that `to` or `from` is reached by */
};

struct graph {
    struct graph_node nodes[GRAPH_NODES_MAX]; /* the first is where one stands */
    struct graph_link links[GRAPH_LINKS_MAX];
    size_t node_count;
    size_t link_count;
};

struct graph_style {
    int columns; /* the picture is narrower, where four letters a name are enough for that */
    bool is_utf8;
};

/* An empty one, owned by the caller; NULL where memory is out. */
struct graph *graph_new(void);

/* Frees it. NULL is fine. Returns NULL. */
struct graph *graph_free(struct graph *graph);

/* For CLEANUP. */
void graph_cleanup(struct graph **graphp);

/* The index of the node with this name or id; GRAPH_NONE where there is none. */
size_t graph_find(const struct graph *graph, const char *name);

/* Adds a node, or finds the one with this name or id, into `*indexp`. */
enum graph_outcome graph_add(struct graph *graph, const char *name, size_t *indexp);

/* Adds a link between two nodes; once for each two, whatever comes first. A round trip that was not
 * known is filled in. */
enum graph_outcome graph_connect(
        struct graph *graph, size_t from, size_t to, uint32_t round_trip_us);

/* Adds `service` to those of a node, once. */
void graph_offer(struct graph_node *node, const char *service);

/* Finds for each node the shortest way from the first, by breadth; of two equal ones that through
 * the node added first. */
void graph_arrange(struct graph *graph);

/* Draws an arranged one: boxes from left to right by depth, each beside the one it is reached
 * through; below them the other links, and the nodes that no link leads to. Returns 0, -E2BIG for a
 * picture beyond all measure, or -ENOMEM. */
int graph_draw(const struct graph *graph, FILE *stream, const struct graph_style *style);

/* Writes it in the language of Graphviz. */
void graph_print_dot(const struct graph *graph, FILE *stream);
