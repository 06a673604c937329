// SPDX-License-Identifier: Apache-2.0
/* One call at a time is made by this thread itself, so that the figure has no thread switch in it;
 * many are made asynchronously, and this thread opens one as one ends. */
#include "services/interface/mu/load.h"

#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/interface/mu/answer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/output.h"

static volatile sig_atomic_t load_interrupted; /* ^C: what was measured so far is told */

static void load_interrupt(int number)
{
    (void)number;
    load_interrupted = 1;
}

/* Only the first ^C waits for the calls that are under way. */
static void load_take_signal(void)
{
    struct sigaction interrupt = { .sa_handler = load_interrupt,
        .sa_flags = SA_RESTART | (int)SA_RESETHAND };

    sigaction(SIGINT, &interrupt, NULL);
}

struct load {
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t ended;
    uint32_t *took_us; /* owned: by order of ending */
    long count_open;
    long count_ended;
    long count_failed;
    struct mu_status failure; /* the first */
};

struct load_call {
    struct load *load;
    uint64_t started_us;
};

static void load_note(struct load *load, uint64_t started_us, const struct mu_status *status)
{
    uint64_t took_us = clock_us() - started_us;

    load->took_us[load->count_ended] = took_us < UINT32_MAX ? (uint32_t)took_us : UINT32_MAX;
    load->count_ended += 1;
    if (status->code == MU_OK)
        return;
    if (load->count_failed == 0)
        load->failure = *status;
    load->count_failed += 1;
}

static void load_ended(struct mu_result *result, void *user)
{
    struct load_call *call = user;
    struct load *load = call->load;

    pthread_mutex_lock(&load->lock);
    load_note(load, call->started_us, &result->status);
    load->count_open -= 1;
    pthread_cond_signal(&load->ended);
    pthread_mutex_unlock(&load->lock);
    free(call);
}

static void load_wait(struct load *load, long open_max)
{
    pthread_mutex_lock(&load->lock);
    while (load->count_open > open_max)
        pthread_cond_wait(&load->ended, &load->lock);
    pthread_mutex_unlock(&load->lock);
}

static int load_many(struct cli *cli, const struct request *request, struct load *load,
        struct mu_bytes body, const struct mu_call_options *options)
{
    for (long i = 0; i < request->count && !load_interrupted; i++) {
        struct load_call *call = malloc(sizeof(*call));

        if (call == NULL)
            return (int)failure_of_memory(cli);
        load_wait(load, request->parallel - 1);
        pthread_mutex_lock(&load->lock);
        load->count_open += 1;
        pthread_mutex_unlock(&load->lock);
        *call = (struct load_call){ .load = load, .started_us = clock_us() };
        mu_call_async(cli->client, request->endpoint, body, options, load_ended, call);
    }
    return EXIT_OK;
}

static void load_one_by_one(struct cli *cli, const struct request *request, struct load *load,
        struct mu_bytes body, const struct mu_call_options *options)
{
    for (long i = 0; i < request->count && !load_interrupted; i++) {
        CLEANUP(mu_result_deinit) struct mu_result result = { 0 };
        uint64_t started_us = clock_us();

        mu_call(cli->client, request->endpoint, body, options, &result);
        load_note(load, started_us, &result.status);
    }
}

static int load_compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

long load_rank(long count, long percent)
{
    long rank = (count * percent + 99) / 100;

    return rank > 0 ? rank - 1 : 0;
}

static uint32_t load_share(const struct load *load, long percent)
{
    return load->took_us[load_rank(load->count_ended, percent)];
}

static void load_print(
        const struct cli *cli, const struct request *request, struct load *load, uint64_t whole_us)
{
    double seconds = (double)whole_us / 1e6;
    double rate = (double)load->count_ended / seconds;

    qsort(load->took_us, (size_t)load->count_ended, sizeof(load->took_us[0]), load_compare);
    if (output_is_json(cli)) {
        json_t *root = json_pack("{s:I, s:I, s:I, s:f, s:f, s:I, s:I, s:I, s:I}", "calls",
                (json_int_t)load->count_ended, "failed", (json_int_t)load->count_failed, "parallel",
                (json_int_t)request->parallel, "seconds", seconds, "callsPerSecond", rate, "p50Us",
                (json_int_t)load_share(load, 50), "p90Us", (json_int_t)load_share(load, 90),
                "p99Us", (json_int_t)load_share(load, 99), "maxUs",
                (json_int_t)load_share(load, 100));

        output_json(cli, root);
        return;
    }
    printf("calls    %ld answered, %ld failed, %ld at a time\n",
            load->count_ended - load->count_failed, load->count_failed, request->parallel);
    printf("rate     %.0f calls/s for %.3f s\n", rate, seconds);
    printf("latency  p50 %u us   p90 %u us   p99 %u us   max %u us\n", load_share(load, 50),
            load_share(load, 90), load_share(load, 99), load_share(load, 100));
}

int load_make(struct cli *cli, const struct request *request)
{
    CLEANUP(cleanup_free) uint8_t *body = NULL;
    CLEANUP(cleanup_free) uint32_t *took_us = calloc((size_t)request->count, sizeof(*took_us));
    struct mu_call_options options = { .timeout_ms = cli->timeout_ms };
    struct load load = {
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .ended = PTHREAD_COND_INITIALIZER,
        .took_us = took_us,
    };
    size_t size = 0;
    uint64_t started_us;
    int code = request_body(cli, request, &body, &size);

    if (code != EXIT_OK)
        return code;
    if (took_us == NULL)
        return (int)failure_of_memory(cli);
    load_take_signal();
    started_us = clock_us();
    if (request->parallel == 1)
        load_one_by_one(cli, request, &load, (struct mu_bytes){ body, size }, &options);
    else
        code = load_many(cli, request, &load, (struct mu_bytes){ body, size }, &options);
    load_wait(&load, 0);
    if (code != EXIT_OK)
        return code;
    if (load.count_ended > 0)
        load_print(cli, request, &load, clock_us() - started_us);
    if (load_interrupted)
        return EXIT_INTERRUPTED;
    return load.count_failed > 0 ? answer_failure(cli, request, &load.failure, NULL) : EXIT_OK;
}
