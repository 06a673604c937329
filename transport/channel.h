/* transport/channel.h - a channel: one connection over an nng byte stream, ipc or tcp.
 *
 * nng calls back on threads of its own. A channel has no lock: whoever owns it lends one (`lock`),
 * which guards the outbox and everything of the owner's. What a batch of frames causes is written
 * into outboxes under the lock, and sent behind it:
 *
 *     receive():   lock; frame_next() …; channel_put() …; more = channel_take(); unlock;
 *                  if (more) channel_send();
 *
 * While a send is under way channel_take() is false and envelopes gather; when it completes, the
 * channel takes the lock, takes what gathered, and sends it by itself. */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "transport/outbox.h"
#include "transport/stream.h"

struct channel; /* opaque, counted */

/* Who is on the other end, as the kernel says; all 0 on tcp. */
struct channel_peer {
    uint32_t pid;
    uint32_t uid;
    bool known; /* ipc */
};

struct channel_events {
    /* Whole frames came; called without the lock, one call at a time for a channel. What `reader`
     * gives is borrowed until the return. < 0 closes the channel (the peer broke the protocol). */
    int (*receive)(struct channel *channel, struct frame_reader *reader, void *user);
    /* The channel is dead, for whatever reason: called once, without the lock, and nothing after it
     * but what was being called already. The owner gives its reference back (channel_unref). */
    void (*closed)(struct channel *channel, void *user);
    /* Some of what waited was sent. Without the lock. May be NULL. */
    void (*sent)(struct channel *channel, void *user);
    /* What gathered during a send is the next one. With the lock. May be NULL. */
    void (*loaded)(struct channel *channel, void *user);
};

/* Connects to "ipc://PATH" or "tcp://HOST:PORT" within `timeout_ms` and greets; events come from
 * channel_start on. The caller owns a reference in `*channelp`. Returns 0, -ENOENT, -ECONNREFUSED,
 * -EACCES, -ETIMEDOUT, -EINVAL (address), -ENOMEM or another -errno. */
int channel_dial(struct channel **channelp, const char *address, uint32_t timeout_ms,
        pthread_mutex_t *lock, const struct channel_events *events, void *user);

/* Starts reading. Called once, by whoever dialled or accepted. */
void channel_start(struct channel *channel);

struct channel *channel_ref(struct channel *channel);
/* NULL is fine. Returns NULL. The last one out frees; also from a callback. */
struct channel *channel_unref(struct channel *channel);

/* Ends it: `closed` follows, also when nothing was sent yet. What is in the outbox is lost. Any
 * thread, with the lock or without, any number of times. */
void channel_close(struct channel *channel);

/* Stops and goes on reading, of a dialled channel; what was being read already still comes. Any
 * thread, with the lock or without. An accepted one pauses by itself, too: channel_throttle. */
void channel_pause(struct channel *channel);
void channel_resume(struct channel *channel);

/* Stops reading from an accepted channel, or lets it go on, whatever else it waits for; what was
 * being read already still comes. True where the caller is to call channel_resume, without the
 * lock. With the lock. */
bool channel_throttle(struct channel *channel, bool on);

struct channel_peer channel_peer(const struct channel *channel);

/* Bytes that wait for the peer: in the outbox and under way. With the lock. */
size_t channel_queued(const struct channel *channel);

/* Bytes that the socket took so far. Any thread, with the lock or without. */
uint64_t channel_taken(const struct channel *channel);

/* Appends an envelope to the outbox; see outbox_put. With the lock. */
enum outbox_outcome channel_put(
        struct channel *channel, const struct envelope *envelope, enum outbox_lane lane);

/* True where there is something to send and no send under way: the caller then calls channel_send,
 * once, without the lock. With the lock. */
bool channel_take(struct channel *channel);
void channel_send(struct channel *channel);

/* Makes the channel send from the owner's own `outbox`, which is set to what waited so far; before
 * channel_start. It must live until `closed`. */
void channel_lend(struct channel *channel, struct outbox *outbox);

struct listener_events {
    /* Takes a connection: calls channel_adopt and returns 0, which hands it the reference, or < 0
     * to close it. Called without a lock; channel_start follows. */
    int (*accepted)(struct listener *listener, struct channel *channel, void *user);
    /* No more connections are taken and the listener is gone: the answer to listener_close. */
    void (*closed)(struct listener *listener, void *user);
};

/* Sets what an accepted channel calls; before channel_start. */
void channel_adopt(struct channel *channel, pthread_mutex_t *lock,
        const struct channel_events *events, void *user);

/* Reads from an accepted channel however much waits for the peer: for one whose other end may make
 * us wait, too. Before channel_start. */
void channel_read_always(struct channel *channel);

/* Listens at `address`; an ipc socket gets `mode` (0600), and one that a dead process left behind
 * is replaced. Connections are handed over by `accepted`, on nng's threads, until listener_close.
 * After a failed accept (no descriptors) it goes on 10 ms later. Returns 0, -EADDRINUSE where a
 * living process listens there, -EINVAL, -ENOMEM, or another -errno. */
int listener_open(struct listener **listenerp, const char *address, unsigned mode,
        const struct listener_events *events, void *user);

/* The port of a tcp listener (the one the kernel picked for port 0); 0 on ipc. */
uint16_t listener_port(const struct listener *listener);

/* Stops listening; the socket's file goes. Waits for nothing: `closed` (where given) follows on a
 * thread of nng's, and the listener frees itself behind it. */
void listener_close(struct listener *listener);
