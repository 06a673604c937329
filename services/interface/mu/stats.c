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
#include "services/interface/mu/metrics.h"
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
};

static int stats_tables(const struct stats *stats, struct meters *shown, const struct meters *now,
        const struct meters *before)
{
    CLEANUP(table_cleanup) struct table *methods = NULL;
    CLEANUP(table_cleanup) struct table *services = NULL;

    stats_table_sort(shown, stats->order);
    methods = stats_table_methods(stats->cli, shown);
    services = stats_table_services(stats->cli, now, before, stats->filter.service);
    if (methods == NULL || services == NULL)
        return (int)failure_of_memory(stats->cli);
    if (shown->count > 0)
        table_print(methods);
    if (shown->count > 0)
        putchar('\n');
    table_print(services);
    return EXIT_OK;
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

/* `shown` is `now`, or what came since `before`. */
static int stats_print(const struct stats *stats, struct meters *shown, const struct meters *now,
        const struct meters *before)
{
    if (stats->cli->format == OUTPUT_PROMETHEUS)
        return stats_prometheus(stats, now);
    if (output_is_json(stats->cli))
        return output_json(stats->cli, meters_json_make(shown, stats->filter.service));
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
    CLEANUP(meters_deinit) struct meters now = { 0 };
    int code = meters_take(stats->cli, &stats->filter, &now);

    if (code != EXIT_OK)
        return code;
    if (now.count == 0 && !output_is_json(stats->cli))
        code = stats_none(stats);
    return code == EXIT_OK ? stats_print(stats, &now, &now, NULL) : code;
}

/* Says what came since the look before, over and over. */
static int stats_watch(const struct stats *stats)
{
    CLEANUP(meters_deinit) struct meters before = { 0 };
    bool is_first = true;
    int code;

    reader_watch();
    for (code = meters_take(stats->cli, &stats->filter, &before); code == EXIT_OK;) {
        CLEANUP(meters_deinit) struct meters since = { 0 };
        struct meters now;

        poll(NULL, 0, (int)stats->every_ms);
        code = meters_take(stats->cli, &stats->filter, &now);
        if (code != EXIT_OK)
            break;
        if (meters_since(&now, &before, &since) < 0) {
            meters_deinit(&now);
            return (int)failure_of_memory(stats->cli);
        }
        since.processes = output_is_json(stats->cli) ? now.processes : NULL;
        if (!is_first && !output_is_json(stats->cli))
            putchar('\n');
        is_first = false;
        code = stats_print(stats, &since, &now, &before);
        since.processes = NULL; /* lent */
        meters_deinit(&before);
        before = now;
        if (code == EXIT_OK)
            code = output_flush(stats->cli);
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
            "-o prometheus writes the text format 0.0.4 of all that is counted.",
    .flags =
            (const struct flag[]){
                    { .name = "watch", .letter = 'w', .help = "over and over, what came since" },
                    { .name = "every", .value = "TIME", .help = "the same, so often (1s)" },
                    { .name = "sort",
                            .value = "ORDER",
                            .complete = COMPLETE_CHOICE,
                            .choices = "name|calls|failed|p50|p99|queue|bytes|open",
                            .help = "by name, calls, failed, p50, p99, queue, bytes, open" },
                    { .name = "all",
                            .letter = 'a',
                            .help = "also calls to router, node, registry and SERVICE.mu.*" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu stats", "all services" },
                    { "mu stats greeter.Hello -w", "one method, second by second" },
                    { "mu stats -o prometheus > /var/lib/node_exporter/mu.prom",
                            "for a textfile collector" },
                    { "mu stats -o json | jq '.methods[] | [.service, .method, .took.p99Us]'",
                            "for a script" },
                    { NULL, NULL },
            },
    .first = COMPLETE_ENDPOINT,
    .run = stats_run,
};
