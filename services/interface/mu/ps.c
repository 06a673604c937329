// SPDX-License-Identifier: Apache-2.0
/* mu ps - the processes of the node. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/builtin.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/instance.h"
#include "services/interface/mu/namespace.h"
#include "services/interface/mu/network.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/status.h"
#include "services/interface/mu/table.h"

enum ps_column {
    PS_SERVICE,
    PS_NAMESPACE, /* only where some service has one */
    PS_VERSION,
    PS_INSTANCE,
    PS_STATE,
    PS_PID,
    PS_UP,
    PS_RESTARTS,
    PS_MEMORY,
    PS_CPU,
    PS_GRADE,
    PS_NODE, /* only where other nodes have something, too */
    PS_LAST_EXIT,
    PS_COLUMNS
};

static const struct table_column ps_columns[PS_COLUMNS] = {
    [PS_SERVICE] = { .name = "SERVICE" },
    [PS_NAMESPACE] = { .name = "NAMESPACE" },
    [PS_VERSION] = { .name = "VERSION", .spare = 4 },
    [PS_INSTANCE] = { .name = "INSTANCE", .spare = 5 },
    [PS_STATE] = { .name = "STATE" },
    [PS_PID] = { .name = "PID", .right = true },
    [PS_UP] = { .name = "UP", .right = true, .spare = 1 },
    [PS_RESTARTS] = { .name = "RESTARTS", .right = true },
    [PS_MEMORY] = { .name = "MEMORY", .right = true },
    [PS_CPU] = { .name = "CPU", .right = true, .spare = 3 },
    [PS_GRADE] = { .name = "GRADE", .spare = 2 },
    [PS_NODE] = { .name = "NODE" },
    [PS_LAST_EXIT] = { .name = "WHY, LAST EXIT", .cut = true },
};

static const struct {
    const char *name;
    const char *color; /* NULL: none */
} ps_states[] = {
    [MU__NODE__V1__PROCESS_STATE__PROCESS_DOWN] = { "down", COLOR_DIM },
    [MU__NODE__V1__PROCESS_STATE__PROCESS_WAITING] = { "waiting", COLOR_WARN },
    [MU__NODE__V1__PROCESS_STATE__PROCESS_STARTING] = { "starting", COLOR_WARN },
    [MU__NODE__V1__PROCESS_STATE__PROCESS_UP] = { "up", COLOR_GOOD },
    [MU__NODE__V1__PROCESS_STATE__PROCESS_STOPPING] = { "stopping", COLOR_WARN },
    [MU__NODE__V1__PROCESS_STATE__PROCESS_BACKOFF] = { "backoff", COLOR_WARN },
    [MU__NODE__V1__PROCESS_STATE__PROCESS_FAILED] = { "failed", COLOR_BAD },
};

/* The grade of its sandbox. */
static void ps_grade(struct table *table, const char *grade)
{
    table_cell(table, PS_GRADE, "%s", grade[0] != '\0' ? grade : "-");
    if (strcmp(grade, "C") == 0)
        table_color(table, PS_GRADE, COLOR_WARN);
    else if (strcmp(grade, "D") == 0)
        table_color(table, PS_GRADE, COLOR_BAD);
}

static void ps_row(struct table *table, const Mu__Node__V1__Process *process)
{
    size_t state = (size_t)process->state;
    char text[DURATION_TEXT_MAX];
    char instance[INSTANCE_TEXT_MAX];

    table_row(table);
    table_cell(table, PS_SERVICE, "%s", process->service);
    table_cell(table, PS_NAMESPACE, "%s", process->namespace_);
    table_cell(table, PS_VERSION, "%s", process->version);
    table_cell(table, PS_INSTANCE, "%s", instance_short(process->instance, instance));
    if (state >= sizeof(ps_states) / sizeof(ps_states[0])) {
        table_cell(table, PS_STATE, "%zu", state); /* of a newer node */
    } else if (process->backoff_ms > 0) {
        table_cell(table, PS_STATE, "%s %s", ps_states[state].name,
                duration_print(process->backoff_ms, text));
        table_color(table, PS_STATE, ps_states[state].color);
    } else {
        table_cell(table, PS_STATE, "%s", ps_states[state].name);
        table_color(table, PS_STATE, ps_states[state].color);
    }
    if (process->pid != 0) {
        table_cell(table, PS_PID, "%u", process->pid);
        table_cell(table, PS_UP, "%s", duration_print(process->up_ms, text));
        table_cell(table, PS_MEMORY, "%.1f MiB", process->memory_kib / 1024.0);
        table_cell(table, PS_CPU, "%s", duration_print(process->cpu_ms, text));
    } else {
        for (size_t column = PS_PID; column <= PS_CPU; column++)
            table_cell(table, column, "-");
    }
    ps_grade(table, process->grade);
    table_cell(table, PS_RESTARTS, "%u", process->restarts);
    table_cell(table, PS_LAST_EXIT, "%s%s%s", process->reason,
            process->reason[0] != '\0' && process->last_exit[0] != '\0' ? "; " : "",
            process->last_exit);
}

/* What is known here of an instance on another node. */
static void ps_row_other(struct table *table, const Mu__Registry__V1__Instance *instance)
{
    char text[INSTANCE_TEXT_MAX];

    table_row(table);
    for (size_t column = 0; column < PS_COLUMNS; column++)
        table_cell(table, column, "-");
    table_cell(table, PS_SERVICE, "%s", instance->service);
    table_cell(table, PS_VERSION, "%s", instance->version);
    table_cell(table, PS_INSTANCE, "%s", instance_short(instance->instance, text));
    table_cell(table, PS_STATE, "up");
    table_color(table, PS_STATE, COLOR_GOOD);
    table_cell(table, PS_NODE, "%s", instance->node);
}

static void ps_rows_other(struct table *table, const Mu__Registry__V1__ListReply *known)
{
    for (size_t i = 0; i < known->n_services; i++) {
        for (size_t j = 0; j < known->services[i]->n_instances; j++) {
            if (instance_is_elsewhere(known->services[i]->instances[j]))
                ps_row_other(table, known->services[i]->instances[j]);
        }
    }
}

/* The registry knows what is on other nodes. Where it does not answer, this node's own is shown. */
static Mu__Registry__V1__ListReply *ps_ask_others(struct cli *cli)
{
    Mu__Registry__V1__ListRequest request = MU__REGISTRY__V1__LIST_REQUEST__INIT;
    Mu__Registry__V1__ListReply *reply = NULL;
    struct mu_status status;

    bus_ask(cli, "registry.List", &request.base, &mu__registry__v1__list_reply__descriptor,
            NETWORK_LOOK_MS, (ProtobufCMessage **)&reply, &status);
    if (reply == NULL || instance_some_are_elsewhere(reply))
        return reply;
    bus_reply_free(&reply);
    return NULL;
}

/* `only`: the namespace that was asked for; NULL: all. */
static int ps_table(struct cli *cli, const Mu__Node__V1__ListReply *list, const char *only)
{
    CLEANUP(table_cleanup) struct table *table = NULL;
    CLEANUP(bus_reply_free) Mu__Node__V1__StatusReply *status = NULL;
    CLEANUP(bus_reply_free) Mu__Registry__V1__ListReply *others =
            only == NULL ? ps_ask_others(cli) : NULL; /* what is elsewhere has none here */
    int code = others != NULL ? status_ask(cli, &status) : EXIT_OK;

    if (code != EXIT_OK)
        return code;
    table = table_new(cli, ps_columns, PS_COLUMNS);
    if (table == NULL)
        return (int)failure_of_memory(cli);
    if (others == NULL)
        table_hide(table, PS_NODE);
    if (!namespace_is_used_by_processes(list))
        table_hide(table, PS_NAMESPACE);
    for (size_t i = 0; i < list->n_processes; i++) {
        ps_row(table, list->processes[i]);
        table_cell(table, PS_NODE, "%s", status != NULL ? status->node : "");
    }
    if (others != NULL)
        ps_rows_other(table, others);
    if (cli->format == OUTPUT_WIDE)
        table_print_whole(table);
    else
        table_print(table);
    return EXIT_OK;
}

static int ps_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__ListReply *list = NULL;
    CLEANUP(output_types_close) struct output_types types = { 0 };
    const char *only = arguments_flag(arguments, "namespace");
    int code = status_list(cli, &list);

    if (code != EXIT_OK)
        return code;
    namespace_keep_processes(list, only);
    if (cli->format == OUTPUT_JSON || cli->format == OUTPUT_PRETTY)
        return output_message(cli, builtin_find("node")->types, &list->base);
    if (cli->format == OUTPUT_JSONL)
        code = output_types_open(cli, &types, builtin_find("node")->types);
    else if (cli->format != OUTPUT_NAME)
        return ps_table(cli, list, only);
    for (size_t i = 0; code == EXIT_OK && i < list->n_processes; i++) {
        if (cli->format == OUTPUT_JSONL)
            code = output_types_print(cli, &types, &list->processes[i]->base);
        else
            puts(list->processes[i]->service);
    }
    return code;
}

const struct command ps_command = {
    .name = "ps",
    .group = "Daily",
    .summary = "the processes of the node",
    .details =
            "Every process that runs or should run, with the supervisor, the router and the "
            "registry.\n"
            "MEMORY is the proportional share; INSTANCE the first digits of the instance's "
            "number. GRADE is how well it is shut in: A all that Mu knows, B without a cgroup or "
            "landlock,\n"
            "C without namespaces, D less; `mu doctor` says why. Last comes why it is not up, and "
            "how it ended last.\n"
            "In a network the table goes on with what runs on other nodes, as far as it is known "
            "here.\n"
            "On a narrow terminal some columns are left out; -o wide has them all.",
    .own_format = OUTPUT_WIDE,
    .flags = (const struct flag[]){ NAMESPACE_FLAG, { .name = NULL } },
    .examples =
            (const struct example[]){
                    { "mu ps", "a table" },
                    { "mu ps -o wide", "with all columns, however narrow the terminal is" },
                    { "mu ps --namespace acme", "those of one namespace" },
                    { "mu ps -o jsonl", "one mu.node.v1.Process a line" },
                    { NULL, NULL },
            },
    .run = ps_run,
};
