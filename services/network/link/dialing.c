// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/dialing.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "services/network/link/link.h"
#include "services/network/link/links_inner.h"
#include "services/network/link/lobby.h"

uint32_t dialing_pause(uint32_t step, struct random *random)
{
    uint32_t limit_ms = LINK_BACKOFF_MAX_MS;

    if (step == 0)
        return 0;
    if (step - 1 < 16 && (uint32_t)LINK_BACKOFF_FIRST_MS << (step - 1) < limit_ms)
        limit_ms = (uint32_t)LINK_BACKOFF_FIRST_MS << (step - 1);
    return random_below(random, limit_ms + 1);
}

struct dialing *dialing_find(struct links *links, const char *address)
{
    list_for_each (node, &links->dialings) {
        struct dialing *dialing = list_entry(node, struct dialing, node);

        if (strcmp(dialing->address, address) == 0)
            return dialing;
    }
    return NULL;
}

struct dialing *dialing_open(struct links *links, const char *address)
{
    struct dialing *dialing = dialing_find(links, address);

    if (dialing != NULL)
        return dialing;
    dialing = calloc(1, sizeof(*dialing));
    if (dialing == NULL)
        return NULL;
    snprintf(dialing->address, sizeof(dialing->address), "%s", address);
    dialing->links = links;
    dialing->reason = "";
    list_push(&links->dialings, &dialing->node);
    return dialing;
}

void dialing_renew(struct links *links, const char *address, const struct public_key *key)
{
    struct dialing *dialing = dialing_open(links, address);

    if (dialing == NULL)
        return;
    if (!dialing->renewing)
        dialing->step = 0;
    dialing->renewing = true;
    dialing->known = true;
    dialing->key = *key;
    links_wake(links);
}

/* The next try comes after a pause. */
static void dialing_rest(struct dialing *dialing, uint64_t now_ms)
{
    dialing->due_ms = now_ms + dialing_pause(dialing->step, &dialing->links->random);
    dialing->step += 1;
    links_wake(dialing->links);
}

/* Nothing came of this try. */
static void dialing_miss(struct dialing *dialing, const char *reason)
{
    struct links *links = dialing->links;

    dialing->reason = reason;
    dialing->step += dialing->step == 0;
    dialing_rest(dialing, clock_ms());
    if (!links->stopping && links->events->missed != NULL)
        links->events->missed(dialing->address, reason, links->user);
}

void dialing_settle(struct links *links, struct session *session, const char *reason)
{
    struct dialing *dialing = dialing_find(links, session->address);
    const struct link *link;

    if (dialing == NULL || dialing->session != session)
        return;
    dialing->session = NULL;
    if (reason != NULL) {
        dialing_miss(dialing, reason);
        return;
    }
    dialing->reason = "";
    dialing->renewing = false;
    dialing->known = !session->peer.joining;
    dialing->key = session->peer.identity.key;
    link = link_by_session(links, session);
    dialing->link = link != NULL ? link->peer.link : 0;
    links_wake(links);
}

/* True while the node behind it is linked. */
static bool dialing_rests(const struct dialing *dialing)
{
    const struct links *links = dialing->links;

    const struct link *link = dialing->link != 0 ? link_by_number(links, dialing->link) : NULL;

    if (link != NULL && link_is_current(link))
        return true;
    return dialing->known && !dialing->has_psk && link_in_use(links, &dialing->key) != NULL;
}

void dialing_lost(
        struct links *links, uint64_t link, const struct public_key *key, uint64_t lasted_ms)
{
    list_for_each (node, &links->dialings) {
        struct dialing *dialing = list_entry(node, struct dialing, node);

        if ((dialing->link == 0 || dialing->link != link) &&
                !(dialing->known && public_key_equal(&dialing->key, key)))
            continue;
        dialing->renewing = false;
        if (lasted_ms >= DIALING_HEALTHY_MS)
            dialing->step = 0;
        dialing_rest(dialing, clock_ms());
    }
}

/* ---- trying ---- */

static void dialing_connected(struct stream *stream, int code, void *user)
{
    struct dialing *dialing = user;
    struct links *links = dialing->links;
    struct session *session = NULL;

    guard_lock(&links->guard);
    dialing->attempt = NULL;
    if (stream != NULL && (dialing->wanted || dialing->renewing)) {
        session = lobby_begin(links, stream, dialing, NULL);
        code = -ENOMEM;
    }
    dialing->session = session;
    if (session != NULL)
        stream_ref(stream); /* until it is started */
    else if (dialing->wanted || dialing->renewing)
        dialing_miss(dialing, strerrordesc_np(-code));
    guard_leave(&links->guard);
    guard_unlock(&links->guard);
    if (session != NULL)
        stream_start(stream);
    stream_unref(stream);
}

static void dialing_try(struct dialing *dialing)
{
    char address[SESSION_ADDRESS_MAX + 8];
    int r;

    snprintf(address, sizeof(address), "tcp://%s", dialing->address);
    guard_enter(&dialing->links->guard);
    r = stream_dial(&dialing->attempt, address, LINK_DIAL_MS, dialing_connected, dialing);
    if (r < 0) {
        guard_leave(&dialing->links->guard);
        dialing_miss(dialing, strerrordesc_np(-r));
    }
}

static bool dialing_is_busy(const struct dialing *dialing)
{
    return dialing->attempt != NULL || dialing->session != NULL;
}

uint64_t dialing_tick(struct links *links, uint64_t now_ms)
{
    uint64_t next_ms = UINT64_MAX;

    list_for_each_safe (node, &links->dialings) {
        struct dialing *dialing = list_entry(node, struct dialing, node);
        bool wants = dialing->renewing || (dialing->wanted && !dialing_rests(dialing));

        if (dialing->due_ms < links->rest_until_ms)
            dialing->due_ms = links->rest_until_ms;
        if (dialing_is_busy(dialing))
            continue;
        if (!dialing->wanted && !dialing->renewing) {
            list_remove(&dialing->node);
            sodium_memzero(dialing, sizeof(*dialing));
            free(dialing);
        } else if (wants && links->identity != NULL && now_ms >= dialing->due_ms) {
            dialing_try(dialing);
        } else if (wants && dialing->due_ms < next_ms) {
            next_ms = dialing->due_ms;
        }
    }
    return next_ms;
}

bool dialing_describe(const struct dialing *dialing, struct link_info *info)
{
    uint64_t now_ms = clock_ms();
    enum link_state state = LINK_STATE_BACKOFF;

    if (!dialing->wanted || dialing_rests(dialing))
        return false;
    if (dialing->session != NULL)
        state = LINK_STATE_HANDSHAKE;
    else if (dialing->attempt != NULL)
        state = LINK_STATE_DIALING;
    else if (dialing->links->identity == NULL)
        state = LINK_STATE_NONE;
    *info = (struct link_info){
        .id = dialing->known ? &dialing->key : NULL,
        .name = "",
        .address = dialing->address,
        .reason = dialing->reason,
        .state = state,
        .dialled = true,
        .retry_ms = state == LINK_STATE_BACKOFF && dialing->due_ms > now_ms
                            ? (uint32_t)(dialing->due_ms - now_ms)
                            : 0,
    };
    return true;
}

void dialing_stop(struct links *links)
{
    list_for_each (node, &links->dialings) {
        struct dialing *dialing = list_entry(node, struct dialing, node);

        dialing->wanted = false;
        dialing->renewing = false;
        if (dialing->attempt != NULL)
            stream_dial_cancel(dialing->attempt);
    }
}
