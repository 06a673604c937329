/* client/carrier.h - what a client's envelopes travel by: a channel of the bus here, or a link to a
 * node elsewhere (remote.h). */
#pragma once

#include "transport/channel.h"

/* What comes of a carrier. Without a lock; one at a time. */
struct carrier_events {
    /* Envelopes came; what `reader` gives is borrowed until the return. < 0 ends the carrier. */
    int (*receive)(struct frame_reader *reader, void *user);
    /* It is over: once, and nothing after it. The owner gives its reference back. */
    void (*closed)(void *user);
};

/* As the functions of channel.h of these names, with the same promises about the owner's lock. */
struct carrier_type {
    enum outbox_outcome (*put)(void *of, const struct envelope *envelope, enum outbox_lane lane);
    bool (*take)(void *of);
    void (*send)(void *of);
    size_t (*queued)(const void *of);
    void (*start)(void *of);
    void (*close)(void *of);
    void (*ref)(void *of);
    void (*unref)(void *of);
    /* Does what is due by time, and returns when to look again, in ms of clock.h. Without a lock.
     * NULL: nothing ever is. */
    uint64_t (*tick)(void *of);
};

/* Small, and copied; all zeroes: there is none. */
struct carrier {
    const struct carrier_type *type; /* borrowed for good */
    void *of;                        /* counted */
};

static inline bool carrier_exists(const struct carrier *carrier)
{
    return carrier->type != NULL;
}

static inline enum outbox_outcome carrier_put(
        const struct carrier *carrier, const struct envelope *envelope, enum outbox_lane lane)
{
    return carrier->type->put(carrier->of, envelope, lane);
}

static inline bool carrier_take(const struct carrier *carrier)
{
    return carrier->type->take(carrier->of);
}

static inline void carrier_send(const struct carrier *carrier)
{
    carrier->type->send(carrier->of);
}

static inline size_t carrier_queued(const struct carrier *carrier)
{
    return carrier->type->queued(carrier->of);
}

static inline void carrier_close(const struct carrier *carrier)
{
    carrier->type->close(carrier->of);
}

/* Connects to a router's socket, as channel_dial. */
int carrier_dial(struct carrier *carrier, const char *address, uint32_t timeout_ms,
        pthread_mutex_t *lock, const struct channel_events *events, void *user);
