// SPDX-License-Identifier: Apache-2.0
/* Calls and streams between nodes: the same calls as on one. */
#include <glob.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "mu/router/v1/router.pb-c.h"
#include "probe/v1/probe.mu.h"
#include "tests/integration/mesh/mesh.h"
#include "tests/unit/cmocka.h"

enum { ITEMS = 20000, LINES = 2000, PADDING = 1024 };

static struct mesh mesh;

static int start_two(void **state)
{
    (void)state;
    mesh_start(&mesh, 2);
    return 0;
}

static int start_three(void **state)
{
    (void)state;
    mesh_start(&mesh, 3);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    mesh_stop(&mesh);
    return 0;
}

static struct mu_client *near(void)
{
    return mesh.nodes[0].client;
}

static Probe__V1__SeenReply seen(void)
{
    Probe__V1__SeenRequest request = PROBE__V1__SEEN_REQUEST__INIT;
    Probe__V1__SeenReply *reply;
    Probe__V1__SeenReply copy;

    assert_int_equal(probe_seen(near(), &request, NULL, &reply, NULL), MU_OK);
    copy = *reply;
    probe__v1__seen_reply__free_unpacked(reply, NULL);
    return copy;
}

/* Waits, by calls, until the probe saw so many calls, and so many callers give up. */
static void await_seen(uint32_t waits, uint32_t over)
{
    uint64_t deadline_ms = clock_ms() + NODE_PATIENCE_MS;

    while (seen().waits < waits || seen().over < over)
        assert_true(clock_ms() < deadline_ms);
}

static void check_who_calls(const char *node, uint32_t hops)
{
    Probe__V1__WhoRequest request = PROBE__V1__WHO_REQUEST__INIT;
    Probe__V1__WhoReply *reply;

    assert_int_equal(probe_who(near(), &request, NULL, &reply, NULL), MU_OK);
    assert_string_equal(reply->node, node);
    assert_string_equal(reply->owner, "alice");
    assert_string_equal(reply->service, "");
    assert_int_equal(reply->hops, hops);
    assert_true(reply->uid == UINT32_MAX);
    assert_int_equal(reply->pid, 0);
    assert_false(reply->operator_);
    probe__v1__who_reply__free_unpacked(reply, NULL);
}

static void test_the_callee_knows_the_node_that_calls(void **state)
{
    (void)state;
    check_who_calls("n0.alice", 1);
}

static void test_over_two_links_the_last_one_vouches(void **state)
{
    (void)state;
    check_who_calls("n1.alice", 2);
}

static void test_bodies_of_every_size_come_back_as_they_went(void **state)
{
    static const size_t sizes[] = { 0, 1, 1000, 70000, 1048000 };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        Probe__V1__EchoRequest request = PROBE__V1__ECHO_REQUEST__INIT;
        Probe__V1__EchoReply *reply;

        request.data.len = sizes[i];
        request.data.data = malloc(sizes[i] + 1);
        for (size_t at = 0; at < sizes[i]; at++)
            request.data.data[at] = (uint8_t)(at * 7 + i);
        assert_int_equal(probe_echo(near(), &request, NULL, &reply, NULL), MU_OK);
        assert_int_equal(reply->data.len, sizes[i]);
        assert_memory_equal(reply->data.data, request.data.data, sizes[i]);
        probe__v1__echo_reply__free_unpacked(reply, NULL);
        free(request.data.data);
    }
}

struct answers {
    sem_t room; /* for calls under way */
    size_t size;
    atomic_uint wrong;
};

static void count_answer(
        const struct mu_status *status, const Probe__V1__EchoReply *reply, void *user)
{
    struct answers *answers = user;

    if ((status->code != MU_OK || reply->data.len != answers->size) &&
            atomic_fetch_add(&answers->wrong, 1) == 0)
        print_message(
                "the first that went wrong: code %d: %s\n", (int)status->code, status->message);
    sem_post(&answers->room);
}

/* Makes `calls` calls with bodies of `size`, `at_a_time`. */
static void echo_many(unsigned calls, unsigned at_a_time, size_t size)
{
    Probe__V1__EchoRequest request = PROBE__V1__ECHO_REQUEST__INIT;
    struct answers answers = { .size = size };

    sem_init(&answers.room, 0, at_a_time);
    request.data = (ProtobufCBinaryData){ size, calloc(1, size) };
    for (unsigned i = 0; i < calls; i++) {
        sem_wait(&answers.room);
        probe_echo_async(near(), &request, NULL, count_answer, &answers);
    }
    for (unsigned i = 0; i < at_a_time; i++)
        sem_wait(&answers.room);
    assert_int_equal(answers.wrong, 0);
    sem_destroy(&answers.room);
    free(request.data.data);
}

static void test_many_calls_at_a_time_are_each_answered_once(void **state)
{
    (void)state;
    echo_many(20000, 1024, 10);
}

/* More waits in each direction than a channel would go on reading with: with both routers pausing,
 * each would wait for the other for ever. */
static void test_two_full_directions_do_not_wait_for_each_other(void **state)
{
    (void)state;
    echo_many(240, 24, 262144);
}

static void test_a_node_channel_takes_one_connection_and_from_its_linker_only(void **state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char pattern[NODE_DIR_MAX + 32];
    glob_t found;
    char byte;

    (void)state;
    snprintf(pattern, sizeof(pattern), "%s/run/i/*/n1", mesh.nodes[0].dir);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, 1);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", found.gl_pathv[0]);
    globfree(&found);
    for (int i = 0; i < 10; i++) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_true(recv(fd, &byte, 1, 0) <= 0); /* closed, without a word */
        close(fd);
    }
    mesh_await(&mesh);
}

static void test_a_client_stream_crosses(void **state)
{
    Probe__V1__SumRequest item = PROBE__V1__SUM_REQUEST__INIT;
    uint8_t padding[PADDING] = { 0 };
    Probe__V1__SumReply *reply;
    struct mu_stream *stream;
    int64_t sum = 0;

    (void)state;
    item.padding = (ProtobufCBinaryData){ sizeof(padding), padding };
    assert_int_equal(probe_sum_open(near(), NULL, &stream), 0);
    for (int64_t i = 0; i < ITEMS; i++) {
        item.number = i * 3 - 100;
        sum += item.number;
        assert_int_equal(probe_sum_write(stream, &item), MU_STREAM_OK);
    }
    assert_int_equal(probe_sum_finish(stream, &reply, NULL), MU_OK);
    assert_int_equal(reply->sum, sum);
    assert_int_equal(reply->items, ITEMS);
    probe__v1__sum_reply__free_unpacked(reply, NULL);
}

static void test_a_server_stream_crosses_in_order(void **state)
{
    Probe__V1__CountRequest request = PROBE__V1__COUNT_REQUEST__INIT;
    Probe__V1__CountReply *item;
    struct mu_stream *stream;
    uint32_t number = 0;

    (void)state;
    request.items = ITEMS;
    request.size = PADDING;
    assert_int_equal(probe_count_open(near(), &request, NULL, &stream), 0);
    while (probe_count_read(stream, UINT32_MAX, &item) == MU_STREAM_OK) {
        assert_int_equal(item->number, number);
        assert_int_equal(item->padding.len, PADDING);
        number += 1;
        probe__v1__count_reply__free_unpacked(item, NULL);
    }
    assert_int_equal(number, ITEMS);
    assert_int_equal(mu_stream_finish(stream, NULL), MU_OK);
}

static void *say_lines(void *user)
{
    Probe__V1__TalkRequest request = PROBE__V1__TALK_REQUEST__INIT;
    char text[16];

    request.text = text;
    for (unsigned i = 0; i < LINES; i++) {
        snprintf(text, sizeof(text), "line %u", i);
        assert_int_equal(probe_talk_write(user, &request), MU_STREAM_OK);
    }
    mu_stream_end(user);
    return NULL;
}

static void test_a_two_way_stream_crosses_both_ways_at_once(void **state)
{
    Probe__V1__TalkReply *reply;
    struct mu_stream *stream;
    pthread_t thread;
    unsigned heard = 0;
    char text[16];

    (void)state;
    assert_int_equal(probe_talk_open(near(), NULL, &stream), 0);
    assert_int_equal(pthread_create(&thread, NULL, say_lines, stream), 0);
    while (probe_talk_read(stream, UINT32_MAX, &reply) == MU_STREAM_OK) {
        snprintf(text, sizeof(text), "line %u", heard++);
        assert_string_equal(reply->text, text);
        probe__v1__talk_reply__free_unpacked(reply, NULL);
    }
    pthread_join(thread, NULL);
    assert_int_equal(heard, LINES);
    assert_int_equal(mu_stream_finish(stream, NULL), MU_OK);
}

static void ignore_wait(
        const struct mu_status *status, const Probe__V1__WaitReply *reply, void *user)
{
    (void)reply;
    *(enum mu_code *)user = status->code;
}

static void test_cancel_crosses(void **state)
{
    Probe__V1__WaitRequest request = PROBE__V1__WAIT_REQUEST__INIT;
    Probe__V1__SeenReply before = seen();
    enum mu_code code = MU_OK;
    uint64_t id = probe_wait_async(near(), &request, NULL, ignore_wait, &code);

    (void)state;
    await_seen(before.waits + 1, 0);
    mu_call_cancel(near(), id);
    assert_int_equal(code, MU_CANCELLED);
    await_seen(0, before.over + 1);
}

static void test_a_deadline_crosses(void **state)
{
    const struct mu_call_options options = { .timeout_ms = 200 };
    Probe__V1__WaitRequest request = PROBE__V1__WAIT_REQUEST__INIT;
    Probe__V1__SeenReply before = seen();
    Probe__V1__WaitReply *reply = NULL;
    struct mu_status status;
    uint64_t start_ms = clock_ms();

    (void)state;
    assert_int_equal(probe_wait(near(), &request, &options, &reply, &status), MU_DEADLINE_EXCEEDED);
    assert_int_equal(status.executed, MU_EXECUTED_UNKNOWN);
    assert_true(clock_ms() - start_ms >= 199);
    await_seen(0, before.over + 1);
    request.ms = 1;
    assert_int_equal(probe_wait(near(), &request, NULL, &reply, &status), MU_OK);
    assert_in_range(reply->remaining_ms, 1, MU_TIMEOUT_DEFAULT_MS);
    probe__v1__wait_reply__free_unpacked(reply, NULL);
}

static void test_what_the_callee_answers_and_refuses_is_told_truly(void **state)
{
    Probe__V1__FailRequest request = PROBE__V1__FAIL_REQUEST__INIT;
    Probe__V1__FailReply *reply;
    struct mu_status status;

    (void)state;
    request.code = MU_ABORTED;
    request.text = (char *)"no luck";
    assert_int_equal(probe_fail(near(), &request, NULL, &reply, &status), MU_ABORTED);
    assert_int_equal(status.executed, MU_EXECUTED_YES);
    assert_string_equal(status.message, "no luck");
    assert_string_equal(status.origin, "probe");
    request.refuse = true;
    assert_int_equal(probe_fail(near(), &request, NULL, &reply, &status), MU_ABORTED);
    assert_int_equal(status.executed, MU_EXECUTED_NO);
}

static void test_the_router_says_what_goes_where(void **state)
{
    struct mu_result result;
    Mu__Router__V1__StatsReply *stats;

    (void)state;
    assert_int_equal(mu_call(near(), "router.Stats", (struct mu_bytes){ 0 }, NULL, &result), MU_OK);
    stats = mu__router__v1__stats_reply__unpack(NULL, result.size, result.body);
    assert_int_equal(stats->n_nodes, 1);
    assert_string_equal(stats->nodes[0]->node, "n1.alice");
    assert_true(stats->nodes[0]->connected);
    assert_int_equal(stats->nodes[0]->routes, 2);
    assert_true(stats->nodes[0]->calls > 0);
    mu__router__v1__stats_reply__free_unpacked(stats, NULL);
    mu_result_deinit(&result);
    assert_int_equal(
            mu_call(near(), "nobody.Hello", (struct mu_bytes){ 0 }, NULL, &result), MU_NOT_FOUND);
    assert_string_equal(result.status.message, "no node offers \"nobody\"");
    mu_result_deinit(&result);
}

#define TESTS                                                                                      \
    cmocka_unit_test(test_bodies_of_every_size_come_back_as_they_went),                            \
            cmocka_unit_test(test_many_calls_at_a_time_are_each_answered_once),                    \
            cmocka_unit_test(test_two_full_directions_do_not_wait_for_each_other),                 \
            cmocka_unit_test(test_a_client_stream_crosses),                                        \
            cmocka_unit_test(test_a_server_stream_crosses_in_order),                               \
            cmocka_unit_test(test_a_two_way_stream_crosses_both_ways_at_once),                     \
            cmocka_unit_test(test_cancel_crosses), cmocka_unit_test(test_a_deadline_crosses),      \
            cmocka_unit_test(test_what_the_callee_answers_and_refuses_is_told_truly)

int main(void)
{
    const struct CMUnitTest one_link[] = { TESTS,
        cmocka_unit_test(test_the_callee_knows_the_node_that_calls),
        cmocka_unit_test(test_a_node_channel_takes_one_connection_and_from_its_linker_only),
        cmocka_unit_test(test_the_router_says_what_goes_where) };
    const struct CMUnitTest two_links[] = { TESTS,
        cmocka_unit_test(test_over_two_links_the_last_one_vouches) };
    int failed = cmocka_run_group_tests(one_link, start_two, stop);

    return failed + cmocka_run_group_tests(two_links, start_three, stop);
}
