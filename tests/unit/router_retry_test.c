// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "kernel/router/policy.h"
#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_policies.h"

enum { OK = 0, NOTHING = -1, INTERNAL = 13 };

static struct bus bus;
static struct peer *supervisor;
static struct written policy;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    supervisor = bus_supervisor(&bus);
    write_policy(&policy, "shop.*");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

static void set_retries(uint32_t max, bool idempotent)
{
    write_retries(&policy, max, idempotent);
    bus_set_policy(&bus, supervisor, &policy);
}

static struct peer *shop(void)
{
    return bus_service(&bus, "shop");
}

/* Of two instances, the one that has the call, whose id there is `*idp`. */
static struct peer *who_has_it(struct peer *one, struct peer *two, uint64_t *idp)
{
    *idp = bus_take_call(&bus, one);
    if (*idp != 0) {
        assert_int_equal(bus_take_call(&bus, two), 0);
        return one;
    }
    *idp = bus_take_call(&bus, two);
    assert_true(*idp != 0);
    return two;
}

static void test_what_was_not_executed_is_tried_at_another_instance(void **state)
{
    struct peer *one = shop();
    struct peer *two = shop();
    struct peer *caller = bus_caller(&bus);
    struct peer *first;
    struct peer *second;
    uint64_t id;

    (void)state;
    set_retries(1, false);
    for (uint64_t call = 1; call <= POLICY_RETRIES_SAVED; call++) {
        bus_ask_for(&bus, caller, call, "shop.Pay", 0);
        first = who_has_it(one, two, &id);
        bus_answer(&bus, first, id, CODE_UNAVAILABLE, EXECUTED_NO);
        assert_int_equal(bus_take_code(&bus, caller, call), NOTHING);
        bus_pass_ms(&bus, 30);
        second = who_has_it(one, two, &id);
        assert_ptr_not_equal(first, second);
        assert_memory_equal(bus.heard[0].body.data, "question", 8);
        bus_answer(&bus, second, id, OK, 0);
        assert_int_equal(bus_take_code(&bus, caller, call), OK);
    }
    assert_int_equal(bus.router.calls.count, 0);
    assert_int_equal(bus.router.kept_bytes, 0);
}

static void test_what_may_have_been_executed_is_not_sent_again(void **state)
{
    struct peer *one = shop();
    struct peer *two = shop();
    struct peer *caller = bus_caller(&bus);
    struct peer *first;
    uint64_t id;

    (void)state;
    set_retries(3, false);
    bus_ask_for(&bus, caller, 5, "shop.Pay", 0);
    first = who_has_it(one, two, &id);
    router_detach(&bus.router, first, bus.now_us);
    bus_expect_result(&bus, caller, 5, CODE_UNAVAILABLE, EXECUTED_UNKNOWN);
    bus_pass_ms(&bus, 200);
    assert_int_equal(bus_take_call(&bus, first == one ? two : one), 0);
}

static void test_an_idempotent_call_survives_its_callee(void **state)
{
    struct peer *one = shop();
    struct peer *two = shop();
    struct peer *caller = bus_caller(&bus);
    struct peer *first;
    struct peer *second;
    uint64_t id;

    (void)state;
    set_retries(1, true);
    bus_ask_for(&bus, caller, 5, "shop.Pay", 0);
    first = who_has_it(one, two, &id);
    router_detach(&bus.router, first, bus.now_us);
    bus_pass_ms(&bus, 30);
    second = first == one ? two : one;
    id = bus_take_call(&bus, second);
    assert_true(id != 0);
    bus_answer(&bus, second, id, OK, 0);
    assert_int_equal(bus_take_code(&bus, caller, 5), OK);
}

/* The first try is lost with its callee; then the second instance refuses, or there is none. */
static void test_what_may_have_been_executed_once_is_not_said_to_be_not(void **state)
{
    struct peer *caller = bus_caller(&bus);

    (void)state;
    set_retries(1, true);
    for (uint64_t call = 1; call <= 2; call++) {
        struct peer *one = shop();
        struct peer *two = shop();
        uint64_t id;
        struct peer *first;
        struct peer *second;

        bus_ask_for(&bus, caller, call, "shop.Pay", 0);
        first = who_has_it(one, two, &id);
        second = first == one ? two : one;
        router_detach(&bus.router, first, bus.now_us);
        if (call == 1) {
            bus_pass_ms(&bus, 30);
            bus_answer(&bus, second, bus_take_call(&bus, second), CODE_UNAVAILABLE, EXECUTED_NO);
        }
        router_detach(&bus.router, second, bus.now_us);
        bus_pass_ms(&bus, 30);
        bus_expect_result(&bus, caller, call, CODE_UNAVAILABLE, EXECUTED_UNKNOWN);
    }
}

static void test_a_method_is_idempotent_where_its_service_says_so(void **state)
{
    static const struct instance says = { "shop", "1.0", NULL, "List" };
    struct peer *caller = bus_caller(&bus);

    (void)state;
    set_retries(1, false);
    for (int i = 0; i < 2; i++) {
        struct peer *first = bus_instance(&bus, &says);
        struct peer *second;
        uint64_t id;

        bus_ask_for(&bus, caller, 5, i == 0 ? "shop.List" : "shop.Pay", 0);
        assert_true(bus_take_call(&bus, first) != 0);
        second = bus_instance(&bus, &says);
        router_detach(&bus.router, first, bus.now_us);
        bus_pass_ms(&bus, 30);
        id = bus_take_call(&bus, second);
        assert_int_equal(id != 0, i == 0);
        if (i == 0)
            bus_answer(&bus, second, id, OK, 0);
        assert_int_equal(bus_take_code(&bus, caller, 5), i == 0 ? OK : CODE_UNAVAILABLE);
        router_detach(&bus.router, second, bus.now_us);
    }
}

static void test_an_answer_that_is_the_requests_fault_is_final(void **state)
{
    static const uint32_t codes[] = { CODE_INVALID_ARGUMENT, CODE_NOT_FOUND, INTERNAL,
        CODE_PERMISSION_DENIED, CODE_FAILED_PRECONDITION };
    struct peer *one = shop();
    struct peer *caller = bus_caller(&bus);

    (void)state;
    set_retries(3, true);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        bus_ask_for(&bus, caller, 5, "shop.Pay", 0);
        bus_answer(&bus, one, bus_take_call(&bus, one), codes[i], EXECUTED_NO);
        assert_int_equal(bus_take_code(&bus, caller, 5), codes[i]);
    }
}

static void test_there_are_as_many_retries_as_the_policy_says(void **state)
{
    struct peer *one = shop();
    struct peer *caller = bus_caller(&bus);
    int tries = 0;
    uint64_t id;

    (void)state;
    set_retries(3, false);
    bus_ask_for(&bus, caller, 5, "shop.Pay", 0);
    while ((id = bus_take_call(&bus, one)) != 0) {
        tries += 1;
        bus_answer(&bus, one, id, CODE_UNAVAILABLE, EXECUTED_NO);
        bus_pass_ms(&bus, 100);
    }
    assert_int_equal(tries, 4);
    assert_int_equal(bus_take_code(&bus, caller, 5), CODE_UNAVAILABLE);
}

static void test_a_call_waits_for_an_instance_that_comes(void **state)
{
    struct peer *one = shop();
    struct peer *caller = bus_caller(&bus);
    uint64_t id;

    (void)state;
    set_retries(3, false);
    router_detach(&bus.router, one, bus.now_us);
    bus_ask_for(&bus, caller, 5, "shop.Pay", 0);
    assert_int_equal(bus_take_code(&bus, caller, 5), NOTHING);
    one = shop();
    bus_pass_ms(&bus, 150); /* the router said itself to come again in 100 ms */
    id = bus_take_call(&bus, one);
    assert_true(id != 0);
    bus_answer(&bus, one, id, OK, 0);
    assert_int_equal(bus_take_code(&bus, caller, 5), OK);
}

/* A service that restarts is late: waiting for it costs no retry, with a policy or without. */
static void test_a_call_waits_for_a_service_that_is_expected_and_keeps_its_retries(void **state)
{
    struct span none = { (const uint8_t *)"", 0 };
    struct peer *caller = bus_caller(&bus);
    const struct settings *settings;
    struct peer *one;
    uint64_t id;

    (void)state;
    set_retries(1, false);
    one = bus_process(&bus, "shop", 7, none);
    router_detach(&bus.router, one, bus.now_us);
    bus_hear(&bus, supervisor);
    bus_ask_for(&bus, caller, 5, "shop.Pay", 0);
    bus_pass_ms(&bus, 150);
    assert_int_equal(bus_take_code(&bus, caller, 5), NOTHING);
    one = bus_instance(&bus, &(struct instance){ "shop", "1", NULL, NULL });
    assert_int_equal(one->calls_taken_count, 1);
    id = call_id(&bus.router.calls, list_entry(one->calls_taken.next, struct call, by_callee));
    settings = policy_find(&bus.router, caller, NULL, bus_text("shop.Pay"));
    assert_true(settings->by[SETTING_RETRIES]->retries == 0);
    bus_answer(&bus, one, id, CODE_UNAVAILABLE, EXECUTED_NO);
    bus_pass_ms(&bus, 30);
    assert_true(settings->by[SETTING_RETRIES]->retries == 1);
    bus_answer(&bus, one, bus_take_call(&bus, one), OK, 0);
    assert_int_equal(bus_take_code(&bus, caller, 5), OK);
}

static void test_retry_after_is_waited_for_and_the_deadline_is_the_end(void **state)
{
    struct status later = { .code = CODE_RESOURCE_EXHAUSTED, .executed = 1, .retry_after_ms = 50 };
    struct peer *one = shop();
    struct peer *caller = bus_caller(&bus);
    uint8_t room[64];
    struct envelope result = { .kind = ENVELOPE_RESULT };

    (void)state;
    result.status = (struct span){ room, status_write(&later, room, sizeof(room)) };
    set_retries(3, false);
    bus_ask_for(&bus, caller, 5, "shop.Pay", 80);
    result.id = bus_take_call(&bus, one);
    bus_say(&bus, one, result);
    bus_pass_ms(&bus, 49);
    assert_int_equal(bus_take_call(&bus, one), 0);
    bus_pass_ms(&bus, 12);
    result.id = bus_take_call(&bus, one);
    assert_true(result.id != 0);
    bus_say(&bus, one, result); /* 50 ms more are over its deadline: it is not tried again */
    assert_int_equal(bus_take_code(&bus, caller, 5), CODE_RESOURCE_EXHAUSTED);
}

static void test_a_waiting_call_ends_with_its_time_its_caller_and_its_cancel(void **state)
{
    struct peer *one = shop();
    struct peer *caller = bus_caller(&bus);

    (void)state;
    write_fault(&policy, 0, 60000, 100);
    policy.policy.left_ms = 60000;
    bus_set_policy(&bus, supervisor, &policy);
    bus_ask_for(&bus, caller, 5, "shop.Pay", 20);
    bus_ask_for(&bus, caller, 6, "shop.Pay", 0);
    bus_ask_for(&bus, caller, 7, "shop.Pay", 0);
    bus_pass_ms(&bus, 40);
    assert_int_equal(bus_take_code(&bus, caller, 5), CODE_DEADLINE_EXCEEDED);
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 6 });
    assert_int_equal(bus_take_code(&bus, caller, 6), CODE_CANCELLED);
    assert_int_equal(bus.router.calls.count, 1);
    router_detach(&bus.router, caller, bus.now_us);
    assert_int_equal(bus.router.calls.count, 0);
    assert_int_equal(bus.router.kept_bytes, 0);
    assert_int_equal(bus.router.pauses.count, 0);
    assert_int_equal(bus_hear(&bus, one), 0);
}

static void test_a_stream_that_has_sent_an_item_is_not_begun_again(void **state)
{
    struct peer *caller = bus_caller(&bus);

    (void)state;
    set_retries(3, true);
    for (int items = 0; items < 2; items++) {
        struct peer *one = shop();
        struct peer *two;
        uint64_t id;

        bus_say(&bus, caller,
                (struct envelope){ .kind = ENVELOPE_CALL,
                        .id = 5,
                        .shape = SHAPE_SERVER_STREAM,
                        .endpoint = bus_text("shop.Watch") });
        id = bus_take_call(&bus, one);
        if (items > 0)
            bus_say(&bus, one, (struct envelope){ .kind = ENVELOPE_ITEM, .id = id });
        bus_hear(&bus, caller);
        two = shop();
        router_detach(&bus.router, one, bus.now_us);
        bus_pass_ms(&bus, 30);
        id = bus_take_call(&bus, two);
        assert_int_equal(id != 0, items == 0);
        if (items == 0)
            bus_answer(&bus, two, id, OK, 0);
        assert_int_equal(bus_take_code(&bus, caller, 5), items == 0 ? OK : CODE_UNAVAILABLE);
        router_detach(&bus.router, two, bus.now_us);
    }
}

static void test_a_late_answer_of_the_first_try_is_nobodys(void **state)
{
    struct peer *one = shop();
    struct peer *caller = bus_caller(&bus);
    uint64_t first;
    uint64_t second;

    (void)state;
    set_retries(1, false);
    bus_ask_for(&bus, caller, 5, "shop.Pay", 0);
    first = bus_take_call(&bus, one);
    bus_answer(&bus, one, first, CODE_UNAVAILABLE, EXECUTED_NO);
    bus_answer(&bus, one, first, OK, 0);
    assert_int_equal(bus.router.stats.results_late, 1);
    bus_pass_ms(&bus, 30);
    second = bus_take_call(&bus, one);
    assert_true(second != 0 && second != first);
    bus_answer(&bus, one, first, OK, 0);
    assert_int_equal(bus_take_code(&bus, caller, 5), NOTHING);
    bus_answer(&bus, one, second, OK, 0);
    assert_int_equal(bus_take_code(&bus, caller, 5), OK);
}

static void test_what_finds_no_room_to_be_kept_is_sent_once(void **state)
{
    struct peer *one = shop();
    struct peer *caller = bus_caller(&bus);
    size_t kept;

    (void)state;
    set_retries(1, false);
    for (int i = 0; i < 2; i++) {
        kept = bus.router.kept_bytes;
        bus.router.kept_bytes = POLICY_KEPT_BYTES_MAX - 16 + (size_t)i; /* "shop.Pay" "question" */
        bus_ask_for(&bus, caller, 5, "shop.Pay", 0);
        bus_answer(&bus, one, bus_take_call(&bus, one), CODE_UNAVAILABLE, EXECUTED_NO);
        bus.router.kept_bytes = kept + (i == 0 ? 16 : 0);
        bus_pass_ms(&bus, 30);
        if (i == 0)
            bus_answer(&bus, one, bus_take_call(&bus, one), OK, 0);
        assert_int_equal(bus_take_code(&bus, caller, 5), i == 0 ? OK : CODE_UNAVAILABLE);
    }
}

static void test_the_budget_lets_a_tenth_of_the_calls_be_tried_again(void **state)
{
    struct peer *one = shop();
    struct peer *caller = bus_caller(&bus);
    uint32_t retried = 0;

    (void)state;
    set_retries(1, false);
    for (uint64_t i = 1; i <= 1000; i++) {
        uint64_t id;

        bus_ask_for(&bus, caller, i, "shop.Pay", 0);
        bus_answer(&bus, one, bus_take_call(&bus, one), CODE_UNAVAILABLE, EXECUTED_NO);
        bus_pass_ms(&bus, 20);
        id = bus_take_call(&bus, one);
        if (id != 0)
            bus_answer(&bus, one, id, CODE_UNAVAILABLE, EXECUTED_NO);
        retried += id != 0 ? 1 : 0;
        assert_int_equal(bus_take_code(&bus, caller, i), CODE_UNAVAILABLE);
    }
    /* The bucket is full at first, so the first call earns nothing. */
    assert_int_equal(retried, 999 * POLICY_RETRY_PERCENT / 100 + POLICY_RETRIES_SAVED);
}

static void test_a_removed_policy_has_no_retries_any_more(void **state)
{
    struct peer *one = shop();
    struct peer *caller = bus_caller(&bus);

    (void)state;
    set_retries(3, false);
    bus_ask_for(&bus, caller, 5, "shop.Pay", 0);
    assert_int_equal(bus_set_policies(&bus, supervisor, NULL, 0), OK);
    assert_null(bus.router.policies);
    bus_answer(&bus, one, bus_take_call(&bus, one), CODE_UNAVAILABLE, EXECUTED_NO);
    assert_int_equal(bus_take_code(&bus, caller, 5), CODE_UNAVAILABLE);
}

/* ---- any run ---- */

enum { INSTANCES = 3, CALLS = 300, OPEN_MAX = 8, SHOTS_MAX = 32 };

struct shot {
    uint64_t nonce; /* which call it is */
    uint64_t id;    /* at its instance */
    int instance;
};

struct run {
    struct random random;
    struct peer *instances[INSTANCES];
    struct shot open[SHOTS_MAX];
    size_t open_count;
    uint8_t sent[CALLS + 1];    /* times that a call was sent */
    uint8_t harmful[CALLS + 1]; /* of those before the last: such that may have been executed */
    uint8_t ends[CALLS + 1];    /* results that the caller heard */
    uint32_t retries;
};

/* What the instances were sent since. */
static void run_listen(struct run *run)
{
    for (int i = 0; i < INSTANCES; i++) {
        if (run->instances[i] == NULL)
            continue;
        bus_hear(&bus, run->instances[i]);
        for (size_t k = 0; k < bus.heard_count; k++) {
            uint64_t nonce;

            if (bus.heard[k].kind != ENVELOPE_CALL)
                continue;
            memcpy(&nonce, bus.heard[k].body.data, sizeof(nonce));
            assert_int_equal(run->harmful[nonce], 0); /* the promise */
            run->retries += run->sent[nonce] > 0 ? 1 : 0;
            run->sent[nonce] += 1;
            assert_true(run->open_count < SHOTS_MAX);
            run->open[run->open_count++] = (struct shot){ nonce, bus.heard[k].id, i };
        }
    }
}

static void run_take_off(struct run *run, size_t place)
{
    run->open[place] = run->open[--run->open_count];
}

/* One of the calls that instances have is answered. */
static void run_answer(struct run *run)
{
    static const struct {
        uint32_t code;
        uint32_t executed;
    } ends[] = { { 0, 0 }, { CODE_UNAVAILABLE, EXECUTED_NO }, { CODE_UNAVAILABLE, EXECUTED_YES },
        { CODE_UNAVAILABLE, EXECUTED_UNKNOWN }, { CODE_RESOURCE_EXHAUSTED, EXECUTED_NO },
        { INTERNAL, EXECUTED_YES } };
    uint32_t choice = random_below(&run->random, 6);
    size_t place;
    struct shot shot;

    if (run->open_count == 0)
        return;
    place = random_below(&run->random, (uint32_t)run->open_count);
    shot = run->open[place];
    run_take_off(run, place);
    if (ends[choice].executed != EXECUTED_NO)
        run->harmful[shot.nonce] = 1;
    bus_answer(
            &bus, run->instances[shot.instance], shot.id, ends[choice].code, ends[choice].executed);
}

/* An instance dies with all that it has; another takes its place. */
static void run_kill(struct run *run)
{
    int victim = (int)random_below(&run->random, INSTANCES);

    for (size_t i = run->open_count; i > 0; i--) {
        if (run->open[i - 1].instance != victim)
            continue;
        run->harmful[run->open[i - 1].nonce] = 1;
        run_take_off(run, i - 1);
    }
    router_detach(&bus.router, run->instances[victim], bus.now_us);
    run->instances[victim] = shop();
}

static void run_hear_ends(struct run *run, struct peer *caller)
{
    bus_hear(&bus, caller);
    for (size_t i = 0; i < bus.heard_count; i++) {
        assert_int_equal(bus.heard[i].kind, ENVELOPE_RESULT);
        run->ends[bus.heard[i].id] += 1;
    }
}

static void run_once(uint64_t seed)
{
    static struct run run;
    struct peer *caller = bus_caller(&bus);
    uint64_t called = 0;

    run = (struct run){ 0 };
    random_init(&run.random, seed);
    for (int i = 0; i < INSTANCES; i++)
        run.instances[i] = shop();
    while (called < CALLS || caller->calls_made_count > 0) {
        uint32_t choice = random_below(&run.random, 10);

        if (choice < 4 && called < CALLS && caller->calls_made_count < OPEN_MAX) {
            called += 1;
            bus_say(&bus, caller,
                    (struct envelope){ .kind = ENVELOPE_CALL,
                            .id = called,
                            .endpoint = bus_text("shop.Pay"),
                            .timeout_ms = 1 + random_below(&run.random, 2000),
                            .body = { (const uint8_t *)&called, sizeof(called) } });
        } else if (choice < 8) {
            run_answer(&run);
        } else if (choice == 8 && random_below(&run.random, 4) == 0) {
            run_kill(&run);
        } else {
            bus_pass_ms(&bus, random_below(&run.random, 30));
        }
        run_listen(&run);
        run_hear_ends(&run, caller);
    }
    for (uint64_t i = 1; i <= CALLS; i++)
        assert_int_equal(run.ends[i], 1);
    assert_true(run.retries <= CALLS * POLICY_RETRY_PERCENT / 100 + POLICY_RETRIES_SAVED);
    assert_int_equal(bus.router.kept_bytes, 0);
    assert_int_equal(bus.router.pauses.count, 0);
}

static void test_no_run_sends_again_what_may_have_been_executed_or_more_than_the_budget(
        void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        tear_down(NULL);
        set_up(NULL);
        set_retries(3, false);
        print_message("seed %d\n", (int)seed);
        run_once(seed);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                test_what_was_not_executed_is_tried_at_another_instance, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_what_may_have_been_executed_is_not_sent_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_an_idempotent_call_survives_its_callee, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_what_may_have_been_executed_once_is_not_said_to_be_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_method_is_idempotent_where_its_service_says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_an_answer_that_is_the_requests_fault_is_final, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_there_are_as_many_retries_as_the_policy_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_call_waits_for_an_instance_that_comes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_call_waits_for_a_service_that_is_expected_and_keeps_its_retries, set_up,
                tear_down),
        cmocka_unit_test_setup_teardown(
                test_retry_after_is_waited_for_and_the_deadline_is_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_waiting_call_ends_with_its_time_its_caller_and_its_cancel, set_up,
                tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_stream_that_has_sent_an_item_is_not_begun_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_late_answer_of_the_first_try_is_nobodys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_what_finds_no_room_to_be_kept_is_sent_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_the_budget_lets_a_tenth_of_the_calls_be_tried_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_removed_policy_has_no_retries_any_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_no_run_sends_again_what_may_have_been_executed_or_more_than_the_budget, set_up,
                tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
