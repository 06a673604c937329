// SPDX-License-Identifier: Apache-2.0
/* mu registry watch - what comes and goes. Where the registry goes away itself, the watch goes on
 * from the last revision when it is back. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/builtin.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/instance.h"
#include "mu/registry/v1/registry.pb-c.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/reader.h"

enum { WATCH_PAUSE_MS = 100 }; /* between tries */

struct watch {
    struct cli *cli;
    struct output_types types; /* owned; for JSON */
    uint64_t revision;         /* the last that was seen */
    bool is_snapshot;
};

static const struct {
    const char *name;
    const char *color;
} watch_kinds[] = {
    [MU__REGISTRY__V1__CHANGE_KIND__CHANGE_NONE] = { "", NULL },
    [MU__REGISTRY__V1__CHANGE_KIND__CHANGE_SNAPSHOT] = { "snapshot", NULL },
    [MU__REGISTRY__V1__CHANGE_KIND__CHANGE_LIVE] = { "live", NULL },
    [MU__REGISTRY__V1__CHANGE_KIND__CHANGE_INSTANCE_UP] = { "up", COLOR_GOOD },
    [MU__REGISTRY__V1__CHANGE_KIND__CHANGE_INSTANCE_DOWN] = { "down", COLOR_BAD },
    [MU__REGISTRY__V1__CHANGE_KIND__CHANGE_REGISTERED] = { "registered", COLOR_GOOD },
    [MU__REGISTRY__V1__CHANGE_KIND__CHANGE_DEREGISTERED] = { "deregistered", COLOR_WARN },
    [MU__REGISTRY__V1__CHANGE_KIND__CHANGE_TYPES] = { "types", NULL },
};

/* One line for people: `up  greeter  1.0.0  4821337  pid 4711  revision 17`. */
static void watch_line(struct watch *watch, const Mu__Registry__V1__WatchReply *change)
{
    const struct cli *cli = watch->cli;
    const Mu__Registry__V1__Instance *instance = change->instance;
    size_t kind = (size_t)change->kind;
    const char *name = kind < sizeof(watch_kinds) / sizeof(watch_kinds[0]) ? watch_kinds[kind].name
                                                                           : "changed";
    const char *color = NULL;
    char text[INSTANCE_TEXT_MAX];

    if (change->kind == MU__REGISTRY__V1__CHANGE_KIND__CHANGE_SNAPSHOT)
        watch->is_snapshot = true;
    if (change->kind == MU__REGISTRY__V1__CHANGE_KIND__CHANGE_LIVE)
        watch->is_snapshot = false;
    if (change->service[0] == '\0')
        return;
    if (kind < sizeof(watch_kinds) / sizeof(watch_kinds[0]) && !watch->is_snapshot)
        color = watch_kinds[kind].color;
    if (watch->is_snapshot && change->kind == MU__REGISTRY__V1__CHANGE_KIND__CHANGE_INSTANCE_UP)
        name = "here";
    printf("%s%-12s%s  %-16s", color != NULL ? color_on(cli, stdout, color) : "", name,
            color != NULL ? color_off(cli, stdout) : "", change->service);
    if (instance != NULL)
        printf("  %-8s  %-7s", instance->version, instance_short(instance->instance, text));
    if (instance != NULL && instance_is_elsewhere(instance))
        printf("  node %s", instance->node);
    else if (instance != NULL)
        printf("  pid %u", instance->pid);
    printf("  revision %" PRIu64 "\n", change->revision);
}

static int watch_print(struct watch *watch, struct mu_bytes item)
{
    Mu__Registry__V1__WatchReply *change =
            mu__registry__v1__watch_reply__unpack(NULL, item.size, item.data);
    int code = EXIT_OK;

    if (change == NULL)
        return (int)failure_say(
                watch->cli, EXIT_INTERNAL, NULL, "the registry sent what is no change");
    if (change->revision > watch->revision)
        watch->revision = change->revision;
    if (output_is_json(watch->cli))
        code = output_types_print(watch->cli, &watch->types, &change->base);
    else if (watch->cli->format == OUTPUT_NAME)
        puts(change->service);
    else
        watch_line(watch, change);
    mu__registry__v1__watch_reply__free_unpacked(change, NULL);
    return code == EXIT_OK ? output_flush(watch->cli) : code;
}

/* One stream from its opening to its end. */
static int watch_once(struct watch *watch, const char *prefix, struct mu_status *status)
{
    Mu__Registry__V1__WatchRequest request = MU__REGISTRY__V1__WATCH_REQUEST__INIT;
    struct mu_call_options options = { .timeout_ms = watch->cli->timeout_ms };
    struct mu_stream *stream = NULL;
    struct mu_bytes item;
    int code = EXIT_OK;

    request.prefix = (char *)prefix;
    request.after_revision = watch->revision;
    if (mu_stream_open_message(watch->cli->client, "registry.Watch", MU_SERVER_STREAM,
                &request.base, &options, &stream) < 0)
        return (int)failure_of_memory(watch->cli);
    while (code == EXIT_OK && mu_stream_receive(stream, UINT32_MAX, &item) == MU_STREAM_OK)
        code = watch_print(watch, item);
    if (code != EXIT_OK)
        mu_stream_cancel(stream);
    mu_stream_finish(stream, status);
    return code;
}

static int watch_all(struct watch *watch, const char *prefix)
{
    const struct timespec pause = { .tv_nsec = WATCH_PAUSE_MS * 1000000L };
    struct mu_status status = { .code = MU_OK };
    bool is_away = false;
    int code;

    for (;;) {
        uint64_t before = watch->revision;

        code = watch_once(watch, prefix, &status);
        if (code != EXIT_OK || status.code == MU_OK)
            return code;
        if (status.code != MU_UNAVAILABLE)
            return (int)failure_of_call(
                    watch->cli, "registry.Watch", &status, bus_fix(watch->cli, &status));
        if (!is_away || watch->revision != before)
            output_talk(watch->cli, "the registry went away; going on when it is back");
        is_away = true;
        nanosleep(&pause, NULL);
    }
}

static int watch_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(output_types_close) struct output_types types = { 0 };
    struct watch watch = { .cli = cli };
    const char *after = arguments_flag(arguments, "after");
    char *end = NULL;
    int code = bus_need(cli);

    if (code != EXIT_OK)
        return code;
    if (after != NULL) {
        watch.revision = strtoull(after, &end, 10);
        if (end == after || *end != '\0')
            return (int)failure_say(cli, EXIT_USAGE, NULL, "--after: \"%s\" is no revision", after);
    }
    reader_watch();
    if (output_is_json(cli)) {
        cli->format = OUTPUT_JSONL; /* one change a line, whatever was asked for */
        code = output_types_open(cli, &types, builtin_find("registry")->types);
        watch.types = types;
    }
    return code == EXIT_OK ? watch_all(&watch, arguments->word_count > 0 ? arguments->words[0] : "")
                           : code;
}

const struct command registry_watch_command = {
    .name = "watch",
    .summary = "what comes and goes, as it happens",
    .words = "[PREFIX]",
    .words_max = 1,
    .details = "First what is here, then each change, until ^C. It survives a restart of the "
               "registry.",
    .flags =
            (const struct flag[]){
                    { .name = "after",
                            .value = "REVISION",
                            .help = "go on after this one, instead of a snapshot" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu registry watch", "start or kill a service meanwhile" },
                    { "mu registry watch greeter -o jsonl",
                            "one mu.registry.v1.WatchReply a line" },
                    { NULL, NULL },
            },
    .first = COMPLETE_SERVICE,
    .run = watch_run,
};
