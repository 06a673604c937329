// SPDX-License-Identifier: Apache-2.0
#include "client/carrier.h"

#include "base/err.h"

static enum outbox_outcome bus_put(void *of, const struct envelope *envelope, enum outbox_lane lane)
{
    return channel_put(of, envelope, lane);
}

static bool bus_take(void *of)
{
    return channel_take(of);
}

static void bus_send(void *of)
{
    channel_send(of);
}

static size_t bus_queued(const void *of)
{
    return channel_queued(of);
}

static void bus_start(void *of)
{
    channel_start(of);
}

static void bus_close(void *of)
{
    channel_close(of);
}

static void bus_ref(void *of)
{
    channel_ref(of);
}

static void bus_unref(void *of)
{
    channel_unref(of);
}

static const struct carrier_type carrier_bus = {
    .put = bus_put,
    .take = bus_take,
    .send = bus_send,
    .queued = bus_queued,
    .start = bus_start,
    .close = bus_close,
    .ref = bus_ref,
    .unref = bus_unref,
};

int carrier_dial(struct carrier *carrier, const char *address, uint32_t timeout_ms,
        pthread_mutex_t *lock, const struct channel_events *events, void *user)
{
    struct channel *channel;
    int r = channel_dial(&channel, address, timeout_ms, lock, events, user);

    if (r < 0)
        return err_trace(r);
    *carrier = (struct carrier){ &carrier_bus, channel };
    return 0;
}
