// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/control.h"
#include "kernel/limits.h"
#include "tests/unit/cmocka.h"

static struct loop loop;
static struct control control;
static int router; /* the router's end */
static int received;
static int cut;
static struct envelope last;

static void on_received(const struct envelope *envelope, void *user)
{
    (void)user;
    received += 1;
    last = *envelope;
}

static void on_cut(void *user)
{
    (void)user;
    cut += 1;
}

static const struct control_events events = { .received = on_received, .cut = on_cut };

static int setup(void **state)
{
    (void)state;
    received = 0;
    cut = 0;
    if (loop_open(&loop) < 0 || control_init(&control, &loop, &events, NULL) < 0)
        return -1;
    return control_open(&control, &router);
}

static int teardown(void **state)
{
    (void)state;
    control_deinit(&control);
    control_deinit(&control);
    loop_close(&loop);
    if (router >= 0)
        close(router);
    return 0;
}

static void turn(void)
{
    assert_int_equal(loop_turn(&loop, 0), 0);
    control_settle(&control);
}

static void test_a_call_leaves_as_one_packet_with_one_frame(void **state)
{
    uint8_t packet[256];
    struct frame_reader reader;
    struct envelope envelope;
    ssize_t size;

    (void)state;
    assert_int_equal(
            control_call(&control, "router.Admit", (struct span){ (const uint8_t *)"abc", 3 }), 1);
    size = recv(router, packet, sizeof(packet), MSG_DONTWAIT);
    assert_true(size > 0);
    frame_reader_init(&reader, (struct span){ packet, (size_t)size }, FRAME_BARE);
    assert_int_equal(frame_next(&reader, &envelope), FRAME_ENVELOPE);
    assert_int_equal(envelope.kind, ENVELOPE_CALL);
    assert_int_equal(envelope.id, 1);
    assert_memory_equal(envelope.endpoint.data, "router.Admit", envelope.endpoint.size);
    assert_int_equal(envelope.body.size, 3);
    assert_int_equal(frame_next(&reader, &envelope), FRAME_END);
}

static void test_all_envelopes_of_a_packet_are_handed_over(void **state)
{
    static const uint8_t packet[] = { 0x0a, 4, 0x08, 9, 0x10, 5, 0x0a, 2, 0x08, 11 };

    (void)state;
    assert_int_equal(send(router, packet, sizeof(packet), 0), sizeof(packet));
    turn();
    assert_int_equal(received, 2);
    assert_int_equal(last.kind, ENVELOPE_PING);
    assert_int_equal(cut, 0);
}

static void test_a_packet_that_is_no_frame_ends_it(void **state)
{
    (void)state;
    assert_int_equal(send(router, "hello", 5, 0), 5);
    turn();
    assert_int_equal(cut, 1);
    assert_false(control_is_open(&control));
    turn();
    assert_int_equal(cut, 1);
    control_send(&control, &(struct envelope){ .kind = ENVELOPE_PONG });
}

static void test_the_end_of_the_router_is_seen_before_and_told_once(void **state)
{
    (void)state;
    assert_false(control_is_cut(&control));
    close(router);
    router = -1;
    assert_true(control_is_cut(&control));
    turn();
    turn();
    assert_int_equal(cut, 1);
    assert_false(control_is_cut(&control));
}

static void test_a_slow_router_gets_everything_in_order(void **state)
{
    static uint8_t body[100000];
    static uint8_t packet[CONTROL_PACKET_MAX];
    uint64_t next = 1;

    (void)state;
    for (int i = 0; i < 30; i++)
        control_call(&control, "router.Dismiss", (struct span){ body, sizeof(body) });
    for (int turns = 0; next <= 30 && turns < 1000; turns++) {
        ssize_t size = recv(router, packet, sizeof(packet), MSG_DONTWAIT);

        if (size > 0) {
            struct frame_reader reader;
            struct envelope envelope;

            frame_reader_init(&reader, (struct span){ packet, (size_t)size }, FRAME_BARE);
            assert_int_equal(frame_next(&reader, &envelope), FRAME_ENVELOPE);
            assert_int_equal(envelope.id, next++);
        }
        turn();
    }
    assert_int_equal(next, 31);
    assert_int_equal(control.queued, 0);
    assert_int_equal(cut, 0);
}

static void test_a_router_that_does_not_read_is_given_up(void **state)
{
    static uint8_t body[100000];

    (void)state;
    for (int i = 0; i < 60; i++)
        control_call(&control, "router.Dismiss", (struct span){ body, sizeof(body) });
    control_settle(&control);
    assert_int_equal(cut, 1);
    assert_int_equal(control.queued, 0);
}

static void test_a_new_router_gets_a_new_socket(void **state)
{
    int other;

    (void)state;
    assert_int_equal(control_open(&control, &other), 0);
    assert_int_equal(control_call(&control, "router.Dismiss", (struct span){ NULL, 0 }), 1);
    assert_true(recv(other, &(char){ 0 }, 1, MSG_DONTWAIT) == 1);
    assert_int_equal(recv(router, &(char){ 0 }, 1, MSG_DONTWAIT), 0);
    close(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_call_leaves_as_one_packet_with_one_frame),
        TEST(test_all_envelopes_of_a_packet_are_handed_over),
        TEST(test_a_packet_that_is_no_frame_ends_it),
        TEST(test_the_end_of_the_router_is_seen_before_and_told_once),
        TEST(test_a_slow_router_gets_everything_in_order),
        TEST(test_a_router_that_does_not_read_is_given_up),
        TEST(test_a_new_router_gets_a_new_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
