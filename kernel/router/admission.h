/* kernel/router/admission.h - private channels: a socket in a folder of its own, at which exactly
 * one connection is taken, from the one process that was named. A process that the supervisor
 * starts has one, and the link service one more for each linked node. */
#pragma once

#include "kernel/router/shell.h"

struct admission_terms {
    uint64_t instance; /* 0 for a node channel */
    uint64_t channel;  /* a node channel's number, or a client's; 0 for a process */
    bool is_client;
    const char *service; /* borrowed during the call */
    const char *space;   /* the same: its namespace; NULL or "": none */
    const char *path;    /* borrowed during the call */
    uint32_t pid;
    uint32_t uid;
    struct peer_limits limits;
    struct span calls;   /* borrowed during the call: as peer_identity.calls */
    struct span exports; /* the same: as peer_identity.exports */
};

/* Listens for the process. Returns 0, -EEXIST where the instance was admitted before, or another
 * -errno. Without the lock. */
int admission_open(struct shell *shell, const struct admission_terms *terms);

/* Opens the sockets of node channels that were asked for, and closes those of such as are gone.
 * Without the lock. */
void admission_serve_nodes(struct shell *shell);

/* Listens no more and ends the process's channel. Returns 0, or -ENOENT where there is none.
 * Without the lock. */
int admission_close(struct shell *shell, uint64_t instance);
