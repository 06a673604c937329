/* kernel/router/shell.h - the router with its sockets: channels, listeners, the supervisor's
 * socket.
 *
 * `lock` guards the core, the admissions and every peer's outbox. nng's threads take it when frames
 * came, step the core, let go, and send; the main thread takes it for ticks and for the supervisor.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "kernel/router/core.h"
#include "transport/channel.h"

struct control;

struct shell {
    pthread_mutex_t lock;
    struct router router;        /* guarded by lock */
    struct list admissions;      /* guarded by lock: struct admission, of processes */
    struct list node_admissions; /* guarded by lock: struct admission, of node channels */
    struct control *control;     /* owned by main; NULL where there is no supervisor */
    struct listener *public;     /* owned, until it is closed; NULL: nobody new is let in */
    const char *bus;             /* borrowed for good: the path of the public socket */
    int wake_fd;                 /* an eventfd: the main thread is to look up */
    bool ticking;                /* guarded by lock: the main thread ticks */
};

/* Sends what waits in the peers' outboxes and closes the doomed. Without the lock. */
void shell_flush(struct shell *shell);

/* Ends what is due. With the lock; shell_flush follows. */
void shell_tick(struct shell *shell);

/* Makes a peer of an accepted channel. Returns 0, or < 0 where it is not wanted. Without the lock.
 */
int shell_join(struct shell *shell, struct channel *channel, const struct peer_identity *identity);

/* Wakes the main thread. */
void shell_wake(struct shell *shell);

/* Listens at the public socket; does nothing where it does already. Returns 0 or -errno. */
int shell_listen(struct shell *shell);

/* Lets nobody in there any more. */
void shell_unlisten(struct shell *shell);

/* Ends the channel of `instance`, if there is one. With the lock. */
void shell_dismiss(struct shell *shell, uint64_t instance);
