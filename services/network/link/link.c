// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/link.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "services/network/link/dialing.h"

enum { LINK_TICK_MAX_MS = 1000 /* how late it may be noticed that a certificate ended */ };

/* ---- the node channel ---- */

static void link_gate_due(void *user)
{
    struct link *link = user;

    links_wake(link->links);
}

static void link_gate_opened(uint64_t channel, void *user)
{
    struct link *link = user;
    struct links *links = link->links;

    link->channel = channel;
    if (links->events->carries != NULL && !link->peer.client)
        links->events->carries(&link->peer, channel, links->user);
}

static const char *link_gate_envelope(const struct envelope *envelope, void *user)
{
    struct link *link = user;

    switch (lanes_put(&link->lanes, envelope)) {
    case LANES_OK:
        break;
    case LANES_FULL:
        return "too much waits for the node";
    case LANES_NO_MEMORY:
    default:
        return "no memory";
    }
    if (!link->paused && lanes_queued(&link->lanes) > LINK_QUEUE_MAX) {
        link->paused = true;
        gate_pause(link->gate);
    }
    session_touch(link->current);
    return NULL;
}

static void link_gate_taken(size_t size, void *user)
{
    struct link *link = user;

    size -= session_give(link->current, size);
    if (link->next != NULL)
        session_give(link->next, size);
}

/* Most often the router is gone, and this process about to follow. A link that began meanwhile
 * would end with it, and each end counts as a flap of what this node offers. */
static void link_gate_lost(const char *reason, void *user)
{
    struct link *link = user;

    link->links->rest_until_ms = clock_ms() + LINK_ROUTER_REST_MS;
    link_end(link, reason);
}

static const struct gate_events link_gate_events = {
    .due = link_gate_due,
    .opened = link_gate_opened,
    .envelope = link_gate_envelope,
    .taken = link_gate_taken,
    .lost = link_gate_lost,
};

static const char *link_open_gate(struct link *link)
{
    const struct handshake_peer *peer = &link->peer.peer;
    struct gate_peer whose = { .node = "" };
    const char *owner = strchr(peer->identity.name, '.');

    if ((link->peer.joining && !link->admitted) || link->links->options.client == NULL)
        return NULL;
    memcpy(whose.client, link->client.name, sizeof(whose.client));
    snprintf(whose.node, sizeof(whose.node), "%s", peer->identity.name);
    snprintf(whose.owner, sizeof(whose.owner), "%s",
            owner != NULL ? owner + 1 : peer->identity.name);
    memcpy(whose.node_id, link->admitted ? link->client.key.bytes : peer->identity.key.bytes,
            sizeof(whose.node_id));
    memcpy(whose.link_id, link->peer.link_id, sizeof(whose.link_id));
    if (gate_open(&link->gate, &link->links->guard, link->links->options.client, &whose,
                &link_gate_events, link) < 0)
        return "no memory";
    return NULL;
}

/* ---- the sessions ---- */

static const char *link_message(struct session *session, struct span message, void *user)
{
    struct link *link = user;
    struct links *links = link->links;

    (void)session;
    if (links->events->message != NULL)
        links->events->message(&link->peer, message, links->user);
    return NULL;
}

static const char *link_frame(struct session *session, struct span frame, void *user)
{
    struct link *link = user;

    if (session->closing != NULL)
        return NULL; /* nobody is there any more who would take it */
    return link->gate != NULL ? gate_put(link->gate, frame) : "there is no node channel";
}

static void link_taken(struct session *session, void *user)
{
    struct link *link = user;

    (void)session;
    if (link->paused && lanes_queued(&link->lanes) <= LINK_QUEUE_MAX / 2) {
        link->paused = false;
        gate_resume(link->gate);
    }
}

/* When the side that dialled renews the link: after an hour, give or take a tenth. */
static uint64_t link_renewal(struct links *links, const struct session *session)
{
    uint32_t tenth = links->options.renewal_ms / 10;

    if (!session->dialled || session_is_joining(session))
        return UINT64_MAX;
    return session->open_ms + links->options.renewal_ms - tenth +
           random_below(&links->random, 2 * tenth + 1);
}

/* Sends on another session from now on. */
static void link_use(struct link *link, struct session *session)
{
    link->current = session;
    link->peer.peer = session->peer;
    link->renew_ms = link_renewal(link->links, session);
    links_wake(link->links);
    session_lend(session, &link->lanes);
}

/* Decides which of two sessions stays, once the peer has taken both: it did so before it answered
 * the first PING. */
static void link_decide(struct link *link)
{
    bool renewal;

    if (!link->decides || link->next == NULL || link->next->leaving || link->current->leaving)
        return;
    if (link->next->pongs == 0 || link->current->pongs == 0)
        return;
    renewal = link->next->dialled == link->current->dialled;
    session_leave(renewal ? link->current : link->next, clock_ms());
}

static void link_answered(struct session *session, void *user)
{
    (void)session;
    link_decide(user);
}

/* The peer has had all that was sent on a session that both have left. */
static void link_left(struct session *session, void *user)
{
    struct link *link = user;

    if (session != link->current || link->next == NULL)
        return;
    session_lend(session, NULL);
    link_use(link, link->next);
    link->next = session; /* until it has ended */
}

static void link_session_ended(struct session *session, const char *reason, void *user)
{
    struct link *link = user;

    if (link->ending)
        return;
    if (session == link->next) {
        link->next = NULL;
        session_unref(session);
        if (link->current->dialled && link->renew_ms == UINT64_MAX)
            link->renew_ms = clock_ms() + LINK_HANDOVER_MS; /* it did not take over */
    } else {
        link_end(link, reason);
    }
}

static const struct session_events link_session_events = {
    .message = link_message,
    .frame = link_frame,
    .taken = link_taken,
    .answered = link_answered,
    .left = link_left,
    .ended = link_session_ended,
};

/* ---- begin and end ---- */

/* Between the same two keys? */
static bool link_sessions_match(const struct session *one, const struct session *other)
{
    return public_key_equal(&one->own_key, &other->own_key) &&
           public_key_equal(&one->peer.identity.key, &other->peer.identity.key);
}

/* Notes in the sessions to the same node that began before this one, and were slower to be read,
 * that the node has said its mark of a link here by now. */
static void link_outrun_pending(const struct links *links, const struct session *session)
{
    list_for_each (node, &links->sessions) {
        struct session *earlier = list_entry(node, struct session, node);

        if (earlier == session)
            return;
        if (earlier->own_mark != 0 && link_sessions_match(earlier, session))
            earlier->later_mark = session->peer_mark;
    }
}

/* Makes the link the owner of a session, in place of whoever had its handshake. */
static void link_own(struct link *link, struct session *session)
{
    link_outrun_pending(link->links, session);
    session->events = &link_session_events;
    session->user = link;
    link->sessions += 1;
    list_remove(&session->node);
}

/* Which of the counts of links it stands in. */
static uint32_t *link_count(struct link *link)
{
    struct links *links = link->links;

    if (!link->peer.client)
        return &links->link_count;
    return link->admitted ? &links->client_count : &links->asking_count;
}

static struct link *link_new(struct links *links, struct session *session)
{
    struct link *link = calloc(1, sizeof(*link));

    if (link == NULL)
        return NULL;
    link->links = links;
    memcpy(link->address, session->address, sizeof(link->address));
    link->peer = (struct link_peer){
        .link = ++links->last_number,
        .joining = session_is_joining(session),
        .client = session->peer.client,
        .dialled = session->dialled,
        .address = link->address,
        .peer = session->peer,
    };
    memcpy(link->peer.link_id, session->link_id, sizeof(link->peer.link_id));
    link->own_key = session->own_key;
    link->own_mark = session->own_mark;
    link->peer_mark = session->peer_mark;
    link->up_ms = session->open_ms;
    link->decides =
            memcmp(session->own_key.bytes, session->peer.identity.key.bytes, PUBLIC_KEY_SIZE) < 0;
    list_push(&links->links, &link->node);
    *link_count(link) += 1;
    links->joining_count += link->peer.joining && !link->peer.client;
    return link;
}

static const char *link_begin(struct links *links, struct session *session)
{
    struct link *link = link_new(links, session);
    uint64_t number = links->last_number;
    const char *reason;

    if (link == NULL)
        return "no memory";
    link_own(link, session);
    link_use(link, session);
    if (links->events->up != NULL)
        links->events->up(&link->peer, links->user);
    if (link_by_number(links, number) == NULL)
        return NULL; /* the owner did not want it */
    reason = link_open_gate(link);
    if (reason != NULL)
        link_end(link, reason);
    return NULL;
}

/* One more session of a link. */
static const char *link_add(struct link *link, struct session *session)
{
    if (link->next != NULL)
        return "another connection is taking over already";
    link_own(link, session);
    link->moved = false; /* or it would have come with its other key */
    link->next = session;
    link_decide(link);
    return NULL;
}

uint64_t link_mark(const struct links *links, const struct session *session)
{
    const struct link *link = link_by_keys(links, &session->own_key, &session->peer.identity.key);
    uint64_t mark;

    if (link != NULL)
        return link->own_mark;
    list_for_each (node, &links->sessions) {
        const struct session *other = list_entry(node, struct session, node);

        if (other->own_mark != 0 && link_sessions_match(other, session))
            return other->own_mark; /* of a link that is about to begin */
    }
    do {
        randombytes_buf(&mark, sizeof(mark));
    } while (mark == 0);
    return mark;
}

const char *link_take(struct links *links, struct session *session)
{
    struct link *link;

    if (session->peer.client)
        return links->asking_count < LINK_ASKING_MAX ? link_begin(links, session)
                                                     : "too many clients ask at a time";
    if (session_is_joining(session))
        return links->joining_count < LINK_JOINING_MAX ? link_begin(links, session)
                                                       : "too many join";
    if (session->ended_mark == session->peer_mark)
        return "the link that it was for has ended";
    if (session->later_mark != 0 && session->later_mark != session->peer_mark)
        return "it is older than what the node says on another connection";
    link = link_by_keys(links, &session->own_key, &session->peer.identity.key);
    if (link != NULL && link->peer_mark == session->peer_mark)
        return link_add(link, session);
    if (link != NULL)
        link_end(link, "the node lost it, or started anew");
    session->ended_mark = 0;
    return links->link_count < LINKS_MAX ? link_begin(links, session) : "too many links";
}

const char *link_admit(struct link *link, const struct links_client *client)
{
    struct links *links = link->links;
    const char *reason;

    if (!link->peer.client || link->admitted || link->current->closing != NULL)
        return "it asked before";
    if (links->client_count == LINK_CLIENTS_MAX)
        return "this node has as many clients as it can hold";
    if (links_count_client(links, &client->key) == LINK_CLIENT_SESSIONS_MAX)
        return "this client has as many connections as one may have";
    links->asking_count -= 1;
    links->client_count += 1;
    link->admitted = true;
    link->client = *client;
    reason = link_open_gate(link);
    if (reason == NULL)
        session_admit(link->current);
    return reason;
}

/* Notes in the sessions that were to be the link's that it is no more. */
static void link_disown_pending(const struct link *link)
{
    list_for_each (node, &link->links->sessions) {
        struct session *session = list_entry(node, struct session, node);

        if (session->own_mark == link->own_mark)
            session->ended_mark = link->peer_mark;
    }
}

/* Ends a session of a link that is at its end. */
static void link_drop(struct session *session, const char *reason)
{
    if (session == NULL)
        return;
    session_end(session, reason);
    session_unref(session);
}

void link_end(struct link *link, const char *reason)
{
    struct links *links = link->links;

    if (link->ending)
        return;
    link->ending = true;
    list_remove(&link->node);
    *link_count(link) -= 1;
    links->joining_count -= link->peer.joining && !link->peer.client;
    link_drop(link->current, reason);
    link_drop(link->next, reason);
    link_disown_pending(link);
    link->gate = gate_close(link->gate);
    if (links->events->down != NULL)
        links->events->down(&link->peer, reason, links->user);
    dialing_lost(links, link->peer.link, &link->peer.peer.identity.key, clock_ms() - link->up_ms);
    lanes_deinit(&link->lanes);
    free(link);
}

void link_close(struct link *link, const char *reason)
{
    link->gate = gate_close(link->gate);
    link->paused = false;
    session_close(link->current, reason, clock_ms());
}

/* ---- time ---- */

/* Why the link is to end now, or NULL. */
static const char *link_overdue(const struct link *link, uint64_t now_ms)
{
    uint64_t until_s = link->peer.peer.identity.until_s;

    if (link->admitted)
        return (uint64_t)time(NULL) > link->client.until_s ? "its token has ended" : NULL;
    if (link->peer.client)
        return now_ms >= link->up_ms + LINK_ASKING_MS ? "a client did not say who it is" : NULL;
    if (link->peer.joining)
        return now_ms >= link->up_ms + LINK_JOINING_MS ? "joining took too long" : NULL;
    if ((uint64_t)time(NULL) > until_s + CLOCK_TOLERANCE_S)
        return "the peer's certificate has ended";
    return NULL;
}

static uint64_t link_earlier(uint64_t one_ms, uint64_t two_ms)
{
    return one_ms < two_ms ? one_ms : two_ms;
}

uint64_t link_tick(struct link *link, uint64_t now_ms)
{
    const struct links_options *options = &link->links->options;
    struct session *current = link->current;
    uint64_t next_ms = now_ms + LINK_TICK_MAX_MS;
    const char *reason = link_overdue(link, now_ms);

    if (reason != NULL) {
        link_end(link, reason);
        return UINT64_MAX;
    }
    if (link->next != NULL)
        next_ms = link_earlier(
                next_ms, session_tick(link->next, now_ms, options->ping_ms, options->dead_ms));
    next_ms = link_earlier(
            next_ms, session_tick(current, now_ms, options->ping_ms, options->dead_ms));
    if (current->state == SESSION_OVER)
        return next_ms; /* and the link with it */
    if (now_ms >= link->renew_ms) {
        link->renew_ms = UINT64_MAX;
        dialing_renew(link->links, current->address, &link->peer.peer.identity.key);
    }
    return link_earlier(next_ms, link->renew_ms);
}
