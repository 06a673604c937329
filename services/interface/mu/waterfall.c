// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/waterfall.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/table.h"
#include "services/interface/mu/terminal.h"

enum {
    WATERFALL_BAR_MIN = 10,  /* columns */
    WATERFALL_DEPTH_MAX = 32 /* calls in calls that are still shown further to the right */
};

enum waterfall_column {
    WATERFALL_CALL,
    WATERFALL_NODE, /* only where all nodes were asked */
    WATERFALL_TO,
    WATERFALL_CODE,
    WATERFALL_AT,
    WATERFALL_TOOK,
    WATERFALL_BAR,
    WATERFALL_COLUMNS
};

static const struct table_column waterfall_columns[WATERFALL_COLUMNS] = {
    [WATERFALL_CALL] = { .name = "CALL", .cut = true },
    [WATERFALL_NODE] = { .name = "NODE", .cut = true },
    [WATERFALL_TO] = { .name = "WENT TO", .cut = true, .spare = 2 },
    [WATERFALL_CODE] = { .name = "CODE" },
    [WATERFALL_AT] = { .name = "AT", .right = true, .spare = 1 },
    [WATERFALL_TOOK] = { .name = "TOOK", .right = true },
    [WATERFALL_BAR] = { .name = "" },
};

char *waterfall_bar(uint64_t from_us, uint64_t to_us, uint64_t whole_us, int columns, bool is_utf8,
        char text[3 * WATERFALL_BAR_MAX + 1])
{
    double scale = whole_us > 0 ? (double)columns / (double)whole_us : 0;
    int from = (int)((double)from_us * scale);
    int to = (int)((double)to_us * scale + 0.5);
    size_t length = 0;

    if (from >= columns)
        from = columns - 1;
    if (to <= from)
        to = from + 1;
    if (to > columns)
        to = columns;
    for (int i = 0; i < to; i++) {
        const char *cell = i < from ? " " : is_utf8 ? "\xe2\x94\x81" : "=";

        memcpy(text + length, cell, strlen(cell));
        length += strlen(cell);
    }
    text[length] = '\0';
    return text;
}

static void waterfall_row(struct table *table, const struct trace *trace,
        const struct span_node *node, const char *seen_by, int columns)
{
    const Mu__Router__V1__CallRecord *record = node->record;
    int depth = node->depth < WATERFALL_DEPTH_MAX ? node->depth : WATERFALL_DEPTH_MAX;
    uint64_t at_us = record->began_us - trace->tree.began_us;
    char text[DURATION_TEXT_MAX];
    char bar[3 * WATERFALL_BAR_MAX + 1];
    char to[TABLE_CELL_MAX];

    table_row(table);
    table_cell(table, WATERFALL_CALL, "%*s%s", 2 * depth, "", record->endpoint);
    table_cell(table, WATERFALL_NODE, "%s", seen_by);
    table_cell(table, WATERFALL_TO, "%s", calls_callee(record, to, sizeof(to)));
    table_cell(table, WATERFALL_CODE, "%s", mu_code_name((enum mu_code)record->code));
    table_cell(table, WATERFALL_AT, "+%s", duration_print_us(at_us, text));
    table_cell(table, WATERFALL_TOOK, "%s", duration_print_us(record->took_us, text));
    table_cell(table, WATERFALL_BAR, "%s",
            waterfall_bar(at_us, at_us + record->took_us,
                    trace->tree.ended_us - trace->tree.began_us, columns, terminal_is_utf8(), bar));
    if (record->code != MU_OK) {
        table_color(table, WATERFALL_CODE, COLOR_BAD);
        table_color(table, WATERFALL_BAR, COLOR_BAD);
    }
}

static void waterfall_head(const struct trace *trace)
{
    const struct span_tree *tree = &trace->tree;
    time_t began = (time_t)(tree->began_us / 1000000);
    char date[32] = "";
    char from[TABLE_CELL_MAX];
    char text[DURATION_TEXT_MAX];
    struct tm parts;

    if (localtime_r(&began, &parts) != NULL)
        strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &parts);
    printf("trace %s\nfrom %s at %s, %zu call%s in %s", trace->id,
            calls_caller(tree->nodes[0].record, from, sizeof(from)), date, tree->count,
            tree->count == 1 ? "" : "s", duration_print_us(tree->ended_us - tree->began_us, text));
    if (tree->failed > 0)
        printf(", %zu failed", tree->failed);
    puts("\n");
}

int waterfall_print(
        const struct cli *cli, const struct trace *trace, const struct calls_reach *found)
{
    CLEANUP(table_cleanup) struct table *table =
            table_new(cli, waterfall_columns, WATERFALL_COLUMNS);
    int columns = terminal_columns() / 3;

    if (table == NULL)
        return (int)failure_of_memory(cli);
    if (columns > WATERFALL_BAR_MAX)
        columns = WATERFALL_BAR_MAX;
    if (columns < WATERFALL_BAR_MIN)
        columns = WATERFALL_BAR_MIN;
    waterfall_head(trace);
    if (found->each == NULL)
        table_hide(table, WATERFALL_NODE);
    for (size_t i = 0; i < trace->tree.count; i++) {
        const struct span_node *node = &trace->tree.nodes[i];

        waterfall_row(table, trace, node, calls_reach_node(found, node->record), columns);
    }
    table_print(table);
    return EXIT_OK;
}
