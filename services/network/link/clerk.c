// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/clerk.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "services/network/link/observing.h"
#include "services/network/link/peers.h"
#include "services/network/link/routing.h"

/* ---- on the threads of links ---- */

static struct inbox_item *item_of_peer(
        enum inbox_kind kind, const struct link_peer *peer, struct span bytes)
{
    struct inbox_item *item = inbox_item_new(kind, bytes);

    if (item == NULL)
        return NULL;
    item->peer = *peer;
    snprintf(item->address, sizeof(item->address), "%s", peer->address);
    item->peer.address = item->address;
    return item;
}

/* What cannot be told ends the link: nobody is linked without this process knowing. */
static void put_or_close(struct mesh *mesh, struct inbox_item *item, uint64_t link)
{
    if (item != NULL && inbox_put(&mesh->inbox, item) == INBOX_OK)
        return;
    free(item);
    links_close(mesh->links, link, "it says more than is read");
}

static void put_or_free(struct mesh *mesh, struct inbox_item *item)
{
    if (inbox_put(&mesh->inbox, item) != INBOX_OK)
        free(item);
}

static void on_up(const struct link_peer *peer, void *user)
{
    put_or_close(user, item_of_peer(INBOX_UP, peer, (struct span){ 0 }), peer->link);
}

static void on_carries(const struct link_peer *peer, uint64_t channel, void *user)
{
    struct inbox_item *item = item_of_peer(INBOX_CARRIES, peer, (struct span){ 0 });

    if (item != NULL)
        item->number = channel;
    put_or_close(user, item, peer->link);
}

static void on_message(const struct link_peer *peer, struct span message, void *user)
{
    put_or_close(user, item_of_peer(INBOX_MESSAGE, peer, message), peer->link);
}

static void on_down(const struct link_peer *peer, const char *reason, void *user)
{
    struct mesh *mesh = user;
    struct inbox_item *item = item_of_peer(INBOX_DOWN, peer, (struct span){ 0 });

    if (item == NULL)
        return;
    snprintf(item->text, sizeof(item->text), "%s", reason);
    put_or_free(mesh, item);
}

static void on_missed(const char *address, const char *reason, void *user)
{
    struct mesh *mesh = user;
    struct inbox_item *item = inbox_item_new(INBOX_MISSED, (struct span){ 0 });

    if (item == NULL)
        return;
    snprintf(item->address, sizeof(item->address), "%s", address);
    snprintf(item->text, sizeof(item->text), "%s", reason);
    put_or_free(mesh, item);
}

const struct links_events clerk_events = {
    .up = on_up,
    .carries = on_carries,
    .message = on_message,
    .down = on_down,
    .missed = on_missed,
};

/* ---- the thread ---- */

static void deal_with(struct mesh *mesh, const struct inbox_item *item)
{
    switch (item->kind) {
    case INBOX_UP:
        peers_up(mesh, item);
        break;
    case INBOX_CARRIES:
        peers_carries(mesh, item);
        break;
    case INBOX_MESSAGE:
        peers_message(mesh, item);
        break;
    case INBOX_DOWN:
        joining_down(mesh, item);
        peers_down(mesh, item);
        break;
    case INBOX_MISSED:
        joining_missed(mesh, item);
        seeker_missed(&mesh->seeker, item->address, clock_ms());
        break;
    case INBOX_REPLY:
    case INBOX_OFFERS:
        item->reply(mesh, item);
        break;
    }
}

static uint64_t earlier(uint64_t one_ms, uint64_t two_ms)
{
    return one_ms < two_ms ? one_ms : two_ms;
}

/* A certificate that ended is not shown any more. */
static void look_at_badge(struct mesh *mesh)
{
    if (mesh->seat.joined && mesh->badge_end_s != UINT64_MAX &&
            mesh_now_s() > mesh->badge_end_s + CLOCK_TOLERANCE_S)
        mesh_refresh(mesh);
}

/* Does what is due, and returns when the next is. */
static uint64_t do_what_is_due(struct mesh *mesh)
{
    uint64_t now_ms = clock_ms();
    uint64_t next_ms = now_ms + CLERK_WAKE_MS;

    look_at_badge(mesh);
    next_ms = earlier(next_ms, mesh_rotation_due(mesh, now_ms));
    next_ms = earlier(next_ms, joining_due(mesh, now_ms));
    next_ms = earlier(next_ms, renewal_due(mesh, now_ms));
    next_ms = earlier(next_ms, routing_due(mesh, now_ms));
    next_ms = earlier(next_ms, observing_due(mesh, now_ms));
    if (mesh->seat.joined)
        next_ms = earlier(next_ms, notebook_step(&mesh->notebook, &mesh->seat.vault, now_ms));
    if (mesh->seat.joined)
        next_ms = earlier(next_ms, domains_due(mesh, now_ms));
    if (mesh->seat.joined)
        next_ms = earlier(next_ms, seeker_step(&mesh->seeker, mesh->linked.count, now_ms));
    return mesh->seat.joined || mesh->joining.call != NULL ? next_ms : UINT64_MAX;
}

static void *clerk_run(void *user)
{
    struct mesh *mesh = user;
    uint64_t next_ms = 0;

    while (!inbox_is_closed(&mesh->inbox)) {
        struct inbox_item *item = inbox_take(&mesh->inbox, next_ms);

        mesh_lock(mesh);
        if (item != NULL)
            deal_with(mesh, item);
        next_ms = do_what_is_due(mesh);
        mesh_unlock(mesh);
        free(item);
    }
    return NULL;
}

int clerk_start(struct mesh *mesh)
{
    sigset_t all;
    sigset_t before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    error = pthread_create(&mesh->clerk, NULL, clerk_run, mesh);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    mesh->clerk_runs = error == 0;
    return error == 0 ? 0 : err_new(-error);
}

void clerk_wake(struct mesh *mesh)
{
    inbox_wake(&mesh->inbox);
}

void clerk_stop(struct mesh *mesh)
{
    if (!mesh->clerk_runs)
        return;
    inbox_close(&mesh->inbox);
    pthread_join(mesh->clerk, NULL);
    mesh->clerk_runs = false;
}
