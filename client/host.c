// SPDX-License-Identifier: Apache-2.0
#include "client/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/err.h"
#include "client/futex.h"
#include "client/verdict.h"

int host_init(
        struct host *host, const struct mu_service *service, const char *name, uint32_t calls_max)
{
    size_t count = service->type->method_count + 1;

    memset(host, 0, sizeof(*host));
    host->service = service;
    host->name = name;
    host->calls_max = calls_max < HOST_CALLS_MAX ? calls_max : HOST_CALLS_MAX;
    host->started_us = clock_us();
    if (getrandom(&host->turns.seed, sizeof(host->turns.seed), 0) < 0)
        host->turns.seed = host->started_us;
    host->batch_max = service->threads > 1 ? 1 : HOST_BATCH_MAX;
    host->tallies.methods = calloc(count, sizeof(struct tally));
    if (host->tallies.methods == NULL)
        return err_new(-ENOMEM);
    host->tallies.count = count;
    for (size_t i = 0; i < count; i++)
        host->tallies.methods[i].pace_us = TALLY_PACE_NEW_US;
    if (served_table_init(&host->table, host->calls_max) < 0) {
        host_deinit(host);
        return err_new(-ENOMEM);
    }
    return 0;
}

void host_deinit(struct host *host)
{
    while (host->spares != NULL) {
        struct mu_call *next = host->spares->next;

        free(host->spares);
        host->spares = next;
    }
    alarm_clock_deinit(&host->alarms);
    served_table_deinit(&host->table);
    free(host->tallies.methods);
    host->tallies.methods = NULL;
}

void host_ring(struct host *host, int count)
{
    atomic_fetch_add(&host->bell, 1);
    futex_wake(&host->bell, count);
}

/* Has the next call's memory brought near while this one is filled: a thousand of them do not stay
 * in the cache. */
static void host_prefetch(const struct mu_call *call)
{
    if (call == NULL)
        return;
    for (size_t at = 0; at < offsetof(struct mu_call, rest); at += HOST_LINE)
        __builtin_prefetch((const uint8_t *)call + at, 1);
    __builtin_prefetch((const uint8_t *)call + offsetof(struct mu_call, tail), 1);
}

struct mu_call *host_call_new(struct host *host, size_t tail)
{
    struct mu_call *call = host->spares;
    size_t room = tail < SERVED_TAIL_MIN ? SERVED_TAIL_MIN : tail;

    if (call != NULL && tail <= SERVED_TAIL_MIN) {
        host->spares = call->next;
        host->spare_count -= 1;
        host_prefetch(host->spares);
    } else {
        call = malloc(sizeof(*call) + room);
        if (call == NULL)
            return NULL;
    }
    memset(call, 0, offsetof(struct mu_call, rest));
    call->host = host;
    call->room = room;
    return call;
}

void host_call_free(struct host *host, struct mu_call *call)
{
    if (call->room == SERVED_TAIL_MIN && host->spare_count < HOST_SPARES_MAX) {
        call->next = host->spares;
        host->spares = call;
        host->spare_count += 1;
    } else {
        free(call);
    }
}

void host_call_end(struct host *host, struct mu_call *call)
{
    CHECK(!atomic_load(&call->answered)); /* a call is answered once */
    atomic_store(&call->answered, true);
    call->due = 0;
    served_table_remove(&host->table, call);
    if (call->has_rest) {
        alarm_stop(&host->alarms, &call->rest.timer);
        alarm_stop(&host->alarms, &call->rest.deadline);
        alarm_stop(&host->alarms, &call->rest.refill);
        item_clear(&call->rest.items);
    }
    if (call->place == SERVED_IDLE)
        host_call_free(host, call);
}

void host_raise(struct host *host, struct mu_call *call, unsigned events)
{
    if (atomic_load(&call->answered))
        return;
    call->due |= events;
    if (call->place != SERVED_IDLE)
        return;
    call->place = SERVED_QUEUED;
    turns_push(&host->turns, call, call->lane);
}

void host_end_interest(struct host *host, struct mu_call *call)
{
    if (atomic_exchange(&call->over, true))
        return;
    if (call->has_rest)
        item_clear(&call->rest.items);
    call->due &= ~(unsigned)(SERVED_ITEM | SERVED_END | SERVED_CREDIT);
    if ((call->has_rest && call->rest.on_over != NULL) || (call->due & SERVED_OPEN) != 0)
        host_raise(host, call, SERVED_OVER);
}

void host_abandon(struct host *host, struct mu_call *call, const struct mu_status *status)
{
    uint8_t text[VERDICT_SIZE_MAX];

    if (call->epoch == host->client->epoch)
        connection_put(host->client, &(struct envelope){ .kind = ENVELOPE_RESULT,
                                             .id = call->id,
                                             .status = verdict_write(status, text) });
    call->epoch = 0;
    host_end_interest(host, call);
}

void host_drain(struct host *host)
{
    if (!host->serving || host->draining)
        return;
    host->draining = true;
    connection_put(host->client, &(struct envelope){ .kind = ENVELOPE_DRAIN });
}

void host_fail_all(struct host *host)
{
    struct mu_call *call;

    pthread_mutex_lock(&host->client->lock);
    host->closed = true;
    while ((call = served_table_any(&host->table)) != NULL) {
        bool opened = (call->due & SERVED_OPEN) == 0;
        struct mu_status status;

        verdict_set(&status, MU_UNAVAILABLE, opened ? MU_EXECUTED_UNKNOWN : MU_EXECUTED_NO,
                host->name, "the service stopped before it answered");
        host_abandon(host, call, &status);
        host_call_end(host, call);
    }
    while ((call = turns_pop(&host->turns)) != NULL)
        host_call_free(host, call);
    connection_unlock(host->client);
}
