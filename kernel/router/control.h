/* kernel/router/control.h - the supervisor's channel: frames over an inherited SOCK_SEQPACKET
 * socket, one packet a frame. The supervisor holds no nng, so this is no nng channel; to the core
 * it is a peer like any other, the service "node". */
#pragma once

#include "kernel/limits.h"
#include "kernel/router/shell.h"

enum { PATH_SIZE_MAX = 108 }; /* bytes of a socket's path with the final NUL */

struct control {
    struct shell *shell;  /* borrowed for good */
    struct peer *peer;    /* borrowed: the core's, for good */
    int fd;               /* owned */
    bool waiting;         /* guarded by shell.lock: the socket is full, the main thread goes on */
    struct span left;     /* guarded by shell.lock: of `leaving`: not sent yet */
    struct batch leaving; /* guarded by shell.lock */
    uint64_t drain_call;  /* router.Drain, not answered yet; 0: there is none */
    uint64_t drain_us;    /* when it came */
};

/* Joins the supervisor behind `fd` to the core and says READY. Returns 0 or -errno. */
int control_open(struct control *control, struct shell *shell, int fd);

/* Sends what waits for the supervisor, as far as the socket takes it. With the lock. */
void control_flush(struct control *control, struct peer *peer);

/* Answers router.Drain, where that is due. Without the lock. */
void control_tell_drained(struct control *control);

/* Takes what came from the supervisor; goes on sending. Returns 0, or < 0 where the supervisor is
 * gone or does not keep to the protocol: nothing is left to do without it. Without the lock. */
int control_read(struct control *control);
void control_write(struct control *control);
