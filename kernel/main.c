// SPDX-License-Identifier: Apache-2.0
/* mu-node: starts, isolates, watches and restarts every process of a node. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/log.h"
#include "kernel/boot.h"
#include "kernel/daemon.h"
#include "kernel/handover.h"

enum { MAIN_EXIT_DONE = 0, MAIN_EXIT_FAILED = 1, MAIN_EXIT_USAGE = 2 };

static const char main_usage[] =
        "usage: mu-node [--dir DIR] [--file NODEFILE] [--name NAME] [--daemon]\n"
        "\n"
        "Runs a node: its router, its registry, and the services that the node file lists or that\n"
        "were registered. Ends on SIGTERM, services first; a second SIGTERM kills them.\n"
        "\n"
        "  --dir DIR        keep all of the node in DIR (default: $MU_DIR, else the user's "
        "places)\n"
        "  --file NODEFILE  the node file (default: node.yaml in the configuration folder)\n"
        "  --name NAME      the node's name (default: the node file's, else the host's)\n"
        "  --daemon         detach; returns once the node is ready, or with what kept it from it\n"
        "  --version, --help\n";

struct main_arguments {
    struct boot_options boot;
    char dir[PATH_MAX];  /* absolute: a daemon changes its folder */
    char file[PATH_MAX]; /* the same */
    int exit_code;       /* where nothing is to be run */
};

/* Makes `path` absolute, whether it exists or not; NULL and "" stay what they are. */
static const char *main_absolute(char absolute[PATH_MAX], const char *path)
{
    char here[PATH_MAX];

    if (path == NULL || path[0] == '\0')
        return path;
    if (path[0] == '/' || getcwd(here, sizeof(here)) == NULL ||
            snprintf(absolute, PATH_MAX, "%s/%s", here, path) >= PATH_MAX)
        snprintf(absolute, PATH_MAX, "%s", path);
    return absolute;
}

/* False where nothing is to be run: `exit_code` says how to end. */
static bool main_parse(struct main_arguments *arguments, int argc, char **argv)
{
    static const struct option options[] = {
        { "dir", required_argument, NULL, 'd' },
        { "file", required_argument, NULL, 'f' },
        { "name", required_argument, NULL, 'n' },
        { "daemon", no_argument, NULL, 'D' },
        { "resume", required_argument, NULL, 'r' }, /* of a supervisor that this one replaces */
        { "version", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    struct boot_options *boot = &arguments->boot;
    const char *inherited = getenv("MU_DIR");
    int option;

    if (inherited != NULL && inherited[0] != '\0')
        boot->dir = main_absolute(arguments->dir, inherited);
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'd') {
            boot->dir = main_absolute(arguments->dir, optarg);
        } else if (option == 'f') {
            boot->file = main_absolute(arguments->file, optarg);
        } else if (option == 'n') {
            boot->name = optarg;
        } else if (option == 'D') {
            boot->daemon = true;
        } else if (option == 'r' && handover_read(boot, optarg)) {
            continue;
        } else {
            bool wrong = option == '?' || option == 'r';

            arguments->exit_code = wrong ? MAIN_EXIT_USAGE : MAIN_EXIT_DONE;
            fputs(option == 'v' ? "mu-node " MU_VERSION "\n" : main_usage, wrong ? stderr : stdout);
            return false;
        }
    }
    if (optind == argc)
        return true;
    fprintf(stderr, "mu-node: `%s` is one argument too many\n%s", argv[optind], main_usage);
    arguments->exit_code = MAIN_EXIT_USAGE;
    return false;
}

static void main_ready(void *user)
{
    daemon_tell(user, NULL);
}

/* Whoever started a daemon is told while it waits; node.log keeps it in any case. */
static int main_fail(int *teller_fdp, bool logged, const struct node_error *error)
{
    if (*teller_fdp < 0 || logged)
        log_error("%s", error->text);
    daemon_tell(teller_fdp, error->text);
    return MAIN_EXIT_FAILED;
}

/* Runs the node, also on behalf of a successor that did not run. Returns 0 or -errno; boot_close
 * follows. */
static int main_run(
        struct node *node, struct boot_options *options, int *teller_fdp, struct node_error *error)
{
    for (;;) {
        int r = boot_open(node, options, error);

        if (r == 0) {
            node->ready = main_ready;
            node->user = teller_fdp;
            r = node_run(node, error);
        }
        if (r < 0 || !handover_is_due(node))
            return r;
        handover(node, options);
    }
}

int main(int argc, char **argv)
{
    static struct main_arguments arguments;
    static struct node node;
    struct node_error error = { "" };
    int teller_fd = -1;
    bool logged;
    int r;

    descriptors_open_standard();
    if (!main_parse(&arguments, argc, argv))
        return arguments.exit_code;
    log_open("node");
    if (arguments.boot.daemon && !arguments.boot.resumes && daemon_detach(&teller_fd) < 0) {
        fprintf(stderr, "mu-node: cannot detach: %m\n");
        return MAIN_EXIT_FAILED;
    }
    r = main_run(&node, &arguments.boot, &teller_fd, &error);
    logged = node.own_log != NULL;
    boot_close(&node);
    if (r < 0)
        return main_fail(&teller_fd, logged, &error);
    daemon_tell(&teller_fd, "told to stop before it was ready");
    return MAIN_EXIT_DONE;
}
