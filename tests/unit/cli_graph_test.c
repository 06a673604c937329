// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/interface/mu/canvas.h"
#include "services/interface/mu/graph.h"
#include "tests/unit/cmocka.h"

enum { PICTURE_MAX = 65536 };

static char picture[PICTURE_MAX];

/* Draws into `picture`. */
static const char *draw(const struct graph *graph, int columns, bool is_utf8)
{
    const struct graph_style style = { columns, is_utf8 };
    FILE *stream = fmemopen(picture, sizeof(picture), "w");

    assert_non_null(stream);
    assert_int_equal(graph_draw(graph, stream, &style), 0);
    fputc('\0', stream);
    fclose(stream);
    return picture;
}

static size_t add(struct graph *graph, const char *name, const char *note, const char *services)
{
    size_t index = GRAPH_NONE;

    assert_int_equal(graph_add(graph, name, &index), GRAPH_OK);
    snprintf(graph->nodes[index].note, GRAPH_TEXT_MAX, "%s", note);
    snprintf(graph->nodes[index].services, GRAPH_TEXT_MAX, "%s", services);
    return index;
}

/* desk - attic - barn, desk - shed, attic - shed; and a pond that nobody reaches. */
static struct graph *mesh(void)
{
    struct graph *graph = graph_new();

    assert_non_null(graph);
    add(graph, "desk.alice", "this node", "greeter");
    add(graph, "attic.alice", "0.41 ms", "counter talk");
    add(graph, "shed.alice", "12.50 ms", "");
    add(graph, "barn.alice", "2 hops", "digest");
    add(graph, "pond.alice", "not reachable", "");
    assert_int_equal(graph_connect(graph, 0, 1, 410), GRAPH_OK);
    assert_int_equal(graph_connect(graph, 0, 2, 12500), GRAPH_OK);
    assert_int_equal(graph_connect(graph, 3, 1, 0), GRAPH_OK);
    assert_int_equal(graph_connect(graph, 1, 2, 0), GRAPH_OK);
    graph_arrange(graph);
    return graph;
}

static void test_each_node_stands_beside_the_one_it_is_reached_through(void **state)
{
    struct graph *graph = mesh();

    (void)state;
    assert_string_equal(draw(graph, 80, true),
            "┌────────────┐     ┌──────────────┐     ┌────────────┐\n"
            "│ desk.alice ├──┬──┤ attic.alice  ├─────┤ barn.alice │\n"
            "│ this node  │  │  │ 0.41 ms      │     │ 2 hops     │\n"
            "│ greeter    │  │  │ counter talk │     │ digest     │\n"
            "└────────────┘  │  └──────────────┘     └────────────┘\n"
            "                │  ┌──────────────┐\n"
            "                └──┤ shed.alice   │\n"
            "                   │ 12.50 ms     │\n"
            "                   │              │\n"
            "                   └──────────────┘\n"
            "also linked    attic.alice ─ shed.alice\n"
            "no way known   pond.alice: not reachable\n");
    graph_free(graph);
}

static void test_where_there_are_no_box_characters_there_are_signs(void **state)
{
    struct graph *graph = mesh();

    (void)state;
    assert_string_equal(draw(graph, 80, false),
            "+------------+     +--------------+     +------------+\n"
            "| desk.alice +--+--+ attic.alice  +-----+ barn.alice |\n"
            "| this node  |  |  | 0.41 ms      |     | 2 hops     |\n"
            "| greeter    |  |  | counter talk |     | digest     |\n"
            "+------------+  |  +--------------+     +------------+\n"
            "                |  +--------------+\n"
            "                +--+ shed.alice   |\n"
            "                   | 12.50 ms     |\n"
            "                   |              |\n"
            "                   +--------------+\n"
            "also linked    attic.alice - shed.alice\n"
            "no way known   pond.alice: not reachable\n");
    graph_free(graph);
}

static void test_a_narrow_terminal_cuts_names_and_a_wide_one_does_not(void **state)
{
    struct graph *graph = mesh();
    size_t width = 0;

    (void)state;
    draw(graph, 48, false);
    assert_non_null(strstr(picture, "| desk.a~ +"));
    for (const char *line = picture; *line == '+' || *line == '|' || *line == ' ';) {
        size_t length = strcspn(line, "\n");

        width = length > width ? length : width;
        line += length + 1;
    }
    assert_in_range(width, 30, 48);
    graph_free(graph);
}

static void test_a_node_alone_is_a_box_alone(void **state)
{
    struct graph *graph = graph_new();

    (void)state;
    assert_string_equal(draw(graph, 80, true), "");
    add(graph, "desk.alice", "this node", "");
    graph_arrange(graph);
    assert_string_equal(draw(graph, 80, true), "┌────────────┐\n"
                                               "│ desk.alice │\n"
                                               "│ this node  │\n"
                                               "└────────────┘\n");
    graph_free(graph);
}

static void test_three_neighbours_hang_on_one_line_and_those_behind_them_beside_them(void **state)
{
    struct graph *graph = graph_new();

    (void)state;
    for (const char *name = "abcdef"; *name != '\0'; name++)
        add(graph, (char[]){ *name, '\0' }, "", "");
    graph_connect(graph, 0, 1, 0);
    graph_connect(graph, 0, 2, 0);
    graph_connect(graph, 0, 3, 0);
    graph_connect(graph, 1, 4, 0);
    graph_connect(graph, 1, 5, 0);
    graph_arrange(graph);
    assert_string_equal(draw(graph, 80, true), "┌───┐     ┌───┐     ┌───┐\n"
                                               "│ a ├──┬──┤ b ├──┬──┤ e │\n"
                                               "│   │  │  │   │  │  │   │\n"
                                               "└───┘  │  └───┘  │  └───┘\n"
                                               "       │         │  ┌───┐\n"
                                               "       │         └──┤ f │\n"
                                               "       │            │   │\n"
                                               "       │            └───┘\n"
                                               "       │  ┌───┐\n"
                                               "       ├──┤ c │\n"
                                               "       │  │   │\n"
                                               "       │  └───┘\n"
                                               "       │  ┌───┐\n"
                                               "       └──┤ d │\n"
                                               "          │   │\n"
                                               "          └───┘\n");
    graph_free(graph);
}

static void test_the_shortest_way_is_the_one_that_is_drawn(void **state)
{
    struct graph *graph = graph_new();

    (void)state;
    for (const char *name = "abcd"; *name != '\0'; name++)
        add(graph, (char[]){ *name, '\0' }, "", "");
    graph_connect(graph, 2, 3, 0); /* the long way is known first */
    graph_connect(graph, 1, 2, 0);
    graph_connect(graph, 0, 1, 0);
    graph_connect(graph, 3, 0, 0);
    graph_arrange(graph);
    assert_int_equal(graph->nodes[3].parent, 0);
    assert_int_equal(graph->nodes[3].depth, 1);
    assert_int_equal(graph->nodes[2].depth, 2);
    assert_int_equal(graph->nodes[2].parent, 1);
    graph_free(graph);
}

static void test_a_link_counts_once_whoever_tells_of_it(void **state)
{
    struct graph *graph = mesh();
    size_t before = graph->link_count;

    (void)state;
    assert_int_equal(graph_connect(graph, 1, 0, 999), GRAPH_OK);
    assert_int_equal(graph_connect(graph, 2, 2, 0), GRAPH_OK); /* to itself: none */
    assert_int_equal(graph->link_count, before);
    assert_int_equal(graph->links[0].round_trip_us, 410);
    assert_int_equal(graph_connect(graph, 1, 3, 77), GRAPH_OK);
    assert_int_equal(graph->links[2].round_trip_us, 77);
    graph_free(graph);
}

static void test_a_service_is_offered_once(void **state)
{
    struct graph_node node = { .name = "a" };

    (void)state;
    graph_offer(&node, "talk");
    graph_offer(&node, "talker");
    graph_offer(&node, "tal");
    graph_offer(&node, "talker");
    graph_offer(&node, "talk");
    assert_string_equal(node.services, "talk talker tal");
}

static void test_one_node_too_many_is_refused_and_changes_nothing(void **state)
{
    struct graph *graph = graph_new();
    char name[16];
    size_t index = 7;

    (void)state;
    for (size_t i = 0; i < GRAPH_NODES_MAX; i++) {
        snprintf(name, sizeof(name), "n%zu", i);
        assert_int_equal(graph_add(graph, name, &index), GRAPH_OK);
        if (i > 0)
            assert_int_equal(graph_connect(graph, i - 1, i, 0), GRAPH_OK);
    }
    assert_int_equal(graph_add(graph, "one more", &index), GRAPH_FULL);
    assert_int_equal(index, GRAPH_NODES_MAX - 1);
    assert_int_equal(graph->node_count, GRAPH_NODES_MAX);
    graph_arrange(graph);
    assert_int_equal(graph->nodes[GRAPH_NODES_MAX - 1].depth, GRAPH_NODES_MAX - 1);
    draw(graph, 80, true); /* a chain of all of them: wide, and drawn */
    graph_free(graph);
}

static void test_graphviz_gets_every_node_and_link_in_quotes(void **state)
{
    struct graph *graph = graph_new();
    FILE *stream = fmemopen(picture, sizeof(picture), "w");

    (void)state;
    add(graph, "a\"b\\", "", "");
    add(graph, "c", "", "talk");
    graph_connect(graph, 0, 1, 1500);
    graph_print_dot(graph, stream);
    fputc('\0', stream);
    fclose(stream);
    assert_string_equal(picture, "graph mu {\n"
                                 "  node [shape=box];\n"
                                 "  \"a\\\"b\\\\\" [tooltip=\"\", style=bold];\n"
                                 "  \"c\" [tooltip=\"talk\"];\n"
                                 "  \"a\\\"b\\\\\" -- \"c\" [label=\"1.50 ms\"];\n"
                                 "}\n");
    graph_free(graph);
}

static void test_a_canvas_joins_lines_and_forgets_what_lies_beyond_it(void **state)
{
    struct canvas canvas;
    FILE *stream = fmemopen(picture, sizeof(picture), "w");

    (void)state;
    assert_int_equal(canvas_init(&canvas, 5, 3), 0);
    canvas_across(&canvas, 1, 0, 9);
    canvas_down(&canvas, 2, 0, 9);
    canvas_text(&canvas, 0, 3, "a\033bc", 4);
    canvas_text(&canvas, 2, 0, "xyz", 2);
    canvas_print(&canvas, stream, true);
    fputc('\0', stream);
    fclose(stream);
    assert_string_equal(picture, "  ╷a?\n"
                                 "╶─┼──\n"
                                 "x~│\n");
    canvas_deinit(&canvas);
    canvas_deinit(&canvas);
    assert_int_equal(canvas_init(&canvas, CANVAS_CELLS_MAX, 2), -E2BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_node_stands_beside_the_one_it_is_reached_through),
        cmocka_unit_test(test_where_there_are_no_box_characters_there_are_signs),
        cmocka_unit_test(test_a_narrow_terminal_cuts_names_and_a_wide_one_does_not),
        cmocka_unit_test(test_a_node_alone_is_a_box_alone),
        cmocka_unit_test(test_three_neighbours_hang_on_one_line_and_those_behind_them_beside_them),
        cmocka_unit_test(test_the_shortest_way_is_the_one_that_is_drawn),
        cmocka_unit_test(test_a_link_counts_once_whoever_tells_of_it),
        cmocka_unit_test(test_a_service_is_offered_once),
        cmocka_unit_test(test_one_node_too_many_is_refused_and_changes_nothing),
        cmocka_unit_test(test_graphviz_gets_every_node_and_link_in_quotes),
        cmocka_unit_test(test_a_canvas_joins_lines_and_forgets_what_lies_beyond_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
