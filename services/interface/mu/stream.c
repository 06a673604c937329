// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/stream.h"

#include <poll.h>
#include <stdio.h>

#include "services/interface/mu/answer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/feed.h"
#include "services/interface/mu/reader.h"
#include "services/interface/mu/standing.h"

enum { STREAM_PAUSE_MS = 20 }; /* from one look whether a service has come to the next */

static int stream_print(
        const struct cli *cli, const struct request *request, struct mu_stream *stream)
{
    bool is_item = request->method->shape != MU_CLIENT_STREAM;
    struct mu_bytes item;

    while (mu_stream_receive(stream, UINT32_MAX, &item) == MU_STREAM_OK) {
        int code = answer_print(cli, request, item, is_item);

        if (code != EXIT_OK)
            return code;
    }
    return EXIT_OK;
}

/* One message out, a stream of them in. */
static int stream_server(struct cli *cli, const struct request *request,
        const struct mu_call_options *options, struct mu_status *status)
{
    CLEANUP(cleanup_free) uint8_t *body = NULL;
    struct mu_stream *stream = NULL;
    size_t size = 0;
    int code = request_body(cli, request, &body, &size);

    if (code != EXIT_OK)
        return code;
    if (mu_stream_open(cli->client, request->endpoint, MU_SERVER_STREAM,
                (struct mu_bytes){ body, size }, options, &stream) < 0)
        return (int)failure_of_memory(cli);
    code = stream_print(cli, request, stream);
    mu_stream_finish(stream, status);
    return code;
}

/* A stream out; one message or a stream in. */
static int stream_fed(struct cli *cli, const struct request *request,
        const struct mu_call_options *options, struct mu_status *status)
{
    struct mu_stream *stream = NULL;
    struct feed feed;
    int input;
    int code;

    if (mu_stream_open(cli->client, request->endpoint, request->method->shape,
                (struct mu_bytes){ NULL, 0 }, options, &stream) < 0)
        return (int)failure_of_memory(cli);
    code = feed_start(&feed, cli, request, stream);
    if (code == EXIT_OK)
        code = stream_print(cli, request, stream);
    if (code != EXIT_OK)
        mu_stream_cancel(stream);
    input = feed_stop(&feed);
    mu_stream_finish(stream, status);
    return input != EXIT_OK ? input : code;
}

/* A stream is not made again once it has begun, so a service that is just coming is waited for. */
static void stream_await(struct cli *cli, const char *service)
{
    uint32_t wait_ms = cli->timeout_ms != 0 ? cli->timeout_ms : MU_TIMEOUT_DEFAULT_MS;
    uint64_t deadline_ms = clock_ms() + wait_ms;
    char why[STANDING_WHY_MAX];

    while (standing_of(cli, service, why) == STANDING_COMING && clock_ms() < deadline_ms)
        poll(NULL, 0, STREAM_PAUSE_MS);
}

int stream_make(struct cli *cli, const struct request *request)
{
    struct mu_call_options options = { .timeout_ms = cli->timeout_ms };
    struct mu_status status = { .code = MU_OK };
    uint8_t trace[MU_TRACE_SIZE];
    uint64_t started_us = clock_us();
    int code;

    reader_watch();
    stream_await(cli, request->description.name);
    request_trace(request, trace);
    options.trace = trace;
    if (request->method->shape == MU_SERVER_STREAM)
        code = stream_server(cli, request, &options, &status);
    else
        code = stream_fed(cli, request, &options, &status);
    if (code == EXIT_OK && status.code != MU_OK)
        code = answer_failure(cli, request, &status, trace);
    answer_trace(cli, request, started_us, trace);
    return code;
}
