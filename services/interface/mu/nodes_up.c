// SPDX-License-Identifier: Apache-2.0
/* mu up --nodes. A part that fails ends it there: what it did stays, it says what that is, and run
 * again it goes on behind it. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "services/interface/mu/boot.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/network.h"
#include "services/interface/mu/nodes.h"
#include "services/interface/mu/nodes_network.h"
#include "services/interface/mu/nodes_services.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/table.h"

enum { NODES_READY_MAX = 64 }; /* bytes with the final NUL */

static int nodes_boot(struct nodes *nodes, size_t *started_countp)
{
    int code = EXIT_OK;

    for (size_t i = 0; code == EXIT_OK && i < nodes->count; i++) {
        struct nodes_one *one = &nodes->all[i];
        bool started = false;
        int error = place_make(one->dir, 0700);

        if (error < 0)
            return (int)failure_say(&one->cli, EXIT_DENIED, "take another folder: --dir DIR",
                    "cannot make %s: %s", one->dir, strerror(-error));
        code = boot(&one->cli, one->name, &started);
        *started_countp += started;
    }
    return code;
}

/* What stands, after a part failed. */
static void nodes_say_rest(struct nodes *nodes)
{
    const struct cli *cli = &nodes->all[0].cli;
    char names[NODES_MAX * NODES_NAME_MAX] = "";
    size_t length = 0;

    for (size_t i = 0; i < nodes->count; i++) {
        if (bus_open(&nodes->all[i].cli) == 0)
            length += (size_t)snprintf(
                    names + length, sizeof(names) - length, " %s", nodes->all[i].name);
    }
    if (length == 0)
        output_talk(cli, "no node runs in %s", nodes->dir);
    else
        output_talk(cli,
                "these run, in %s:%s\n  go on: mu up --nodes %zu --dir %s\n"
                "  stop them: mu down --nodes --dir %s",
                nodes->dir, names, nodes->count, nodes->dir, nodes->dir);
}

enum nodes_column { NODES_COLUMN_NODE, NODES_COLUMN_LISTENS, NODES_COLUMN_RUNS, NODES_COLUMN_DIR };

static const struct table_column nodes_columns[] = {
    [NODES_COLUMN_NODE] = { .name = "NODE" },
    [NODES_COLUMN_LISTENS] = { .name = "LISTENS" },
    [NODES_COLUMN_RUNS] = { .name = "RUNS" },
    [NODES_COLUMN_DIR] = { .name = "DIR" },
};

static void nodes_row(
        struct table *table, struct nodes_one *one, const struct nodes_services *services)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__ShowReply *show = network_look(&one->cli);
    char runs[TABLE_CELL_MAX] = "";
    size_t length = 0;

    for (size_t i = 0; i < services->count && length < sizeof(runs); i++) {
        if (&services->nodes->all[services->all[i].home] == one)
            length += (size_t)snprintf(runs + length, sizeof(runs) - length, "%s%s",
                    length > 0 ? " " : "", services->all[i].name);
    }
    table_row(table);
    table_cell(table, NODES_COLUMN_NODE, "%s", show != NULL ? show->self->name : one->name);
    table_cell(table, NODES_COLUMN_LISTENS, "%s", show != NULL ? show->self->listen : "");
    table_cell(table, NODES_COLUMN_RUNS, "%s", runs);
    table_cell(table, NODES_COLUMN_DIR, "%s", one->dir);
}

static int nodes_print_json(
        const struct cli *cli, struct nodes *nodes, const struct nodes_services *services)
{
    json_t *list = json_array();
    json_t *root = json_pack("{s:s, s:o}", "dir", nodes->dir, "nodes", list);

    for (size_t i = 0; i < nodes->count; i++) {
        json_t *runs = json_array();

        for (size_t j = 0; j < services->count; j++) {
            if (services->all[j].home == i)
                json_array_append_new(runs, json_string(services->all[j].name));
        }
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "node", nodes->all[i].name, "dir",
                                            nodes->all[i].dir, "services", runs));
    }
    return output_json(cli, root);
}

/* A call that crosses: of greeter where it is there, from a node that does not run it. */
static void nodes_print_next(const struct nodes *nodes, const struct nodes_services *services)
{
    const struct nodes_one *from = &nodes->all[0];

    for (size_t i = 0; i < services->count && nodes->count > 1; i++) {
        if (strcmp(services->all[i].name, "greeter") == 0)
            from = &nodes->all[services->all[i].home == 0 ? 1 : 0];
    }
    printf("next      export MU_DIR=%s\n", from->dir);
    if (services->count > 0)
        printf("          mu call greeter.Hello name=World\n");
    printf("          mu network graph      mu registry list      mu down --nodes\n");
}

static int nodes_print(
        const struct cli *cli, struct nodes *nodes, const struct nodes_services *services)
{
    CLEANUP(table_cleanup) struct table *table = NULL;

    if (output_is_json(cli))
        return nodes_print_json(cli, nodes, services);
    if (cli->format == OUTPUT_NAME) {
        for (size_t i = 0; i < nodes->count; i++)
            puts(nodes->all[i].name);
        return EXIT_OK;
    }
    table = table_new(cli, nodes_columns, sizeof(nodes_columns) / sizeof(nodes_columns[0]));
    if (table == NULL)
        return (int)failure_of_memory(cli);
    for (size_t i = 0; i < nodes->count; i++)
        nodes_row(table, &nodes->all[i], services);
    table_print(table);
    return EXIT_OK;
}

/* All but the nodes themselves: a network, services on them, ways between them. A service that is
 * refused does not keep the others away. */
static int nodes_furnish(struct nodes *nodes, struct nodes_services *services, bool is_bare,
        enum ready_outcome *outcomep)
{
    int refused = EXIT_OK;
    int code = nodes_unite(nodes);

    if (code == EXIT_OK)
        code = nodes_wait_links(nodes);
    if (code == EXIT_OK && !is_bare)
        refused = nodes_spread(services, nodes);
    if (code == EXIT_OK)
        code = nodes_wait_ready(services, outcomep);
    if (code == EXIT_OK)
        code = nodes_wait_calls(services);
    return code != EXIT_OK ? code : refused;
}

static int nodes_show(const struct cli *cli, struct nodes *nodes,
        const struct nodes_services *services, const char *ready)
{
    int code = nodes_print(cli, nodes, services);

    if (code != EXIT_OK || cli->format != OUTPUT_DEFAULT)
        return code;
    printf("ready     %s\n", ready);
    nodes_print_next(nodes, services);
    return EXIT_OK;
}

int nodes_up(struct cli *cli, const struct arguments *arguments, size_t count)
{
    CLEANUP(nodes_close) struct nodes nodes = { .count = 0 };
    struct nodes_services services = { .nodes = &nodes };
    enum ready_outcome outcome = READY_UP;
    uint64_t started_us = clock_us();
    char ready[NODES_READY_MAX] = "they were running already";
    size_t started_count = 0;
    int code = nodes_open(&nodes, cli, count);

    if (code != EXIT_OK)
        return code;
    code = nodes_boot(&nodes, &started_count);
    if (code == EXIT_OK)
        code = nodes_furnish(
                &nodes, &services, arguments_flag(arguments, "bare") != NULL, &outcome);
    if (code != EXIT_OK) {
        nodes_say_rest(&nodes);
        return code;
    }
    if (started_count > 0 || services.count_new > 0)
        snprintf(ready, sizeof(ready), "in %.0f ms", (double)(clock_us() - started_us) / 1000.0);
    code = nodes_show(cli, &nodes, &services, ready);
    if (code != EXIT_OK || outcome == READY_UP || arguments_flag(arguments, "wait") == NULL)
        return code;
    return (int)failure_say(cli, outcome == READY_LATE ? EXIT_DEADLINE : EXIT_ANSWERED_ERROR, NULL,
            "the nodes are up, but not all of their services");
}
