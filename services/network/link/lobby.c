// SPDX-License-Identifier: Apache-2.0
/* The sessions stand in the order in which they came, so that the one that is pushed out is the one
 * that has been silent for longest. */
#include "services/network/link/lobby.h"

#include <string.h>

#include "base/clock.h"
#include "services/network/link/dialing.h"
#include "services/network/link/link.h"
#include "transport/channel.h"

void lobby_check_all(struct links *links, const struct trust *trust, uint64_t now_s)
{
    list_for_each_safe (node, &links->sessions) {
        struct session *session = list_entry(node, struct session, node);
        enum trust_outcome outcome;
        struct identity identity;

        if (session->peer.chain.count == 0)
            continue; /* not known yet, or one that joins */
        outcome = trust_check(trust, &session->peer.chain, now_s, &identity);
        if (outcome != TRUST_OK)
            session_end(session, trust_text(outcome));
    }
}

void lobby_clear(struct links *links, const char *reason)
{
    while (!list_is_empty(&links->sessions))
        session_end(list_entry(links->sessions.next, struct session, node), reason);
}

uint64_t lobby_tick(struct links *links, uint64_t now_ms)
{
    uint64_t next_ms = UINT64_MAX;

    for (struct list *node = links->sessions.next; node != &links->sessions;) {
        struct session *session = list_entry(node, struct session, node);

        if (now_ms >= session->began_ms + HANDSHAKE_MS) {
            session_end(session, "no handshake in time");
            node = links->sessions.next; /* whatever else ended with it */
            continue;
        }
        if (session->began_ms + HANDSHAKE_MS < next_ms)
            next_ms = session->began_ms + HANDSHAKE_MS;
        node = node->next;
    }
    return next_ms;
}

/* Counts a connection that was refused before its peer was known. */
static void lobby_refuse(struct links *links, const char *cause)
{
    for (size_t i = 0; i < LINKS_CAUSES_MAX; i++) {
        struct links_refusal *refusal = &links->refusals[i];

        if (refusal->cause == NULL)
            refusal->cause = cause;
        if (strcmp(refusal->cause, cause) == 0) {
            refusal->count += 1;
            return;
        }
    }
}

static bool lobby_spend(struct session *session, void *user)
{
    struct links *links = user;

    return door_spend(&links->door, &session->from, clock_ms());
}

/* A session is no stranger's any more. */
static void lobby_let_go(struct links *links, struct session *session)
{
    if (session->at_door)
        door_leave(&links->door, &session->from);
    session->at_door = false;
}

/* A session is a link's from here on, or not wanted. */
static const char *lobby_greeted(struct session *session, void *user)
{
    struct links *links = user;
    const char *reason = links->stopping ? "this node stops" : link_take(links, session);

    if (reason == NULL)
        dialing_settle(links, session, NULL);
    return reason;
}

static const char *lobby_established(struct session *session, void *user)
{
    struct links *links = user;

    lobby_let_go(links, session);
    if (clock_ms() < links->rest_until_ms)
        return "this node's router is gone for a moment";
    if (session_is_joining(session))
        return lobby_greeted(session, links);
    session->own_mark = link_mark(links, session);
    return NULL;
}

static void lobby_ended(struct session *session, const char *reason, void *user)
{
    struct links *links = user;

    list_remove(&session->node);
    lobby_let_go(links, session);
    if (session->dialled)
        dialing_settle(links, session, reason);
    else
        lobby_refuse(links, reason);
    session_unref(session);
}

static const struct session_events lobby_events = {
    .spend = lobby_spend,
    .established = lobby_established,
    .greeted = lobby_greeted,
    .ended = lobby_ended,
};

struct session *lobby_begin(struct links *links, struct stream *stream,
        const struct dialing *dialing, const struct stream_address *from)
{
    const struct links_identity *identity = links->identity;
    struct session_setup setup = { .guard = &links->guard,
        .events = &lobby_events,
        .user = links,
        .from = from,
        .now_ms = clock_ms() };
    struct session *session;

    if (identity == NULL || (dialing == NULL && identity->self->chain == NULL))
        return NULL;
    setup.self = identity->self;
    setup.psks = identity->psks;
    setup.psk_count = identity->psk_count;
    if (dialing != NULL) {
        setup.address = dialing->address;
        if (dialing->has_psk && !dialing->renewing)
            setup.psks = &dialing->psk;
        else if (identity->psk_count == 0)
            return NULL;
    }
    if (session_begin(&session, &setup, stream) < 0)
        return NULL;
    list_push(&links->sessions, &session->node);
    if (dialing == NULL)
        door_enter(&links->door, from, setup.now_ms);
    session->at_door = dialing == NULL;
    links_wake(links);
    return session;
}

/* ---- listening ---- */

/* Ends the half-open session that has been silent for longest, of the source of `from` or of any.
 * False where all have spoken. */
static bool lobby_push_out(struct links *links, const struct stream_address *from)
{
    list_for_each (node, &links->sessions) {
        struct session *session = list_entry(node, struct session, node);

        if (session->dialled || session->spoken ||
                (from != NULL && !door_same_source(&session->from, from)))
            continue;
        session_end(session, "pushed out before it spoke");
        return true;
    }
    return false;
}

static bool lobby_admit(const struct stream_address *from, void *user)
{
    struct links *links = user;
    enum door_outcome outcome;
    bool admitted;

    guard_lock(&links->guard);
    outcome = door_check(&links->door, from);
    if (outcome == DOOR_SOURCE_FULL && lobby_push_out(links, from))
        outcome = door_check(&links->door, from);
    if (outcome == DOOR_FULL && lobby_push_out(links, NULL))
        outcome = door_check(&links->door, from);
    admitted = outcome == DOOR_OK && links->identity != NULL && !links->stopping;
    if (outcome == DOOR_SOURCE_FULL)
        lobby_refuse(links, "too many half-open of one source");
    else if (outcome == DOOR_FULL)
        lobby_refuse(links, "too many half-open");
    else if (!admitted)
        lobby_refuse(links, "this node has no identity");
    guard_unlock(&links->guard);
    return admitted;
}

static bool lobby_accepted(struct stream *stream, const struct stream_address *from, void *user)
{
    struct links *links = user;
    struct session *session = NULL;

    guard_lock(&links->guard);
    if (!links->stopping)
        session = lobby_begin(links, stream, NULL, from);
    guard_unlock(&links->guard);
    return session != NULL;
}

static void lobby_unlistened(struct listener *listener, void *user)
{
    struct links *links = user;

    (void)listener;
    guard_lock(&links->guard);
    guard_leave(&links->guard);
    guard_unlock(&links->guard);
}

const struct stream_listener_events lobby_listening = {
    .admit = lobby_admit,
    .accepted = lobby_accepted,
    .closed = lobby_unlistened,
};
