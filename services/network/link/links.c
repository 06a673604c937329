// SPDX-License-Identifier: Apache-2.0
/* One thread for what is due by time or must not be done with the lock; all else happens on nng's
 * threads, as bytes come. */
#include "services/network/link/links.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/err.h"
#include "services/network/link/dialing.h"
#include "services/network/link/link.h"
#include "services/network/link/links_inner.h"
#include "services/network/link/lobby.h"
#include "transport/channel.h"
#include "transport/secure/address.h"

enum { LINKS_STACK_SIZE = 262144 /* bytes: the owner's events run on it, too */ };

const struct link_limits links_limits = {
    .frame_size = MESSAGE_SIZE_MAX,
    .credit_count = 0,
    .credit_size = LINK_CREDIT,
};

/* ---- begin and end ---- */

static void *links_run(void *user);

static bool links_start(struct links *links)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    bool started;

    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, LINKS_STACK_SIZE);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_create(&links->thread, &attributes, links_run, links) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return started;
}

static uint32_t links_option(uint32_t wanted, uint32_t otherwise)
{
    return wanted != 0 ? wanted : otherwise;
}

static void links_take_options(struct links *links, const struct links_options *options)
{
    links->options = *options;
    links->options.ping_ms = links_option(options->ping_ms, LINK_PING_MS);
    links->options.dead_ms = links_option(options->dead_ms, LINK_DEAD_MS);
    links->options.renewal_ms = links_option(options->renewal_ms, LINK_RENEWAL_MS);
    door_init(&links->door, links_option(options->accept_rate, DOOR_RATE),
            links_option(options->accept_burst, DOOR_BURST));
}

int links_new(struct links **linksp, const struct links_options *options,
        const struct links_events *events, void *user)
{
    struct links *links = calloc(1, sizeof(*links));
    pthread_condattr_t attributes;
    uint64_t seed;

    if (links == NULL)
        return err_new(-ENOMEM);
    guard_init(&links->guard);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&links->due, &attributes);
    pthread_condattr_destroy(&attributes);
    links_take_options(links, options);
    links->events = events;
    links->user = user;
    list_init(&links->links);
    list_init(&links->sessions);
    list_init(&links->dialings);
    randombytes_buf(&seed, sizeof(seed));
    random_init(&links->random, seed);
    if (!links_start(links)) {
        pthread_cond_destroy(&links->due);
        guard_deinit(&links->guard);
        free(links);
        return err_new(-ENOMEM);
    }
    *linksp = links;
    return 0;
}

struct links *links_free(struct links *links)
{
    static const char reason[] = "this node stops";

    if (links == NULL)
        return NULL;
    guard_lock(&links->guard);
    links->stopping = true;
    links->identity = NULL;
    links_unlisten(links);
    dialing_stop(links);
    lobby_clear(links, reason);
    while (!list_is_empty(&links->links))
        link_end(list_entry(links->links.next, struct link, node), reason);
    links_wake(links);
    guard_unlock(&links->guard);
    pthread_join(links->thread, NULL);
    guard_lock(&links->guard);
    guard_wait(&links->guard);
    dialing_tick(links, clock_ms()); /* frees what nobody wants any more */
    guard_unlock(&links->guard);
    pthread_cond_destroy(&links->due);
    guard_deinit(&links->guard);
    free(links);
    return NULL;
}

void links_lock(struct links *links)
{
    guard_lock(&links->guard);
}

void links_unlock(struct links *links)
{
    guard_unlock(&links->guard);
}

void links_set_identity(struct links *links, const struct links_identity *identity)
{
    CHECK(identity == NULL || identity->self->limits.credit_size == LINK_CREDIT);
    links->identity = identity;
    lobby_clear(links, "this node's identity changed");
    links_wake(links);
}

/* ---- the thread ---- */

void links_wake(struct links *links)
{
    links->woken = true;
    pthread_cond_signal(&links->due);
}

/* Moves one gate on. False where none is due. Lets go of the lock meanwhile. */
static bool links_step_gate(struct links *links)
{
    list_for_each (node, &links->links) {
        struct link *link = list_entry(node, struct link, node);

        if (link->gate != NULL && gate_is_due(link->gate)) {
            gate_step(link->gate);
            return true;
        }
    }
    return false;
}

/* Looks after everything. Returns when to do so again. */
static uint64_t links_tick(struct links *links, uint64_t now_ms)
{
    uint64_t next_ms = dialing_tick(links, now_ms);
    uint64_t at_ms = lobby_tick(links, now_ms);
    uint64_t number;

    if (at_ms < next_ms)
        next_ms = at_ms;
    for (struct link *link = link_behind(links, 0); link != NULL;
            link = link_behind(links, number)) {
        number = link->peer.link;
        at_ms = link_tick(link, now_ms);
        if (at_ms < next_ms)
            next_ms = at_ms;
    }
    return next_ms;
}

static void links_sleep(struct links *links, uint64_t until_ms)
{
    struct timespec until = {
        .tv_sec = (time_t)(until_ms / 1000u),
        .tv_nsec = (long)(until_ms % 1000u * 1000000u),
    };

    if (until_ms == UINT64_MAX)
        pthread_cond_wait(&links->due, &links->guard.lock);
    else
        pthread_cond_timedwait(&links->due, &links->guard.lock, &until);
}

static void *links_run(void *user)
{
    struct links *links = user;

    guard_lock(&links->guard);
    while (!links->stopping) {
        uint64_t next_ms;

        links->woken = false;
        while (!links->stopping && links_step_gate(links))
            continue;
        next_ms = links_tick(links, clock_ms());
        guard_unlock(&links->guard); /* sends what this put */
        guard_lock(&links->guard);
        if (!links->woken && !links->stopping)
            links_sleep(links, next_ms);
    }
    guard_unlock(&links->guard);
    return NULL;
}

/* ---- listening ---- */

int links_listen(struct links *links, const char *address)
{
    char url[SESSION_ADDRESS_MAX + 8];
    int r;

    if (links->listener != NULL)
        return err_new(-EALREADY);
    if ((size_t)snprintf(url, sizeof(url), "tcp://%s", address) >= sizeof(url))
        return err_new(-EINVAL);
    r = stream_listen(&links->listener, url, &lobby_listening, links);
    if (r < 0)
        return err_trace(r);
    guard_enter(&links->guard);
    return 0;
}

void links_unlisten(struct links *links)
{
    if (links->listener == NULL)
        return;
    listener_close(links->listener);
    links->listener = NULL;
}

uint16_t links_port(const struct links *links)
{
    return links->listener != NULL ? listener_port(links->listener) : 0;
}

/* ---- dialling ---- */

int links_dial(struct links *links, const char *address, const struct handshake_psk *psk)
{
    struct dialing *dialing;
    unsigned count = 0;

    if (!address_is_valid((struct span){ (const uint8_t *)address, strlen(address) }))
        return err_new(-EINVAL);
    list_for_each (node, &links->dialings)
        count += list_entry(node, struct dialing, node)->wanted;
    dialing = dialing_find(links, address);
    if ((dialing == NULL || !dialing->wanted) && count >= LINK_DIALS_MAX)
        return err_new(-ENOSPC);
    dialing = dialing_open(links, address);
    if (dialing == NULL)
        return err_new(-ENOMEM);
    if (!dialing->wanted) {
        dialing->step = 0;
        dialing->due_ms = 0;
    }
    dialing->wanted = true;
    dialing->has_psk = psk != NULL;
    if (psk != NULL)
        dialing->psk = *psk;
    links_wake(links);
    return 0;
}

void links_undial(struct links *links, const char *address)
{
    struct dialing *dialing = dialing_find(links, address);

    if (dialing != NULL)
        dialing->wanted = false;
    links_wake(links);
}

void links_dial_at_once(struct links *links)
{
    list_for_each (node, &links->dialings) {
        struct dialing *dialing = list_entry(node, struct dialing, node);

        dialing->step = 0;
        dialing->due_ms = 0;
    }
    links_wake(links);
}

/* ---- links ---- */

enum links_outcome links_send(struct links *links, uint64_t link, struct span message)
{
    struct link *to = link_by_number(links, link);

    if (to == NULL)
        return LINKS_NO_LINK;
    if (message.size == 0 || message.size > LINK_MESSAGE_MAX)
        return LINKS_TOO_LONG;
    if (lanes_put_message(&to->lanes, message) != LANES_OK)
        return LINKS_FULL;
    session_touch(to->current);
    return LINKS_OK;
}

void links_broadcast(struct links *links, struct span message, uint64_t except)
{
    list_for_each (node, &links->links) {
        const struct link *link = list_entry(node, struct link, node);

        if (!link->peer.joining && link->peer.link != except)
            links_send(links, link->peer.link, message);
    }
}

void links_moved(struct links *links, uint64_t link)
{
    struct link *to = link_by_number(links, link);

    if (to != NULL)
        to->moved = true;
    links_wake(links);
}

void links_close(struct links *links, uint64_t link, const char *reason)
{
    struct link *to = link_by_number(links, link);

    if (to != NULL)
        link_close(to, reason);
}

const char *links_admit(struct links *links, uint64_t link, const struct links_client *client)
{
    struct link *to = link_by_number(links, link);

    return to != NULL ? link_admit(to, client) : "its link is gone";
}

void links_end_client(struct links *links, const struct public_key *key, const char *reason)
{
    uint64_t number;

    for (struct link *link = link_behind(links, 0); link != NULL;
            link = link_behind(links, number)) {
        number = link->peer.link;
        if (link->admitted && public_key_equal(&link->client.key, key))
            link_end(link, reason);
    }
}

uint32_t links_count_client(const struct links *links, const struct public_key *key)
{
    uint32_t count = 0;

    list_for_each (node, &links->links) {
        const struct link *link = list_entry(node, struct link, node);

        count += link->admitted && public_key_equal(&link->client.key, key);
    }
    return count;
}

uint64_t links_find(const struct links *links, const struct public_key *key)
{
    const struct link *link = link_in_use(links, key);

    return link != NULL ? link->peer.link : 0;
}

void links_check_all(struct links *links, const struct trust *trust, uint64_t now_s)
{
    uint64_t number;

    for (struct link *link = link_behind(links, 0); link != NULL;
            link = link_behind(links, number)) {
        enum trust_outcome outcome;
        struct identity identity;

        number = link->peer.link;
        if (link->peer.joining)
            continue;
        outcome = trust_check(trust, &link->peer.peer.chain, now_s, &identity);
        if (outcome != TRUST_OK)
            link_end(link, trust_text(outcome));
    }
    lobby_check_all(links, trust, now_s);
}

/* ---- reports ---- */

void links_each(const struct links *links, link_info_fn fn, void *user)
{
    struct link_info info;

    list_for_each (node, &links->links) {
        link_describe(list_entry(node, struct link, node), &info);
        fn(&info, user);
    }
    list_for_each (node, &links->dialings)
        if (dialing_describe(list_entry(node, struct dialing, node), &info))
            fn(&info, user);
}

void links_each_refused(const struct links *links, link_refused_fn fn, void *user)
{
    for (size_t i = 0; i < LINKS_CAUSES_MAX && links->refusals[i].cause != NULL; i++)
        fn(links->refusals[i].cause, links->refusals[i].count, user);
}
