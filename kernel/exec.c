// SPDX-License-Identifier: Apache-2.0
/* mu-exec: the last thing between the supervisor and a service.
 *
 *     mu-exec --parent PID [--files N] [--memory-mib N] [--file-mib N] [CAGE...]
 *             -- PROGRAM [ARG...]
 *     mu-exec --by-hand --parent PID [CAGE...] -- PROGRAM [ARG...]
 *     mu-exec --probe [CAGE...]      whether these steps can be taken here: exit 0, or not
 *
 * It takes one step after the other on its own process, waits at the gate (descriptor 4) for the
 * supervisor's byte, and becomes PROGRAM. Descriptors 0 to 3 pass through. A process that must not
 * be able to do something loses that ability here: a further restriction is a further step. Which
 * of them are taken stands in CAGE (kernel/cage/cage.h); one that cannot be taken ends it all.
 *
 * By hand it is `mu run` that starts it: then the steps are not told, but found out
 * (kernel/cage/by_hand.h).
 *
 * The order is that of what each step still needs: mounts while there are capabilities, landlock
 * behind the mounts that it would forbid, the filter last, since it forbids all of this. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kernel/cage/by_hand.h"
#include "kernel/cage/cage.h"
#include "kernel/cage/filter.h"
#include "kernel/cage/landlock.h"
#include "kernel/cage/loader.h"
#include "kernel/cage/mounts.h"
#include "kernel/cage/privileges.h"
#include "kernel/cage/view.h"

enum {
    EXEC_GATE_FD = 4,
    EXEC_OPTIONS_MAX = 32,
    EXEC_FOR_GOOD = 100, /* PROGRAM is not there or cannot be run */
    EXEC_TRY_AGAIN = 111
};

struct exec_plan {
    pid_t parent;
    rlim_t files;      /* 0: as inherited */
    rlim_t memory_mib; /* of address space; 0: as inherited */
    rlim_t file_mib;   /* of one file; 0: as inherited */
    bool probe;
    bool by_hand;
    char **argv; /* borrowed: main's */
    struct cage cage;
    struct loader loader;
    struct view view;
    const char *where; /* borrowed: the path that a failed step stumbled on, or why; NULL: none */
};

/* Dies with the supervisor, also where that died before this line: then nobody reads what it
 * prints. In a pid namespace of its own it has no parent that it could see. */
static int exec_follow_parent(struct exec_plan *plan)
{
    struct pollfd output = { .fd = STDOUT_FILENO };

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return -errno;
    if ((plan->cage.steps & CAGE_PID_NS) == 0)
        return getppid() == plan->parent ? 0 : -ESRCH;
    return poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0 ? -ESRCH : 0;
}

static int exec_enter_by_hand(struct exec_plan *plan)
{
    return plan->by_hand ? by_hand_enter(&plan->cage, &plan->where) : 0;
}

/* A session of its own: what is typed at the supervisor's terminal is not for it. */
static int exec_leave_terminal(struct exec_plan *plan)
{
    (void)plan;
    return setsid() < 0 && errno != EPERM ? -errno : 0;
}

static int exec_reset_signals(struct exec_plan *plan)
{
    sigset_t none;

    (void)plan;
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL); /* refused for SIGKILL and SIGSTOP, which are so anyway */
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

/* Lowers a limit, hard and soft; never raises it. */
static int exec_limit(__rlimit_resource_t resource, rlim_t value)
{
    struct rlimit limit;

    if (getrlimit(resource, &limit) < 0)
        return -errno;
    if (limit.rlim_max == RLIM_INFINITY || value < limit.rlim_max)
        limit.rlim_max = value;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(resource, &limit) < 0 ? -errno : 0;
}

/* A write beyond the limit fails as one to a full disk does, which programs know of; the signal
 * that comes with it would end them. */
static int exec_limit_files(const struct exec_plan *plan)
{
    if (plan->file_mib == 0)
        return 0;
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
        return -errno;
    return exec_limit(RLIMIT_FSIZE, plan->file_mib << 20);
}

static int exec_limit_resources(struct exec_plan *plan)
{
    int r = exec_limit(RLIMIT_CORE, 0);

    if (r == 0 && plan->cage.steps != 0)
        r = exec_limit(RLIMIT_MEMLOCK, CAGE_LOCKED_MAX);
    if (r == 0 && plan->cage.steps != 0)
        r = exec_limit(RLIMIT_STACK, CAGE_STACK_MAX);
    if (r == 0 && plan->cage.steps != 0)
        r = exec_limit(RLIMIT_MSGQUEUE, 0);
    if (r == 0 && plan->files != 0)
        r = exec_limit(RLIMIT_NOFILE, plan->files);
    if (r == 0 && plan->memory_mib != 0)
        r = exec_limit(RLIMIT_AS, plan->memory_mib << 20);
    return r == 0 ? exec_limit_files(plan) : r;
}

/* ---- the cage ---- */

/* Before anything that it takes is counted elsewhere. */
static int exec_join_groups(struct exec_plan *plan)
{
    for (size_t i = 0; i < 2 && plan->cage.groups[i] != NULL; i++) {
        int fd = open(plan->cage.groups[i], O_WRONLY | O_CLOEXEC);

        plan->where = plan->cage.groups[i];
        if (fd < 0 || write(fd, "0", 1) != 1)
            return -errno;
        close(fd);
    }
    return 0;
}

static int exec_map_user(struct exec_plan *plan)
{
    return privileges_map(plan->cage.uid, plan->cage.gid);
}

/* While all of the machine can still be seen. */
static int exec_look_around(struct exec_plan *plan)
{
    int r = loader_look(&plan->loader, plan->argv[0]);

    view_make(&plan->view, &plan->cage, plan->argv[0], &plan->loader);
    return r;
}

static int exec_change_root(struct exec_plan *plan)
{
    return mounts_enter(&plan->view, &plan->cage, &plan->where);
}

static int exec_become_owner(struct exec_plan *plan)
{
    return privileges_become(plan->cage.uid, plan->cage.gid);
}

static int exec_bound_powers(struct exec_plan *plan)
{
    (void)plan;
    return privileges_bound();
}

static int exec_drop_powers(struct exec_plan *plan)
{
    (void)plan;
    return privileges_drop();
}

static int exec_restrict_paths(struct exec_plan *plan)
{
    return landlock_restrict(&plan->view, &plan->cage);
}

static int exec_filter_calls(struct exec_plan *plan)
{
    return filter_load(&plan->cage);
}

static int exec_refuse_privileges(struct exec_plan *plan)
{
    (void)plan;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static int exec_close_descriptors(struct exec_plan *plan)
{
    (void)plan;
    return close_range(EXEC_GATE_FD + 1, ~0U, 0) < 0 ? -errno : 0;
}

static int exec_wait_at_gate(struct exec_plan *plan)
{
    char byte;
    ssize_t got;

    (void)plan;
    do
        got = read(EXEC_GATE_FD, &byte, 1);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    close(EXEC_GATE_FD);
    return got == 1 ? 0 : -ECANCELED;
}

static const struct exec_step {
    const char *what; /* "cannot …" */
    int (*take)(struct exec_plan *plan);
    unsigned steps; /* taken with any of these; 0: always */
} exec_steps[] = {
    { "tie its life to the supervisor's", exec_follow_parent, 0 },
    { "be shut in on this machine", exec_enter_by_hand, 0 },
    { "leave the terminal", exec_leave_terminal, 0 },
    { "reset signals", exec_reset_signals, 0 },
    { "close descriptors", exec_close_descriptors, 0 },
    { "join its cgroup", exec_join_groups, CAGE_CGROUP },
    { "limit resources", exec_limit_resources, 0 },
    { "map its user", exec_map_user, CAGE_USER_NS },
    { "look around", exec_look_around, CAGE_MOUNT_NS | CAGE_LANDLOCK },
    { "change its root", exec_change_root, CAGE_MOUNT_NS },
    { "bound capabilities", exec_bound_powers, CAGE_POWERS },
    { "become its own user", exec_become_owner, CAGE_OWNER },
    { "drop capabilities", exec_drop_powers, CAGE_POWERS },
    { "tie its life to the supervisor's", exec_follow_parent, CAGE_OWNER }, /* a new user unties */
    { "refuse new privileges", exec_refuse_privileges, 0 },
    { "restrict paths", exec_restrict_paths, CAGE_LANDLOCK },
    { "pass the gate", exec_wait_at_gate, 0 },
    { "filter system calls", exec_filter_calls, CAGE_FILTER },
};

/* Takes what a namespace must allow, and says only whether it does. */
static int exec_probe(struct exec_plan *plan)
{
    static char *system[] = { "/usr", NULL };
    int r = (plan->cage.steps & CAGE_USER_NS) != 0 ? exec_map_user(plan) : 0;

    plan->argv = system;
    if (r == 0)
        r = exec_look_around(plan);
    if (r == 0)
        r = exec_change_root(plan);
    if (r == 0)
        r = exec_bound_powers(plan);
    return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

enum {
    OPTION_PARENT = 'p',
    OPTION_FILES = 'f',
    OPTION_MEMORY = 'm',
    OPTION_FILE = 's',
    OPTION_PROBE = 'P',
    OPTION_BY_HAND = 'h'
};

static int exec_take_option(struct exec_plan *plan, int option, const char *value)
{
    if (option == OPTION_PARENT)
        plan->parent = (pid_t)strtol(value, NULL, 10);
    else if (option == OPTION_FILES)
        plan->files = strtoul(value, NULL, 10);
    else if (option == OPTION_MEMORY)
        plan->memory_mib = strtoul(value, NULL, 10);
    else if (option == OPTION_FILE)
        plan->file_mib = strtoul(value, NULL, 10);
    else if (option == OPTION_PROBE)
        plan->probe = true;
    else if (option == OPTION_BY_HAND)
        plan->by_hand = true;
    else if (!cage_read(&plan->cage, option, value))
        return -EINVAL;
    return 0;
}

static int exec_parse(struct exec_plan *plan, int argc, char **argv)
{
    static const struct option own[] = {
        { "parent", required_argument, NULL, OPTION_PARENT },
        { "files", required_argument, NULL, OPTION_FILES },
        { "memory-mib", required_argument, NULL, OPTION_MEMORY },
        { "file-mib", required_argument, NULL, OPTION_FILE },
        { "probe", no_argument, NULL, OPTION_PROBE },
        { "by-hand", no_argument, NULL, OPTION_BY_HAND },
    };
    struct option options[EXEC_OPTIONS_MAX] = { 0 };
    size_t count = sizeof(own) / sizeof(own[0]);
    int option;

    memcpy(options, own, sizeof(own));
    for (size_t i = 0; cage_options[i].name != NULL; i++)
        options[count++] = cage_options[i];
    while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        if (exec_take_option(plan, option, optarg) < 0)
            return -EINVAL;
    }
    plan->argv = argv + optind;
    return plan->probe || (optind < argc && plan->parent != 0) ? 0 : -EINVAL;
}

/* Returns 0, or an exit status. */
static int exec_take_steps(struct exec_plan *plan)
{
    for (size_t i = 0; i < sizeof(exec_steps) / sizeof(exec_steps[0]); i++) {
        const struct exec_step *step = &exec_steps[i];
        int r = step->steps == 0 || (plan->cage.steps & step->steps) != 0 ? step->take(plan) : 0;

        if (r == -ECANCELED)
            return EXEC_TRY_AGAIN; /* the supervisor thought better of it */
        if (r < 0) {
            fprintf(stderr, "mu-exec: %s cannot %s: %s%s%s\n", plan->argv[0], step->what,
                    plan->where != NULL ? plan->where : "", plan->where != NULL ? ": " : "",
                    strerror(-r));
            return EXEC_TRY_AGAIN;
        }
        plan->where = NULL;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static struct exec_plan plan; /* large */
    int status;

    if (exec_parse(&plan, argc, argv) < 0) {
        fprintf(stderr, "usage: mu-exec --parent PID [--files N] [--memory-mib N] [--file-mib N] "
                        "-- PROGRAM [ARG...]\nStarted by mu-node, not by hand.\n");
        return EXEC_FOR_GOOD;
    }
    if (plan.probe)
        return exec_probe(&plan);
    status = exec_take_steps(&plan);
    if (status != 0)
        return status;
    execv(plan.argv[0], plan.argv);
    fprintf(stderr, "mu-exec: cannot run %s: %s\n", plan.argv[0], strerror(errno));
    return errno == ENOENT || errno == EACCES || errno == ENOEXEC ? EXEC_FOR_GOOD : EXEC_TRY_AGAIN;
}
