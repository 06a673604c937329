/* child.h - a service that `mu run` runs by hand, in the foreground. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "services/interface/mu/cli.h"
#include "mu/node/v1/manifest.pb-c.h"

struct child {
    pid_t pid; /* 0: none */
    int fd;    /* owned: its pidfd; -1: none */
};

/* What is run, and how. */
struct child_order {
    const char *program;                    /* borrowed */
    const Mu__Node__V1__Manifest *manifest; /* borrowed */
    bool sandboxed;
};

/* Starts the program on the node's public socket, with the manifest's arguments and environment, in
 * the sandbox that the manifest describes as far as one can be had by hand (`mu-exec --by-hand`).
 * It ends should this process end. Says what is wrong. Returns EXIT_OK or an exit status. */
int child_start(struct child *child, const struct cli *cli, const struct child_order *order);

/* Asks it to stop, waits until it has, kills it after `wait_ms`. Nothing for none. */
void child_stop(struct child *child, uint32_t wait_ms);

/* Takes the status of a child that ended, as waitpid gives it. */
int child_take(struct child *child);
