// SPDX-License-Identifier: Apache-2.0
/* ticker - a server stream: one request, many answers. A clock waits for nobody: a tick for which
 * the listener has no room is not sent, and the numbers show that it is missing. */
#include <stdlib.h>
#include <time.h>

#include "ticker.mu.h"

enum { TICKER_INTERVAL_DEFAULT_MS = 1000, TICKER_INTERVAL_MAX_MS = 60000 };

struct watch {
    uint64_t number; /* of the last tick */
    uint32_t interval_ms;
    uint32_t count; /* 0: no end */
};

static int64_t ticker_unix_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void ticker_end(struct mu_call *call)
{
    free(mu_call_data(call));
    mu_call_finish(call);
}

static void ticker_tick(struct mu_call *call)
{
    struct watch *watch = mu_call_data(call);
    Ticker__V1__Tick tick = TICKER__V1__TICK__INIT;

    tick.number = ++watch->number;
    tick.unix_ms = ticker_unix_ms();
    ticker_watch_send(call, &tick);
    if (watch->number == watch->count)
        ticker_end(call);
    else
        mu_call_after(call, watch->interval_ms, ticker_tick);
}

static void watch(struct mu_call *call, const Ticker__V1__WatchRequest *request)
{
    struct watch *watch;

    if (request->interval_ms > TICKER_INTERVAL_MAX_MS) {
        mu_call_refuse(
                call, MU_INVALID_ARGUMENT, "interval_ms: %d at most", TICKER_INTERVAL_MAX_MS);
        return;
    }
    watch = calloc(1, sizeof(*watch));
    if (watch == NULL) {
        mu_call_refuse(call, MU_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    watch->interval_ms =
            request->interval_ms != 0 ? request->interval_ms : TICKER_INTERVAL_DEFAULT_MS;
    watch->count = request->count;
    mu_call_set_data(call, watch);
    mu_call_on_over(call, ticker_end);
    mu_call_after(call, watch->interval_ms, ticker_tick);
}

int main(int argc, char **argv)
{
    static const struct ticker_handlers handlers = { .watch = watch };
    const struct mu_service service = { .type = &ticker_type, .handlers = &handlers };

    return mu_service_main(&service, argc, argv);
}
