// SPDX-License-Identifier: Apache-2.0
/* mu-router: carries every message of a node.
 *
 *     mu-router --bus PATH [--node NAME] [--control FD [--closed]]
 *
 * With --closed nobody is let in at PATH until the supervisor says router.Open.
 *
 * nng's threads do the work; this one keeps the deadlines, opens and closes sockets, talks to the
 * supervisor and ends the process when it is told to or when the supervisor is gone. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "kernel/router/admission.h"
#include "kernel/router/control.h"
#include "kernel/router/limits.h"
#include "kernel/router/shell.h"
#include "kernel/router/waiting.h"

enum {
    EXIT_DONE = 0,
    EXIT_WRONG_USE = 100,
    EXIT_AGAIN = 111,
    MAIN_IDLE_TICKS = 128, /* ticks with nothing to time, after which the clock rests */
    MAIN_CONTROL_FD = 2 * ROUTER_PEERS_MAX + 64 /* above what channels and nng use */
};

struct arguments {
    const char *bus;
    const char *node;
    int control; /* -1: none */
    bool closed;
    bool version;
};

static bool main_parse(struct arguments *arguments, int argc, char **argv)
{
    static const struct option options[] = {
        { "bus", required_argument, NULL, 'b' },
        { "node", required_argument, NULL, 'n' },
        { "control", required_argument, NULL, 'c' },
        { "closed", no_argument, NULL, 'C' },
        { "version", no_argument, NULL, 'v' },
        { 0 },
    };
    int option;

    *arguments = (struct arguments){ .node = "local", .control = -1 };
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'b')
            arguments->bus = optarg;
        else if (option == 'n')
            arguments->node = optarg;
        else if (option == 'c')
            arguments->control = (int)strtol(optarg, NULL, 10);
        else if (option == 'C')
            arguments->closed = true;
        else if (option == 'v')
            arguments->version = true;
        else
            return false;
    }
    return (arguments->bus != NULL || arguments->version) && optind == argc;
}

/* A descriptor that is readable when the process is to end; nng's threads inherit the mask. */
static int main_open_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Moves the supervisor's socket behind all others. The kernel closes the files of a dying process
 * from the last one down, so the supervisor hears of this one's end before any service can. */
static int main_move_control(int fd)
{
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, MAIN_CONTROL_FD);

    if (moved < 0)
        return fd; /* few files are allowed: it is only politeness */
    close(fd);
    return moved;
}

static void main_raise_files(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* Keeps the deadlines. Returns how long the main thread may sleep, in ms; -1 for ever. */
static int main_tick(struct shell *shell, unsigned *idle)
{
    bool ticking;

    pthread_mutex_lock(&shell->lock);
    shell_tick(shell);
    *idle = router_wants_ticks(&shell->router) ? 0 : *idle + 1;
    if (*idle > MAIN_IDLE_TICKS)
        shell->ticking = false;
    ticking = shell->ticking;
    pthread_mutex_unlock(&shell->lock);
    shell_flush(shell);
    return ticking ? ROUTER_TICK_MS : -1;
}

static bool main_must_write(struct shell *shell)
{
    bool waiting;

    pthread_mutex_lock(&shell->lock);
    waiting = shell->control->waiting;
    pthread_mutex_unlock(&shell->lock);
    return waiting;
}

/* Runs until a signal or the supervisor's end. Returns the exit status. */
static int main_loop(struct shell *shell, int signal_fd)
{
    struct pollfd fds[3] = {
        { .fd = signal_fd, .events = POLLIN },
        { .fd = shell->wake_fd, .events = POLLIN },
        { .fd = shell->control != NULL ? shell->control->fd : -1 },
    };
    unsigned idle = 0;
    uint64_t wakes;

    for (;;) {
        int timeout_ms;

        admission_serve_nodes(shell);
        timeout_ms = main_tick(shell, &idle);
        if (shell->control != NULL)
            control_tell_drained(shell->control);
        if (shell->control != NULL)
            fds[2].events = main_must_write(shell) ? POLLIN | POLLOUT : POLLIN;
        if (poll(fds, 3, timeout_ms) < 0 && errno != EINTR)
            return EXIT_AGAIN;
        if (fds[0].revents != 0)
            return EXIT_DONE;
        if (fds[1].revents != 0 && read(shell->wake_fd, &wakes, sizeof(wakes)) < 0)
            continue;
        if ((fds[2].revents & POLLOUT) != 0)
            control_write(shell->control);
        if ((fds[2].revents & ~POLLOUT) != 0 && control_read(shell->control) < 0)
            return EXIT_AGAIN; /* nothing is left to serve without the supervisor */
    }
}

static int main_start(
        struct shell *shell, struct control *control, const struct arguments *arguments)
{
    uint64_t seed;
    int r;

    if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
        return -errno;
    pthread_mutex_init(&shell->lock, NULL);
    list_init(&shell->admissions);
    list_init(&shell->node_admissions);
    shell->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (shell->wake_fd < 0)
        return -errno;
    r = router_init(&shell->router, arguments->node, seed, clock_us());
    router_set_clock(&shell->router, (uint64_t)time(NULL));
    shell->bus = arguments->bus;
    if (r == 0 && arguments->closed)
        waiting_begin(&shell->router, shell->router.now_us + UINT64_C(1000) * ROUTER_AWAY_MAX_MS);
    else if (r == 0)
        r = shell_listen(shell);
    if (r < 0 || arguments->control < 0)
        return r;
    shell->control = control;
    return control_open(control, shell, main_move_control(arguments->control));
}

int main(int argc, char **argv)
{
    static struct control control;
    static struct shell shell;
    struct arguments arguments;
    int signal_fd;
    int status;
    int r;

    descriptors_open_standard();
    signal_fd = main_open_signals();
    log_open("router");
    mallopt(M_ARENA_MAX, 1); /* the core's one lock is the allocator's, too */
    main_raise_files();
    if (!main_parse(&arguments, argc, argv)) {
        fprintf(stderr, "usage: mu-router --bus PATH [--node NAME] [--control FD [--closed]]\n     "
                        "  mu-router --version\n");
        return EXIT_WRONG_USE;
    }
    if (arguments.version) {
        puts("mu-router " MU_VERSION);
        return EXIT_DONE;
    }
    r = main_start(&shell, &control, &arguments);
    if (r < 0) {
        log_error("cannot start at %s: %s", arguments.bus, strerror(-r));
        return EXIT_AGAIN;
    }
    status = main_loop(&shell, signal_fd);
    shell_unlisten(&shell);
    return status; /* nng's threads go with the process */
}
