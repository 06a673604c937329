// SPDX-License-Identifier: Apache-2.0
/* Streams of all shapes, over a real router. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "probe/v1/probe.mu.h"
#include "tests/integration/client/node.h"
#include "tests/unit/cmocka.h"
#include "transport/limits.h"

enum { ITEMS = 20000, LARGE_ITEMS = 64 };

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

static bool comes_to_over(uint32_t over)
{
    uint64_t deadline_ms = clock_ms() + 5000;

    while (over_now() < over && clock_ms() < deadline_ms)
        continue;
    return over_now() >= over;
}

static void expect_over(uint32_t over)
{
    assert_true(comes_to_over(over));
}

static void sum_numbers(uint32_t items, size_t padding)
{
    Probe__V1__SumRequest item = PROBE__V1__SUM_REQUEST__INIT;
    Probe__V1__SumReply *reply;
    struct mu_stream *stream;
    struct mu_status status;
    int64_t sum = 0;

    item.padding.data = calloc(1, padding + 1);
    item.padding.len = padding;
    assert_int_equal(probe_sum_open(node.client, NULL, &stream), 0);
    for (uint32_t i = 0; i < items; i++) {
        item.number = i * 3 - 100;
        sum += item.number;
        assert_int_equal(probe_sum_write(stream, &item), MU_STREAM_OK);
    }
    assert_int_equal(probe_sum_finish(stream, &reply, &status), MU_OK);
    assert_int_equal(reply->sum, sum);
    assert_int_equal(reply->items, items);
    probe__v1__sum_reply__free_unpacked(reply, NULL);
    free(item.padding.data);
}

static void test_a_client_stream_takes_every_item_and_answers_once(void **state)
{
    (void)state;
    sum_numbers(0, 0);
    sum_numbers(1, 0);
    sum_numbers(ITEMS, 0);
}

static void test_items_larger_than_the_window_pass_one_by_one(void **state)
{
    (void)state;
    sum_numbers(8, MU_MESSAGE_MAX - 32);
}

static void test_an_item_over_the_limit_ends_the_stream(void **state)
{
    Probe__V1__SumRequest item = PROBE__V1__SUM_REQUEST__INIT;
    struct mu_stream *stream;
    struct mu_status status;

    (void)state;
    item.padding.len = MU_MESSAGE_MAX;
    item.padding.data = calloc(1, item.padding.len);
    assert_int_equal(probe_sum_open(node.client, NULL, &stream), 0);
    assert_int_equal(probe_sum_write(stream, &item), MU_STREAM_ENDED);
    assert_int_equal(mu_stream_finish(stream, &status), MU_INVALID_ARGUMENT);
    assert_string_equal(status.origin, "client");
    free(item.padding.data);
}

static void count_up(uint32_t items, uint32_t size)
{
    Probe__V1__CountRequest request = PROBE__V1__COUNT_REQUEST__INIT;
    Probe__V1__CountReply *item;
    struct mu_stream *stream;
    uint32_t next = 0;

    request.items = items;
    request.size = size;
    assert_int_equal(probe_count_open(node.client, &request, NULL, &stream), 0);
    while (probe_count_read(stream, 10000, &item) == MU_STREAM_OK) {
        assert_int_equal(item->number, next++);
        assert_int_equal(item->padding.len, size);
        probe__v1__count_reply__free_unpacked(item, NULL);
    }
    assert_int_equal(next, items);
    assert_int_equal(mu_stream_finish(stream, NULL), MU_OK);
}

static void test_a_server_stream_gives_every_item_in_order_then_ends(void **state)
{
    (void)state;
    count_up(0, 0);
    count_up(ITEMS, 0);
    count_up(LARGE_ITEMS, 262144);
}

static void test_a_receiver_that_does_not_receive_stops_the_sender(void **state)
{
    Probe__V1__CountRequest request = PROBE__V1__COUNT_REQUEST__INIT;
    Probe__V1__CountReply *item;
    struct mu_stream *stream;
    uint32_t over = over_now();
    uint32_t items = 0;

    (void)state;
    request.items = 1000000;
    request.size = 1024;
    assert_int_equal(probe_count_open(node.client, &request, NULL, &stream), 0);
    assert_int_equal(probe_count_read(stream, 10000, &item), MU_STREAM_OK);
    probe__v1__count_reply__free_unpacked(item, NULL);
    for (int i = 0; i < 20; i++)
        over_now(); /* time enough for a sender without brakes */
    mu_stream_cancel(stream);
    while (probe_count_read(stream, 0, &item) == MU_STREAM_OK) {
        items += 1;
        probe__v1__count_reply__free_unpacked(item, NULL);
    }
    assert_in_range(items, 1, STREAM_WINDOW / 1024 + 2);
    assert_int_equal(mu_stream_finish(stream, NULL), MU_CANCELLED);
    expect_over(over + 1);
}

static void test_a_two_way_stream_talks(void **state)
{
    Probe__V1__TalkRequest request = PROBE__V1__TALK_REQUEST__INIT;
    Probe__V1__TalkReply *reply;
    struct mu_stream *stream;
    char text[16];

    (void)state;
    assert_int_equal(probe_talk_open(node.client, NULL, &stream), 0);
    request.text = text;
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof(text), "line %d", i);
        assert_int_equal(probe_talk_write(stream, &request), MU_STREAM_OK);
        assert_int_equal(probe_talk_read(stream, 5000, &reply), MU_STREAM_OK);
        assert_string_equal(reply->text, text);
        probe__v1__talk_reply__free_unpacked(reply, NULL);
    }
    mu_stream_end(stream);
    assert_int_equal(probe_talk_read(stream, 5000, &reply), MU_STREAM_ENDED);
    assert_int_equal(probe_talk_write(stream, &request), MU_STREAM_ENDED);
    assert_int_equal(mu_stream_finish(stream, NULL), MU_OK);
}

static void *talk_send(void *user)
{
    Probe__V1__TalkRequest request = PROBE__V1__TALK_REQUEST__INIT;

    request.text = (char *)"at the same time";
    for (int i = 0; i < ITEMS; i++) {
        if (probe_talk_write(user, &request) != MU_STREAM_OK)
            return (void *)1;
    }
    mu_stream_end(user);
    return NULL;
}

static void test_two_threads_send_and_receive_at_the_same_time(void **state)
{
    Probe__V1__TalkReply *reply;
    struct mu_stream *stream;
    pthread_t sender;
    void *failed;
    int items = 0;

    (void)state;
    assert_int_equal(probe_talk_open(node.client, NULL, &stream), 0);
    assert_int_equal(pthread_create(&sender, NULL, talk_send, stream), 0);
    while (probe_talk_read(stream, 10000, &reply) == MU_STREAM_OK) {
        items += 1;
        probe__v1__talk_reply__free_unpacked(reply, NULL);
    }
    pthread_join(sender, &failed);
    assert_null(failed);
    assert_int_equal(items, ITEMS);
    assert_int_equal(mu_stream_finish(stream, NULL), MU_OK);
}

static void test_a_receive_that_waited_long_enough_says_so(void **state)
{
    Probe__V1__TalkReply *reply;
    struct mu_stream *stream;
    uint64_t start_ms = clock_ms();

    (void)state;
    assert_int_equal(probe_talk_open(node.client, NULL, &stream), 0);
    assert_int_equal(probe_talk_read(stream, 30, &reply), MU_STREAM_TIMEOUT);
    assert_in_range(clock_ms() - start_ms, 30, 1000);
    assert_int_equal(mu_stream_finish(stream, NULL), MU_CANCELLED);
}

/* Opens a stream for so long and waits for its end. */
static void end_at_deadline(uint32_t timeout_ms)
{
    struct mu_call_options options = { .timeout_ms = timeout_ms };
    Probe__V1__StallReply *reply = NULL;
    struct mu_stream *stream;
    struct mu_status status;
    uint64_t start_ms = clock_ms();

    assert_int_equal(probe_stall_open(node.client, &options, &stream), 0);
    assert_int_equal(probe_stall_finish(stream, &reply, &status), MU_DEADLINE_EXCEEDED);
    assert_in_range(clock_ms() - start_ms, timeout_ms - 5, timeout_ms + 500);
}

static void test_a_stream_ends_at_its_deadline(void **state)
{
    uint32_t timeout_ms = 60;
    uint32_t over = over_now();

    (void)state;
    end_at_deadline(timeout_ms);
    /* On a busy machine it may have ended before its handler had begun, who then learns of nothing.
     */
    while (!comes_to_over(over + 1)) {
        timeout_ms *= 4;
        assert_in_range(timeout_ms, 60, 4000);
        end_at_deadline(timeout_ms);
    }
}

static void test_an_item_that_is_none_ends_the_stream_and_its_handler_learns_of_it(void **state)
{
    static const uint8_t bytes[] = { 0xff, 0xff };
    struct mu_stream *stream;
    struct mu_status status;
    struct mu_bytes item;
    uint32_t over = over_now();

    (void)state;
    assert_int_equal(probe_sum_open(node.client, NULL, &stream), 0);
    assert_int_equal(
            mu_stream_send(stream, (struct mu_bytes){ bytes, sizeof(bytes) }), MU_STREAM_OK);
    assert_int_equal(mu_stream_receive(stream, 5000, &item), MU_STREAM_ENDED);
    assert_int_equal(mu_stream_finish(stream, &status), MU_INVALID_ARGUMENT);
    assert_string_equal(status.origin, "probe");
    expect_over(over + 1);
}

static void test_a_stream_to_nobody_shows_at_the_first_receive(void **state)
{
    struct mu_stream *stream;
    struct mu_status status;
    struct mu_bytes item;

    (void)state;
    assert_int_equal(mu_stream_open(node.client, "nobody.Talk", MU_TWO_WAY, (struct mu_bytes){ 0 },
                             NULL, &stream),
            0);
    assert_int_equal(mu_stream_receive(stream, 5000, &item), MU_STREAM_ENDED);
    assert_int_equal(mu_stream_finish(stream, &status), MU_NOT_FOUND);
    assert_int_equal(mu_stream_open(node.client, "no endpoint", MU_TWO_WAY, (struct mu_bytes){ 0 },
                             NULL, &stream),
            0);
    assert_int_equal(mu_stream_receive(stream, 5000, &item), MU_STREAM_ENDED);
    assert_int_equal(mu_stream_finish(stream, &status), MU_INVALID_ARGUMENT);
    assert_int_equal(mu_stream_finish(NULL, NULL), MU_OK);
}

static void test_a_stream_outlives_the_client_that_opened_it(void **state)
{
    Probe__V1__TalkRequest request = PROBE__V1__TALK_REQUEST__INIT;
    struct mu_client *client;
    struct mu_stream *stream;

    (void)state;
    assert_int_equal(node_open(&node, &client), 0);
    assert_int_equal(probe_talk_open(client, NULL, &stream), 0);
    mu_client_close(client);
    assert_int_equal(probe_talk_write(stream, &request), MU_STREAM_ENDED);
    assert_int_equal(mu_stream_finish(stream, NULL), MU_CANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_client_stream_takes_every_item_and_answers_once),
        cmocka_unit_test(test_items_larger_than_the_window_pass_one_by_one),
        cmocka_unit_test(test_an_item_over_the_limit_ends_the_stream),
        cmocka_unit_test(test_a_server_stream_gives_every_item_in_order_then_ends),
        cmocka_unit_test(test_a_receiver_that_does_not_receive_stops_the_sender),
        cmocka_unit_test(test_a_two_way_stream_talks),
        cmocka_unit_test(test_two_threads_send_and_receive_at_the_same_time),
        cmocka_unit_test(test_a_receive_that_waited_long_enough_says_so),
        cmocka_unit_test(test_a_stream_ends_at_its_deadline),
        cmocka_unit_test(test_an_item_that_is_none_ends_the_stream_and_its_handler_learns_of_it),
        cmocka_unit_test(test_a_stream_to_nobody_shows_at_the_first_receive),
        cmocka_unit_test(test_a_stream_outlives_the_client_that_opened_it),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
