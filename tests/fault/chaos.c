// SPDX-License-Identifier: Apache-2.0
/* Callers that behave as programs should: they go on after a failure, and where nobody serves they
 * wait for somebody to come, as the status advises. */
#include "tests/fault/chaos.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "counter.mu.h"
#include "greeter.mu.h"
#include "mu/registry/v1/registry.mu.h"
#include "tests/unit/cmocka.h"

enum { CHAOS_LOOK_MS = 2, CHAOS_BEAT_MS = 5, CHAOS_WATCH_MS = 200, CHAOS_ASK_MS = 250 };

unsigned chaos_number(const char *variable, unsigned otherwise)
{
    const char *value = getenv(variable);

    return value != NULL ? (unsigned)strtoul(value, NULL, 10) : otherwise;
}

static void chaos_raise(atomic_uint *most, uint64_t value)
{
    unsigned now = atomic_load(most);

    while (value > now && !atomic_compare_exchange_weak(most, &now, (unsigned)value))
        continue;
}

/* Waits for an instance to appear, but no longer than the status advises. */
static void chaos_wait(struct chaos *chaos, uint32_t advised_ms)
{
    struct timespec until;
    uint64_t nanos;

    clock_gettime(CLOCK_REALTIME, &until);
    nanos = (uint64_t)until.tv_nsec + (advised_ms != 0 ? advised_ms : 1) * 1000000ull;
    until.tv_sec += (time_t)(nanos / 1000000000ull);
    until.tv_nsec = (long)(nanos % 1000000000ull);
    pthread_mutex_lock(&chaos->lock);
    pthread_cond_timedwait(&chaos->came_up, &chaos->lock, &until);
    pthread_mutex_unlock(&chaos->lock);
}

static void *chaos_call(void *user)
{
    const struct mu_call_options options = { .timeout_ms = CHAOS_TIMEOUT_MS };
    struct chaos *chaos = user;

    while (!atomic_load(&chaos->stopping)) {
        Counter__V1__AddRequest request = COUNTER__V1__ADD_REQUEST__INIT;
        Counter__V1__AddReply *reply = NULL;
        unsigned number = ledger_take(&chaos->ledger);
        uint64_t start_us = clock_us();
        struct mu_status status;
        uint64_t taken_us;
        char op[16];

        snprintf(op, sizeof(op), "%u", number);
        request.op = op;
        counter_add(chaos->client, &request, &options, &reply, &status);
        taken_us = clock_us() - start_us;
        if (taken_us > CHAOS_TIMEOUT_MS * UINT64_C(1000))
            chaos_raise(&chaos->late_us_max, taken_us - CHAOS_TIMEOUT_MS * UINT64_C(1000));
        ledger_write(&chaos->ledger, number, &status);
        if (reply != NULL)
            counter__v1__add_reply__free_unpacked(reply, NULL);
        if (status.executed == MU_EXECUTED_NO)
            chaos_wait(chaos, status.retry_after_ms);
    }
    return NULL;
}

static void chaos_greeted(
        const struct mu_status *status, const Greeter__V1__HelloReply *reply, void *user)
{
    struct chaos *chaos = user;

    (void)status;
    (void)reply;
    atomic_fetch_add(&chaos->greetings_ended, 1);
    sem_post(&chaos->greetings_window);
}

/* Many calls under way at once, which end in callbacks. */
static void *chaos_greet(void *user)
{
    Greeter__V1__HelloRequest request = GREETER__V1__HELLO_REQUEST__INIT;
    struct chaos *chaos = user;

    while (!atomic_load(&chaos->stopping)) {
        sem_wait(&chaos->greetings_window);
        atomic_fetch_add(&chaos->greetings, 1);
        greeter_hello_async(chaos->client, &request, NULL, chaos_greeted, chaos);
    }
    for (int i = 0; i < CHAOS_GREETINGS; i++)
        sem_wait(&chaos->greetings_window);
    return NULL;
}

/* Wakes who waits for an instance. */
static void *chaos_watch(void *user)
{
    Mu__Registry__V1__WatchRequest request = MU__REGISTRY__V1__WATCH_REQUEST__INIT;
    struct chaos *chaos = user;

    while (!atomic_load(&chaos->stopping)) {
        Mu__Registry__V1__WatchReply *change = NULL;
        enum mu_stream_outcome outcome = MU_STREAM_OK;
        struct mu_stream *stream = NULL;

        if (registry_watch_open(chaos->client, &request, NULL, &stream) < 0)
            continue;
        while (outcome != MU_STREAM_ENDED && !atomic_load(&chaos->stopping)) {
            outcome = registry_watch_read(stream, CHAOS_WATCH_MS, &change);
            if (outcome != MU_STREAM_OK)
                continue;
            pthread_mutex_lock(&chaos->lock);
            pthread_cond_broadcast(&chaos->came_up);
            pthread_mutex_unlock(&chaos->lock);
            mu__registry__v1__watch_reply__free_unpacked(change, NULL);
        }
        mu_stream_finish(stream, NULL);
        if (outcome == MU_STREAM_ENDED)
            chaos_wait(chaos, CHAOS_LOOK_MS);
    }
    return NULL;
}

/* Measures how long the machine makes a thread wait that has nothing to do but wake. */
static void *chaos_beat(void *user)
{
    struct chaos *chaos = user;

    while (!atomic_load(&chaos->stopping)) {
        uint64_t start_us = clock_us();
        uint64_t taken_us;

        poll(NULL, 0, CHAOS_BEAT_MS);
        taken_us = clock_us() - start_us;
        if (taken_us > CHAOS_BEAT_MS * UINT64_C(1000))
            chaos_raise(&chaos->stall_us_max, taken_us - CHAOS_BEAT_MS * UINT64_C(1000));
    }
    return NULL;
}

static void chaos_run(struct chaos *chaos, void *(*work)(void *))
{
    assert_int_equal(pthread_create(&chaos->threads[chaos->thread_count++], NULL, work, chaos), 0);
}

void chaos_start(struct chaos *chaos)
{
    static const char restart[] =
            "    restart: { policy: RESTART_ALWAYS, failures_max: 32, window_ms: 1000,\n"
            "      backoff_max_ms: 100 }\n";
    struct mu_client_options options = { 0 };
    char yaml[2048];

    *chaos = (struct chaos){ .thread_count = 0 };
    pthread_mutex_init(&chaos->lock, NULL);
    pthread_cond_init(&chaos->came_up, NULL);
    sem_init(&chaos->greetings_window, 0, CHAOS_GREETINGS);
    ledger_init(&chaos->ledger);
    snprintf(yaml, sizeof(yaml),
            "services:\n"
            "  - name: counter\n    program: %s/mu-counter\n%s"
            "  - name: greeter\n    program: %s/mu-greeter\n    instances: 2\n%s",
            TEST_LIBEXEC, restart, TEST_LIBEXEC, restart);
    node_start(&chaos->node, yaml);
    chaos_await_up(chaos);
    options.dir = chaos->node.dir;
    assert_int_equal(mu_client_open(&chaos->client, &options), 0);
    for (int i = 0; i < CHAOS_CALLERS; i++)
        chaos_run(chaos, chaos_call);
    chaos_run(chaos, chaos_greet);
    chaos_run(chaos, chaos_watch);
    chaos_run(chaos, chaos_beat);
}

static bool chaos_is_up(struct chaos *chaos)
{
    Mu__Node__V1__ListReply *list = node_list_within(&chaos->node, CHAOS_ASK_MS);
    unsigned up = 0;

    for (size_t i = 0; list != NULL && i < list->n_processes; i++)
        up += list->processes[i]->state == MU__NODE__V1__PROCESS_STATE__PROCESS_UP;
    if (list != NULL)
        mu__node__v1__list_reply__free_unpacked(list, NULL);
    return up == 6; /* supervisor, router, registry, counter, two greeters */
}

unsigned chaos_await_up(struct chaos *chaos)
{
    uint64_t start_ms = clock_ms();

    while (!chaos_is_up(chaos)) {
        assert_true(clock_ms() - start_ms < NODE_PATIENCE_MS);
        poll(NULL, 0, CHAOS_LOOK_MS);
    }
    return (unsigned)(clock_ms() - start_ms);
}

/* The pid of a process of `service` that is up and is not `last`; 0 where there is none now. */
static pid_t chaos_find(struct chaos *chaos, const char *service, pid_t last)
{
    Mu__Node__V1__ListReply *list = node_list_within(&chaos->node, CHAOS_ASK_MS);
    pid_t pid = 0;

    for (size_t i = 0; list != NULL && i < list->n_processes; i++) {
        const Mu__Node__V1__Process *process = list->processes[i];

        if (strcmp(process->service, service) == 0 && (pid_t)process->pid != last &&
                process->state == MU__NODE__V1__PROCESS_STATE__PROCESS_UP)
            pid = (pid_t)process->pid;
    }
    if (list != NULL)
        mu__node__v1__list_reply__free_unpacked(list, NULL);
    return pid;
}

pid_t chaos_kill(struct chaos *chaos, const char *service, pid_t last)
{
    uint64_t start_ms = clock_ms();
    pid_t pid;

    while ((pid = chaos_find(chaos, service, last)) == 0) {
        assert_true(clock_ms() - start_ms < NODE_PATIENCE_MS);
        poll(NULL, 0, CHAOS_LOOK_MS);
    }
    assert_int_equal(kill(pid, SIGKILL), 0);
    return pid;
}

void chaos_finish(struct chaos *chaos, const char *name, unsigned kills)
{
    Counter__V1__GetRequest request = COUNTER__V1__GET_REQUEST__INIT;
    Counter__V1__GetReply *reply = NULL;
    struct ledger_sum sum;

    atomic_store(&chaos->stopping, true);
    for (unsigned i = 0; i < chaos->thread_count; i++)
        pthread_join(chaos->threads[i], NULL);
    chaos_await_up(chaos);
    sum = ledger_check(&chaos->ledger, chaos->client);
    assert_int_equal(counter_get(chaos->client, &request, NULL, &reply, NULL), MU_OK);
    printf("%s: kills=%u calls=%u acknowledged=%llu not_executed=%llu unknown=%llu (%llu executed) "
           "greetings=%u late_max_us=%u stall_max_us=%u value=%lld\n",
            name, kills, atomic_load(&chaos->ledger.made), (unsigned long long)sum.done,
            (unsigned long long)sum.no, (unsigned long long)sum.unknown,
            (unsigned long long)sum.unknown_executed, atomic_load(&chaos->greetings),
            atomic_load(&chaos->late_us_max), atomic_load(&chaos->stall_us_max),
            (long long)reply->value);
    assert_int_equal(reply->value, sum.done + sum.unknown_executed);
    assert_int_equal(atomic_load(&chaos->greetings), atomic_load(&chaos->greetings_ended));
    /* A call ends by its time and 50 ms, and by what the machine itself adds. */
    assert_true(atomic_load(&chaos->late_us_max) <=
                CHAOS_LATE_MS * 1000 + atomic_load(&chaos->stall_us_max));
    counter__v1__get_reply__free_unpacked(reply, NULL);
    mu_client_close(chaos->client);
    ledger_deinit(&chaos->ledger);
    node_deinit(&chaos->node);
    sem_destroy(&chaos->greetings_window);
}
