// SPDX-License-Identifier: Apache-2.0
/* mu tap - calls as they end. The router keeps the last ones by number, so looking for what is new
 * costs one call, and what was forgotten between two looks is known by its number. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/call_json.h"
#include "services/interface/mu/calls.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/limits.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/plain.h"
#include "services/interface/mu/reader.h"
#include "services/interface/mu/size.h"
#include "services/interface/mu/table.h"
#include "services/interface/mu/trace_id.h"

enum { TAP_COUNT_MAX = 1000000000 };

struct tap {
    struct cli *cli;
    struct calls_filter filter;
    uint64_t started_us; /* of the router whose numbers they are; 0: none was asked yet */
    uint64_t last;       /* the number that was seen last */
    long left;           /* calls until it ends; 0: none are counted */
    bool is_done;
};

static void tap_text(const char *text)
{
    plain_print(stdout, text, strlen(text));
}

/* `12:00:01.123  4bf92f35  shop -> greeter.Hello  OK  1.24 ms  12 B up, 9 B down` */
static void tap_line(const struct cli *cli, const Mu__Router__V1__CallRecord *record)
{
    time_t began = (time_t)(record->began_us / 1000000);
    const char *color = record->code == MU_OK ? COLOR_GOOD : COLOR_BAD;
    char clock[16] = "";
    char caller[TABLE_CELL_MAX];
    char trace[TRACE_ID_TEXT_MAX];
    char took[DURATION_TEXT_MAX];
    char up[SIZE_TEXT_MAX];
    char down[SIZE_TEXT_MAX];
    struct tm parts;

    if (localtime_r(&began, &parts) != NULL)
        strftime(clock, sizeof(clock), "%H:%M:%S", &parts);
    printf("%s%s.%03u%s  %.*s  ", color_on(cli, stdout, COLOR_DIM), clock,
            (unsigned)(record->began_us / 1000 % 1000), color_off(cli, stdout), TRACE_ID_SHORT,
            trace_id_print(record->trace.data, record->trace.len, trace));
    tap_text(calls_caller(record, caller, sizeof(caller)));
    fputs(" -> ", stdout);
    tap_text(record->endpoint);
    if (record->callee_node[0] != '\0')
        printf(" (node %s)", record->callee_node);
    printf("  %s%s%s  %s  %s up, %s down", color_on(cli, stdout, color),
            mu_code_name((enum mu_code)record->code), color_off(cli, stdout),
            duration_print_us(record->took_us, took), size_print(record->bytes_up, up),
            size_print(record->bytes_down, down));
    if (record->code != MU_OK && record->message[0] != '\0') {
        fputs("  ", stdout);
        tap_text(record->message);
    }
    putchar('\n');
}

static int tap_show(struct tap *tap, const Mu__Router__V1__CallRecord *record)
{
    char trace[TRACE_ID_TEXT_MAX];
    int code = EXIT_OK;

    if (output_is_json(tap->cli))
        code = output_json(tap->cli, call_json_make(record));
    else if (tap->cli->format == OUTPUT_NAME)
        puts(trace_id_print(record->trace.data, record->trace.len, trace));
    else
        tap_line(tap->cli, record);
    if (tap->left > 0)
        tap->is_done = --tap->left == 0;
    return code;
}

/* One look: tells what is new. */
static int tap_look(struct tap *tap)
{
    CLEANUP(calls_deinit) struct calls calls = { 0 };
    bool is_first = tap->started_us == 0;
    int code;

    tap->filter.since = tap->last;
    code = calls_take(tap->cli, &tap->filter, &calls);
    if (code != EXIT_OK)
        return code;
    if (!is_first && calls.started_us != tap->started_us) {
        output_talk(tap->cli, "the router started anew, and counts from the beginning");
        tap->filter.since = 0;
        calls_deinit(&calls);
        code = calls_take(tap->cli, &tap->filter, &calls);
        if (code != EXIT_OK)
            return code;
    } else if (!is_first && calls.missed > 0) {
        output_talk(
                tap->cli, "%llu calls came too fast to be told", (unsigned long long)calls.missed);
    }
    for (size_t i = 0; !is_first && !tap->is_done && code == EXIT_OK && i < calls.count; i++)
        code = tap_show(tap, calls.records[i]);
    tap->started_us = calls.started_us;
    tap->last = calls.last;
    return code == EXIT_OK ? output_flush(tap->cli) : code;
}

/* Where the node is, and how far its numbers are, without reading all that it keeps. */
static int tap_begin(struct tap *tap)
{
    int code;

    tap->last = UINT64_MAX; /* nothing is newer */
    code = tap_look(tap);
    if (code == EXIT_OK)
        output_talk(tap->cli, "calls as they end; ^C ends it");
    return code;
}

static int tap_run(struct cli *cli, const struct arguments *arguments)
{
    struct tap tap = { .cli = cli };
    char text[MU_ENDPOINT_MAX];
    int code = arguments_number(cli, arguments, "count", 1, TAP_COUNT_MAX, &tap.left);

    if (code == EXIT_OK)
        code = calls_read_word(
                cli, arguments->word_count > 0 ? arguments->words[0] : NULL, text, &tap.filter);
    if (code != EXIT_OK)
        return code;
    tap.filter.failed = arguments_flag(arguments, "failed") != NULL;
    tap.filter.with_own = arguments_flag(arguments, "all") != NULL;
    if (output_is_json(cli))
        cli->format = OUTPUT_JSONL; /* one call a line, whatever was asked for */
    reader_watch();
    code = tap_begin(&tap);
    while (code == EXIT_OK && !tap.is_done) {
        poll(NULL, 0, TAP_PAUSE_MS);
        code = tap_look(&tap);
    }
    return code;
}

const struct command tap_command = {
    .name = "tap",
    .group = "Watching",
    .summary = "calls, one a line, as they end",
    .words = "[SERVICE[.METHOD]]",
    .words_max = 1,
    .first = COMPLETE_ENDPOINT,
    .details =
            "When it began, its trace, who called what, how it ended, how long it took, bytes of "
            "bodies. Where more\n"
            "calls end at a time than the router keeps, it says how many were not told.",
    .flags =
            (const struct flag[]){
                    { .name = "failed", .letter = 'f', .help = "only those that failed" },
                    { .name = "count", .letter = 'n', .value = "N", .help = "end after N calls" },
                    { .name = "all", .letter = 'a', .help = "also to router, node, registry" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu tap", "all services" },
                    { "mu tap greeter --failed", "what goes wrong at one of them" },
                    { "mu tap -o jsonl | jq -r 'select(.tookUs > 1e5) | .trace'",
                            "slow ones, for a script" },
                    { NULL, NULL },
            },
    .run = tap_run,
};
