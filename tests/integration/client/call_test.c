// SPDX-License-Identifier: Apache-2.0
/* Unary calls, over a real router. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "probe/v1/probe.mu.h"
#include "tests/integration/client/node.h"
#include "tests/unit/cmocka.h"

enum { THREADS = 64, CALLS_EACH = 50, OUTSTANDING = 1024, CALLS_ASYNC = 20000 };

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

/* Waits, by calls, until the probe saw `over` callers give up. */
static void expect_over(uint32_t over)
{
    uint64_t deadline_ms = clock_ms() + 5000;
    uint32_t seen = 0;

    while (seen < over && clock_ms() < deadline_ms) {
        Probe__V1__SeenRequest request = PROBE__V1__SEEN_REQUEST__INIT;
        Probe__V1__SeenReply *reply;

        assert_int_equal(probe_seen(node.client, &request, NULL, &reply, NULL), MU_OK);
        seen = reply->over;
        probe__v1__seen_reply__free_unpacked(reply, NULL);
    }
    assert_true(seen >= over);
}

static uint32_t over_now(void)
{
    Probe__V1__SeenRequest request = PROBE__V1__SEEN_REQUEST__INIT;
    Probe__V1__SeenReply *reply;
    uint32_t over;

    assert_int_equal(probe_seen(node.client, &request, NULL, &reply, NULL), MU_OK);
    over = reply->over;
    probe__v1__seen_reply__free_unpacked(reply, NULL);
    return over;
}

static void test_an_answer_is_what_the_handler_replied(void **state)
{
    Probe__V1__EchoRequest request = PROBE__V1__ECHO_REQUEST__INIT;
    Probe__V1__EchoReply *reply;
    struct mu_status status;

    (void)state;
    request.text = (char *)"hello";
    assert_int_equal(probe_echo(node.client, &request, NULL, &reply, &status), MU_OK);
    assert_int_equal(status.executed, MU_EXECUTED_YES);
    assert_string_equal(reply->text, "hello");
    probe__v1__echo_reply__free_unpacked(reply, NULL);
}

static void test_the_largest_answer_arrives_and_a_larger_one_is_an_error(void **state)
{
    Probe__V1__EchoRequest request = PROBE__V1__ECHO_REQUEST__INIT;
    Probe__V1__EchoReply *reply;
    struct mu_status status;

    (void)state;
    request.size = MU_MESSAGE_MAX - 4;
    assert_int_equal(probe_echo(node.client, &request, NULL, &reply, &status), MU_OK);
    assert_int_equal(reply->data.len, request.size);
    probe__v1__echo_reply__free_unpacked(reply, NULL);
    request.size = MU_MESSAGE_MAX + 1;
    assert_int_equal(
            probe_echo(node.client, &request, NULL, &reply, &status), MU_RESOURCE_EXHAUSTED);
    assert_int_equal(status.executed, MU_EXECUTED_YES);
    assert_string_equal(status.origin, "probe");
}

static void test_a_request_over_the_limit_is_not_sent(void **state)
{
    uint8_t *bytes = calloc(1, MU_MESSAGE_MAX + 1);
    struct mu_result result;

    (void)state;
    assert_int_equal(mu_call(node.client, "probe.Echo",
                             (struct mu_bytes){ bytes, MU_MESSAGE_MAX + 1 }, NULL, &result),
            MU_INVALID_ARGUMENT);
    assert_int_equal(result.status.executed, MU_EXECUTED_NO);
    assert_string_equal(result.status.origin, "client");
    mu_result_deinit(&result);
    free(bytes);
}

static void test_an_endpoint_that_is_none_is_refused_at_once(void **state)
{
    static const char *const wrong[] = { "", "probe", "probe.", ".Echo", "Probe.Echo",
        "probe.E-o" };
    struct mu_result result;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(mu_call(node.client, wrong[i], (struct mu_bytes){ 0 }, NULL, &result),
                MU_INVALID_ARGUMENT);
        assert_int_equal(result.status.executed, MU_EXECUTED_NO);
        mu_result_deinit(&result);
    }
}

static void test_errors_say_code_text_origin_and_whether_it_was_executed(void **state)
{
    Probe__V1__FailRequest request = PROBE__V1__FAIL_REQUEST__INIT;
    Probe__V1__FailReply *reply;
    struct mu_status status;

    (void)state;
    request.text = (char *)"there is none";
    for (uint32_t code = MU_CANCELLED; code <= MU_UNAUTHENTICATED; code++) {
        request.code = code;
        request.refuse = code % 2 == 0;
        assert_int_equal(probe_fail(node.client, &request, NULL, &reply, &status), code);
        assert_string_equal(status.message, "there is none");
        assert_string_equal(status.origin, "probe");
        assert_int_equal(status.executed, request.refuse ? MU_EXECUTED_NO : MU_EXECUTED_YES);
    }
}

static void test_a_method_that_is_none_is_unimplemented_with_a_hint(void **state)
{
    struct mu_result result;

    (void)state;
    assert_int_equal(mu_call(node.client, "probe.Ecco", (struct mu_bytes){ 0 }, NULL, &result),
            MU_UNIMPLEMENTED);
    assert_int_equal(result.status.executed, MU_EXECUTED_NO);
    assert_non_null(strstr(result.status.message, "did you mean Echo"));
    mu_result_deinit(&result);
    assert_int_equal(mu_call(node.client, "probe.Missing", (struct mu_bytes){ 0 }, NULL, &result),
            MU_UNIMPLEMENTED);
    mu_result_deinit(&result);
    assert_int_equal(mu_call(node.client, "probe.Count", (struct mu_bytes){ 0 }, NULL, &result),
            MU_INVALID_ARGUMENT);
    assert_non_null(strstr(result.status.message, "server stream"));
    mu_result_deinit(&result);
}

static void test_a_body_that_is_no_request_is_refused_unexecuted(void **state)
{
    static const uint8_t truncated[] = { 0x0a, 0x20, 'x' };
    static const uint8_t not_utf8[] = { 0x0a, 0x02, 0xc3, 0x28 };
    struct mu_result result;

    (void)state;
    mu_call(node.client, "probe.Echo", (struct mu_bytes){ truncated, sizeof(truncated) }, NULL,
            &result);
    assert_int_equal(result.status.code, MU_INVALID_ARGUMENT);
    assert_int_equal(result.status.executed, MU_EXECUTED_NO);
    assert_string_equal(result.status.origin, "probe");
    mu_result_deinit(&result);
    mu_call(node.client, "probe.Echo", (struct mu_bytes){ not_utf8, sizeof(not_utf8) }, NULL,
            &result);
    assert_int_equal(result.status.code, MU_INVALID_ARGUMENT);
    mu_result_deinit(&result);
}

static void test_a_service_that_is_not_there_is_not_found_and_not_executed(void **state)
{
    struct mu_result result;

    (void)state;
    assert_int_equal(mu_call(node.client, "nobody.Echo", (struct mu_bytes){ 0 }, NULL, &result),
            MU_NOT_FOUND);
    assert_int_equal(result.status.executed, MU_EXECUTED_NO);
    assert_string_equal(result.status.origin, "router");
    mu_result_deinit(&result);
}

static void test_a_call_ends_at_its_deadline_and_the_handler_learns_of_it(void **state)
{
    struct mu_call_options options = { .timeout_ms = 80 };
    Probe__V1__WaitRequest request = PROBE__V1__WAIT_REQUEST__INIT;
    Probe__V1__WaitReply *reply;
    uint32_t over = over_now();
    uint64_t start_ms = clock_ms();
    struct mu_status status;

    (void)state;
    assert_int_equal(
            probe_wait(node.client, &request, &options, &reply, &status), MU_DEADLINE_EXCEEDED);
    assert_in_range(clock_ms() - start_ms, 75, 80 + 500);
    expect_over(over + 1);
}

static void test_a_deferred_answer_comes_when_its_timer_says_so(void **state)
{
    Probe__V1__WaitRequest request = PROBE__V1__WAIT_REQUEST__INIT;
    Probe__V1__WaitReply *reply;
    uint64_t start_ms = clock_ms();

    (void)state;
    request.ms = 50;
    assert_int_equal(probe_wait(node.client, &request, NULL, &reply, NULL), MU_OK);
    assert_true(clock_ms() - start_ms >= 50);
    assert_in_range(reply->remaining_ms, 1, 4950);
    probe__v1__wait_reply__free_unpacked(reply, NULL);
}

static void test_the_handler_sees_the_caller_and_the_trace(void **state)
{
    uint8_t trace[MU_TRACE_SIZE];
    struct mu_call_options options = { .trace = trace };
    Probe__V1__WhoReply *reply;
    struct mu_result result;

    (void)state;
    memset(trace, 7, sizeof(trace));
    assert_int_equal(
            mu_call(node.client, "probe.Who", (struct mu_bytes){ 0 }, &options, &result), MU_OK);
    assert_memory_equal(result.trace, trace, MU_TRACE_SIZE);
    reply = probe__v1__who_reply__unpack(NULL, result.size, result.body);
    assert_non_null(reply);
    assert_string_equal(reply->node, "test");
    assert_string_equal(reply->service, node_is_remote() ? "client" : "");
    assert_string_equal(reply->client, node_is_remote() ? "tester" : "");
    assert_int_equal(reply->uid, node_is_remote() ? UINT32_MAX : getuid());
    assert_int_equal(reply->pid, node_is_remote() ? 0 : getpid());
    assert_int_equal(reply->operator_, !node_is_remote());
    assert_memory_equal(reply->trace.data, trace, 16);
    probe__v1__who_reply__free_unpacked(reply, NULL);
    mu_result_deinit(&result);
    mu_call(node.client, "probe.Who", (struct mu_bytes){ 0 }, NULL, &result);
    memset(trace, 0, sizeof(trace));
    assert_memory_not_equal(result.trace, trace, MU_TRACE_SIZE); /* the router made one */
    mu_result_deinit(&result);
}

static void test_a_call_for_another_inherits_its_deadline(void **state)
{
    struct mu_call_options options = { .timeout_ms = 150 };
    Probe__V1__RelayRequest request = PROBE__V1__RELAY_REQUEST__INIT;
    Probe__V1__RelayReply *reply;
    uint64_t start_ms = clock_ms();
    uint32_t over = over_now();
    enum mu_code code;

    (void)state;
    request.timeout_ms = 60000;
    code = probe_relay(node.client, &request, &options, &reply, NULL);
    if (code == MU_OK)
        probe__v1__relay_reply__free_unpacked(reply, NULL);
    else
        assert_int_equal(code, MU_DEADLINE_EXCEEDED);
    assert_true(clock_ms() - start_ms < 150 + 500);
    expect_over(over + 1); /* the inner call ended with it */
}

struct outcome {
    atomic_int runs;
    atomic_int code;
};

static void note(struct mu_result *result, void *user)
{
    struct outcome *outcome = user;

    atomic_store(&outcome->code, (int)result->status.code);
    atomic_fetch_add(&outcome->runs, 1);
}

static void test_a_cancel_ends_the_call_and_those_made_for_it(void **state)
{
    Probe__V1__RelayRequest request = PROBE__V1__RELAY_REQUEST__INIT;
    uint32_t over = over_now();
    struct outcome outcome = { 0 };
    uint8_t body[16];
    uint64_t id;

    (void)state;
    request.timeout_ms = 60000;
    id = mu_call_async(node.client, "probe.Relay",
            (struct mu_bytes){ body, probe__v1__relay_request__pack(&request, body) }, NULL, note,
            &outcome);
    assert_int_not_equal(id, 0);
    over_now(); /* a round trip behind it: the relay runs */
    over_now();
    mu_call_cancel(node.client, id);
    assert_int_equal(atomic_load(&outcome.runs), 1);
    assert_int_equal(atomic_load(&outcome.code), MU_CANCELLED);
    mu_call_cancel(node.client, id); /* a second time, nothing happens */
    expect_over(over + 1);
    assert_int_equal(atomic_load(&outcome.runs), 1);
}

static void test_an_asynchronous_call_that_fails_at_once_runs_its_callback(void **state)
{
    struct outcome outcome = { 0 };

    (void)state;
    assert_int_equal(
            mu_call_async(node.client, "nonsense", (struct mu_bytes){ 0 }, NULL, note, &outcome),
            0);
    assert_int_equal(atomic_load(&outcome.runs), 1);
    assert_int_equal(atomic_load(&outcome.code), MU_INVALID_ARGUMENT);
}

static void wait_in_callback(struct mu_result *result, void *user)
{
    struct mu_result inner;

    (void)result;
    mu_call(node.client, "probe.Echo", (struct mu_bytes){ 0 }, NULL, &inner);
    note(&inner, user);
    mu_result_deinit(&inner);
}

static void test_a_callback_that_would_wait_for_itself_is_refused(void **state)
{
    struct outcome outcome = { 0 };

    (void)state;
    mu_call_async(
            node.client, "probe.Echo", (struct mu_bytes){ 0 }, NULL, wait_in_callback, &outcome);
    while (atomic_load(&outcome.runs) == 0)
        over_now();
    assert_int_equal(atomic_load(&outcome.code), MU_FAILED_PRECONDITION);
}

/* ---- many ---- */

static void *call_often(void *user)
{
    intptr_t failures = 0;

    for (int i = 0; i < CALLS_EACH; i++) {
        Probe__V1__EchoRequest request = PROBE__V1__ECHO_REQUEST__INIT;
        Probe__V1__EchoReply *reply;

        request.text = user;
        if (probe_echo(node.client, &request, NULL, &reply, NULL) != MU_OK) {
            failures += 1;
            continue;
        }
        failures += strcmp(reply->text, user) != 0;
        probe__v1__echo_reply__free_unpacked(reply, NULL);
    }
    return (void *)failures;
}

static void test_64_threads_share_one_client_and_each_gets_its_own_answers(void **state)
{
    pthread_t threads[THREADS];
    char names[THREADS][8];
    void *failures;

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        snprintf(names[i], sizeof(names[i]), "t%d", i);
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, names[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
}

struct load {
    atomic_int started;
    atomic_int ended;
    atomic_int failed;
};

static void load_next(struct load *load);

static void load_done(const struct mu_status *status, const ProtobufCMessage *reply,
        const struct mu_message_hearer *hearer)
{
    struct load *load = hearer->user;

    if (status->code != MU_OK || reply == NULL)
        atomic_fetch_add(&load->failed, 1);
    load_next(load);
    atomic_fetch_add(&load->ended, 1);
}

static void load_next(struct load *load)
{
    Probe__V1__EchoRequest request = PROBE__V1__ECHO_REQUEST__INIT;

    if (atomic_fetch_add(&load->started, 1) >= CALLS_ASYNC)
        return;
    request.text = (char *)"load";
    mu_call_message_async(node.client, "probe.Echo", &request.base,
            &probe__v1__echo_reply__descriptor, NULL,
            &(struct mu_message_hearer){ .fn = load_done, .user = load });
}

static void test_calls_made_from_callbacks_keep_1024_outstanding(void **state)
{
    struct load load = { 0 };
    uint64_t deadline_ms = clock_ms() + 60000;

    (void)state;
    for (int i = 0; i < OUTSTANDING; i++)
        load_next(&load);
    while (atomic_load(&load.ended) < CALLS_ASYNC && clock_ms() < deadline_ms)
        over_now();
    assert_int_equal(atomic_load(&load.ended), CALLS_ASYNC);
    assert_int_equal(atomic_load(&load.failed), 0);
}

static void test_calls_beyond_what_a_service_takes_are_refused_and_every_callback_runs_once(
        void **state)
{
    static struct outcome outcomes[MU_CLIENT_CALLS_MAX];
    struct mu_client *client;
    int refused = 0;

    (void)state;
    assert_int_equal(node_open(&node, &client), 0);
    memset(outcomes, 0, sizeof(outcomes));
    for (int i = 0; i < MU_CLIENT_CALLS_MAX; i++)
        mu_call_async(client, "probe.Wait", (struct mu_bytes){ 0 }, NULL, note, &outcomes[i]);
    mu_client_close(client);
    for (int i = 0; i < MU_CLIENT_CALLS_MAX; i++) {
        assert_int_equal(atomic_load(&outcomes[i].runs), 1);
        refused += atomic_load(&outcomes[i].code) == MU_RESOURCE_EXHAUSTED;
    }
    /* An eighth of what it takes is kept for others. */
    assert_true(refused <=
                MU_CLIENT_CALLS_MAX - (MU_SERVICE_CALLS_DEFAULT - MU_SERVICE_CALLS_DEFAULT / 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer_is_what_the_handler_replied),
        cmocka_unit_test(test_the_largest_answer_arrives_and_a_larger_one_is_an_error),
        cmocka_unit_test(test_a_request_over_the_limit_is_not_sent),
        cmocka_unit_test(test_an_endpoint_that_is_none_is_refused_at_once),
        cmocka_unit_test(test_errors_say_code_text_origin_and_whether_it_was_executed),
        cmocka_unit_test(test_a_method_that_is_none_is_unimplemented_with_a_hint),
        cmocka_unit_test(test_a_body_that_is_no_request_is_refused_unexecuted),
        cmocka_unit_test(test_a_service_that_is_not_there_is_not_found_and_not_executed),
        cmocka_unit_test(test_a_call_ends_at_its_deadline_and_the_handler_learns_of_it),
        cmocka_unit_test(test_a_deferred_answer_comes_when_its_timer_says_so),
        cmocka_unit_test(test_the_handler_sees_the_caller_and_the_trace),
        cmocka_unit_test(test_a_call_for_another_inherits_its_deadline),
        cmocka_unit_test(test_a_cancel_ends_the_call_and_those_made_for_it),
        cmocka_unit_test(test_an_asynchronous_call_that_fails_at_once_runs_its_callback),
        cmocka_unit_test(test_a_callback_that_would_wait_for_itself_is_refused),
        cmocka_unit_test(test_64_threads_share_one_client_and_each_gets_its_own_answers),
        cmocka_unit_test(test_calls_made_from_callbacks_keep_1024_outstanding),
        cmocka_unit_test(
                test_calls_beyond_what_a_service_takes_are_refused_and_every_callback_runs_once),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
