// SPDX-License-Identifier: Apache-2.0
/* mu trace - calls, and the calls that were made for them, as the router remembers them. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/call_json.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/limits.h"
#include "services/interface/mu/otlp.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/post.h"
#include "services/interface/mu/status.h"
#include "services/interface/mu/table.h"
#include "services/interface/mu/trace_id.h"
#include "services/interface/mu/waterfall.h"

enum { TRACE_URL_MAX = 1024 /* bytes with the final NUL */ };

/* `found` NULL: only this node was asked. */
static json_t *trace_json(const struct trace *trace, const struct calls_reach *found)
{
    json_t *calls = json_array();

    for (size_t i = 0; i < trace->tree.count; i++) {
        const Mu__Router__V1__CallRecord *record = trace->tree.nodes[i].record;
        json_t *call = call_json_make(record);

        if (found != NULL)
            json_object_set_new(call, "node", json_string(calls_reach_node(found, record)));
        json_array_append_new(calls, call);
    }
    return json_pack("{s:s, s:I, s:I, s:o}", "trace", trace->id, "tookUs",
            (json_int_t)(trace->tree.ended_us - trace->tree.began_us), "failed",
            (json_int_t)trace->tree.failed, "calls", calls);
}

/* ---- mu trace list ---- */

enum trace_column {
    TRACE_BEGAN,
    TRACE_ID,
    TRACE_CALL,
    TRACE_FROM,
    TRACE_CALLS,
    TRACE_FAILED,
    TRACE_CODE,
    TRACE_TOOK,
    TRACE_COLUMNS
};

static const struct table_column trace_columns[TRACE_COLUMNS] = {
    [TRACE_BEGAN] = { .name = "BEGAN" },
    [TRACE_ID] = { .name = "TRACE" },
    [TRACE_CALL] = { .name = "CALL", .cut = true },
    [TRACE_FROM] = { .name = "FROM", .cut = true, .spare = 2 },
    [TRACE_CALLS] = { .name = "CALLS", .right = true, .spare = 1 },
    [TRACE_FAILED] = { .name = "FAILED", .right = true },
    [TRACE_CODE] = { .name = "CODE" },
    [TRACE_TOOK] = { .name = "TOOK", .right = true },
};

/* The code that the trace ended with: a call that mu made again has several roots. */
static enum mu_code trace_code(const struct span_tree *tree)
{
    size_t last = tree->count - 1;

    while (tree->nodes[last].depth > 0)
        last -= 1;
    return (enum mu_code)tree->nodes[last].record->code;
}

static void trace_row(struct table *table, const struct trace *trace)
{
    const struct span_tree *tree = &trace->tree;
    const Mu__Router__V1__CallRecord *root = tree->nodes[0].record;
    enum mu_code code = trace_code(tree);
    time_t began = (time_t)(tree->began_us / 1000000);
    char text[DURATION_TEXT_MAX];
    char from[TABLE_CELL_MAX];
    char clock[16] = "";
    struct tm parts;

    if (localtime_r(&began, &parts) != NULL)
        strftime(clock, sizeof(clock), "%H:%M:%S", &parts);
    table_row(table);
    table_cell(table, TRACE_BEGAN, "%s.%03u", clock, (unsigned)(tree->began_us / 1000 % 1000));
    table_cell(table, TRACE_ID, "%.*s", TRACE_ID_SHORT, trace->id);
    table_cell(table, TRACE_CALL, "%s", root->endpoint);
    table_cell(table, TRACE_FROM, "%s", calls_caller(root, from, sizeof(from)));
    table_cell(table, TRACE_CALLS, "%zu", tree->count);
    table_cell(table, TRACE_FAILED, tree->failed > 0 ? "%zu" : "-", tree->failed);
    if (tree->failed > 0)
        table_color(table, TRACE_FAILED, COLOR_BAD);
    table_cell(table, TRACE_CODE, "%s", mu_code_name(code));
    if (code != MU_OK)
        table_color(table, TRACE_CODE, COLOR_BAD);
    table_cell(table, TRACE_TOOK, "%s", duration_print_us(tree->ended_us - tree->began_us, text));
}

/* Which traces are wanted, besides the calls that they are made of. */
struct trace_wish {
    const char *service; /* one of its calls went to it; NULL: any */
    bool failed;
    uint64_t slow_us;
    bool with_own;
};

static bool trace_is_wanted(const struct trace *trace, const struct trace_wish *wish)
{
    const struct span_tree *tree = &trace->tree;
    bool is_service = wish->service == NULL;
    bool is_foreign = wish->with_own || wish->service != NULL;
    char service[MU_ENDPOINT_MAX];

    for (size_t i = 0; i < tree->count; i++) {
        const Mu__Router__V1__CallRecord *record = tree->nodes[i].record;

        is_service = is_service || strcmp(calls_service(record, service), wish->service) == 0;
        is_foreign = is_foreign || !calls_is_own(record);
    }
    return is_service && is_foreign && (!wish->failed || tree->failed > 0) &&
           tree->ended_us - tree->began_us >= wish->slow_us;
}

/* Keeps the newest `max` that are wanted, in their order. */
static void trace_select(struct trace_set *set, const struct trace_wish *wish, size_t max)
{
    size_t wanted = 0;
    size_t skip;
    size_t kept = 0;

    for (size_t i = 0; i < set->count; i++)
        wanted += trace_is_wanted(&set->list[i], wish);
    skip = wanted > max ? wanted - max : 0;
    for (size_t i = 0; i < set->count; i++) {
        bool is_kept = trace_is_wanted(&set->list[i], wish) && (skip == 0 || skip-- == 0);

        if (!is_kept)
            span_tree_deinit(&set->list[i].tree);
        else if (kept++ != i) {
            set->list[kept - 1] = set->list[i];
            set->list[i].tree = (struct span_tree){ 0 };
        }
    }
    set->count = kept;
}

static int trace_list_json(const struct cli *cli, const struct trace_set *set)
{
    json_t *list = json_array();

    for (size_t i = 0; i < set->count; i++) {
        if (cli->format == OUTPUT_JSONL)
            output_json(cli, trace_json(&set->list[i], NULL));
        else
            json_array_append_new(list, trace_json(&set->list[i], NULL));
    }
    if (cli->format != OUTPUT_JSONL)
        return output_json(cli, json_pack("{s:o}", "traces", list));
    json_decref(list);
    return EXIT_OK;
}

static int trace_list_print(struct cli *cli, const struct trace_set *set)
{
    CLEANUP(table_cleanup) struct table *table = NULL;

    if (output_is_json(cli))
        return trace_list_json(cli, set);
    if (cli->format == OUTPUT_NAME) {
        for (size_t i = 0; i < set->count; i++)
            puts(set->list[i].id);
        return EXIT_OK;
    }
    if (set->count == 0) {
        output_talk(cli, "the router remembers no such call");
        return EXIT_OK;
    }
    table = table_new(cli, trace_columns, TRACE_COLUMNS);
    if (table == NULL)
        return (int)failure_of_memory(cli);
    for (size_t i = 0; i < set->count; i++)
        trace_row(table, &set->list[i]);
    table_print(table);
    return EXIT_OK;
}

static int trace_list_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(calls_deinit) struct calls calls = { 0 };
    CLEANUP(trace_set_deinit) struct trace_set set = { 0 };
    const struct calls_filter all = { .with_own = true };
    struct trace_wish wish = { .service = arguments_flag(arguments, "service"),
        .failed = arguments_flag(arguments, "failed") != NULL,
        .with_own = arguments_flag(arguments, "all") != NULL };
    const char *slow = arguments_flag(arguments, "slow");
    long limit = TRACES_SHOWN;
    uint32_t slow_ms = 0;
    char word[FAILURE_WORD_MAX];
    int code = arguments_number(cli, arguments, "limit", 1, TRACES_SHOWN_MAX, &limit);

    if (code == EXIT_OK && slow != NULL && duration_parse(slow, &slow_ms) < 0)
        code = (int)failure_say(cli, EXIT_USAGE, "write e.g. --slow 100ms",
                "--slow: \"%s\" is no length of time", failure_word(slow, word));
    wish.slow_us = slow_ms * UINT64_C(1000);
    if (code == EXIT_OK)
        code = calls_take(cli, &all, &calls);
    if (code != EXIT_OK)
        return code;
    if (trace_set_init(&set, &calls) < 0)
        return (int)failure_of_memory(cli);
    trace_select(&set, &wish, (size_t)limit);
    return trace_list_print(cli, &set);
}

static const struct command trace_list_command = {
    .name = "list",
    .alias = "ls",
    .summary = "the last calls, and what came of them",
    .details = "The newest last. A trace is one call with those that were made for it. Calls to "
               "the node's own\n"
               "services, which mu itself makes, are left out.",
    .flags =
            (const struct flag[]){
                    { .name = "service",
                            .letter = 's',
                            .value = "SERVICE",
                            .complete = COMPLETE_SERVICE,
                            .help = "with a call to it" },
                    { .name = "failed", .letter = 'f', .help = "with a call that failed" },
                    { .name = "slow", .value = "TIME", .help = "that took so long, or longer" },
                    { .name = "limit", .letter = 'n', .value = "N", .help = "the last N (20)" },
                    { .name = "all", .letter = 'a', .help = "also to router, node, registry" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu trace list --failed", "what failed lately?" },
                    { "mu trace list --service shop --slow 100ms", "where was shop slow?" },
                    { NULL, NULL },
            },
    .run = trace_list_run,
};

/* ---- mu trace show, export ---- */

/* Prints it as OTLP has it, or makes a text of it, which the caller frees. */
static int trace_otlp(struct cli *cli, const struct trace_set *set, char **textp)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__StatusReply *status = NULL;
    int code = status_ask(cli, &status);
    json_t *root;

    if (code != EXIT_OK)
        return code;
    root = otlp_make(set, status->node, status->version);
    if (textp == NULL)
        return output_json(cli, root);
    *textp = root != NULL ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    return *textp != NULL ? EXIT_OK : (int)failure_of_memory(cli);
}

/* The trace, and which nodes were asked for it. */
static int trace_show_json(
        const struct cli *cli, const struct trace *trace, const struct calls_reach *found)
{
    json_t *root = trace_json(trace, found->each != NULL ? found : NULL);

    if (found->each != NULL)
        json_object_set_new(root, "nodes", reach_json(&found->reach));
    return output_json(cli, root);
}

static int trace_show_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(calls_reach_deinit) struct calls_reach found = { 0 };
    CLEANUP(trace_set_deinit) struct trace_set set = { 0 };
    bool of_all = arguments_flag(arguments, "nodes") != NULL;
    int code;

    if (of_all && cli->format == OUTPUT_OTLP)
        return (int)failure_say(cli, EXIT_USAGE,
                "leave out --nodes, and run it on each node: a collector puts them together",
                "-o otlp is of one node");
    code = calls_reach_find(cli, arguments->words[0], of_all, &found, &set);
    if (code != EXIT_OK)
        return code;
    if (cli->format == OUTPUT_OTLP)
        return trace_otlp(cli, &set, NULL);
    if (output_is_json(cli))
        return trace_show_json(cli, &set.list[0], &found);
    if (cli->format == OUTPUT_NAME) {
        puts(set.list[0].id);
        return EXIT_OK;
    }
    return waterfall_print(cli, &set.list[0], &found);
}

static const struct command trace_show_command = {
    .name = "show",
    .summary = "one call, and those made for it, as a waterfall",
    .words = "TRACE-ID",
    .words_min = 1,
    .words_max = 1,
    .own_format = OUTPUT_OTLP,
    .first = COMPLETE_TRACE,
    .details = "The id, or its first digits, as mu call --trace and mu trace list say it. AT is "
               "when a call came\n"
               "to the router, after the first one. What went to another node, that node's own "
               "router has more of:\n"
               "--nodes asks all nodes of this owner, each for 2 s at most. -o otlp writes it as "
               "OTLP's JSON.",
    .flags =
            (const struct flag[]){
                    { .name = "nodes", .help = "also what other nodes know of it" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu trace show 4bf92f35", "in the terminal" },
                    { "mu trace show 4bf92f35 --nodes", "with what other nodes saw of it" },
                    { "mu trace show 4bf92f35 -o json", "for a program" },
                    { NULL, NULL },
            },
    .run = trace_show_run,
};

/* Writes `url` into `whole`, with OTLP's own path where it has none. False where it is too long, or
 * no URL. */
static bool trace_url(const char *url, char whole[TRACE_URL_MAX])
{
    const char *host = strstr(url, "://");
    const char *path = host != NULL ? strchr(host + 3, '/') : NULL;
    bool is_bare = path == NULL || path[1] == '\0';
    int size = host != NULL ? (int)(path != NULL && is_bare ? path - url : (long)strlen(url)) : 0;

    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return false;
    return snprintf(whole, TRACE_URL_MAX, "%.*s%s", size, url, is_bare ? "/v1/traces" : "") <
           TRACE_URL_MAX;
}

static int trace_export_send(
        struct cli *cli, const struct trace_set *set, const char *url, const char *header)
{
    CLEANUP(cleanup_free) char *text = NULL;
    int code = trace_otlp(cli, set, &text);

    if (code == EXIT_OK)
        code = post_json(cli, url, header, text);
    if (code == EXIT_OK)
        output_talk(cli, "%zu trace%s sent to %s", set->count, set->count == 1 ? "" : "s", url);
    return code;
}

static int trace_export_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(calls_deinit) struct calls calls = { 0 };
    CLEANUP(trace_set_deinit) struct trace_set set = { 0 };
    const struct calls_filter all = { .with_own = true };
    const struct trace_wish wish = { .with_own = arguments_flag(arguments, "all") != NULL };
    const char *given = arguments_flag(arguments, "otlp");
    char url[TRACE_URL_MAX];
    char word[FAILURE_WORD_MAX];
    int code;

    if (given == NULL || !trace_url(given, url))
        return (int)failure_say(cli, EXIT_USAGE, "write e.g. --otlp http://127.0.0.1:4318",
                given == NULL ? "mu trace export needs --otlp URL: where to"
                              : "--otlp: \"%s\" is no URL of http or https",
                given != NULL ? failure_word(given, word) : "");
    if (arguments->word_count > 0)
        code = trace_set_find(cli, arguments->words[0], &calls, &set);
    else
        code = calls_take(cli, &all, &calls);
    if (code != EXIT_OK)
        return code;
    if (arguments->word_count == 0 && trace_set_init(&set, &calls) < 0)
        return (int)failure_of_memory(cli);
    if (arguments->word_count == 0)
        trace_select(&set, &wish, TRACES_SHOWN_MAX);
    return trace_export_send(cli, &set, url, arguments_flag(arguments, "header"));
}

static const struct command trace_export_command = {
    .name = "export",
    .summary = "send traces to a collector",
    .words = "[TRACE-ID]",
    .words_max = 1,
    .first = COMPLETE_TRACE,
    .details = "One trace, or all that the router remembers, as OTLP/HTTP JSON in one POST; to "
               "/v1/traces where the\n"
               "URL has no path. A collector knows traces by their ids, so what is sent twice is "
               "there once.",
    .flags =
            (const struct flag[]){
                    { .name = "otlp", .value = "URL", .help = "where to: http or https" },
                    { .name = "header",
                            .value = "'NAME: VALUE'",
                            .help = "sent besides, as for a key" },
                    { .name = "all", .letter = 'a', .help = "also to router, node, registry" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu trace export --otlp http://127.0.0.1:4318", "all that is remembered" },
                    { "mu trace export 4bf92f35 --otlp https://traces.example --header 'X-Key: k'",
                            "one of them" },
                    { NULL, NULL },
            },
    .run = trace_export_run,
};

static const struct command *const trace_children[] = {
    &trace_list_command,
    &trace_show_command,
    &trace_export_command,
    NULL,
};

const struct command trace_command = {
    .name = "trace",
    .alias = "traces",
    .group = "Watching",
    .summary = "what calls went through, and how long that took",
    .children = trace_children,
};
