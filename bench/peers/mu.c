// SPDX-License-Identifier: Apache-2.0
/* bench_mu - typed calls through a real node: libmu on both ends, the router between them.
 *
 * Nothing here is shorter than in a program of a user's: bodies are protobuf messages, packed and
 * unpacked at both ends, as in bench_grpc, while NATS, ZeroMQ and the floor carry plain bytes. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/load.h"
#include "mu/client.h"
#include "mu/registry/v1/registry.mu.h"
#include "peers/echo.mu.h"

enum { MU_RETRY_MS = 1 };

struct caller { /* one call in flight, sent again and again */
    struct mu_client *client;
    struct lane *lane;
    struct mu_call_options how;
    uint32_t index;
    uint32_t body_size;
};

static void caller_send(struct caller *caller);

static void caller_take(
        const struct mu_status *status, const Bench__V1__EchoBody *reply, void *user)
{
    struct caller *caller = user;

    if (status->code != MU_OK) {
        fprintf(stderr, "bench_mu: %s from %s: %s\n", mu_code_name(status->code), status->origin,
                status->message);
        lane_error(caller->lane, caller->index);
    } else if (lane_answer(caller->lane, caller->index, reply->body.data, reply->body.len)) {
        caller_send(caller);
    }
}

static void caller_send(struct caller *caller)
{
    Bench__V1__EchoBody request = BENCH__V1__ECHO_BODY__INIT;
    uint8_t body[LOAD_BODY_MAX];

    lane_request(caller->lane, caller->index, body);
    request.body.data = body;
    request.body.len = caller->body_size;
    echo_echo_async(caller->client, &request, &caller->how, caller_take, caller);
}

static void echo_serve(struct mu_call *call, const Bench__V1__EchoBody *request)
{
    echo_echo_reply(call, request);
}

static int mu_call_all(const struct load_options *options)
{
    static struct mu_client *clients[LOAD_LANES_MAX];
    const struct mu_client_options place = { .dir = options->address };
    struct caller *callers = calloc(options->lane_count * options->outstanding, sizeof(*callers));
    struct load *load;
    int status;

    for (uint32_t i = 0; i < options->lane_count; i++) {
        int error = mu_client_open(&clients[i], &place);

        if (error != 0 || callers == NULL) {
            fprintf(stderr, "bench_mu: %s: %s\n", options->address, strerror(-error));
            return 2;
        }
    }
    load = load_new(options);
    for (uint32_t i = 0; i < options->lane_count * options->outstanding; i++) {
        callers[i].client = clients[i / options->outstanding];
        callers[i].lane = load_lane(load, i / options->outstanding);
        callers[i].index = i % options->outstanding;
        callers[i].how.service = options->service;
        callers[i].body_size = options->body_size;
        caller_send(&callers[i]);
    }
    load_wait(load);
    status = load_report(load, "mu");
    for (uint32_t i = 0; i < options->lane_count; i++)
        clients[i] = mu_client_close(clients[i]);
    load_free(load);
    free(callers);
    return status;
}

/* Waits until the node is there. */
static struct mu_client *mu_wait_node(const struct load_options *options)
{
    const struct mu_client_options place = { .dir = options->address };
    struct mu_client *client = NULL;

    while (mu_client_open(&client, &place) != 0)
        poll(NULL, 0, MU_RETRY_MS);
    return client;
}

/* Calls an endpoint, or Echo of a service, until it answers, and says when it did. */
static int mu_wait_first(
        struct mu_client *client, const struct load_options *options, uint64_t began_us)
{
    struct mu_result result = { 0 };
    char endpoint[MU_ENDPOINT_MAX];

    snprintf(endpoint, sizeof(endpoint), "%s%s", options->mode,
            strchr(options->mode, '.') != NULL ? "" : ".Echo");
    while (mu_call(client, endpoint, (struct mu_bytes){ 0 }, NULL, &result) != MU_OK) {
        mu_result_deinit(&result);
        poll(NULL, 0, MU_RETRY_MS);
    }
    printf("{\"answered_us\": %llu, \"took_us\": %llu}\n", (unsigned long long)clock_us(),
            (unsigned long long)(clock_us() - began_us));
    mu_result_deinit(&result);
    mu_client_close(client);
    return 0;
}

/* After each call that failed says when the next one was answered. */
_Noreturn static void mu_wait_again(struct mu_client *client)
{
    struct mu_result result = { 0 };
    bool failed = true;

    for (;;) {
        enum mu_code code = mu_call(client, "echo.Echo", (struct mu_bytes){ 0 }, NULL, &result);

        mu_result_deinit(&result);
        if (code == MU_OK && failed)
            load_say_answered();
        failed = code != MU_OK;
        if (failed)
            load_rest();
    }
}

/* Registers a service called `options->mode`, whose program is this one. */
static int mu_register(struct mu_client *client, const struct load_options *options)
{
    Mu__Registry__V1__RegisterRequest request = MU__REGISTRY__V1__REGISTER_REQUEST__INIT;
    Mu__Node__V1__Manifest manifest = MU__NODE__V1__MANIFEST__INIT;
    uint64_t began_us = clock_us();
    struct mu_status status;
    char serve[] = "serve";
    char *arguments[] = { serve };
    char program[4096] = { 0 };
    char name[MU_SERVICE_NAME_MAX];
    Mu__Registry__V1__RegisterReply *reply = NULL;

    snprintf(name, sizeof(name), "%s", options->mode);
    if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
        return 2;
    manifest.name = name;
    manifest.program = program;
    manifest.args = arguments;
    manifest.n_args = 1;
    request.manifest = &manifest;
    if (registry_register(client, &request, NULL, &reply, &status) != MU_OK) {
        fprintf(stderr, "bench_mu: registry.Register: %s\n", status.message);
        return 2;
    }
    mu__registry__v1__register_reply__free_unpacked(reply, NULL);
    return mu_wait_first(client, options, began_us);
}

int main(int argc, char **argv)
{
    static const struct echo_handlers handlers = { .echo = echo_serve };
    const struct mu_service service = { .type = &echo_type, .handlers = &handlers };
    struct load_options options;

    if (argc > 1 && strcmp(argv[1], "serve") == 0)
        return mu_service_main(&service, argc - 1, argv + 1);
    load_parse(&options, argc, argv);
    if (strcmp(options.role, "first") == 0)
        return mu_wait_first(mu_wait_node(&options), &options, clock_us());
    if (strcmp(options.role, "again") == 0)
        mu_wait_again(mu_wait_node(&options));
    if (strcmp(options.role, "register") == 0)
        return mu_register(mu_wait_node(&options), &options);
    return mu_call_all(&options);
}
