// SPDX-License-Identifier: Apache-2.0
/* mu top - the busiest methods, on the whole terminal, until q. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/limits.h"
#include "services/interface/mu/meters_look.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/screen.h"
#include "services/interface/mu/stats_table.h"

enum {
    TOP_EVERY_MS = 1000,
    TOP_COLUMNS_MIN = 40 /* of a table; on a smaller screen its right side is cut off */
};

struct top {
    struct cli *cli;
    struct meters_filter filter;
    enum stats_order order;
    uint32_t every_ms;
    struct meters_look now;    /* owned */
    struct meters_look before; /* owned */
    bool is_begun;             /* there is `now` */
    bool has_before;           /* and `before` */
    bool of_all;               /* nodes */
    bool shows_own;            /* also the node's own services */
    bool is_paused;
};

/* Its letter, for each order. */
static const struct {
    char letter;
    enum stats_order order;
} top_keys[] = {
    { 'n', STATS_BY_NAME },
    { 'c', STATS_BY_CALLS },
    { 'f', STATS_BY_FAILED },
    { '5', STATS_BY_P50 },
    { '9', STATS_BY_P99 },
    { 'u', STATS_BY_QUEUE },
    { 'b', STATS_BY_BYTES },
    { 'o', STATS_BY_OPEN },
};

/* Who answered, and who did not. */
static void top_head_nodes(const struct top *top, FILE *stream)
{
    const struct reach *reach = &top->now.reach;
    const struct cli *cli = top->cli;
    size_t answered = 0;

    for (size_t i = 0; i < reach->count; i++)
        answered += reach->nodes[i].answered;
    fprintf(stream, "%zu of %zu nodes", answered, reach->count);
    for (size_t i = 0; i < reach->count; i++) {
        if (!reach->nodes[i].answered)
            fprintf(stream, "%s  %s%s", color_on(cli, stdout, COLOR_BAD),
                    reach->nodes[i].known->name, color_off(cli, stdout));
    }
    fputc('\n', stream);
}

/* Two lines: how much there is, and the keys; of all nodes one more. */
static void top_head(const struct top *top, FILE *stream, const struct meters *since)
{
    const struct cli *cli = top->cli;
    uint64_t calls = 0;
    uint64_t failed = 0;
    uint64_t open = 0;
    char every[DURATION_TEXT_MAX];

    for (size_t i = 0; i < since->count; i++) {
        calls += since->list[i].calls;
        failed += since->list[i].failed;
        open += since->list[i].counted->open;
    }
    fprintf(stream, "mu top  %.0f calls/s, %" PRIu64 " failed, %" PRIu64 " open, each %s%s\n",
            since->span_us > 0 ? (double)calls * 1e6 / (double)since->span_us : 0, failed, open,
            duration_print(top->every_ms, every), top->is_paused ? "  PAUSED" : "");
    if (top->of_all)
        top_head_nodes(top, stream);
    fputs(color_on(cli, stdout, COLOR_DIM), stream);
    for (size_t i = 0; i < sizeof(top_keys) / sizeof(top_keys[0]); i++)
        fprintf(stream, "%s%c %s", top_keys[i].order == top->order ? " *" : "  ",
                top_keys[i].letter, stats_order_name(top_keys[i].order));
    fprintf(stream, "  q quit%s\n\n", color_off(cli, stdout));
}

/* What came between the two looks; all of the last one, where there was but one. */
static int top_since(const struct top *top, struct meters *since)
{
    int r = meters_look_since(&top->now, &top->before, since);

    return r < 0 ? (int)failure_of_memory(top->cli) : EXIT_OK;
}

static int top_draw(struct top *top, struct screen *screen)
{
    CLEANUP(meters_deinit) struct meters since = { 0 };
    CLEANUP(table_cleanup) struct table *methods = NULL;
    CLEANUP(table_cleanup) struct table *services = NULL;
    int code = top_since(top, &since);
    FILE *stream;
    int columns;

    if (code != EXIT_OK)
        return code;
    if (!top->shows_own && top->filter.service == NULL)
        meters_drop_own(&since);
    stats_table_sort(&since, top->order);
    stream = screen_begin(screen);
    if (stream == NULL)
        return (int)failure_of_memory(top->cli);
    columns = screen->columns > TOP_COLUMNS_MIN ? screen->columns : TOP_COLUMNS_MIN;
    methods = stats_table_methods(top->cli, &since);
    services = stats_table_services(top->cli, &top->now.all,
            top->has_before ? &top->before.all : NULL, top->filter.service);
    if (methods == NULL || services == NULL)
        return (int)failure_of_memory(top->cli);
    top_head(top, stream, &since);
    if (since.count > 0)
        table_print_to(methods, stream, columns);
    if (since.count > 0)
        fputc('\n', stream);
    table_print_to(services, stream, columns);
    screen_end(screen);
    return EXIT_OK;
}

static int top_look(struct top *top)
{
    struct meters_look next;
    int code;

    if (top->is_paused)
        return EXIT_OK;
    code = meters_look_take(top->cli, &top->filter, top->of_all, &next);
    if (code != EXIT_OK)
        return code;
    meters_look_deinit(&top->before);
    top->has_before = top->is_begun;
    top->is_begun = true;
    top->before = top->now;
    top->now = next;
    return EXIT_OK;
}

/* Takes a key. False: it is the end. */
static bool top_key(struct top *top, int key)
{
    for (size_t i = 0; i < sizeof(top_keys) / sizeof(top_keys[0]); i++) {
        if (key == top_keys[i].letter)
            top->order = top_keys[i].order;
    }
    if (key == SCREEN_KEY_RIGHT || key == SCREEN_KEY_DOWN)
        top->order = (top->order + 1) % STATS_ORDERS;
    else if (key == SCREEN_KEY_LEFT || key == SCREEN_KEY_UP)
        top->order = (top->order + STATS_ORDERS - 1) % STATS_ORDERS;
    else if (key == 'a')
        top->shows_own = !top->shows_own;
    else if (key == ' ')
        top->is_paused = !top->is_paused;
    return key != 'q' && key != 'Q';
}

/* Until a key or a signal ends it. The screen is closed before anything is said. */
static int top_loop(struct top *top, struct screen *screen)
{
    uint64_t next_ms = clock_ms() + top->every_ms;
    int code = EXIT_OK;

    while (code == EXIT_OK) {
        uint64_t now_ms = clock_ms();
        int key = 0;
        enum screen_event event;

        if (now_ms >= next_ms) {
            code = top_look(top);
            next_ms = now_ms + top->every_ms;
        }
        if (code == EXIT_OK)
            code = top_draw(top, screen);
        if (code != EXIT_OK)
            break;
        now_ms = clock_ms();
        event = screen_wait(screen, now_ms < next_ms ? (int)(next_ms - now_ms) : 0, &key);
        if (event == SCREEN_GONE || (event == SCREEN_KEY && !top_key(top, key)))
            break;
        if (event == SCREEN_SIGNAL)
            screen_die(screen, key);
    }
    return code;
}

/* Whoever reads no terminal gets what there is now, once. */
static int top_once(struct top *top)
{
    CLEANUP(table_cleanup) struct table *methods = NULL;
    int code = top_look(top);

    if (code != EXIT_OK)
        return code;
    output_talk(top->cli, "this is no terminal, so it is shown once; over and over: mu stats -w");
    stats_table_sort(&top->now.all, top->order);
    methods = stats_table_methods(top->cli, &top->now.all);
    if (methods == NULL)
        return (int)failure_of_memory(top->cli);
    table_print(methods);
    if (top->of_all)
        reach_talk(top->cli, &top->now.reach);
    return EXIT_OK;
}

static int top_on_screen(struct top *top)
{
    CLEANUP(screen_close) struct screen screen = { 0 };
    int code = top_look(top); /* what is wrong is said on the terminal as it is */
    int r;

    if (code != EXIT_OK)
        return code;
    r = screen_open(&screen);
    if (r < 0)
        return (int)failure_say(
                top->cli, EXIT_INTERNAL, "see: mu stats -w", "cannot take the terminal");
    return top_loop(top, &screen);
}

static int top_run(struct cli *cli, const struct arguments *arguments)
{
    struct top top = { .cli = cli, .order = STATS_BY_CALLS, .every_ms = TOP_EVERY_MS };
    const char *every = arguments_flag(arguments, "every");
    char word[FAILURE_WORD_MAX];
    int code;

    if (every != NULL && (duration_parse(every, &top.every_ms) < 0 || top.every_ms < WATCH_MIN_MS ||
                                 top.every_ms > INT32_MAX))
        return (int)failure_say(cli, EXIT_USAGE, "write e.g. --every 2s",
                "--every: \"%s\" is no time of %d ms or more", failure_word(every, word),
                WATCH_MIN_MS);
    top.of_all = arguments_flag(arguments, "nodes") != NULL;
    top.filter.service = arguments->word_count > 0 ? arguments->words[0] : NULL;
    top.filter.with_own = screen_is_possible(); /* `a` says whether they are shown */
    code = top.filter.with_own ? top_on_screen(&top) : top_once(&top);
    meters_look_deinit(&top.now);
    meters_look_deinit(&top.before);
    return code;
}

const struct command top_command = {
    .name = "top",
    .group = "Watching",
    .summary = "the busiest methods, on the whole terminal",
    .words = "[SERVICE]",
    .words_max = 1,
    .first = COMPLETE_SERVICE,
    .details = "What mu stats -w tells, drawn anew each second. A letter sorts, as do the arrows; "
               "`a` shows the\n"
               "node's own services, too, a blank pauses, q ends it.",
    .flags =
            (const struct flag[]){
                    { .name = "every", .value = "TIME", .help = "drawn so often (1s)" },
                    { .name = "nodes", .help = "of all nodes of the network together" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu top", "all services" },
                    { "mu top shop --every 5s", "one of them" },
                    { "mu top --nodes", "of all nodes; the head names who is silent" },
                    { NULL, NULL },
            },
    .run = top_run,
};
