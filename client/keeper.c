// SPDX-License-Identifier: Apache-2.0
/* The router keeps deadlines; this thread is for when the router does not answer at all. It looks
 * at all calls when the earliest of them is due, and by then most of those it was told about are
 * long over: at full speed that is one look in five seconds. */
#include "client/keeper.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "client/ending.h"
#include "client/verdict.h"

enum {
    KEEPER_DIAL_MS = 1000,     /* one attempt */
    KEEPER_DIAL_WAIT_MIN = 10, /* ms between two attempts, doubling */
    KEEPER_DIAL_WAIT_MAX = 100,
    KEEPER_DIAL_WAIT_MAX_REMOTE = 1000, /* the same, of a node elsewhere */
    KEEPER_UNPARK_WAIT = 10,            /* ms between two attempts to send what is parked */
    KEEPER_COARSE_MS = 5,               /* how far the coarse clock may be behind */
    KEEPER_STACK_SIZE = 262144          /* bytes: callbacks of expired calls run on it */
};

void keeper_init(struct keeper *keeper)
{
    pthread_condattr_t attributes;

    *keeper = (struct keeper){ .wake_ms = UINT64_MAX };
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper->due, &attributes);
    pthread_condattr_destroy(&attributes);
}

void keeper_deinit(struct keeper *keeper)
{
    pthread_cond_destroy(&keeper->due);
}

/* Ends what is due. Unlocks meanwhile. */
static void keeper_sweep(struct mu_client *client, uint64_t now_ms)
{
    struct ending ending = { .epoch = client->epoch, .due_ms = now_ms, .tell_router = true };
    struct ending parked = { .due_ms = now_ms };

    verdict_set(&ending.verdict, MU_DEADLINE_EXCEEDED, MU_EXECUTED_UNKNOWN, "client",
            "neither the service nor the router answered in time");
    connection_explain_absence(client, &parked.verdict);
    pthread_mutex_unlock(&client->lock);
    connection_end_calls(client, &ending);
    connection_end_calls(client, &parked);
    pthread_mutex_lock(&client->lock);
}

/* When the first of the calls is to be ended here; UINT64_MAX for none. */
static uint64_t keeper_first_end(struct mu_client *client)
{
    struct pending *pending;
    uint64_t first_ms = UINT64_MAX;
    uint32_t cursor = 0;

    while ((pending = call_table_next(&client->calls, &cursor)) != NULL) {
        if (pending->give_up_ms != 0 && pending->give_up_ms < first_ms)
            first_ms = pending->give_up_ms;
    }
    return first_ms;
}

/* How long an attempt may keep this thread: one to a node elsewhere goes on behind that. */
static uint32_t keeper_dial_time(struct mu_client *client)
{
    uint64_t now_ms = keeper_now_ms();
    uint64_t end_ms;

    if (client->credentials == NULL)
        return KEEPER_DIAL_MS;
    end_ms = keeper_first_end(client);
    if (end_ms <= now_ms)
        return 1;
    return end_ms - now_ms < KEEPER_DIAL_MS ? (uint32_t)(end_ms - now_ms) : KEEPER_DIAL_MS;
}

/* This client is not wanted: what waits for a connection waits in vain. */
static void keeper_deny(struct mu_client *client)
{
    struct ending denied = { .due_ms = UINT64_MAX };

    if (client->credentials != NULL)
        verdict_set(&denied.verdict, MU_PERMISSION_DENIED, MU_EXECUTED_NO, "client",
                "the node at %s: %s", client->address, client->why);
    else
        verdict_set(&denied.verdict, MU_PERMISSION_DENIED, MU_EXECUTED_NO, "client",
                "this user may not connect to %s", client->address);
    connection_end_calls(client, &denied);
}

/* One attempt to connect, or a part of it. Unlocks meanwhile. */
static void keeper_dial(struct mu_client *client)
{
    uint32_t wait_max_ms =
            client->credentials != NULL ? KEEPER_DIAL_WAIT_MAX_REMOTE : KEEPER_DIAL_WAIT_MAX;
    uint32_t time_ms = keeper_dial_time(client);
    struct keeper *keeper = &client->keeper;
    int r;

    pthread_mutex_unlock(&client->lock);
    r = connection_dial(client, time_ms, NULL);
    if (r == -EACCES || r == -EPERM)
        keeper_deny(client);
    pthread_mutex_lock(&client->lock);
    if (r == -EAGAIN)
        return;
    keeper->dial_error = r;
    if (r < 0)
        keeper->dial_wait_ms *= 2;
    if (r == 0 || keeper->dial_wait_ms < KEEPER_DIAL_WAIT_MIN)
        keeper->dial_wait_ms = KEEPER_DIAL_WAIT_MIN;
    if (keeper->dial_wait_ms > wait_max_ms)
        keeper->dial_wait_ms = wait_max_ms;
    keeper->dial_ms = r < 0 ? keeper_now_ms() + keeper->dial_wait_ms : 0;
}

/* Drops copies of calls that nobody waits for any more. Returns whether any are left. */
static bool keeper_has_parked(struct mu_client *client)
{
    list_for_each_safe (node, &client->parking.calls) {
        struct parked *parked = list_entry(node, struct parked, node);

        if (call_table_find(&client->calls, parked->envelope.id) == NULL)
            parking_remove(&client->parking, parked);
    }
    return !list_is_empty(&client->parking.calls);
}

static uint64_t keeper_sooner(uint64_t one_ms, uint64_t two_ms)
{
    return one_ms < two_ms ? one_ms : two_ms;
}

/* When there is something to do next, of the coarse clock. */
static uint64_t keeper_next(struct mu_client *client)
{
    uint64_t next_ms = UINT64_MAX;
    uint64_t end_ms = keeper_first_end(client);

    if (carrier_exists(&client->carrier) && client->carrier.type->tick != NULL)
        next_ms = client->keeper.tick_ms;
    if (keeper_has_parked(client)) {
        if (connection_is_open(client))
            next_ms = keeper_sooner(next_ms, client->keeper.unpark_ms);
        else if (!client->attached && client->duty == NULL && !client->closing)
            next_ms = client->keeper.dial_ms;
    }
    return keeper_sooner(end_ms, next_ms);
}

static void keeper_wait(struct mu_client *client, uint64_t until_ms)
{
    struct keeper *keeper = &client->keeper;
    uint64_t exact_ms = until_ms + KEEPER_COARSE_MS;
    struct timespec until = {
        .tv_sec = (time_t)(exact_ms / 1000u),
        .tv_nsec = (long)(exact_ms % 1000u * 1000000u),
    };

    keeper->wake_ms = until_ms;
    if (until_ms == UINT64_MAX)
        pthread_cond_wait(&keeper->due, &client->lock);
    else
        pthread_cond_timedwait(&keeper->due, &client->lock, &until);
    keeper->wake_ms = 0; /* awake: nobody needs to wake it */
}

/* Looks after the carrier where that is due. Unlocks meanwhile. */
static void keeper_tick(struct mu_client *client, uint64_t now_ms)
{
    struct carrier carrier = client->carrier;
    uint64_t next_ms;

    if (!carrier_exists(&carrier) || carrier.type->tick == NULL || client->keeper.tick_ms > now_ms)
        return;
    client->keeper.tick_ms = UINT64_MAX; /* unless another carrier comes meanwhile */
    carrier.type->ref(carrier.of);
    pthread_mutex_unlock(&client->lock);
    next_ms = carrier.type->tick(carrier.of);
    carrier.type->unref(carrier.of);
    pthread_mutex_lock(&client->lock);
    client->keeper.tick_ms = keeper_sooner(client->keeper.tick_ms, next_ms);
}

static void *keeper_run(void *user)
{
    struct mu_client *client = user;
    struct keeper *keeper = &client->keeper;

    pthread_mutex_lock(&client->lock);
    while (!keeper->stop) {
        uint64_t now_ms = keeper_now_ms();
        uint64_t next_ms = keeper_next(client);

        if (next_ms > now_ms) {
            keeper_wait(client, next_ms);
            continue;
        }
        if (!client->attached && keeper_has_parked(client) && client->duty == NULL &&
                keeper->dial_ms <= now_ms)
            keeper_dial(client);
        keeper_tick(client, now_ms);
        if (connection_is_open(client)) {
            connection_unpark(client);
            keeper->unpark_ms = now_ms + KEEPER_UNPARK_WAIT;
        }
        keeper_sweep(client, now_ms);
    }
    pthread_mutex_unlock(&client->lock);
    return NULL;
}

static bool keeper_start(struct mu_client *client)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    bool started;

    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, KEEPER_STACK_SIZE);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_create(&client->keeper.thread, &attributes, keeper_run, client) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return started;
}

bool keeper_watch(struct mu_client *client, uint64_t at_ms)
{
    struct keeper *keeper = &client->keeper;

    if (at_ms >= keeper->wake_ms)
        return true;
    if (!keeper->started) {
        keeper->started = keeper_start(client);
        if (keeper->started)
            keeper->wake_ms = 0;
        return keeper->started;
    }
    keeper->wake_ms = at_ms;
    pthread_cond_signal(&keeper->due);
    return true;
}

void keeper_stop(struct mu_client *client)
{
    struct keeper *keeper = &client->keeper;
    bool started;

    pthread_mutex_lock(&client->lock);
    keeper->stop = true;
    started = keeper->started;
    pthread_cond_signal(&keeper->due);
    pthread_mutex_unlock(&client->lock);
    if (started)
        pthread_join(keeper->thread, NULL);
}
