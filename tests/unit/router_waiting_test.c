// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/waiting.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "kernel/router/say.h"
#include "mu/router/v1/router.pb-c.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"

enum { INSTANCE = 55, EXPECTED_MS = 1000, STEPS = 20000, CALLERS = 4, BODY = 1000000 };

static struct bus bus;
static struct peer *supervisor;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    supervisor = router_attach_supervisor(&bus.router, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    assert_int_equal(bus.router.waiting_bytes, 0);
    return 0;
}

static void ask_to_expect(struct peer *peer, const char *service, uint32_t for_ms)
{
    Mu__Router__V1__ExpectRequest request = MU__ROUTER__V1__EXPECT_REQUEST__INIT;
    uint8_t body[128];

    request.service = (char *)(uintptr_t)service;
    request.for_ms = for_ms;
    bus_say(&bus, peer,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 900,
                    .endpoint = bus_text("router.Expect"),
                    .body = { body, mu__router__v1__expect_request__pack(&request, body) } });
}

static void expect(const char *service, uint32_t for_ms)
{
    ask_to_expect(supervisor, service, for_ms);
    bus_expect_result(&bus, supervisor, 900, 0, 0);
}

static void ask(struct peer *caller, uint64_t id, struct envelope more)
{
    more.kind = ENVELOPE_CALL;
    more.id = id;
    more.endpoint = bus_text("store.Get");
    assert_int_equal(bus_say(&bus, caller, more), 0);
}

/* The service comes; what it is told behind its WELCOME waits to be heard. */
static struct peer *come(void)
{
    struct peer_identity identity = {
        .uid = 1, .pid = 7, .instance = INSTANCE, .service = "store", .link = FRAME_IPC
    };
    struct peer *peer = router_attach(&bus.router, &identity, NULL);

    assert_non_null(peer);
    bus_hello(&bus, peer, "store");
    assert_int_equal(bus_say(&bus, peer, (struct envelope){ .kind = ENVELOPE_READY }), 0);
    return peer;
}

static void test_a_call_to_one_who_is_expected_waits_and_is_served(void **state)
{
    static const uint8_t trace[TRACE_SIZE] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    struct peer *caller = bus_caller(&bus);
    struct envelope call;
    struct peer *store;

    (void)state;
    expect("store", EXPECTED_MS);
    ask(caller, 1,
            (struct envelope){ .body = bus_text("question"),
                    .timeout_ms = 4000,
                    .trace = { trace, TRACE_SIZE } });
    assert_int_equal(bus_hear(&bus, caller), 0);
    bus_pass_ms(&bus, EXPECTED_MS - 10);
    assert_int_equal(bus_hear(&bus, caller), 0);
    store = come();
    call = bus_hear_one(&bus, store, ENVELOPE_CALL);
    assert_int_equal(call.endpoint.size, 9);
    assert_memory_equal(call.endpoint.data, "store.Get", 9);
    assert_int_equal(call.body.size, 8);
    assert_memory_equal(call.body.data, "question", 8);
    assert_memory_equal(call.trace.data, trace, 16);
    assert_memory_equal(call.caller.data, caller->stamp, caller->stamp_size);
    assert_in_range(call.timeout_ms, 3000, 3020);
    assert_int_equal(
            bus_say(&bus, store,
                    (struct envelope){
                            .kind = ENVELOPE_RESULT, .id = call.id, .body = bus_text("answer") }),
            0);
    bus_expect_result(&bus, caller, 1, 0, 0);
    assert_int_equal(bus.router.waiting_bytes, 0);
    assert_int_equal(bus.router.waiting_room.calls_taken_count, 0);
}

static void test_a_call_to_one_who_is_not_expected_is_refused(void **state)
{
    struct peer *caller = bus_caller(&bus);

    (void)state;
    ask(caller, 1, (struct envelope){ 0 });
    bus_expect_result(&bus, caller, 1, CODE_NOT_FOUND, EXECUTED_NO);
    expect("store", EXPECTED_MS);
    expect("store", 0);
    ask(caller, 2, (struct envelope){ 0 });
    bus_expect_result(&bus, caller, 2, CODE_UNAVAILABLE, EXECUTED_NO);
}

static void test_it_waits_as_long_as_somebody_is_expected(void **state)
{
    struct peer *caller = bus_caller(&bus);
    struct span text;

    (void)state;
    expect("store", EXPECTED_MS);
    ask(caller, 1, (struct envelope){ 0 });
    bus_pass_ms(&bus, EXPECTED_MS / 2);
    expect("store", EXPECTED_MS); /* again, from now */
    bus_pass_ms(&bus, EXPECTED_MS - 10);
    assert_int_equal(bus_hear(&bus, caller), 0);
    bus_pass_ms(&bus, 20);
    bus_expect_result(&bus, caller, 1, CODE_UNAVAILABLE, EXECUTED_NO);
    text = bus_heard_text(&bus);
    assert_non_null(memmem(text.data, text.size, "although one was expected", 25));
    ask(caller, 2, (struct envelope){ 0 });
    bus_expect_result(&bus, caller, 2, CODE_UNAVAILABLE, EXECUTED_NO);
}

static void test_it_never_waits_beyond_its_own_time(void **state)
{
    struct peer *caller = bus_caller(&bus);

    (void)state;
    expect("store", EXPECTED_MS);
    ask(caller, 1, (struct envelope){ .timeout_ms = 100 });
    bus_pass_ms(&bus, 90);
    assert_int_equal(bus_hear(&bus, caller), 0);
    bus_pass_ms(&bus, 20);
    bus_expect_result(&bus, caller, 1, CODE_DEADLINE_EXCEEDED, EXECUTED_NO);
}

static void test_those_who_wait_are_told_at_once_that_nobody_comes(void **state)
{
    struct peer *caller = bus_caller(&bus);

    (void)state;
    expect("store", EXPECTED_MS);
    ask(caller, 1, (struct envelope){ 0 });
    ask(caller, 2, (struct envelope){ 0 });
    expect("store", 0);
    assert_int_equal(bus_hear(&bus, caller), 2);
    assert_int_equal(bus.router.calls.count, 0);
}

static void test_one_that_gave_up_is_never_sent(void **state)
{
    struct peer *caller = bus_caller(&bus);

    (void)state;
    expect("store", EXPECTED_MS);
    ask(caller, 1, (struct envelope){ .body = bus_text("question") });
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 1 });
    assert_int_equal(bus_hear(&bus, caller), 1);
    assert_int_equal(bus_hear(&bus, come()), 0);
}

static void test_one_whose_caller_is_gone_is_never_sent(void **state)
{
    struct peer *caller = bus_caller(&bus);

    (void)state;
    expect("store", EXPECTED_MS);
    ask(caller, 1, (struct envelope){ .body = bus_text("question") });
    router_detach(&bus.router, caller, bus.now_us);
    assert_int_equal(bus.router.waiting_bytes, 0);
    assert_int_equal(bus_hear(&bus, come()), 0);
}

static void test_one_on_behalf_of_a_call_that_ends_ends_with_it(void **state)
{
    struct peer *caller = bus_caller(&bus);
    struct peer *front = bus_service(&bus, "front");
    struct envelope call = bus_call(&bus, caller, 1, "front.Get", SHAPE_UNARY, front);

    (void)state;
    expect("store", EXPECTED_MS);
    ask(front, 5, (struct envelope){ .parent = call.id });
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 1 });
    assert_int_equal(bus_hear(&bus, front), 2); /* CANCEL of its call, RESULT of its own */
    assert_int_equal(bus_hear(&bus, come()), 0);
}

static void test_who_sends_a_stream_does_not_wait(void **state)
{
    struct peer *caller = bus_caller(&bus);

    (void)state;
    expect("store", EXPECTED_MS);
    ask(caller, 1, (struct envelope){ .shape = SHAPE_CLIENT_STREAM });
    bus_expect_result(&bus, caller, 1, CODE_UNAVAILABLE, EXECUTED_NO);
    ask(caller, 2, (struct envelope){ .shape = SHAPE_TWO_WAY });
    bus_expect_result(&bus, caller, 2, CODE_UNAVAILABLE, EXECUTED_NO);
    ask(caller, 3, (struct envelope){ .shape = SHAPE_SERVER_STREAM });
    assert_int_equal(bus_hear_one(&bus, come(), ENVELOPE_CALL).shape, SHAPE_SERVER_STREAM);
}

static void test_what_the_service_does_not_export_is_refused_when_it_comes(void **state)
{
    static const char exports[] = "store.Put\0@node";
    static const char calls[] = "store.Get";
    struct peer *caller =
            bus_process(&bus, "front", 8, (struct span){ (const uint8_t *)calls, sizeof(calls) });

    (void)state;
    bus_hear(&bus, supervisor);
    expect("store", EXPECTED_MS);
    ask(caller, 1, (struct envelope){ 0 });
    bus_exporter(&bus, "store", INSTANCE, (struct span){ (const uint8_t *)exports, 16 });
    bus_expect_result(&bus, caller, 1, CODE_PERMISSION_DENIED, EXECUTED_NO);
}

static void test_only_the_supervisor_says_what_to_expect(void **state)
{
    struct peer *caller = bus_caller(&bus);

    (void)state;
    ask_to_expect(caller, "store", EXPECTED_MS);
    bus_expect_result(&bus, caller, 900, CODE_PERMISSION_DENIED, EXECUTED_NO);
    expect("not a name", EXPECTED_MS);
}

static void test_one_that_ends_is_expected_until_the_supervisor_had_time_to_say_more(void **state)
{
    struct peer *caller = bus_caller(&bus);

    (void)state;
    router_detach(&bus.router, come(), bus.now_us);
    bus_hear(&bus, supervisor);
    ask(caller, 1, (struct envelope){ 0 });
    bus_pass_ms(&bus, ROUTER_WAITING_ASK_MS - 10);
    assert_int_equal(bus_hear(&bus, caller), 0);
    bus_pass_ms(&bus, 20);
    bus_expect_result(&bus, caller, 1, CODE_UNAVAILABLE, EXECUTED_NO);
}

/* Says so many calls. Returns how many of them wait. */
static uint32_t ask_many(struct peer *caller, uint32_t count, struct span body)
{
    for (uint32_t i = 0; i < count; i++)
        ask(caller, i + 1, (struct envelope){ .body = body });
    return bus.router.waiting_room.calls_taken_count;
}

static void test_so_many_wait_and_no_more(void **state)
{
    enum { REST = ROUTER_WAITING_MAX / 8, MOST = ROUTER_WAITING_MAX - REST };
    struct peer *caller = bus_caller(&bus);
    struct peer *other = bus_caller(&bus);

    (void)state;
    expect("store", EXPECTED_MS);
    assert_int_equal(ask_many(caller, MOST + 1, (struct span){ 0 }), MOST);
    bus_expect_result(&bus, caller, MOST + 1, CODE_UNAVAILABLE, EXECUTED_NO);
    assert_int_equal(ask_many(other, REST, (struct span){ 0 }), ROUTER_WAITING_MAX);
    assert_int_equal(bus_hear(&bus, other), 0);
    ask(other, REST + 1, (struct envelope){ 0 });
    bus_expect_result(&bus, other, REST + 1, CODE_UNAVAILABLE, EXECUTED_NO);
}

static void test_so_many_bytes_wait_and_no_more(void **state)
{
    uint8_t *bytes = calloc(1, BODY);
    uint32_t fit = ROUTER_WAITING_BYTES_MAX / BODY;
    struct peer *caller = bus_caller(&bus);

    (void)state;
    expect("store", EXPECTED_MS);
    assert_int_equal(ask_many(caller, fit + 1, (struct span){ bytes, BODY }), fit);
    bus_expect_result(&bus, caller, fit + 1, CODE_UNAVAILABLE, EXECUTED_NO);
    free(bytes);
}

/* ---- whatever happens ---- */

/* Callers call, cancel, leave; the service comes and goes; each call is answered once. */
struct storm {
    struct peer *callers[CALLERS];
    uint64_t asked[CALLERS];
    uint64_t answered[CALLERS];
    struct peer *store;
    struct random random;
};

static void storm_hear(struct storm *storm, uint32_t i)
{
    while (bus_hear(&bus, storm->callers[i]) > 0) {
        for (size_t j = 0; j < bus.heard_count; j++)
            storm->answered[i] += bus.heard[j].kind == ENVELOPE_RESULT;
    }
}

static void storm_serve(const struct storm *storm)
{
    while (storm->store != NULL && bus_hear(&bus, storm->store) > 0) {
        size_t count = bus.heard_count;
        uint64_t ids[BUS_HEARD_MAX];

        for (size_t i = 0; i < count; i++)
            ids[i] = bus.heard[i].kind == ENVELOPE_CALL ? bus.heard[i].id : 0;
        for (size_t i = 0; i < count; i++) {
            if (ids[i] != 0)
                bus_say(&bus, storm->store,
                        (struct envelope){ .kind = ENVELOPE_RESULT, .id = ids[i] });
        }
    }
}

static void storm_step(struct storm *storm)
{
    uint32_t i = (uint32_t)random_below(&storm->random, CALLERS);

    switch (random_below(&storm->random, 8)) {
    case 0:
        expect("store", (uint32_t)random_below(&storm->random, 50));
        break;
    case 1:
        if (storm->store == NULL)
            storm->store = come();
        break;
    case 2:
        storm_serve(storm);
        if (storm->store != NULL)
            router_detach(&bus.router, storm->store, bus.now_us);
        storm->store = NULL;
        bus_hear(&bus, supervisor);
        break;
    case 3:
        bus_say(&bus, storm->callers[i],
                (struct envelope){ .kind = ENVELOPE_CANCEL, .id = storm->asked[i] });
        break;
    case 4:
        bus_pass_ms(&bus, random_below(&storm->random, 20));
        break;
    case 5:
        storm_serve(storm);
        break;
    default:
        storm->asked[i] += 1;
        ask(storm->callers[i], storm->asked[i],
                (struct envelope){ .timeout_ms = 1 + (uint32_t)random_below(&storm->random, 60),
                        .body = bus_text("question") });
    }
    bus_hear(&bus, supervisor);
    storm_hear(storm, i);
}

static void test_each_call_is_answered_once_whatever_happens(void **state)
{
    struct storm storm = { 0 };

    (void)state;
    random_init(&storm.random, 7);
    for (uint32_t i = 0; i < CALLERS; i++)
        storm.callers[i] = bus_caller(&bus);
    for (int i = 0; i < STEPS; i++)
        storm_step(&storm);
    bus_pass_ms(&bus, 100);
    for (uint32_t i = 0; i < CALLERS; i++) {
        storm_hear(&storm, i);
        assert_true(storm.asked[i] > 100);
        assert_true(storm.answered[i] == storm.asked[i]);
    }
    assert_int_equal(bus.router.waiting_room.calls_taken_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_a_call_to_one_who_is_expected_waits_and_is_served),
        TEST(test_a_call_to_one_who_is_not_expected_is_refused),
        TEST(test_it_waits_as_long_as_somebody_is_expected),
        TEST(test_it_never_waits_beyond_its_own_time),
        TEST(test_those_who_wait_are_told_at_once_that_nobody_comes),
        TEST(test_one_that_gave_up_is_never_sent),
        TEST(test_one_whose_caller_is_gone_is_never_sent),
        TEST(test_one_on_behalf_of_a_call_that_ends_ends_with_it),
        TEST(test_who_sends_a_stream_does_not_wait),
        TEST(test_what_the_service_does_not_export_is_refused_when_it_comes),
        TEST(test_only_the_supervisor_says_what_to_expect),
        TEST(test_one_that_ends_is_expected_until_the_supervisor_had_time_to_say_more),
        TEST(test_so_many_wait_and_no_more),
        TEST(test_so_many_bytes_wait_and_no_more),
        TEST(test_each_call_is_answered_once_whatever_happens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
