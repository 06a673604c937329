/* kernel/control.h - the supervisor's channel to the router: frames over a SOCK_SEQPACKET socket
 * pair, one packet a frame. It never blocks: what the router does not take at once waits in a
 * queue, and a router that lets CONTROL_QUEUE_MAX bytes wait counts as dead. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "kernel/loop.h"
#include "transport/frame.h"

struct control_events {
    void (*received)(const struct envelope *envelope, void *user); /* borrowed during the call */
    void (*cut)(void *user); /* the router is gone; the control is closed then */
};

struct control {
    struct loop_source source;
    struct loop *loop;                   /* borrowed for good */
    const struct control_events *events; /* borrowed for good */
    void *user;                          /* borrowed for good */
    struct list queue;                   /* owned packets, oldest first */
    size_t queued;                       /* bytes in it */
    uint8_t *packet;                     /* owned: CONTROL_PACKET_MAX bytes */
    uint64_t call_last;
    bool doomed; /* the router is gone, or given up: control_settle */
};

/* Makes a closed one. Returns 0 or -ENOMEM. */
int control_init(struct control *control, struct loop *loop, const struct control_events *events,
        void *user);

/* Closes it and frees everything. Safe twice. */
void control_deinit(struct control *control);

/* Opens a socket pair. The caller owns the router's end in `*peer_fdp`. Returns 0 or -errno. */
int control_open(struct control *control, int *peer_fdp);

/* Forgets what waits. `cut` is not called. */
void control_close(struct control *control);

static inline bool control_is_open(const struct control *control)
{
    return control->source.fd >= 0;
}

/* True where the router's end is closed already, although nobody was told yet. */
bool control_is_cut(const struct control *control);

/* Closes it and says `cut` where the router is gone: the last thing of each turn of the loop. */
void control_settle(struct control *control);

/* Sends a packet with this one envelope, or drops it where the control is closed. */
void control_send(struct control *control, const struct envelope *envelope);

/* Calls `endpoint` and returns the call's number, which its RESULT has. */
uint64_t control_call(struct control *control, const char *endpoint, struct span body);
