// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/client_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

enum { PEER_PATIENCE_S = 10 };

static struct span peer_copy(uint8_t **atp, struct span span)
{
    uint8_t *at = *atp;

    if (span.size != 0)
        memcpy(at, span.data, span.size);
    *atp += span.size;
    return (struct span){ at, span.size };
}

static void peer_note(struct peer *peer, const struct envelope *envelope)
{
    struct heard *heard = &peer->queue[peer->tail % PEER_QUEUE_MAX];
    uint8_t *at = malloc(envelope->endpoint.size + envelope->trace.size + envelope->status.size +
                         envelope->token.size + envelope->body.size + 1);

    heard->bytes = at;
    heard->envelope = *envelope;
    heard->envelope.endpoint = peer_copy(&at, envelope->endpoint);
    heard->envelope.trace = peer_copy(&at, envelope->trace);
    heard->envelope.status = peer_copy(&at, envelope->status);
    heard->envelope.body = peer_copy(&at, envelope->body);
    heard->envelope.token = peer_copy(&at, envelope->token);
    peer->tail += 1;
}

static int peer_receive(struct channel *channel, struct frame_reader *reader, void *user)
{
    struct envelope envelope;
    struct peer *peer = user;

    (void)channel;
    pthread_mutex_lock(&peer->lock);
    while (peer->tail - peer->head < PEER_QUEUE_MAX &&
            frame_next(reader, &envelope) == FRAME_ENVELOPE)
        peer_note(peer, &envelope);
    pthread_cond_broadcast(&peer->changed);
    pthread_mutex_unlock(&peer->lock);
    return 0;
}

static void peer_lost(struct channel *channel, void *user)
{
    struct peer *peer = user;

    pthread_mutex_lock(&peer->lock);
    if (peer->channel == channel)
        peer->channel = NULL;
    peer->open -= 1;
    pthread_cond_broadcast(&peer->changed);
    pthread_mutex_unlock(&peer->lock);
    channel_unref(channel);
}

static int peer_accepted(struct listener *listener, struct channel *channel, void *user)
{
    static const struct channel_events events = { .receive = peer_receive, .closed = peer_lost };
    struct peer *peer = user;

    (void)listener;
    pthread_mutex_lock(&peer->lock);
    channel_adopt(channel, &peer->lock, &events, peer);
    peer->channel = channel;
    peer->open += 1;
    pthread_cond_broadcast(&peer->changed);
    pthread_mutex_unlock(&peer->lock);
    return 0;
}

static void peer_unlistened(struct listener *listener, void *user)
{
    struct peer *peer = user;

    (void)listener;
    pthread_mutex_lock(&peer->lock);
    peer->listener = NULL;
    pthread_cond_broadcast(&peer->changed);
    pthread_mutex_unlock(&peer->lock);
}

void peer_open(struct peer *peer)
{
    static const struct listener_events events = { .accepted = peer_accepted,
        .closed = peer_unlistened };

    memset(peer, 0, sizeof(*peer));
    pthread_mutex_init(&peer->lock, NULL);
    pthread_cond_init(&peer->changed, NULL);
    strcpy(peer->dir, "/tmp/mu-client-peer-XXXXXX");
    assert_non_null(mkdtemp(peer->dir));
    snprintf(peer->address, sizeof(peer->address), "ipc://%s/bus.sock", peer->dir);
    assert_int_equal(listener_open(&peer->listener, peer->address, 0600, &events, peer), 0);
}

/* Waits for a change. With the lock, which a test that fails here leaves open for its end. */
static void peer_wait(struct peer *peer)
{
    struct timespec until;
    int r;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PEER_PATIENCE_S;
    r = pthread_cond_timedwait(&peer->changed, &peer->lock, &until);
    if (r != 0)
        pthread_mutex_unlock(&peer->lock);
    assert_int_equal(r, 0);
}

void peer_hang_up(struct peer *peer)
{
    struct channel *channel = NULL;

    pthread_mutex_lock(&peer->lock);
    if (peer->channel != NULL)
        channel = channel_ref(peer->channel);
    pthread_mutex_unlock(&peer->lock);
    if (channel != NULL)
        channel_close(channel);
    pthread_mutex_lock(&peer->lock);
    while (channel != NULL && peer->channel == channel)
        peer_wait(peer);
    pthread_mutex_unlock(&peer->lock);
    channel_unref(channel);
}

void peer_close(struct peer *peer)
{
    listener_close(peer->listener);
    pthread_mutex_lock(&peer->lock);
    while (peer->listener != NULL)
        peer_wait(peer);
    pthread_mutex_unlock(&peer->lock);
    peer_hang_up(peer);
    pthread_mutex_lock(&peer->lock);
    while (peer->open > 0)
        peer_wait(peer);
    pthread_mutex_unlock(&peer->lock);
    for (; peer->head != peer->tail; peer->head++)
        free(peer->queue[peer->head % PEER_QUEUE_MAX].bytes);
    rmdir(peer->dir);
}

struct heard peer_hear(struct peer *peer, enum envelope_kind kind)
{
    struct heard heard;

    pthread_mutex_lock(&peer->lock);
    while (peer->head == peer->tail)
        peer_wait(peer);
    heard = peer->queue[peer->head++ % PEER_QUEUE_MAX];
    pthread_mutex_unlock(&peer->lock);
    if (kind != ENVELOPE_NONE)
        assert_int_equal(heard.envelope.kind, kind);
    return heard;
}

void heard_free(struct heard *heard)
{
    free(heard->bytes);
    heard->bytes = NULL;
}

void peer_say(struct peer *peer, const struct envelope *envelopes, size_t count)
{
    struct channel *channel;
    bool send;

    pthread_mutex_lock(&peer->lock);
    while (peer->channel == NULL)
        peer_wait(peer);
    channel = peer->channel;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(channel_put(channel, &envelopes[i], OUTBOX_RESULTS), OUTBOX_OK);
    send = channel_take(channel);
    pthread_mutex_unlock(&peer->lock);
    if (send)
        channel_send(channel);
}
