// SPDX-License-Identifier: Apache-2.0
/* A service's calls, against a router that says what the test tells it to. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "client/host.h"
#include "client/verdict.h"
#include "mu/bus/v1/bus.pb-c.h"
#include "tests/unit/client_peer.h"
#include "tests/unit/cmocka.h"
#include "transport/stamp.h"

enum { THREADS = 4, CALLS_MAX = 64, ITEMS = 500 };

struct fixture {
    struct peer peer;
    struct host host;
    struct mu_service service;
    pthread_t threads[THREADS];
    uint32_t thread_count;

    /* What handlers leave here. */
    struct mu_call *held; /* of Hold */
    atomic_int opened;
    atomic_int items;
    atomic_int ended;
    atomic_int over;
    atomic_int credit;
    atomic_int timer;
    atomic_int settles;
    atomic_int inside; /* handlers of one stream that run */
    atomic_int clashes;
    atomic_uint gate; /* Block waits for it */
};

/* ---- handlers; messages are mu.bus.v1.Welcome, for its one number ---- */

static void answer(struct mu_call *call, uint64_t number)
{
    Mu__Bus__V1__Welcome reply = MU__BUS__V1__WELCOME__INIT;

    reply.instance = number;
    mu_call_reply(call, &reply.base);
}

static void serve_double(
        const void *handlers, struct mu_call *call, const ProtobufCMessage *request)
{
    (void)handlers;
    answer(call, ((const Mu__Bus__V1__Welcome *)request)->instance * 2);
}

static void note_over(struct mu_call *call)
{
    struct fixture *fixture = mu_call_state(call);

    atomic_fetch_add(&fixture->over, 1);
    mu_call_fail(call, MU_CANCELLED, "let go");
}

static void note_credit(struct mu_call *call)
{
    struct fixture *fixture = mu_call_state(call);

    atomic_fetch_add(&fixture->credit, 1);
}

static void note_timer(struct mu_call *call)
{
    struct fixture *fixture = mu_call_state(call);

    atomic_fetch_add(&fixture->timer, 1);
}

static void serve_hold(const void *handlers, struct mu_call *call, const ProtobufCMessage *request)
{
    struct fixture *fixture = mu_call_state(call);

    (void)handlers;
    (void)request;
    fixture->held = call;
    mu_call_on_over(call, note_over);
    atomic_fetch_add(&fixture->opened, 1);
}

static void serve_block(const void *handlers, struct mu_call *call, const ProtobufCMessage *request)
{
    struct fixture *fixture = mu_call_state(call);

    (void)handlers;
    (void)request;
    atomic_fetch_add(&fixture->opened, 1);
    while (atomic_load(&fixture->gate) == 0 && !mu_call_is_over(call))
        sched_yield();
    answer(call, 1);
}

/* Answers the call that Hold left. */
static void serve_release(
        const void *handlers, struct mu_call *call, const ProtobufCMessage *request)
{
    struct fixture *fixture = mu_call_state(call);

    (void)handlers;
    (void)request;
    answer(fixture->held, 5);
    answer(call, 6);
}

static void serve_sum(const void *handlers, struct mu_call *call, const ProtobufCMessage *request)
{
    struct fixture *fixture = mu_call_state(call);

    (void)handlers;
    assert_null(request);
    fixture->held = call;
    mu_call_on_over(call, note_over);
    atomic_fetch_add(&fixture->opened, 1);
}

static void serve_sum_item(const void *handlers, struct mu_call *call, const ProtobufCMessage *item)
{
    struct fixture *fixture = mu_call_state(call);
    uintptr_t sum = (uintptr_t)mu_call_data(call);

    (void)handlers;
    if (atomic_fetch_add(&fixture->inside, 1) > 0)
        atomic_fetch_add(&fixture->clashes, 1);
    sum += ((const Mu__Bus__V1__Welcome *)item)->instance;
    mu_call_set_data(call, (void *)sum);
    atomic_fetch_add(&fixture->items, 1);
    atomic_fetch_sub(&fixture->inside, 1);
}

static void serve_sum_end(const void *handlers, struct mu_call *call)
{
    (void)handlers;
    answer(call, (uintptr_t)mu_call_data(call));
}

static void ignore(struct mu_result *result, void *user)
{
    (void)result;
    (void)user;
}

/* Calls on behalf of whom it serves, and then for itself; answers 1 where that is alice. */
static void serve_ask(const void *handlers, struct mu_call *call, const ProtobufCMessage *request)
{
    static const struct mu_call_options alone = { .detached = true };
    const char *user = mu_call_user(call);

    (void)handlers;
    (void)request;
    mu_call_async(
            mu_call_client(call), "store.Get", (struct mu_bytes){ NULL, 0 }, NULL, ignore, NULL);
    mu_call_async(
            mu_call_client(call), "store.Get", (struct mu_bytes){ NULL, 0 }, &alone, ignore, NULL);
    answer(call, user != NULL && strcmp(user, "alice") == 0);
}

static void settle(void *state)
{
    struct fixture *fixture = state;

    atomic_fetch_add(&fixture->settles, 1);
}

#define WELCOME                                                                                    \
    .request = &mu__bus__v1__welcome__descriptor, .reply = &mu__bus__v1__welcome__descriptor
static const struct mu_method methods[] = {
    { .name = "Double", WELCOME, .open = serve_double },
    { .name = "Hold", WELCOME, .open = serve_hold },
    { .name = "Block", WELCOME, .open = serve_block },
    { .name = "Release", WELCOME, .open = serve_release },
    { .name = "Ask", WELCOME, .open = serve_ask },
    { .name = "Missing", WELCOME },
    { .name = "Watch", WELCOME, .shape = MU_SERVER_STREAM, .open = serve_hold },
    { .name = "Sum",
            WELCOME,
            .shape = MU_CLIENT_STREAM,
            .open = serve_sum,
            .item = serve_sum_item,
            .end = serve_sum_end },
};
static const struct mu_service_type type = { .name = "test",
    .proto_name = "test.v1.Test",
    .methods = methods,
    .method_count = sizeof(methods) / sizeof(methods[0]) };

/* ---- the fixture ---- */

static void *run(void *user)
{
    struct host *host = user;
    struct mu_arena arena;

    mu_arena_init(&arena, SIZE_MAX);
    for (;;) {
        unsigned seen = atomic_load(&host->bell);

        if (atomic_load(&host->over))
            break;
        host_turn(host, &arena, seen, UINT64_MAX);
    }
    mu_arena_deinit(&arena);
    return NULL;
}

static void start_host(void **state, uint32_t threads)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct heard heard;

    peer_open(&fixture->peer);
    fixture->service = (struct mu_service){
        .type = &type, .state = fixture, .threads = threads, .settle = settle
    };
    assert_int_equal(host_init(&fixture->host, &fixture->service, "test", CALLS_MAX), 0);
    assert_int_equal(connection_new(&fixture->host.client, fixture->peer.address, &host_duty,
                             &fixture->host),
            0);
    assert_int_equal(connection_dial(fixture->host.client, 5000,
                             &(struct envelope){ .kind = ENVELOPE_HELLO }),
            0);
    for (; fixture->thread_count < threads; fixture->thread_count++)
        assert_int_equal(
                pthread_create(&fixture->threads[fixture->thread_count], NULL, run, &fixture->host),
                0);
    heard = peer_hear(&fixture->peer, ENVELOPE_HELLO);
    heard_free(&heard);
    *state = fixture;
}

static int start(void **state)
{
    start_host(state, 1);
    return 0;
}

static int start_threads(void **state)
{
    start_host(state, THREADS);
    return 0;
}

static int stop(void **state)
{
    struct fixture *fixture = *state;

    atomic_store(&fixture->host.over, true);
    host_ring(&fixture->host, INT32_MAX);
    for (uint32_t i = 0; i < fixture->thread_count; i++)
        pthread_join(fixture->threads[i], NULL);
    host_fail_all(&fixture->host);
    connection_close(fixture->host.client);
    host_deinit(&fixture->host);
    peer_close(&fixture->peer);
    free(fixture);
    return 0;
}

static struct envelope call_of(uint64_t id, const char *endpoint, enum mu_shape shape)
{
    return (struct envelope){
        .kind = ENVELOPE_CALL,
        .id = CALL_ID_ROUTER | id,
        .shape = (enum envelope_shape)shape,
        .endpoint = { (const uint8_t *)endpoint, strlen(endpoint) },
    };
}

static struct envelope about(uint64_t id, enum envelope_kind kind)
{
    return (struct envelope){ .kind = kind, .id = CALL_ID_ROUTER | id };
}

/* A packed Welcome with this number. */
static struct span number(uint8_t bytes[16], uint64_t value)
{
    Mu__Bus__V1__Welcome message = MU__BUS__V1__WELCOME__INIT;

    message.instance = value;
    return (struct span){ bytes, mu__bus__v1__welcome__pack(&message, bytes) };
}

static void expect_result(
        struct fixture *fixture, uint64_t id, enum mu_code code, enum mu_executed executed)
{
    struct heard heard = peer_hear(&fixture->peer, ENVELOPE_RESULT);
    struct mu_status status;

    verdict_read(&status, heard.envelope.status);
    assert_int_equal(heard.envelope.id, CALL_ID_ROUTER | id);
    assert_int_equal(status.code, code);
    assert_int_equal(status.executed, executed);
    heard_free(&heard);
}

static uint64_t expect_number(struct fixture *fixture, uint64_t id)
{
    struct heard heard = peer_hear(&fixture->peer, ENVELOPE_RESULT);
    Mu__Bus__V1__Welcome *reply;
    uint64_t value;

    assert_int_equal(heard.envelope.id, CALL_ID_ROUTER | id);
    assert_int_equal(heard.envelope.status.size, 0);
    reply = mu__bus__v1__welcome__unpack(NULL, heard.envelope.body.size, heard.envelope.body.data);
    assert_non_null(reply);
    value = reply->instance;
    mu__bus__v1__welcome__free_unpacked(reply, NULL);
    heard_free(&heard);
    return value;
}

static void await(atomic_int *count, int wanted)
{
    uint64_t deadline_ms = clock_ms() + 10000;

    while (atomic_load(count) < wanted && clock_ms() < deadline_ms)
        sched_yield();
    assert_int_equal(atomic_load(count), wanted);
}

static void say(struct fixture *fixture, struct envelope envelope)
{
    peer_say(&fixture->peer, &envelope, 1);
}

/* Everything said before was taken when this returns. */
static void say_and_be_heard(struct fixture *fixture)
{
    struct heard heard;

    say(fixture, (struct envelope){ .kind = ENVELOPE_PING });
    heard = peer_hear(&fixture->peer, ENVELOPE_PONG);
    heard_free(&heard);
}

/* ---- unary ---- */

static void test_a_batch_of_calls_is_answered_each_with_its_own(void **state)
{
    struct fixture *fixture = *state;
    struct envelope calls[CALLS_MAX];
    uint8_t bytes[CALLS_MAX][16];

    for (uint64_t i = 0; i < CALLS_MAX; i++) {
        calls[i] = call_of(i, "test.Double", MU_UNARY);
        calls[i].body = number(bytes[i], i + 1);
    }
    peer_say(&fixture->peer, calls, CALLS_MAX);
    for (uint64_t i = 0; i < CALLS_MAX; i++)
        assert_int_equal(expect_number(fixture, i), 2 * (i + 1));
}

/* Says Ask with the stamp; the calls that come of it are heard, and its answer is returned. */
static uint64_t ask(struct fixture *fixture, uint64_t id, const struct stamp *stamp)
{
    struct envelope call = call_of(id, "test.Ask", MU_UNARY);
    uint8_t room[STAMP_SIZE_MAX];
    struct heard heard;

    call.caller = stamp_write(stamp, room);
    peer_say(&fixture->peer, &call, 1);
    for (int alone = 0; alone < 2; alone++) {
        heard = peer_hear(&fixture->peer, ENVELOPE_CALL);
        assert_int_equal(heard.envelope.parent, alone ? 0 : CALL_ID_ROUTER | id);
        heard_free(&heard);
    }
    return expect_number(fixture, id);
}

static void test_a_handler_knows_the_user_and_calls_on_his_behalf(void **state)
{
    struct fixture *fixture = *state;
    struct stamp stamp = { .node = { (const uint8_t *)"desk", 4 } };

    assert_int_equal(ask(fixture, 1, &stamp), 0);
    stamp.user = (struct span){ (const uint8_t *)"alice", 5 };
    assert_int_equal(ask(fixture, 2, &stamp), 1);
    stamp.hops = 1; /* another node's word is none of this node's router */
    assert_int_equal(ask(fixture, 3, &stamp), 0);
}

static void test_what_cannot_be_served_is_refused_unexecuted(void **state)
{
    struct fixture *fixture = *state;
    struct envelope wrong = call_of(4, "test.Double", MU_UNARY);

    say(fixture, call_of(1, "test.Nothing", MU_UNARY));
    expect_result(fixture, 1, MU_UNIMPLEMENTED, MU_EXECUTED_NO);
    say(fixture, call_of(2, "test.Missing", MU_UNARY));
    expect_result(fixture, 2, MU_UNIMPLEMENTED, MU_EXECUTED_NO);
    say(fixture, call_of(3, "test.Double", MU_TWO_WAY));
    expect_result(fixture, 3, MU_INVALID_ARGUMENT, MU_EXECUTED_NO);
    wrong.body = (struct span){ (const uint8_t *)"\xff", 1 };
    say(fixture, wrong);
    expect_result(fixture, 4, MU_INVALID_ARGUMENT, MU_EXECUTED_NO);
    say(fixture, call_of(5, "nodot", MU_UNARY));
    expect_result(fixture, 5, MU_UNIMPLEMENTED, MU_EXECUTED_NO);
}

static void test_a_call_whose_time_is_over_in_the_queue_is_not_executed(void **state)
{
    struct fixture *fixture = *state;
    struct envelope calls[2] = { call_of(1, "test.Block", MU_UNARY),
        call_of(2, "test.Hold", MU_UNARY) };

    /* Of one batch, so with one clock: Block runs until its own time is over, which is later. */
    calls[0].timeout_ms = 300;
    calls[1].timeout_ms = 1;
    peer_say(&fixture->peer, calls, 2);
    assert_int_equal(expect_number(fixture, 1), 1);
    expect_result(fixture, 2, MU_DEADLINE_EXCEEDED, MU_EXECUTED_NO);
    assert_int_equal(atomic_load(&fixture->opened), 1);
}

static void test_a_call_cancelled_in_the_queue_is_not_executed(void **state)
{
    struct fixture *fixture = *state;

    say(fixture, call_of(1, "test.Block", MU_UNARY));
    await(&fixture->opened, 1);
    say(fixture, call_of(2, "test.Hold", MU_UNARY));
    say(fixture, about(2, ENVELOPE_CANCEL));
    say(fixture, about(2, ENVELOPE_CANCEL));
    say_and_be_heard(fixture);
    atomic_store(&fixture->gate, 1);
    assert_int_equal(expect_number(fixture, 1), 1);
    expect_result(fixture, 2, MU_CANCELLED, MU_EXECUTED_NO);
    assert_int_equal(atomic_load(&fixture->opened), 1);
}

static void test_calls_over_the_limit_are_refused_at_once(void **state)
{
    struct fixture *fixture = *state;

    for (uint64_t i = 0; i < CALLS_MAX; i++)
        say(fixture, call_of(i, "test.Hold", MU_UNARY));
    say(fixture, call_of(CALLS_MAX, "test.Hold", MU_UNARY));
    expect_result(fixture, CALLS_MAX, MU_RESOURCE_EXHAUSTED, MU_EXECUTED_NO);
    await(&fixture->opened, CALLS_MAX);
    mu_call_refuse(fixture->held, MU_ABORTED, "make room");
    expect_result(fixture, CALLS_MAX - 1, MU_ABORTED, MU_EXECUTED_NO);
    say(fixture, call_of(CALLS_MAX + 1, "test.Hold", MU_UNARY));
    await(&fixture->opened, CALLS_MAX + 1);
}

static void test_an_answer_may_come_later_and_from_another_thread(void **state)
{
    struct fixture *fixture = *state;

    say(fixture, call_of(1, "test.Hold", MU_UNARY));
    await(&fixture->opened, 1);
    assert_string_equal(mu_call_method(fixture->held), "Hold");
    assert_int_equal(mu_call_remaining_ms(fixture->held), UINT32_MAX);
    assert_false(mu_call_is_over(fixture->held));
    answer(fixture->held, 9);
    assert_int_equal(expect_number(fixture, 1), 9);
}

static void test_who_gave_up_is_said_once_and_the_late_answer_still_ends_the_call(void **state)
{
    struct fixture *fixture = *state;

    say(fixture, call_of(1, "test.Hold", MU_UNARY));
    await(&fixture->opened, 1);
    say(fixture, about(1, ENVELOPE_CANCEL));
    await(&fixture->over, 1);
    expect_result(fixture, 1, MU_CANCELLED, MU_EXECUTED_YES);
    say(fixture, about(1, ENVELOPE_CANCEL));
    say(fixture, call_of(2, "test.Hold", MU_UNARY));
    await(&fixture->opened, 2);
    assert_int_equal(atomic_load(&fixture->over), 1);
}

static void test_a_call_that_another_handler_answered_is_not_told_that_it_is_over(void **state)
{
    struct fixture *fixture = *state;
    struct envelope both[2] = { call_of(3, "test.Release", MU_UNARY), about(1, ENVELOPE_CANCEL) };

    say(fixture, call_of(1, "test.Hold", MU_UNARY));
    say(fixture, call_of(2, "test.Block", MU_UNARY));
    await(&fixture->opened, 2);
    peer_say(&fixture->peer, both, 2); /* they come in one batch, in this order */
    say_and_be_heard(fixture);
    atomic_store(&fixture->gate, 1);
    assert_int_equal(expect_number(fixture, 2), 1);
    assert_int_equal(expect_number(fixture, 1), 5);
    assert_int_equal(expect_number(fixture, 3), 6);
    assert_int_equal(atomic_load(&fixture->over), 0);
}

static void test_a_deadline_is_noticed_without_the_router(void **state)
{
    struct fixture *fixture = *state;
    struct envelope call = call_of(1, "test.Hold", MU_UNARY);

    call.timeout_ms = 200;
    say(fixture, call);
    await(&fixture->over, 1);
    expect_result(fixture, 1, MU_CANCELLED, MU_EXECUTED_YES);
}

static void test_a_timer_goes_off_once_and_a_new_one_replaces_it(void **state)
{
    struct fixture *fixture = *state;
    struct mu_call *first;

    say(fixture, call_of(1, "test.Hold", MU_UNARY));
    await(&fixture->opened, 1);
    first = fixture->held;
    mu_call_after(first, 100000, note_timer);
    mu_call_after(first, 1, note_timer);
    await(&fixture->timer, 1);
    say(fixture, call_of(2, "test.Hold", MU_UNARY));
    await(&fixture->opened, 2);
    mu_call_after(first, 200, note_timer);
    mu_call_after(fixture->held, 201, note_credit); /* due behind it, told by another count */
    mu_call_after(first, 0, NULL);
    await(&fixture->credit, 1);
    assert_int_equal(atomic_load(&fixture->timer), 1);
}

static void test_settle_runs_before_the_thread_waits(void **state)
{
    struct fixture *fixture = *state;

    say(fixture, call_of(1, "test.Double", MU_UNARY));
    assert_int_equal(expect_number(fixture, 1), 0);
    await(&fixture->settles, 1);
}

/* ---- streams ---- */

static void send_items(struct fixture *fixture, uint64_t id, int count)
{
    uint8_t bytes[16];

    for (int i = 1; i <= count; i++) {
        struct envelope item = about(id, ENVELOPE_ITEM);

        item.body = number(bytes, (uint64_t)i);
        say(fixture, item);
    }
}

static void test_items_come_in_order_one_at_a_time_then_the_end(void **state)
{
    struct fixture *fixture = *state;

    say(fixture, call_of(1, "test.Sum", MU_CLIENT_STREAM));
    send_items(fixture, 1, ITEMS);
    say(fixture, about(1, ENVELOPE_END));
    assert_int_equal(expect_number(fixture, 1), ITEMS * (ITEMS + 1) / 2);
    assert_int_equal(atomic_load(&fixture->clashes), 0);
}

static void test_a_sender_beyond_its_credit_fails_its_stream_and_the_handler_lets_go(void **state)
{
    static uint8_t large[STREAM_WINDOW];
    struct fixture *fixture = *state;
    struct envelope items[3];

    say(fixture, call_of(1, "test.Block", MU_UNARY));
    await(&fixture->opened, 1);
    items[0] = call_of(2, "test.Sum", MU_CLIENT_STREAM);
    items[1] = items[2] = about(2, ENVELOPE_ITEM);
    items[1].body = items[2].body = (struct span){ large, sizeof(large) };
    peer_say(&fixture->peer, items, 3);
    expect_result(fixture, 2, MU_INVALID_ARGUMENT, MU_EXECUTED_UNKNOWN);
    atomic_store(&fixture->gate, 1);
    assert_int_equal(expect_number(fixture, 1), 1);
}

static void test_an_item_that_is_none_fails_its_stream_and_the_handler_lets_go(void **state)
{
    struct fixture *fixture = *state;
    struct envelope item = about(1, ENVELOPE_ITEM);

    say(fixture, call_of(1, "test.Sum", MU_CLIENT_STREAM));
    item.body = (struct span){ (const uint8_t *)"\xff", 1 };
    say(fixture, item);
    expect_result(fixture, 1, MU_INVALID_ARGUMENT, MU_EXECUTED_UNKNOWN);
    await(&fixture->over, 1);
}

static void test_a_handler_without_credit_is_told_when_there_is_some(void **state)
{
    static uint8_t large[STREAM_WINDOW];
    Mu__Bus__V1__Hello item = MU__BUS__V1__HELLO__INIT;
    struct fixture *fixture = *state;
    struct envelope credit = about(1, ENVELOPE_CREDIT);
    struct heard heard;

    say(fixture, call_of(1, "test.Watch", MU_SERVER_STREAM));
    await(&fixture->opened, 1);
    mu_call_on_credit(fixture->held, note_credit);
    item.types = (ProtobufCBinaryData){ .len = sizeof(large), .data = large };
    assert_int_equal(mu_call_send(fixture->held, &item.base), MU_SEND_OK);
    assert_int_equal(mu_call_send(fixture->held, &item.base), MU_SEND_FULL);
    heard = peer_hear(&fixture->peer, ENVELOPE_ITEM);
    heard_free(&heard);
    credit.credit = STREAM_WINDOW;
    say(fixture, credit);
    await(&fixture->credit, 1);
    assert_int_equal(mu_call_send(fixture->held, &item.base), MU_SEND_OK);
    mu_call_finish(fixture->held);
    heard = peer_hear(&fixture->peer, ENVELOPE_ITEM);
    heard_free(&heard);
    expect_result(fixture, 1, MU_OK, MU_EXECUTED_YES);
}

static void test_an_item_over_the_limit_fails_the_stream(void **state)
{
    Mu__Bus__V1__Hello item = MU__BUS__V1__HELLO__INIT;
    struct fixture *fixture = *state;

    say(fixture, call_of(1, "test.Watch", MU_SERVER_STREAM));
    await(&fixture->opened, 1);
    item.types.len = MU_MESSAGE_MAX + 1;
    item.types.data = calloc(1, item.types.len);
    assert_int_equal(mu_call_send(fixture->held, &item.base), MU_SEND_OVER);
    free(item.types.data);
    expect_result(fixture, 1, MU_RESOURCE_EXHAUSTED, MU_EXECUTED_YES);
    await(&fixture->over, 1);
}

/* ---- ends ---- */

static void test_a_lost_connection_ends_every_call_for_its_handler(void **state)
{
    struct fixture *fixture = *state;

    say(fixture, call_of(1, "test.Hold", MU_UNARY));
    say(fixture, call_of(2, "test.Sum", MU_CLIENT_STREAM));
    await(&fixture->opened, 2);
    peer_hang_up(&fixture->peer);
    await(&fixture->over, 2);
    assert_int_equal(connection_dial(fixture->host.client, 5000, NULL), 0);
    say(fixture, call_of(1, "test.Double", MU_UNARY)); /* the same number, another call */
    assert_int_equal(expect_number(fixture, 1), 0);
}

static void test_a_service_that_stops_answers_what_is_still_open(void **state)
{
    struct fixture *fixture = *state;

    say(fixture, call_of(1, "test.Hold", MU_UNARY));
    await(&fixture->opened, 1);
    atomic_store(&fixture->host.over, true);
    host_ring(&fixture->host, INT32_MAX);
    pthread_join(fixture->threads[0], NULL);
    fixture->thread_count = 0;
    say(fixture, call_of(2, "test.Hold", MU_UNARY));
    say_and_be_heard(fixture);
    host_fail_all(&fixture->host);
    for (int i = 0; i < 2; i++) {
        struct heard heard = peer_hear(&fixture->peer, ENVELOPE_RESULT);
        struct mu_status status;

        verdict_read(&status, heard.envelope.status);
        assert_int_equal(status.code, MU_UNAVAILABLE);
        assert_int_equal(status.executed,
                heard.envelope.id == (CALL_ID_ROUTER | 1) ? MU_EXECUTED_UNKNOWN : MU_EXECUTED_NO);
        heard_free(&heard);
    }
    say(fixture, call_of(3, "test.Hold", MU_UNARY));
    expect_result(fixture, 3, MU_UNAVAILABLE, MU_EXECUTED_NO);
}

int main(void)
{
#define with_host(test)    cmocka_unit_test_setup_teardown(test, start, stop)
#define with_threads(test) cmocka_unit_test_setup_teardown(test, start_threads, stop)
    const struct CMUnitTest tests[] = {
        with_host(test_a_batch_of_calls_is_answered_each_with_its_own),
        with_host(test_a_handler_knows_the_user_and_calls_on_his_behalf),
        with_host(test_what_cannot_be_served_is_refused_unexecuted),
        with_host(test_a_call_whose_time_is_over_in_the_queue_is_not_executed),
        with_host(test_a_call_cancelled_in_the_queue_is_not_executed),
        with_host(test_calls_over_the_limit_are_refused_at_once),
        with_threads(test_an_answer_may_come_later_and_from_another_thread),
        with_host(test_who_gave_up_is_said_once_and_the_late_answer_still_ends_the_call),
        with_host(test_a_call_that_another_handler_answered_is_not_told_that_it_is_over),
        with_host(test_a_deadline_is_noticed_without_the_router),
        with_host(test_a_timer_goes_off_once_and_a_new_one_replaces_it),
        with_host(test_settle_runs_before_the_thread_waits),
        with_host(test_items_come_in_order_one_at_a_time_then_the_end),
        with_threads(test_items_come_in_order_one_at_a_time_then_the_end),
        with_host(test_a_sender_beyond_its_credit_fails_its_stream_and_the_handler_lets_go),
        with_host(test_an_item_that_is_none_fails_its_stream_and_the_handler_lets_go),
        with_host(test_a_handler_without_credit_is_told_when_there_is_some),
        with_host(test_an_item_over_the_limit_fails_the_stream),
        with_host(test_a_lost_connection_ends_every_call_for_its_handler),
        with_host(test_a_service_that_stops_answers_what_is_still_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
