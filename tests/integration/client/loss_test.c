// SPDX-License-Identifier: Apache-2.0
/* Processes that die or hang in the middle of calls: each call ends once, in time, and says whether
 * it was executed. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "probe/v1/probe.mu.h"
#include "tests/integration/client/node.h"
#include "tests/unit/cmocka.h"

enum { OPEN_CALLS = 200, TIMEOUT_MS = 300, LATE_MS = 50, LOAD_MS = 450 };

static struct node node;

static int start(void **state)
{
    (void)state;
    node_start(&node);
    node_start_probe(&node, 0, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    node_stop(&node);
    return 0;
}

struct outcome {
    atomic_int runs;
    atomic_int code;
    atomic_int executed;
};

static struct outcome outcomes[OPEN_CALLS];
static pthread_mutex_t noting = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t noted = PTHREAD_COND_INITIALIZER; /* an outcome */

static void note(struct mu_result *result, void *user)
{
    struct outcome *outcome = user;

    atomic_store(&outcome->code, (int)result->status.code);
    atomic_store(&outcome->executed, (int)result->status.executed);
    pthread_mutex_lock(&noting);
    atomic_fetch_add(&outcome->runs, 1);
    pthread_cond_broadcast(&noted);
    pthread_mutex_unlock(&noting);
}

static void forget(struct outcome *outcome)
{
    atomic_store(&outcome->code, -1);
    atomic_store(&outcome->executed, -1);
    atomic_store(&outcome->runs, 0);
}

static void forget_all(void)
{
    for (int i = 0; i < OPEN_CALLS; i++)
        forget(&outcomes[i]);
}

/* Opens calls that the probe never answers. */
static void open_calls(uint32_t timeout_ms)
{
    struct mu_call_options options = { .timeout_ms = timeout_ms };

    forget_all();
    for (int i = 0; i < OPEN_CALLS; i++)
        mu_call_async(
                node.client, "probe.Wait", (struct mu_bytes){ 0 }, &options, note, &outcomes[i]);
}

/* Waits until every callback ran, and checks what it was told and that it was in time. */
static void expect_outcomes(uint64_t deadline_ms, enum mu_code code, enum mu_executed executed)
{
    for (int i = 0; i < OPEN_CALLS; i++) {
        pthread_mutex_lock(&noting);
        while (atomic_load(&outcomes[i].runs) == 0)
            pthread_cond_wait(&noted, &noting);
        pthread_mutex_unlock(&noting);
        assert_true(clock_ms() <= deadline_ms);
        assert_int_equal(atomic_load(&outcomes[i].runs), 1);
        assert_int_equal(atomic_load(&outcomes[i].code), code);
        assert_int_equal(atomic_load(&outcomes[i].executed), executed);
    }
}

/* Kills the router, and waits until the client knows: what it sent before that is unsure. */
static void kill_router(void)
{
    struct mu_call_options options = { .timeout_ms = 20 };
    struct mu_result result;
    enum mu_executed executed;

    node_end(&node.router, SIGKILL);
    do {
        mu_call(node.client, "probe.Echo", (struct mu_bytes){ 0 }, &options, &result);
        executed = result.status.executed;
        mu_result_deinit(&result);
    } while (executed != MU_EXECUTED_NO);
}

static void test_a_service_that_dies_leaves_its_callers_unavailable_and_unsure(void **state)
{
    Probe__V1__DieRequest request = PROBE__V1__DIE_REQUEST__INIT;
    Probe__V1__DieReply *reply;
    struct mu_status status;
    uint64_t start_ms = clock_ms();

    (void)state;
    open_calls(10000);
    node_wait_for_probe(&node);
    assert_int_equal(probe_die(node.client, &request, NULL, &reply, &status), MU_UNAVAILABLE);
    assert_int_equal(status.executed, MU_EXECUTED_UNKNOWN);
    expect_outcomes(start_ms + 3000, MU_UNAVAILABLE, MU_EXECUTED_UNKNOWN);
    node_end(&node.probes[0], SIGKILL);
    node_start_probe(&node, 0, NULL);
}

static void test_a_router_that_dies_ends_every_call_and_the_next_one_connects_anew(void **state)
{
    uint64_t start_ms = clock_ms();

    (void)state;
    open_calls(10000);
    node_wait_for_probe(&node);
    node_end(&node.router, SIGKILL);
    expect_outcomes(start_ms + 3000, MU_UNAVAILABLE, MU_EXECUTED_UNKNOWN);
    node_start_router(&node);
    node_wait_for_probe(&node); /* client and service, run by hand, are both back */
}

static void test_a_call_while_there_is_no_router_waits_for_one_up_to_its_deadline(void **state)
{
    struct mu_call_options options = { .timeout_ms = TIMEOUT_MS };
    struct mu_result result;
    struct mu_stream *stream;
    struct mu_status status;
    struct mu_bytes item;
    uint64_t start_ms;

    (void)state;
    kill_router();
    start_ms = clock_ms();
    open_calls(TIMEOUT_MS);
    assert_int_equal(mu_call(node.client, "probe.Echo", (struct mu_bytes){ 0 }, &options, &result),
            MU_UNAVAILABLE);
    assert_int_equal(result.status.executed, MU_EXECUTED_NO);
    assert_string_equal(result.status.origin, "client");
    assert_non_null(strstr(result.status.message, "no router"));
    assert_in_range(clock_ms() - start_ms, TIMEOUT_MS, TIMEOUT_MS + LATE_MS + LOAD_MS);
    mu_result_deinit(&result);
    expect_outcomes(start_ms + TIMEOUT_MS + LATE_MS + LOAD_MS, MU_UNAVAILABLE, MU_EXECUTED_NO);
    assert_int_equal(mu_stream_open(node.client, "probe.Talk", MU_TWO_WAY, (struct mu_bytes){ 0 },
                             &options, &stream),
            0);
    assert_int_equal(mu_stream_receive(stream, UINT32_MAX, &item), MU_STREAM_ENDED);
    assert_int_equal(mu_stream_finish(stream, &status), MU_UNAVAILABLE);
    assert_int_equal(status.executed, MU_EXECUTED_NO);
}

static void test_calls_and_streams_begun_without_a_router_go_on_when_it_is_back(void **state)
{
    struct mu_call_options options = { .timeout_ms = 10000 };
    Probe__V1__SumReply *reply;
    struct mu_stream *stream;
    struct mu_stream *cancelled;
    struct outcome dropped = { 0 };
    uint64_t start_ms = clock_ms();
    uint64_t id;

    (void)state;
    forget_all();
    for (int i = 0; i < OPEN_CALLS; i++)
        mu_call_async(
                node.client, "later.Echo", (struct mu_bytes){ 0 }, &options, note, &outcomes[i]);
    assert_int_equal(probe_sum_open(node.client, NULL, &stream), 0);
    mu_stream_end(stream);
    assert_int_equal(probe_sum_open(node.client, NULL, &cancelled), 0);
    assert_int_equal(mu_stream_finish(cancelled, NULL), MU_CANCELLED);
    id = mu_call_async(node.client, "later.Echo", (struct mu_bytes){ 0 }, &options, note, &dropped);
    mu_call_cancel(node.client, id);
    assert_int_equal(atomic_load(&dropped.code), MU_CANCELLED);
    assert_int_equal(atomic_load(&dropped.executed), MU_EXECUTED_NO);
    node_start_router(&node);
    expect_outcomes(start_ms + 5000, MU_NOT_FOUND, MU_EXECUTED_NO);
    mu_stream_cancel(stream);
    probe_sum_finish(stream, &reply, NULL);
    node_wait_for_probe(&node);
}

static void test_a_router_that_hangs_does_not_hang_its_callers(void **state)
{
    struct mu_call_options options = { .timeout_ms = TIMEOUT_MS };
    struct mu_result result;
    uint64_t start_ms;

    (void)state;
    kill(node.router, SIGSTOP);
    start_ms = clock_ms();
    open_calls(TIMEOUT_MS);
    assert_int_equal(mu_call(node.client, "probe.Echo", (struct mu_bytes){ 0 }, &options, &result),
            MU_DEADLINE_EXCEEDED);
    assert_int_equal(result.status.executed, MU_EXECUTED_UNKNOWN);
    assert_string_equal(result.status.origin, "client");
    assert_in_range(clock_ms() - start_ms, TIMEOUT_MS, TIMEOUT_MS + LATE_MS + LOAD_MS);
    mu_result_deinit(&result);
    expect_outcomes(
            start_ms + TIMEOUT_MS + LATE_MS + LOAD_MS, MU_DEADLINE_EXCEEDED, MU_EXECUTED_UNKNOWN);
    kill(node.router, SIGCONT);
    node_wait_for_probe(&node);
}

static void test_a_caller_that_dies_takes_its_calls_with_it(void **state)
{
    Probe__V1__SeenRequest request = PROBE__V1__SEEN_REQUEST__INIT;
    struct mu_client_options options = { .dir = node.dir };
    uint64_t deadline_ms = clock_ms() + 5000;
    Probe__V1__SeenReply *reply;
    uint32_t before;
    uint32_t over;
    int ready[2];
    char byte;
    pid_t pid;

    (void)state;
    assert_int_equal(probe_seen(node.client, &request, NULL, &reply, NULL), MU_OK);
    before = reply->over;
    probe__v1__seen_reply__free_unpacked(reply, NULL);
    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) { /* nng does not survive a fork: a fresh program does */
        char fd[16];

        snprintf(fd, sizeof(fd), "%d", ready[1]);
        execl(TEST_SELF, TEST_SELF, "--caller", options.dir, fd, (char *)NULL);
        _exit(127);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    do {
        assert_int_equal(probe_seen(node.client, &request, NULL, &reply, NULL), MU_OK);
        over = reply->over;
        probe__v1__seen_reply__free_unpacked(reply, NULL);
    } while (over < before + 1 && clock_ms() < deadline_ms);
    assert_int_equal(over, before + 1);
}

/* The other process of that test: has one call open, and says so. */
static int be_caller(const char *dir, int fd)
{
    struct mu_client_options options = { .dir = dir };
    struct mu_client *client;
    struct outcome outcome = { 0 };
    struct mu_result result;

    if (mu_client_open(&client, &options) < 0)
        return 1;
    mu_call_async(client, "probe.Wait", (struct mu_bytes){ 0 }, NULL, note, &outcome);
    mu_call(client, "probe.Echo", (struct mu_bytes){ 0 }, NULL, &result);
    if (write(fd, "1", 1) != 1)
        return 1;
    pause();
    return 0;
}

/* ---- calls all the time, while everything is killed ---- */

enum { CALLERS = 8, KILLS = 20 };

static atomic_bool calling;

struct tally {
    pthread_t thread;
    int ended;
    int ok;
    int unsure;
    int late;
};

static void *call_all_the_time(void *user)
{
    struct mu_call_options options = { .timeout_ms = 1000 };
    struct tally *tally = user;

    while (atomic_load(&calling)) {
        struct mu_result result;
        uint64_t start_ms = clock_ms();

        mu_call(node.client, "probe.Echo", (struct mu_bytes){ 0 }, &options, &result);
        tally->ended += 1;
        tally->ok += result.status.code == MU_OK;
        tally->unsure +=
                result.status.code != MU_OK && result.status.executed == MU_EXECUTED_UNKNOWN;
        tally->late += clock_ms() - start_ms > 1000 + LATE_MS + LOAD_MS;
        mu_result_deinit(&result);
    }
    return NULL;
}

static void test_calls_end_in_time_while_services_are_killed(void **state)
{
    struct tally tallies[CALLERS] = { 0 };
    int ok = 0;

    (void)state;
    atomic_store(&calling, true);
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(
                pthread_create(&tallies[i].thread, NULL, call_all_the_time, &tallies[i]), 0);
    for (int i = 0; i < KILLS; i++) {
        node_end(&node.probes[0], SIGKILL);
        node_start_probe(&node, 0, i % 2 == 0 ? "4" : NULL);
    }
    atomic_store(&calling, false);
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(tallies[i].thread, NULL);
        assert_int_equal(tallies[i].late, 0);
        assert_true(tallies[i].unsure <= KILLS);
        ok += tallies[i].ok;
    }
    assert_true(ok > KILLS);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_service_that_dies_leaves_its_callers_unavailable_and_unsure),
        cmocka_unit_test(test_a_router_that_dies_ends_every_call_and_the_next_one_connects_anew),
        cmocka_unit_test(test_a_call_while_there_is_no_router_waits_for_one_up_to_its_deadline),
        cmocka_unit_test(test_calls_and_streams_begun_without_a_router_go_on_when_it_is_back),
        cmocka_unit_test(test_a_router_that_hangs_does_not_hang_its_callers),
        cmocka_unit_test(test_a_caller_that_dies_takes_its_calls_with_it),
        cmocka_unit_test(test_calls_end_in_time_while_services_are_killed),
    };

    if (argc == 4 && strcmp(argv[1], "--caller") == 0)
        return be_caller(argv[2], (int)strtol(argv[3], NULL, 10));
    return cmocka_run_group_tests(tests, start, stop);
}
