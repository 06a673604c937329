/* kernel/launch.h - from a service's manifest to a process that waits at its gate, inside mu-exec.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel/folder.h"
#include "kernel/sandbox.h"
#include "kernel/service.h"

enum { LAUNCH_TEXT_MAX = 256 };

/* What every launch of a node has in common. Texts are borrowed for good. */
struct launch_node {
    const struct folders *folders;
    const char *name;    /* the node's */
    const char *libexec; /* where mu-exec and the node's own programs are */
    const char *dir;     /* --dir, absolute; NULL for the default places */
    const struct sandbox_terms *sandbox;
};

/* What is to be started. */
struct launch_order {
    const struct child *child; /* borrowed */
    uint64_t instance;
    uint32_t index; /* of the child among its service's */
    int control_fd; /* borrowed: the router's end of its channel; -1 for all others */
    bool is_closed; /* a router that lets nobody in before router.Open */
};

/* A process that was forked. The caller owns the descriptors. */
struct launched {
    pid_t pid;
    int pid_fd;
    int gate_fd;   /* a byte written to it lets the process run; closing it makes it give up */
    int output_fd; /* what it writes to standard output and error; does not block */
    uint32_t uid;  /* whom it runs as */
    enum cage_grade grade;
};

/* Why a launch failed, besides the errno. */
struct launch_trouble {
    char program[FOLDER_PATH_MAX]; /* which could not be run */
    char text[LAUNCH_TEXT_MAX];    /* for people, where the errno does not say it; else "" */
};

/* Forks what is ordered. Returns 0 or -errno; -ENOENT, -EACCES and -ENOTDIR say that its program
 * cannot be run, -ENOTSUP that its sandbox would be of a worse grade than it may have. */
int launch(struct launched *launched, const struct launch_node *node,
        const struct launch_order *order, struct launch_trouble *trouble);
