// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/random.h"
#include "kernel/router/claim.h"
#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"

enum { CALLS_MAX = 64, CALLERS = 10, STEPS = 40000 };

static struct bus bus;
static struct peer *store;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    store = bus_service(&bus, "store");
    store->calls_max = CALLS_MAX;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

/* True where the call is under way; else it was refused with RESOURCE_EXHAUSTED. */
static bool begin(struct peer *caller)
{
    static uint64_t id;
    struct envelope result;
    struct status status;

    id += 1;
    bus_say(&bus, caller,
            (struct envelope){
                    .kind = ENVELOPE_CALL, .id = id, .endpoint = bus_text("store.Get") });
    if (bus_hear(&bus, store) == 1)
        return true;
    result = bus_hear_one(&bus, caller, ENVELOPE_RESULT);
    assert_int_equal(status_read(&status, result.status), ENVELOPE_OK);
    assert_int_equal(status.code, CODE_RESOURCE_EXHAUSTED);
    assert_int_equal(status.executed, EXECUTED_NO);
    return false;
}

static uint32_t begin_all(struct peer *caller)
{
    uint32_t count = 0;

    while (begin(caller))
        count += 1;
    return count;
}

/* Answers the oldest call of the caller. */
static void answer(struct peer *caller)
{
    struct call *call = list_entry(caller->calls_made.next, struct call, by_caller);

    bus_say(&bus, store,
            (struct envelope){ .kind = ENVELOPE_RESULT, .id = call_id(&bus.router.calls, call) });
    bus_hear(&bus, caller);
}

static void test_one_caller_alone_leaves_an_eighth(void **state)
{
    struct peer *caller = bus_caller(&bus);
    struct span text;

    (void)state;
    assert_int_equal(begin_all(caller), CALLS_MAX - CALLS_MAX / 8);
    text = bus_heard_text(&bus);
    assert_non_null(memmem(text.data, text.size, "full for this caller", 20));
}

static void test_a_small_instance_is_one_callers_as_a_whole(void **state)
{
    (void)state;
    store->calls_max = 7;
    assert_int_equal(begin_all(bus_caller(&bus)), 7);
}

static void test_who_takes_all_it_can_get_leaves_room_for_others(void **state)
{
    struct peer *flooder = bus_caller(&bus);

    (void)state;
    begin_all(flooder);
    for (int i = 1; i < CALLERS - 2; i++)
        assert_true(begin(bus_caller(&bus)));
}

static void test_places_that_come_free_go_to_those_with_less(void **state)
{
    struct peer *flooder = bus_caller(&bus);
    struct peer *other = bus_caller(&bus);

    (void)state;
    begin_all(flooder);
    begin_all(other);
    for (int i = 0; i < CALLS_MAX; i++) {
        answer(flooder);
        begin(other);
        begin(flooder);
    }
    assert_true(other->calls_made_count >= CALLS_MAX / 3);
    assert_true(flooder->calls_made_count >= CALLS_MAX / 3);
}

static void test_what_was_given_up_counts_until_the_callee_is_done(void **state)
{
    struct peer *flooder = bus_caller(&bus);
    struct peer *other = bus_caller(&bus);

    (void)state;
    begin_all(flooder);
    assert_int_equal(store->claimants, 1);
    while (!list_is_empty(&flooder->calls_made))
        call_abort(&bus.router, list_entry(flooder->calls_made.next, struct call, by_caller),
                &(struct verdict){ CODE_CANCELLED, EXECUTED_UNKNOWN, 0, "given up" });
    bus_hear(&bus, store);
    bus_hear(&bus, flooder);
    assert_false(begin(flooder));
    assert_true(begin(other));
    router_detach(&bus.router, flooder, bus.now_us);
    assert_int_equal(store->claimants, 2);
}

/* Whoever comes and goes, the counts are those of the calls that are there. */
static void test_claims_are_what_a_count_of_all_calls_says(void **state)
{
    struct peer *callers[CALLERS];
    struct random random;

    (void)state;
    random_init(&random, 3);
    for (int i = 0; i < CALLERS; i++)
        callers[i] = bus_caller(&bus);
    for (int step = 0; step < STEPS; step++) {
        int index = (int)random_below(&random, CALLERS);
        uint32_t busy = 0;

        if (random_below(&random, 50) == 0) {
            router_detach(&bus.router, callers[index], bus.now_us);
            while (!list_is_empty(&store->calls_taken) && random_below(&random, 60) > 0)
                call_finish(
                        &bus.router, list_entry(store->calls_taken.next, struct call, by_callee));
            bus_hear(&bus, store);
            callers[index] = bus_caller(&bus);
        } else if (random_below(&random, 2) == 0 || callers[index]->calls_made_count == 0) {
            begin(callers[index]);
        } else {
            answer(callers[index]);
        }
        for (int i = 0; i < CALLERS; i++)
            busy += callers[i]->calls_made_count > 0;
        assert_true(store->claimants >= busy);
        assert_true(store->calls_taken_count > 0 || store->claimants == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_caller_alone_leaves_an_eighth, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_small_instance_is_one_callers_as_a_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_who_takes_all_it_can_get_leaves_room_for_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_places_that_come_free_go_to_those_with_less, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_what_was_given_up_counts_until_the_callee_is_done, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_claims_are_what_a_count_of_all_calls_says, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
