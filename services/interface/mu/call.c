// SPDX-License-Identifier: Apache-2.0
/* mu call - any method of any service: types from the registry, JSON in, JSON out. */
#include "services/interface/mu/call.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/interface/mu/answer.h"
#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/limits.h"
#include "services/interface/mu/load.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/standing.h"
#include "services/interface/mu/stream.h"
#include "services/interface/mu/trace_id.h"

enum {
    CALL_PAUSE_MS = 20 /* before a call is made again, where nobody says how long */
};

/* A call that did not reach its service may be made again where it was not executed, for certain,
 * or where the method says that twice does no harm; and makes sense while the service is just
 * coming back, as after a crash. */
static bool call_again(
        struct cli *cli, const struct request *request, const struct mu_status *status)
{
    enum standing standing;
    char why[STANDING_WHY_MAX];

    if (!answer_is_away(status) || (status->executed != MU_EXECUTED_NO &&
                                           request->method->idempotency == MU_IDEMPOTENCY_UNKNOWN))
        return false;
    standing = standing_of(cli, request->description.name, why);
    return standing == STANDING_UP || standing == STANDING_COMING;
}

static void call_until_served(struct cli *cli, const struct request *request, struct mu_bytes body,
        const uint8_t *trace, struct mu_result *result)
{
    uint32_t timeout_ms = cli->timeout_ms != 0 ? cli->timeout_ms : MU_TIMEOUT_DEFAULT_MS;
    uint64_t deadline_ms = clock_ms() + timeout_ms;

    for (;;) {
        struct mu_call_options options = { .timeout_ms = (uint32_t)(deadline_ms - clock_ms()),
            .trace = trace };
        uint32_t pause_ms;

        if (request->key != NULL)
            options.key = (struct mu_bytes){ (const uint8_t *)request->key, strlen(request->key) };
        mu_call(cli->client, request->endpoint, body, &options, result);
        pause_ms =
                result->status.retry_after_ms > 0 ? result->status.retry_after_ms : CALL_PAUSE_MS;
        if (!call_again(cli, request, &result->status) ||
                clock_ms() + 2 * (uint64_t)pause_ms >= deadline_ms)
            return;
        poll(NULL, 0, (int)pause_ms);
        mu_result_deinit(result);
    }
}

static int call_unary(struct cli *cli, const struct request *request)
{
    CLEANUP(cleanup_free) uint8_t *body = NULL;
    CLEANUP(mu_result_deinit) struct mu_result result = { 0 };
    uint8_t trace[MU_TRACE_SIZE];
    size_t size = 0;
    int code = request_body(cli, request, &body, &size);
    uint64_t started_us = clock_us();

    if (code != EXIT_OK)
        return code;
    request_trace(request, trace);
    call_until_served(cli, request, (struct mu_bytes){ body, size }, trace, &result);
    if (result.status.code == MU_OK)
        code = answer_print(cli, request, (struct mu_bytes){ result.body, result.size }, false);
    else
        code = answer_failure(cli, request, &result.status, trace);
    answer_trace(cli, request, started_us, trace);
    return code;
}

/* Somebody pipes a request in and forgot the `-`: standard input is not read unasked, as it may be
 * what a script still has to read, or never end. */
static void call_hint_input(const struct cli *cli, const struct request *request)
{
    struct stat found;
    int waiting = 0;

    if (request->word_count > 0 || request->stream || fstat(STDIN_FILENO, &found) < 0 ||
            !S_ISFIFO(found.st_mode) || ioctl(STDIN_FILENO, FIONREAD, &waiting) < 0 || waiting == 0)
        return;
    output_talk(cli,
            "what waits at standard input was not sent; the request is read from there with: "
            "mu call %s -",
            request->endpoint);
}

int call_make(struct cli *cli, const struct request *request)
{
    enum mu_shape shape = request->method->shape;
    int code = bus_need(cli);

    if (code != EXIT_OK)
        return code;
    if (request->stream && (shape == MU_UNARY || shape == MU_SERVER_STREAM))
        return (int)failure_say(cli, EXIT_USAGE,
                "leave out --stream; a body from standard input: mu call SERVICE.METHOD -",
                "%s takes one message, no stream", request->endpoint);
    if (request->count > 0 && shape != MU_UNARY)
        return (int)failure_say(cli, EXIT_USAGE,
                "leave out --count; how long one stream takes: --trace",
                "--count is for methods with one answer; %s is a stream", request->endpoint);
    if (request->key != NULL && shape != MU_UNARY)
        return (int)failure_say(cli, EXIT_USAGE, "leave out --key",
                "--key is for methods with one request and one answer; %s is a stream",
                request->endpoint);
    if (request->count > 0)
        return load_make(cli, request);
    code = shape == MU_UNARY ? call_unary(cli, request) : stream_make(cli, request);
    call_hint_input(cli, request);
    return code;
}

/* Reads --traceparent, where it was given. Returns EXIT_OK or EXIT_USAGE. */
static int call_parent(
        const struct cli *cli, const struct arguments *arguments, struct request *request)
{
    const char *text = arguments_flag(arguments, "traceparent");
    char word[FAILURE_WORD_MAX];

    if (text == NULL)
        return EXIT_OK;
    if (request->count > 0)
        return (int)failure_say(cli, EXIT_USAGE, "leave out --count, or --traceparent",
                "--traceparent is for one call, and there are %ld", request->count);
    if (trace_id_read_traceparent(text, request->parent) < 0)
        return (int)failure_say(cli, EXIT_USAGE,
                "as W3C has it: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "--traceparent: \"%s\" is none", failure_word(text, word));
    return EXIT_OK;
}

/* Reads --key, where it was given. Returns EXIT_OK or EXIT_USAGE. */
static int call_key(
        const struct cli *cli, const struct arguments *arguments, struct request *request)
{
    request->key = arguments_flag(arguments, "key");
    if (request->key == NULL)
        return EXIT_OK;
    if (request->key[0] == '\0' || strlen(request->key) > MU_KEY_MAX)
        return (int)failure_say(
                cli, EXIT_USAGE, "as: --key order-4711", "--key takes 1 to %d bytes", MU_KEY_MAX);
    if (request->count > 0)
        return (int)failure_say(cli, EXIT_USAGE, "leave out --count, or --key",
                "--key is for one call, and there are %ld", request->count);
    return EXIT_OK;
}

static int call_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(request_deinit) struct request request = {
        .words = arguments->words + 1,
        .word_count = arguments->word_count - 1,
        .stream = arguments_flag(arguments, "stream") != NULL,
        .trace = arguments_flag(arguments, "trace") != NULL,
        .parallel = 1,
    };
    char word[FAILURE_WORD_MAX];
    struct endpoint endpoint;
    int code = arguments_number(cli, arguments, "count", 1, CALL_COUNT_MAX, &request.count);

    if (code == EXIT_OK)
        code = arguments_number(
                cli, arguments, "parallel", 1, CALL_PARALLEL_MAX, &request.parallel);
    if (code == EXIT_OK && request.count == 0 && arguments_flag(arguments, "parallel") != NULL)
        code = (int)failure_say(cli, EXIT_USAGE, "say how many in all: --count N",
                "--parallel is for many calls, and there is one");
    if (code == EXIT_OK && request.count > 0 && request.trace)
        code = (int)failure_say(cli, EXIT_USAGE, "leave out --count, or --trace",
                "--trace is for one call, and there are %ld", request.count);
    if (code == EXIT_OK)
        code = call_parent(cli, arguments, &request);
    if (code == EXIT_OK)
        code = call_key(cli, arguments, &request);
    if (code != EXIT_OK)
        return code;
    if (!endpoint_split(&endpoint, arguments->words[0]) ||
            strlen(arguments->words[0]) >= sizeof(request.endpoint) || endpoint.method[0] == '\0')
        return (int)failure_say(cli, EXIT_USAGE,
                "write SERVICE.METHOD, as: mu call greeter.Hello      see: mu registry list",
                "\"%s\" names no method", failure_word(arguments->words[0], word));
    snprintf(request.endpoint, sizeof(request.endpoint), "%s", arguments->words[0]);
    code = description_find(cli, &endpoint, &request.description, &request.method);
    return code == EXIT_OK ? call_make(cli, &request) : code;
}

const struct command call_command = {
    .name = "call",
    .group = "Daily",
    .summary = "call a method of a service",
    .words = "SERVICE.METHOD [JSON | @FILE | - | key=value …]",
    .words_min = 1,
    .takes_raw = true,
    .words_max = COMMAND_WORDS_ANY,
    .details =
            "The request is JSON (a word, @FILE, or - for standard input), or is put together "
            "from words:\n"
            "  name=World        the field's type says what the value is\n"
            "  user.name=Ada     a field in a message\n"
            "  tag=a tag=b       a list\n"
            "  labels.env=prod   a key of a map\n"
            "  limit:=12         the value is JSON\n"
            "  photo=@cat.jpg    the value is a file's contents\n"
            "The answer is JSON: indented on a terminal or with -o pretty, on one line "
            "otherwise; -o raw\n"
            "gives its bytes. A stream's items come one a line, as they arrive.\n"
            "With --stream the items are read from standard input, or from @FILE: one JSON "
            "message a line, or,\n"
            "where the request has exactly one bytes field, the bytes themselves in pieces of 64 "
            "KiB.\n"
            "Standard input is read with - and --stream only.\n"
            "Every service also answers SERVICE.mu.Health, SERVICE.mu.Stats and "
            "SERVICE.mu.LogLevel.",
    .flags =
            (const struct flag[]){
                    { .name = "stream",
                            .letter = 's',
                            .help = "read the items to send from standard input, or @FILE" },
                    { .name = "trace",
                            .letter = 't',
                            .help = "say the time and the trace afterwards" },
                    { .name = "traceparent",
                            .value = "PARENT",
                            .help = "W3C's: go on with a trace of somebody else's" },
                    { .name = "key",
                            .value = "KEY",
                            .help = "not to be carried out twice: for 10 minutes a second call "
                                    "gets the first one's answer" },
                    { .name = "count",
                            .letter = 'n',
                            .value = "N",
                            .help = "make N calls, and print p50, p90, p99 and calls/s" },
                    { .name = "parallel",
                            .letter = 'p',
                            .value = "K",
                            .help = "with --count: K calls at a time" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu call greeter.Hello name=World", "one call" },
                    { "mu call greeter.Hello '{\"name\": \"World\"}' --timeout 500ms",
                            "the same in JSON, with a deadline" },
                    { "cat FILE | mu call digest.Sum --stream", "a stream of bytes" },
                    { "mu call digest.Sum --stream @FILE", "the same of a file" },
                    { "mu call ticker.Watch count=3", "a stream of answers" },
                    { "mu call greeter.Hello name=x --count 10000 --parallel 64",
                            "how fast is it?" },
                    { "mu call counter.Add amount=5 --key order-4711", "made twice it adds once" },
                    { "mu call greeter.Hello name=x --trace", "then see it: mu trace show ID" },
                    { NULL, NULL },
            },
    .first = COMPLETE_ENDPOINT,
    .rest = COMPLETE_FIELD,
    .run = call_run,
};
