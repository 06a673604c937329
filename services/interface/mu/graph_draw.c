// SPDX-License-Identifier: Apache-2.0
/* The tree of shortest ways is what is drawn with lines: it never crosses itself, however many
 * nodes there are. The links that are left over are said in words. */
#include "services/interface/mu/graph.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "services/interface/mu/canvas.h"

enum {
    GRAPH_DEPTH_MAX = GRAPH_NODES_MAX, /* a chain of all of them */
    GRAPH_GUTTER = 5,                  /* columns between two boxes */
    GRAPH_FRAME = 4,                   /* columns of a box that are no text */
    GRAPH_WIDTH_MIN = 4,               /* columns of text */
    GRAPH_WIDTH_MAX = 28
};

struct graph_picture {
    const struct graph *graph;
    struct canvas canvas;
    size_t widths[GRAPH_DEPTH_MAX]; /* of the boxes of each depth */
    size_t lefts[GRAPH_DEPTH_MAX];
    size_t rows[GRAPH_NODES_MAX]; /* the first of each box */
    size_t depth_count;
    size_t row_count;
    size_t height; /* of each box */
};

static bool graph_is_drawn(const struct graph *graph, size_t index)
{
    return index == 0 || graph->nodes[index].parent != GRAPH_NONE;
}

static size_t graph_wider(size_t width, const char *text)
{
    size_t length = strlen(text);

    length = length < GRAPH_WIDTH_MAX ? length : GRAPH_WIDTH_MAX;
    return width > length + GRAPH_FRAME ? width : length + GRAPH_FRAME;
}

/* How wide the boxes of each depth are, all of them together at most `columns`. */
static void graph_measure(struct graph_picture *picture, size_t columns)
{
    const struct graph *graph = picture->graph;
    size_t fair;
    size_t left = 0;

    picture->height = 4;
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct graph_node *node = &graph->nodes[i];
        size_t *width = &picture->widths[node->depth];

        if (!graph_is_drawn(graph, i))
            continue;
        *width = graph_wider(
                graph_wider(graph_wider(*width, node->name), node->note), node->services);
        if (node->services[0] != '\0')
            picture->height = 5;
        if (node->depth >= picture->depth_count)
            picture->depth_count = node->depth + 1;
    }
    fair = columns / picture->depth_count;
    fair = fair > GRAPH_GUTTER ? fair - GRAPH_GUTTER : 0;
    if (fair < GRAPH_WIDTH_MIN + GRAPH_FRAME)
        fair = GRAPH_WIDTH_MIN + GRAPH_FRAME;
    for (size_t depth = 0; depth < picture->depth_count; depth++)
        left += picture->widths[depth] + GRAPH_GUTTER;
    for (size_t depth = 0; depth < picture->depth_count; depth++) {
        if (left > columns + GRAPH_GUTTER && picture->widths[depth] > fair)
            picture->widths[depth] = fair;
    }
    left = 0;
    for (size_t depth = 0; depth < picture->depth_count; depth++) {
        picture->lefts[depth] = left;
        left += picture->widths[depth] + GRAPH_GUTTER;
    }
}

/* Gives rows to `index` and all behind it: the first child stands beside its parent, each further
 * one below all that came before. */
static void graph_place(struct graph_picture *picture, size_t index)
{
    size_t before = picture->row_count;

    picture->rows[index] = before;
    for (size_t i = 1; i < picture->graph->node_count; i++) {
        if (picture->graph->nodes[i].parent == index)
            graph_place(picture, i);
    }
    if (picture->row_count == before)
        picture->row_count += picture->height;
}

static void graph_draw_node(struct graph_picture *picture, size_t index)
{
    const struct graph_node *node = &picture->graph->nodes[index];
    size_t row = picture->rows[index];
    size_t left = picture->lefts[node->depth];
    size_t width = picture->widths[node->depth];

    canvas_box(&picture->canvas, row, left, width, picture->height);
    canvas_text(&picture->canvas, row + 1, left + 2, node->name, width - GRAPH_FRAME);
    canvas_text(&picture->canvas, row + 2, left + 2, node->note, width - GRAPH_FRAME);
    if (picture->height > 4)
        canvas_text(&picture->canvas, row + 3, left + 2, node->services, width - GRAPH_FRAME);
}

static void graph_draw_link(struct graph_picture *picture, size_t index)
{
    const struct graph_node *node = &picture->graph->nodes[index];
    size_t near_row = picture->rows[node->parent] + 1;
    size_t far_row = picture->rows[index] + 1;
    size_t right = picture->lefts[node->depth - 1] + picture->widths[node->depth - 1] - 1;
    size_t middle = right + GRAPH_GUTTER / 2 + 1;

    canvas_across(&picture->canvas, near_row, right, middle);
    canvas_down(&picture->canvas, middle, near_row, far_row);
    canvas_across(&picture->canvas, far_row, middle, picture->lefts[node->depth]);
}

/* What no line of the picture says. */
static void graph_print_rest(const struct graph *graph, FILE *stream, const char *dash)
{
    bool is_first = true;

    for (size_t i = 0; i < graph->link_count; i++) {
        const struct graph_link *link = &graph->links[i];

        if (link->in_tree || !graph_is_drawn(graph, link->from))
            continue;
        fprintf(stream, "%s%s %s %s", is_first ? "also linked    " : ", ",
                graph->nodes[link->from].name, dash, graph->nodes[link->to].name);
        is_first = false;
    }
    fputs(is_first ? "" : "\n", stream);
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct graph_node *node = &graph->nodes[i];

        if (!graph_is_drawn(graph, i))
            fprintf(stream, "no way known   %s%s%s\n", node->name,
                    node->note[0] != '\0' ? ": " : "", node->note);
    }
}

static int graph_paint(struct graph_picture *picture, FILE *stream, const struct graph_style *style)
{
    const struct graph *graph = picture->graph;
    size_t last;
    int error;

    graph_measure(picture, (size_t)style->columns);
    graph_place(picture, 0);
    last = picture->depth_count - 1;
    error = canvas_init(
            &picture->canvas, picture->lefts[last] + picture->widths[last], picture->row_count);
    if (error < 0)
        return err_trace(error);
    for (size_t i = 0; i < graph->node_count; i++) {
        if (graph_is_drawn(graph, i))
            graph_draw_node(picture, i);
        if (graph->nodes[i].parent != GRAPH_NONE)
            graph_draw_link(picture, i);
    }
    canvas_print(&picture->canvas, stream, style->is_utf8);
    canvas_deinit(&picture->canvas);
    graph_print_rest(graph, stream, style->is_utf8 ? "─" : "-");
    return 0;
}

int graph_draw(const struct graph *graph, FILE *stream, const struct graph_style *style)
{
    CLEANUP(cleanup_free) struct graph_picture *picture = calloc(1, sizeof(*picture));

    if (picture == NULL)
        return err_new(-ENOMEM);
    picture->graph = graph;
    return graph->node_count > 0 ? graph_paint(picture, stream, style) : 0;
}
