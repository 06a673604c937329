// SPDX-License-Identifier: Apache-2.0
/* mu stats - how often methods were called, how that ended and how long it took. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/calls.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/limits.h"
#include "services/interface/mu/meters_json.h"
#include "services/interface/mu/meters_look.h"
#include "services/interface/mu/metrics.h"
#include "services/interface/mu/namespace.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/reader.h"
#include "services/interface/mu/stats_table.h"
#include "services/interface/mu/status.h"

enum { STATS_EVERY_MS = 1000 };

struct stats {
    struct cli *cli;
    struct meters_filter filter;
    enum stats_order order;
    uint32_t every_ms; /* 0: once */
    bool of_all;       /* nodes */
};

static int stats_tables(const struct stats *stats, struct meters *shown,
        const struct meters_look *now, const struct meters_look *before)
{
    CLEANUP(table_cleanup) struct table *methods = NULL;
    CLEANUP(table_cleanup) struct table *services = NULL;

    stats_table_sort(shown, stats->order);
    methods = stats_table_methods(stats->cli, shown);
    services = stats_table_services(
            stats->cli, &now->all, before != NULL ? &before->all : NULL, stats->filter.service);
    if (methods == NULL || services == NULL)
        return (int)failure_of_memory(stats->cli);
    if (shown->count > 0)
        table_print(methods);
    if (shown->count > 0)
        putchar('\n');
    table_print(services);
    if (!stats->of_all)
        return EXIT_OK;
    putchar('\n');
    return meters_look_print_nodes(stats->cli, now);
}

static void stats_names(const struct meters *meters)
{
    for (size_t i = 0; i < meters->count; i++) {
        if (meters->list[i].counted->method[0] != '\0')
            printf("%s.%s\n", meters->list[i].counted->service, meters->list[i].counted->method);
    }
}

static int stats_prometheus(const struct stats *stats, const struct meters *meters)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__StatusReply *status = NULL;
    int code = status_ask(stats->cli, &status);

    if (code != EXIT_OK)
        return code;
    metrics_print(stdout, meters, status->version);
    return EXIT_OK;
}

static int stats_json(
        const struct stats *stats, const struct meters *shown, const struct meters_look *now)
{
    json_t *root = meters_json_make(shown, stats->filter.service);

    if (stats->of_all)
        json_object_set_new(root, "nodes", reach_json(&now->reach));
    return output_json(stats->cli, root);
}

/* `shown` is of `now`, or what came since `before`. */
static int stats_print(const struct stats *stats, struct meters *shown,
        const struct meters_look *now, const struct meters_look *before)
{
    if (stats->cli->format == OUTPUT_PROMETHEUS)
        return stats_prometheus(stats, shown);
    if (output_is_json(stats->cli))
        return stats_json(stats, shown, now);
    if (stats->cli->format == OUTPUT_NAME) {
        stats_names(shown);
        return EXIT_OK;
    }
    return stats_tables(stats, shown, now, before);
}

/* Nothing was counted of what was asked for. */
static int stats_none(const struct stats *stats)
{
    if (stats->filter.service == NULL) {
        output_talk(stats->cli, "no service was called since the router started");
        return EXIT_OK;
    }
    return (int)failure_say(stats->cli, EXIT_NOT_FOUND,
            "see what was: mu stats      what there is: mu registry list",
            "no call to %s%s%s was counted since the router started", stats->filter.service,
            stats->filter.method != NULL ? "." : "",
            stats->filter.method != NULL ? stats->filter.method : "");
}

static int stats_once(const struct stats *stats)
{
    CLEANUP(meters_look_deinit) struct meters_look now = { 0 };
    int code = meters_look_take(stats->cli, &stats->filter, stats->of_all, &now);

    if (code != EXIT_OK)
        return code;
    if (stats->of_all)
        reach_talk(stats->cli, &now.reach);
    if (now.all.count == 0 && !output_is_json(stats->cli))
        code = stats_none(stats);
    return code == EXIT_OK ? stats_print(stats, &now.all, &now, NULL) : code;
}

/* Says what came since the look before. */
static int stats_since(
        const struct stats *stats, const struct meters_look *now, const struct meters_look *before)
{
    CLEANUP(meters_deinit) struct meters since = { 0 };
    bool is_lent;
    int code;

    if (meters_look_since(now, before, &since) < 0)
        return (int)failure_of_memory(stats->cli);
    is_lent = since.processes == NULL && output_is_json(stats->cli);
    if (is_lent)
        since.processes = now->all.processes;
    code = stats_print(stats, &since, now, before);
    if (is_lent)
        since.processes = NULL;
    return code == EXIT_OK ? output_flush(stats->cli) : code;
}

/* The same over and over. */
static int stats_watch(const struct stats *stats)
{
    CLEANUP(meters_look_deinit) struct meters_look before = { 0 };
    bool is_first = true;
    int code = meters_look_take(stats->cli, &stats->filter, stats->of_all, &before);

    reader_watch();
    while (code == EXIT_OK) {
        struct meters_look now;

        poll(NULL, 0, (int)stats->every_ms);
        code = meters_look_take(stats->cli, &stats->filter, stats->of_all, &now);
        if (code != EXIT_OK)
            break;
        if (!is_first && !output_is_json(stats->cli))
            putchar('\n');
        is_first = false;
        code = stats_since(stats, &now, &before);
        meters_look_deinit(&before);
        before = now;
    }
    return code;
}

/* Reads --every and --sort. Returns EXIT_OK or EXIT_USAGE. */
static int stats_read(struct stats *stats, const struct arguments *arguments)
{
    const char *every = arguments_flag(arguments, "every");
    const char *sort = arguments_flag(arguments, "sort");
    char word[FAILURE_WORD_MAX];

    if (arguments_flag(arguments, "watch") != NULL)
        stats->every_ms = STATS_EVERY_MS;
    if (every != NULL && (duration_parse(every, &stats->every_ms) < 0 ||
                                 stats->every_ms < WATCH_MIN_MS || stats->every_ms > INT32_MAX))
        return (int)failure_say(stats->cli, EXIT_USAGE, "write e.g. --every 2s",
                "--every: \"%s\" is no time of %d ms or more", failure_word(every, word),
                WATCH_MIN_MS);
    stats->order = STATS_BY_NAME;
    while (sort != NULL && strcmp(sort, stats_order_name(stats->order)) != 0) {
        stats->order += 1;
        if (stats->order == STATS_ORDERS)
            return (int)failure_say(stats->cli, EXIT_USAGE,
                    "one of: name calls failed p50 p99 queue bytes open",
                    "--sort: there is no order \"%s\"", failure_word(sort, word));
    }
    stats->of_all = arguments_flag(arguments, "nodes") != NULL;
    if (stats->of_all && stats->cli->format == OUTPUT_PROMETHEUS)
        return (int)failure_say(stats->cli, EXIT_USAGE,
                "leave out --nodes, and run it on each node: Prometheus adds them up",
                "-o prometheus is of one node");
    if (stats->every_ms != 0 && stats->cli->format == OUTPUT_PROMETHEUS)
        return (int)failure_say(stats->cli, EXIT_USAGE, "leave out --watch: Prometheus asks itself",
                "-o prometheus counts from the start");
    return EXIT_OK;
}

static int stats_run(struct cli *cli, const struct arguments *arguments)
{
    struct stats stats = { .cli = cli };
    struct calls_filter named = { 0 };
    char text[MU_ENDPOINT_MAX];
    int code = calls_read_word(
            cli, arguments->word_count > 0 ? arguments->words[0] : NULL, text, &named);

    if (code == EXIT_OK)
        code = stats_read(&stats, arguments);
    if (code != EXIT_OK)
        return code;
    stats.filter = (struct meters_filter){
        .service = named.service,
        .method = named.method,
        .space = arguments_flag(arguments, "namespace"),
        .with_own = arguments_flag(arguments, "all") != NULL || cli->format == OUTPUT_PROMETHEUS,
    };
    return stats.every_ms != 0 ? stats_watch(&stats) : stats_once(&stats);
}

const struct command stats_command = {
    .name = "stats",
    .group = "Watching",
    .summary = "how often methods were called, how it ended, how long it took",
    .words = "[SERVICE[.METHOD]]",
    .words_max = 1,
    .own_format = OUTPUT_PROMETHEUS,
    .details =
            "Counted by the router, of every service, since it started; with -w of each interval. "
            "Times go from\n"
            "the call's arrival at the router to its end; QUEUE P99 is how long calls waited in "
            "the router for\n"
            "their callee. WHERE is `there` for calls that went to another node. SENT and GOT are "
            "bytes of\n"
            "bodies. Calls of a method that never answered, or for which there is no room, are in "
            "(other).\n"
            "-o prometheus writes the text format 0.0.4 of all that is counted.\n"
            "--nodes asks every node of this owner, each for 2 s at most, adds up what they "
            "counted, and\n"
            "names those that do not answer. A call over a link is `there` where it was made and "
            "`here` where\n"
            "it went.",
    .flags =
            (const struct flag[]){
                    { .name = "watch", .letter = 'w', .help = "over and over, what came since" },
                    { .name = "every", .value = "TIME", .help = "the same, so often (1s)" },
                    { .name = "sort",
                            .value = "ORDER",
                            .complete = COMPLETE_CHOICE,
                            .choices = "name|calls|failed|p50|p99|queue|bytes|open",
                            .help = "by name, calls, failed, p50, p99, queue, bytes, open" },
                    { .name = "nodes", .help = "of all nodes of the network together" },
                    NAMESPACE_FLAG,
                    { .name = "all",
                            .letter = 'a',
                            .help = "also calls to router, node, registry and SERVICE.mu.*" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu stats", "all services" },
                    { "mu stats greeter.Hello -w", "one method, second by second" },
                    { "mu stats --nodes", "all nodes together, and each by itself" },
                    { "mu stats -o prometheus > /var/lib/node_exporter/mu.prom",
                            "for a textfile collector" },
                    { "mu stats -o json | jq '.methods[] | [.service, .method, .took.p99Us]'",
                            "for a script" },
                    { NULL, NULL },
            },
    .first = COMPLETE_ENDPOINT,
    .run = stats_run,
};
