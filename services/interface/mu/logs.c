// SPDX-License-Identifier: Apache-2.0
/* mu logs - what services wrote. Several are merged by the times in their lines; following is told
 * by inotify and goes on over rotations. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <unistd.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/catalog.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/limits.h"
#include "services/interface/mu/log_line.h"
#include "services/interface/mu/logs_reach.h"
#include "mu/node/v1/node.pb-c.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/reader.h"
#include "services/interface/mu/standing.h"
#include "services/interface/mu/tail.h"
#include "services/interface/mu/trace_id.h"

enum { LOGS_LINES_DEFAULT = 20 };

struct logs_line {
    char time[LOG_LINE_TIME_MAX];
    size_t order; /* in which it was read, for lines of the same time */
    char *text;   /* owned */
    size_t size;
    const char *service; /* borrowed from its file */
};

struct logs_file {
    char service[MU_SERVICE_NAME_MAX];
    struct tail tail;
    struct logs *logs;
};

struct logs {
    struct cli *cli;
    const char *only;  /* NULL: all services */
    const char *trace; /* lines of calls whose trace begins so; NULL: all lines */
    char dir[PATH_MAX];
    struct logs_file *files[LOGS_FILES_MAX]; /* owned */
    size_t file_count;
    size_t left_out;         /* logs for which there was no room */
    struct logs_line *lines; /* owned: the first ones, until they are sorted */
    size_t line_count;
    size_t line_max;
    bool is_live;
    bool follow;
};

static void logs_print(struct logs *logs, const char *service, const char *text, size_t size)
{
    if (!output_is_json(logs->cli))
        log_line_print(logs->cli, service, text, size);
    else if (size > 0 && text[0] == '{')
        printf("%.*s\n", (int)size, text);
    else /* as the supervisor would have written it, had it been there: without a time */
        log_line_json(service, text, size);
}

static void logs_keep(struct logs *logs, const char *service, const char *text, size_t size)
{
    struct logs_line *line;

    if (logs->line_count == logs->line_max) {
        size_t max = logs->line_max == 0 ? 64 : 2 * logs->line_max;
        struct logs_line *larger = realloc(logs->lines, max * sizeof(*larger));

        if (larger == NULL)
            return;
        logs->lines = larger;
        logs->line_max = max;
    }
    line = &logs->lines[logs->line_count];
    *line = (struct logs_line){ .order = logs->line_count, .size = size, .service = service };
    line->text = strndup(text, size);
    log_line_time(text, size, line->time);
    /* A line without a time belongs to the one before it. */
    if (line->time[0] == '\0' && line->order > 0 && line[-1].service == service)
        memcpy(line->time, line[-1].time, sizeof(line->time));
    logs->line_count += line->text != NULL;
}

static void logs_take(const char *text, size_t size, void *user)
{
    struct logs_file *file = user;

    if (file->logs->trace != NULL && !log_line_is_of(text, size, file->logs->trace))
        return;
    if (file->logs->is_live)
        logs_print(file->logs, file->service, text, size);
    else
        logs_keep(file->logs, file->service, text, size);
}

static bool logs_is_known(const struct logs *logs, const char *service)
{
    for (size_t i = 0; i < logs->file_count; i++) {
        if (strcmp(logs->files[i]->service, service) == 0)
            return true;
    }
    return false;
}

/* Opens the file of `name`, `<service>.log`, unless it is open or not wanted. */
static int logs_add(struct logs *logs, const char *name, size_t lines)
{
    size_t length = strlen(name);
    char path[PATH_MAX + NAME_MAX + 2];
    struct logs_file *file;
    char service[MU_SERVICE_NAME_MAX];

    if (length < 5 || length >= sizeof(service) + 4 || strcmp(name + length - 4, ".log") != 0)
        return EXIT_OK;
    snprintf(service, sizeof(service), "%.*s", (int)length - 4, name);
    if ((logs->only != NULL && strcmp(logs->only, service) != 0) || logs_is_known(logs, service))
        return EXIT_OK;
    if (logs->file_count == LOGS_FILES_MAX) {
        logs->left_out += 1;
        return EXIT_OK;
    }
    file = calloc(1, sizeof(*file));
    if (file == NULL)
        return (int)failure_of_memory(logs->cli);
    memcpy(file->service, service, sizeof(file->service));
    file->logs = logs;
    logs->files[logs->file_count++] = file;
    snprintf(path, sizeof(path), "%s/%s", logs->dir, name);
    if (tail_open(&file->tail, path, lines, logs_take, file) < 0)
        return (int)failure_of_memory(logs->cli);
    if (!logs->follow)
        tail_close(&file->tail);
    return EXIT_OK;
}

static int logs_scan(struct logs *logs, size_t lines)
{
    DIR *dir = opendir(logs->dir);
    const struct dirent *entry;
    int code = EXIT_OK;

    if (dir == NULL && errno == EACCES)
        return (int)failure_say(logs->cli, EXIT_DENIED, "run mu as the user who started the node",
                "the logs at %s are not for this user", logs->dir);
    if (dir == NULL)
        return (int)failure_say(logs->cli, EXIT_NOT_FOUND, "start a node: mu up",
                "no logs at %s: %s", logs->dir, strerror(errno));
    logs->left_out = 0;
    while (code == EXIT_OK && (entry = readdir(dir)) != NULL)
        code = logs_add(logs, entry->d_name, lines);
    closedir(dir);
    if (logs->left_out > 0 && !logs->is_live)
        output_talk(logs->cli, "there are %zu logs more than %d; see one of them: mu logs SERVICE",
                logs->left_out, LOGS_FILES_MAX);
    return code;
}

static int logs_compare(const void *a, const void *b)
{
    const struct logs_line *left = a;
    const struct logs_line *right = b;
    int order = strcmp(left->time, right->time);

    if (order != 0)
        return order;
    return (left->order > right->order) - (left->order < right->order);
}

static int logs_show_first(struct logs *logs, size_t lines)
{
    size_t from = logs->line_count > lines ? logs->line_count - lines : 0;

    if (logs->line_count > 0)
        qsort(logs->lines, logs->line_count, sizeof(*logs->lines), logs_compare);
    for (size_t i = 0; i < logs->line_count; i++) {
        if (i >= from)
            logs_print(logs, logs->lines[i].service, logs->lines[i].text, logs->lines[i].size);
        free(logs->lines[i].text);
    }
    free(logs->lines);
    logs->lines = NULL;
    logs->line_count = 0;
    return output_flush(logs->cli);
}

static int logs_follow(struct logs *logs, int fd)
{
    char events[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
    int code = EXIT_OK;

    logs->is_live = true;
    reader_watch();
    while (code == EXIT_OK) {
        /* What happened is told, but not trusted: all files are looked at, once a burst. */
        for (size_t i = 0; i < logs->file_count; i++)
            tail_read(&logs->files[i]->tail, logs_take, logs->files[i]);
        code = output_flush(logs->cli);
        if (code != EXIT_OK)
            return code;
        if (read(fd, events, sizeof(events)) < 0 && errno != EINTR)
            return (int)failure_say(logs->cli, EXIT_INTERNAL, NULL, "cannot follow %s: %s",
                    logs->dir, strerror(errno));
        code = logs_scan(logs, LOGS_LINES_MAX); /* a service that is new: from its first line */
    }
    return code;
}

/* The supervisor says where; without one, where it would. */
static int logs_find(struct cli *cli, struct logs *logs)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__StatusReply *reply = NULL;
    Mu__Node__V1__StatusRequest request = MU__NODE__V1__STATUS_REQUEST__INIT;
    struct mu_status status;
    int error;

    bus_ask(cli, "node.Status", &request.base, &mu__node__v1__status_reply__descriptor, 0,
            (ProtobufCMessage **)&reply, &status);
    if (reply != NULL) {
        snprintf(logs->dir, sizeof(logs->dir), "%s", reply->log_dir);
        return EXIT_OK;
    }
    error = bus_open(cli);
    if (error == -EACCES)
        return (int)failure_of_open(cli, error);
    output_talk(cli, "no node %s at %s; these are its last words",
            error == 0 ? "answers" : "is running", cli->place.run);
    snprintf(logs->dir, sizeof(logs->dir), "%s/log", cli->place.state);
    return EXIT_OK;
}

/* There is no log of the one service that was asked for: one that never ran has a reason for it,
 * and may still come. */
static int logs_none(struct logs *logs)
{
    char why[STANDING_WHY_MAX];
    char fix[256];
    enum standing standing = standing_of(logs->cli, logs->only, why);

    if (standing == STANDING_UNKNOWN)
        return catalog_unknown(logs->cli, logs->only);
    if (!logs->follow)
        return (int)failure_say(logs->cli, EXIT_NOT_FOUND,
                standing_fix(standing, logs->only, fix, sizeof(fix)),
                "%s has written nothing yet: it %s", logs->only, why);
    output_talk(logs->cli, "%s has written nothing yet: it %s", logs->only, why);
    return EXIT_OK;
}

/* No line has the trace. Not all calls are written about, so that is no wonder, but an answer. */
static int logs_no_trace(const struct logs *logs)
{
    char fix[128];

    if (logs->follow) {
        output_talk(logs->cli, "no line of trace %s yet", logs->trace);
        return EXIT_OK;
    }
    snprintf(fix, sizeof(fix), "what its calls came to: mu trace show %s", logs->trace);
    return (int)failure_say(
            logs->cli, EXIT_NOT_FOUND, fix, "no log has a line of trace %s", logs->trace);
}

static int logs_show(struct logs *logs, size_t lines)
{
    bool follow = logs->follow;
    CLEANUP(cleanup_close) int fd = inotify_init1(IN_CLOEXEC);
    int code;

    /* Watched before it is read, so that nothing falls in between. */
    if (follow && (fd < 0 || inotify_add_watch(fd, logs->dir,
                                     IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM) < 0))
        return (int)failure_say(logs->cli, EXIT_NOT_FOUND, "start a node: mu up",
                "cannot follow %s: %s", logs->dir, strerror(errno));
    /* Of a trace, the last lines are counted once they are found. */
    code = logs_scan(logs, logs->trace != NULL ? LOGS_LINES_MAX : lines);
    if (code == EXIT_OK && logs->only != NULL && logs->file_count == 0)
        code = logs_none(logs);
    if (code == EXIT_OK && logs->trace != NULL && logs->line_count == 0)
        code = logs_no_trace(logs);
    if (code == EXIT_OK)
        code = logs_show_first(logs, lines);
    return code == EXIT_OK && follow ? logs_follow(logs, fd) : code;
}

/* One descriptor for each log, as many as may be. */
static void logs_raise_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Other nodes look for one call, and send what is of it. */
static int logs_of_nodes(
        struct cli *cli, const struct arguments *arguments, const char *trace, size_t lines)
{
    if (trace == NULL || arguments_flag(arguments, "follow") != NULL)
        return (int)failure_say(cli, EXIT_USAGE, "write e.g. mu logs --trace 4bf92f35 --nodes",
                trace == NULL ? "--nodes is for one call: it needs --trace ID"
                              : "--nodes and --follow do not go together");
    return logs_reach_show(
            cli, trace, arguments->word_count > 0 ? arguments->words[0] : NULL, lines);
}

static int logs_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(cleanup_free) struct logs *logs = NULL;
    const char *trace = arguments_flag(arguments, "trace");
    long lines = trace != NULL ? LOGS_LINES_MAX : LOGS_LINES_DEFAULT;
    int code = arguments_number(cli, arguments, "lines", 0, LOGS_LINES_MAX, &lines);

    if (trace != NULL && !trace_id_is_prefix(trace))
        return trace_id_refuse(cli, trace);
    if (arguments_flag(arguments, "nodes") != NULL)
        return code == EXIT_OK ? logs_of_nodes(cli, arguments, trace, (size_t)lines) : code;
    logs = calloc(1, sizeof(*logs));
    if (logs == NULL)
        return (int)failure_of_memory(cli);
    logs->cli = cli;
    logs->trace = trace;
    logs->follow = arguments_flag(arguments, "follow") != NULL;
    if (logs->follow)
        logs_raise_files();
    logs->only = arguments->word_count > 0 ? arguments->words[0] : NULL;
    if (code == EXIT_OK)
        code = logs_find(cli, logs);
    if (code == EXIT_OK)
        code = logs_show(logs, (size_t)lines);
    for (size_t i = 0; i < logs->file_count; i++) {
        tail_close(&logs->files[i]->tail);
        free(logs->files[i]);
    }
    return code;
}

const struct command logs_command = {
    .name = "logs",
    .is_local = true,
    .group = "Daily",
    .summary = "what services wrote",
    .words = "[SERVICE]",
    .takes_raw = true,
    .words_max = 1,
    .details =
            "Of one service, or of all, by time. -o json gives the lines as they were written. "
            "Without a\n"
            "node it shows what the last one left. What a handler writes with mu_log carries the "
            "trace of its\n"
            "call: --trace takes the id, or its first digits, and looks through the newest two "
            "files of each log;\n"
            "with --nodes all files of each log on all nodes of this owner, each for 2 s at most.",
    .flags =
            (const struct flag[]){
                    { .name = "follow", .letter = 'f', .help = "go on with what comes" },
                    { .name = "lines",
                            .letter = 'n',
                            .value = "N",
                            .help = "begin with the last N (20)" },
                    { .name = "trace",
                            .letter = 't',
                            .value = "ID",
                            .complete = COMPLETE_TRACE,
                            .help = "lines of one call, and of those made for it" },
                    { .name = "nodes", .help = "of such a call, from all nodes of the network" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu logs -f", "everything, as it comes" },
                    { "mu logs greeter -n 100", "its last 100 lines" },
                    { "mu logs --trace 4bf92f35", "what all services wrote about one call" },
                    { "mu logs --trace 4bf92f35 --nodes", "the same of all nodes" },
                    { NULL, NULL },
            },
    .first = COMPLETE_PROCESS,
    .run = logs_run,
};
