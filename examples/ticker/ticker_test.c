// SPDX-License-Identifier: Apache-2.0
#include <expect.h>

#include "ticker.mu.h"

enum { COUNT = 20, PATIENCE_MS = 10000 };

static void ticks_as_often_as_asked(struct mu_client *client)
{
    Ticker__V1__WatchRequest request = TICKER__V1__WATCH_REQUEST__INIT;
    Ticker__V1__Tick *tick;
    struct mu_stream *stream;
    struct mu_status status;
    uint64_t number = 0;
    int64_t before_ms = 0;

    request.interval_ms = 5;
    request.count = COUNT;
    expect(ticker_watch_open(client, &request, NULL, &stream) == 0, "a stream opens");
    while (ticker_watch_read(stream, PATIENCE_MS, &tick) == MU_STREAM_OK) {
        expect(tick->number == ++number, "ticks come in order");
        expect(tick->unix_ms >= before_ms, "time does not go back");
        before_ms = tick->unix_ms;
        ticker__v1__tick__free_unpacked(tick, NULL);
    }
    mu_stream_finish(stream, &status);
    expect_status(&status, MU_OK, "ticker.Watch");
    expect(number == COUNT, "all ticks came");
}

static void stops_when_nobody_listens(struct mu_client *client)
{
    Ticker__V1__WatchRequest request = TICKER__V1__WATCH_REQUEST__INIT;
    Ticker__V1__Tick *tick;
    struct mu_stream *stream;
    struct mu_status status;

    request.interval_ms = 1;
    expect(ticker_watch_open(client, &request, NULL, &stream) == 0, "a stream opens");
    expect(ticker_watch_read(stream, PATIENCE_MS, &tick) == MU_STREAM_OK, "it ticks");
    ticker__v1__tick__free_unpacked(tick, NULL);
    mu_stream_finish(stream, &status);
    expect_status(&status, MU_CANCELLED, "ticker.Watch");
}

int main(void)
{
    struct mu_client *client = expect_client();

    ticks_as_often_as_asked(client);
    stops_when_nobody_listens(client);
    mu_client_close(client);
    return EXIT_SUCCESS;
}
