// SPDX-License-Identifier: Apache-2.0
/* mu run - builds a service and runs it by hand: on the node's public socket, its log on this
 * terminal, stopped by ^C, in a sandbox that is as near to the node's as can be had by hand. With
 * --watch a change builds it anew, and a build that fails leaves the old one be. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "services/interface/mu/build.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/child.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/manifest.h"
#include "mu/registry/v1/registry.pb-c.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/registry.h"
#include "services/interface/mu/source_watch.h"

enum {
    RUN_LOOK_MS = 20,    /* from one look whether it is ready to the next */
    RUN_SETTLE_MS = 80,  /* an editor's files are written by then */
    RUN_STOP_MS = 5000,  /* to finish its calls, where its manifest says nothing */
    RUN_READY_MS = 10000 /* then it is said to be late */
};

struct run {
    struct cli *cli;
    char dir[PATH_MAX];
    Mu__Node__V1__Manifest *manifest; /* owned */
    struct child child;
    int signal_fd; /* owned */
    int watch_fd;  /* owned; -1 without --watch */
    uint64_t started_ms;
    bool is_said; /* that it is ready */
    bool is_open; /* --sandbox=off */
};

static uint32_t run_stop_ms(const struct run *run)
{
    return run->manifest->stop_timeout_ms != 0 ? run->manifest->stop_timeout_ms : RUN_STOP_MS;
}

static int run_build(struct run *run, char program[PATH_MAX])
{
    char path[PATH_MAX];
    Mu__Node__V1__Manifest *manifest = NULL;
    int code = manifest_find(run->cli, run->dir, path);

    if (code == EXIT_OK)
        code = manifest_read(run->cli, path, &manifest);
    if (code != EXIT_OK)
        return code;
    if (run->manifest != NULL)
        mu__node__v1__manifest__free_unpacked(run->manifest, NULL);
    run->manifest = manifest;
    code = build_make(run->cli, run->dir);
    return code == EXIT_OK ? build_program(run->cli, run->dir, manifest, program) : code;
}

/* Also with -q: it is not to be overlooked. */
static void run_warn(const struct run *run, const char *who)
{
    fprintf(stderr, "WARNING: %s runs WITHOUT A SANDBOX (%s): it can do whatever you can\n",
            run->manifest->name, who);
}

static int run_start(struct run *run, const char *program)
{
    bool is_off = run->manifest->sandbox != NULL && run->manifest->sandbox->off;
    const struct child_order order = {
        .program = program, .manifest = run->manifest, .sandboxed = !run->is_open && !is_off
    };
    int code = child_start(&run->child, run->cli, &order);

    if (code == EXIT_OK && !order.sandboxed)
        run_warn(run, run->is_open ? "--sandbox=off" : "sandbox.off in its manifest");
    run->started_ms = clock_ms();
    run->is_said = false;
    return code;
}

/* Says once that it takes calls, or that it takes long. */
static void run_look(struct run *run)
{
    CLEANUP(bus_reply_free) Mu__Registry__V1__ShowReply *reply = NULL;
    Mu__Registry__V1__ShowRequest request = MU__REGISTRY__V1__SHOW_REQUEST__INIT;
    const Mu__Registry__V1__Service *service;
    struct mu_status status;

    request.service = run->manifest->name;
    bus_ask(run->cli, "registry.Show", &request.base, &mu__registry__v1__show_reply__descriptor, 0,
            (ProtobufCMessage **)&reply, &status);
    service = reply != NULL ? reply->service : NULL;
    for (size_t i = 0; service != NULL && i < service->n_instances; i++) {
        if (service->instances[i]->pid != (uint32_t)run->child.pid)
            continue;
        output_talk(run->cli, "%s is up, pid %d      try: mu %s --help      stop: ^C",
                run->manifest->name, (int)run->child.pid, run->manifest->name);
        run->is_said = true;
        return;
    }
    if (clock_ms() - run->started_ms > RUN_READY_MS) {
        output_talk(run->cli, "%s is not ready yet", run->manifest->name);
        run->is_said = true;
    }
}

static int run_ended(struct run *run)
{
    int state = child_take(&run->child);
    char how[64];

    if (WIFEXITED(state))
        snprintf(how, sizeof(how), "exit %d", WEXITSTATUS(state));
    else
        snprintf(how, sizeof(how), "signal %d (%s)", WTERMSIG(state), strsignal(WTERMSIG(state)));
    if (run->watch_fd < 0 && WIFEXITED(state) && WEXITSTATUS(state) == 0)
        return EXIT_OK;
    if (run->watch_fd < 0)
        return (int)failure_say(
                run->cli, EXIT_ANSWERED_ERROR, NULL, "%s ended: %s", run->manifest->name, how);
    output_talk(run->cli, "%s ended: %s; waiting for a change", run->manifest->name, how);
    return EXIT_OK;
}

/* Builds anew; only a build that works takes the old one's place. */
static void run_change(struct run *run)
{
    struct pollfd quiet = { .fd = run->watch_fd, .events = POLLIN };
    char program[PATH_MAX];

    while (poll(&quiet, 1, RUN_SETTLE_MS) > 0)
        source_watch_take(run->watch_fd, run->dir);
    output_talk(run->cli, "changed; building");
    if (run_build(run, program) != EXIT_OK) {
        output_talk(
                run->cli, run->child.pid != 0 ? "the one before runs on" : "waiting for a change");
    } else {
        child_stop(&run->child, run_stop_ms(run));
        run_start(run, program);
    }
}

static int run_loop(struct run *run)
{
    for (;;) {
        struct pollfd sources[] = {
            { .fd = run->signal_fd, .events = POLLIN },
            { .fd = run->child.fd, .events = POLLIN },
            { .fd = run->watch_fd, .events = POLLIN },
        };
        bool is_waiting = run->child.pid != 0 && !run->is_said;
        int count = poll(sources, 3, is_waiting ? RUN_LOOK_MS : -1);

        if (count < 0 && errno != EINTR)
            return (int)failure_say(run->cli, EXIT_INTERNAL, NULL, "poll: %s", strerror(errno));
        if (count > 0 && sources[0].revents != 0) {
            child_stop(&run->child, run_stop_ms(run));
            return EXIT_INTERRUPTED;
        }
        if (count > 0 && sources[1].revents != 0) {
            int code = run_ended(run);

            if (run->watch_fd < 0)
                return code;
        }
        if (count > 0 && sources[2].revents != 0 && source_watch_take(run->watch_fd, run->dir))
            run_change(run);
        if (run->child.pid != 0 && !run->is_said)
            run_look(run);
    }
}

/* Signals are blocked before anything is started, so none is lost. */
static int run_open_signals(struct run *run)
{
    sigset_t wanted;

    sigemptyset(&wanted);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &wanted, NULL);
    run->signal_fd = signalfd(-1, &wanted, SFD_CLOEXEC);
    return run->signal_fd >= 0 ? EXIT_OK
                               : (int)failure_say(run->cli, EXIT_INTERNAL, NULL, "signalfd: %s",
                                         strerror(errno));
}

/* Before the first build, as a source may change while it is built. */
static int run_watch(struct run *run)
{
    int fd = source_watch_open(run->dir);

    if (fd < 0)
        return (int)failure_say(
                run->cli, EXIT_INTERNAL, NULL, "cannot watch %s: %s", run->dir, strerror(-fd));
    run->watch_fd = fd;
    return EXIT_OK;
}

/* `program` is NULL where there is none yet: a change may bring it. */
static int run_foreground(struct run *run, const char *program)
{
    int code = run_open_signals(run);

    if (code == EXIT_OK && program != NULL)
        code = run_start(run, program);
    return code == EXIT_OK ? run_loop(run) : code;
}

static int run_registered(struct run *run, const char *program)
{
    int code = manifest_set_program(run->cli, run->manifest, program);

    if (code != EXIT_OK)
        return code;
    return registry_bring_up(run->cli, run->manifest, registry_wait_ms(run->cli, run->manifest));
}

/* `--sandbox=off`; on is the default. */
static int run_read_sandbox(struct run *run, const struct arguments *arguments)
{
    const char *value = arguments_flag(arguments, "sandbox");

    run->is_open = value != NULL && strcmp(value, "off") == 0;
    if (value == NULL || run->is_open || strcmp(value, "on") == 0)
        return EXIT_OK;
    return (int)failure_say(run->cli, EXIT_USAGE, "write --sandbox=off, or leave it out",
            "--sandbox is on or off, not %s", value);
}

static int run_run(struct cli *cli, const struct arguments *arguments)
{
    struct run run = { .cli = cli, .child = { .fd = -1 }, .signal_fd = -1, .watch_fd = -1 };
    bool watch = arguments_flag(arguments, "watch") != NULL;
    char program[PATH_MAX];
    int code = bus_need(cli);

    if (code == EXIT_OK)
        code = run_read_sandbox(&run, arguments);
    if (code != EXIT_OK)
        return code;
    if (realpath(arguments->word_count > 0 ? arguments->words[0] : ".", run.dir) == NULL)
        return (int)failure_say(cli, EXIT_NOT_FOUND, "make a service: mu new NAME",
                "there is no folder %s", arguments->words[0]);
    if (watch)
        code = run_watch(&run);
    if (code == EXIT_OK)
        code = run_build(&run, program);
    if (code == EXIT_OK && arguments_flag(arguments, "register") != NULL) {
        code = run_registered(&run, program);
    } else if (code == EXIT_OK) {
        code = run_foreground(&run, program);
    } else if (run.watch_fd >= 0 && run.manifest != NULL) { /* it does not build, which was said */
        output_talk(cli, "waiting for a change");
        code = run_foreground(&run, NULL);
    }
    if (run.manifest != NULL)
        mu__node__v1__manifest__free_unpacked(run.manifest, NULL);
    cleanup_close(&run.signal_fd);
    cleanup_close(&run.watch_fd);
    return code;
}

const struct command run_command = {
    .name = "run",
    .is_local = true,
    .group = "Develop",
    .summary = "build a service and run it here, until ^C",
    .words = "[DIR]",
    .words_max = 1,
    .details =
            "Builds DIR with CMake in DIR/build and runs the program of its NAME.service by "
            "hand, its log on\n"
            "this terminal. ^C lets it finish its calls. Its sandbox is what its manifest says, "
            "but it\n"
            "has your user and no /proc; with --register the node runs it, in all of its sandbox.",
    .flags =
            (const struct flag[]){
                    { .name = "watch",
                            .letter = 'w',
                            .help = "build and start it anew after each change" },
                    { .name = "sandbox",
                            .value = "on|off",
                            .help = "off: it can do whatever you can, which is said each time",
                            .choices = "on|off",
                            .complete = COMPLETE_CHOICE },
                    { .name = "register", .help = "let the node run it instead, for good" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu run shop --watch", "while you work on it" },
                    { "mu run shop --register", "when it is done" },
                    { "mu run shop --sandbox=off", "to look at it with a debugger" },
                    { NULL, NULL },
            },
    .first = COMPLETE_FILE,
    .run = run_run,
};
