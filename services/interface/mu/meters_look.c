// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/meters_look.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/limits.h"
#include "services/interface/mu/table.h"

/* ---- taking ---- */

/* The question to each node: its router's meters page by page, then its supervisor's processes. */
struct meters_asking {
    struct cli *cli;
    const struct meters_filter *filter;
    struct meters *each;
    struct meters_step {
        uint32_t from;
        size_t pages;
        bool wants_list;
        bool is_done;
    } * steps; /* owned */
    Mu__Router__V1__MeterRequest meter;
    Mu__Node__V1__ListRequest list;
};

static bool meters_look_next(void *user, size_t index, struct reach_ask *ask)
{
    struct meters_asking *asking = user;
    const struct meters_step *step = &asking->steps[index];

    if (step->is_done)
        return false;
    if (step->wants_list) {
        *ask = (struct reach_ask){ "node.List", &asking->list.base,
            &mu__node__v1__list_reply__descriptor };
        return true;
    }
    asking->meter.from = step->from;
    *ask = (struct reach_ask){ "router.Meter", &asking->meter.base,
        &mu__router__v1__meter_reply__descriptor };
    return true;
}

static int meters_look_got(void *user, size_t index, ProtobufCMessage *reply)
{
    struct meters_asking *asking = user;
    struct meters_step *step = &asking->steps[index];

    if (step->wants_list) {
        asking->each[index].processes = (Mu__Node__V1__ListReply *)(void *)reply;
        if (asking->filter->space != NULL)
            meters_keep_space(&asking->each[index], asking->filter->space);
        step->is_done = true;
        return EXIT_OK;
    }
    step->from = ((Mu__Router__V1__MeterReply *)(void *)reply)->next;
    step->pages += 1;
    step->wants_list = step->from == 0 || step->pages == METERS_PAGES_MAX;
    return meters_keep(asking->cli, asking->filter, &asking->each[index],
            (Mu__Router__V1__MeterReply *)(void *)reply);
}

/* Adds up those that answered; of others, what they said before they fell silent is not counted. */
static int meters_look_sum(struct cli *cli, struct meters_look *look)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < look->reach.count; i++) {
        if (look->reach.nodes[i].answered)
            r = meters_sum_add(&look->all, &look->each[i]);
    }
    return r < 0 ? (int)failure_of_memory(cli) : EXIT_OK;
}

static int meters_look_ask(
        struct cli *cli, const struct meters_filter *filter, struct meters_look *look)
{
    CLEANUP(cleanup_free) struct meters_step *steps = NULL;
    struct meters_asking asking = { .cli = cli, .filter = filter };
    const struct reach_question question = { meters_look_next, meters_look_got, &asking };
    int code = reach_open(cli, &look->reach);

    if (code != EXIT_OK)
        return code;
    steps = calloc(look->reach.count + 1, sizeof(*steps));
    look->each = calloc(look->reach.count + 1, sizeof(*look->each));
    if (steps == NULL || look->each == NULL)
        return (int)failure_of_memory(cli);
    asking.steps = steps;
    asking.each = look->each;
    meters_request(filter, &asking.meter);
    mu__node__v1__list_request__init(&asking.list);
    code = reach_ask_all(cli, &look->reach, &question);
    return code == EXIT_OK ? meters_look_sum(cli, look) : code;
}

int meters_look_take(
        struct cli *cli, const struct meters_filter *filter, bool of_all, struct meters_look *look)
{
    int code;

    *look = (struct meters_look){ 0 };
    if (!of_all)
        return meters_take(cli, filter, &look->all);
    code = meters_look_ask(cli, filter, look);
    if (code != EXIT_OK)
        meters_look_deinit(look);
    return code;
}

void meters_look_deinit(struct meters_look *look)
{
    for (size_t i = 0; look->each != NULL && i < look->reach.count; i++)
        meters_deinit(&look->each[i]);
    free(look->each);
    meters_deinit(&look->all);
    reach_close(&look->reach);
    *look = (struct meters_look){ 0 };
}

/* ---- what came since ---- */

/* What the node of that id counted at an earlier look; NULL where it did not answer then. */
static const struct meters *meters_look_find(const struct meters_look *look, const char *id)
{
    for (size_t i = 0; look->each != NULL && i < look->reach.count; i++) {
        if (look->reach.nodes[i].answered && strcmp(look->reach.nodes[i].known->id, id) == 0)
            return &look->each[i];
    }
    return NULL;
}

static int meters_look_add_since(
        const struct meters *now, const struct meters *before, struct meters *sum)
{
    CLEANUP(meters_deinit) struct meters since = { 0 };
    int r = meters_since(now, before, &since);

    return r < 0 ? err_trace(r) : err_trace(meters_sum_add(sum, &since));
}

int meters_look_since(
        const struct meters_look *now, const struct meters_look *before, struct meters *since)
{
    static const struct meters none;
    int r = 0;

    *since = (struct meters){ 0 };
    if (now->each == NULL)
        return err_trace(meters_since(&now->all, &before->all, since));
    for (size_t i = 0; r == 0 && i < now->reach.count; i++) {
        const struct meters *old;

        if (!now->reach.nodes[i].answered)
            continue;
        old = before->each != NULL ? meters_look_find(before, now->reach.nodes[i].known->id)
                                   : &none;
        if (old != NULL)
            r = meters_look_add_since(&now->each[i], old, since);
    }
    if (r < 0)
        meters_deinit(since);
    return err_trace(r);
}

/* ---- the nodes ---- */

enum nodes_column {
    NODES_NODE,
    NODES_HOPS,
    NODES_CALLS,
    NODES_RATE,
    NODES_FAILED,
    NODES_ANSWER,
    NODES_COLUMNS
};

static const struct table_column nodes_columns[NODES_COLUMNS] = {
    [NODES_NODE] = { .name = "NODE", .cut = true },
    [NODES_HOPS] = { .name = "HOPS", .right = true, .spare = 1 },
    [NODES_CALLS] = { .name = "CALLS", .right = true },
    [NODES_RATE] = { .name = "PER S", .right = true },
    [NODES_FAILED] = { .name = "FAILED", .right = true },
    [NODES_ANSWER] = { .name = "ANSWER", .cut = true },
};

static void meters_look_row(
        struct table *table, const struct reach_node *node, const struct meters *meters)
{
    uint64_t calls = 0;
    uint64_t failed = 0;
    double rate = 0;

    table_row(table);
    for (size_t column = NODES_NODE; column < NODES_COLUMNS; column++)
        table_cell(table, column, "-");
    table_cell(table, NODES_NODE, "%s", node->known->name);
    if (node->known->reachable)
        table_cell(table, NODES_HOPS, "%u", node->known->hops);
    if (!node->answered) {
        table_cell(table, NODES_ANSWER, "%s", node->why);
        table_color(table, NODES_ANSWER, COLOR_BAD);
        return;
    }
    for (size_t i = 0; i < meters->count; i++) {
        calls += meters->list[i].calls;
        failed += meters->list[i].failed;
        rate += meters_rate(meters, &meters->list[i]);
    }
    table_cell(table, NODES_CALLS, "%" PRIu64, calls);
    table_cell(table, NODES_RATE, rate < 10 ? "%.2f" : "%.0f", rate);
    if (failed > 0)
        table_cell(table, NODES_FAILED, "%.1f %%", 100.0 * (double)failed / (double)calls);
    table_cell(table, NODES_ANSWER, "%" PRIu64 " ms", node->took_ms);
}

int meters_look_print_nodes(const struct cli *cli, const struct meters_look *look)
{
    CLEANUP(table_cleanup) struct table *table = table_new(cli, nodes_columns, NODES_COLUMNS);

    if (table == NULL)
        return (int)failure_of_memory(cli);
    for (size_t i = 0; i < look->reach.count; i++)
        meters_look_row(table, &look->reach.nodes[i], &look->each[i]);
    table_print(table);
    return EXIT_OK;
}
