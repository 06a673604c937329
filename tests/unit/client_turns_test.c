// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "client/served.h"
#include "client/turns.h"
#include "tests/unit/cmocka.h"

enum { CALLS = 64, ROUNDS = 2000, CALLERS = 9 };

/* Calls of one lane behind the other, the first one first. */
static struct mu_call *calls;

static int set_up(void **state)
{
    (void)state;
    calls = calloc(CALLS, sizeof(*calls));
    return calls != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(calls);
    return 0;
}

static void test_one_caller_is_served_in_its_order(void **state)
{
    struct turns turns = { .seed = 1 };

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < CALLS; i++)
            turns_push(&turns, &calls[i], 7);
        for (int i = 0; i < CALLS; i++)
            assert_ptr_equal(turns_pop(&turns), &calls[i]);
        assert_null(turns_pop(&turns));
    }
}

static void test_callers_take_turns(void **state)
{
    struct turns turns = { .seed = 1 };

    (void)state;
    for (int i = 0; i < 40; i++)
        turns_push(&turns, &calls[i], 7);
    for (int i = 40; i < 43; i++)
        turns_push(&turns, &calls[i], 8);
    turns_push(&turns, &calls[43], 255);
    assert_ptr_equal(turns_pop(&turns), &calls[0]);
    assert_ptr_equal(turns_pop(&turns), &calls[40]);
    assert_ptr_equal(turns_pop(&turns), &calls[43]);
    assert_ptr_equal(turns_pop(&turns), &calls[1]);
    assert_ptr_equal(turns_pop(&turns), &calls[41]);
    assert_ptr_equal(turns_pop(&turns), &calls[2]);
    turns_push(&turns, &calls[44], 0); /* who comes now waits for one call of each, at most */
    assert_ptr_equal(turns_pop(&turns), &calls[42]);
    assert_ptr_equal(turns_pop(&turns), &calls[3]);
    assert_ptr_equal(turns_pop(&turns), &calls[44]);
    for (int i = 4; i < 40; i++)
        assert_ptr_equal(turns_pop(&turns), &calls[i]);
    assert_null(turns_pop(&turns));
    assert_int_equal(turns.count, 0);
}

/* Whoever has a call waiting is served before anybody is served twice more. */
static void test_nobody_waits_for_more_than_one_call_of_each_other(void **state)
{
    struct turns turns = { .seed = 1 };
    struct random random;
    uint32_t waiting[CALLERS] = { 0 };
    uint32_t since[CALLERS] = { 0 };
    size_t used = 0;

    (void)state;
    random_init(&random, 5);
    for (int round = 0; round < ROUNDS; round++) {
        struct mu_call *call;

        while (used < CALLS && random_below(&random, 3) > 0) {
            uint32_t caller = random_below(&random, 2) == 0 ? 0 : random_below(&random, CALLERS);
            size_t slot = 0;

            while (calls[slot].place == SERVED_QUEUED)
                slot += 1;
            calls[slot].place = SERVED_QUEUED;
            calls[slot].lane = (uint8_t)(caller * 3);
            turns_push(&turns, &calls[slot], calls[slot].lane);
            waiting[caller] += 1;
            used += 1;
        }
        call = turns_pop(&turns);
        assert_int_equal(call != NULL, used > 0);
        if (call == NULL)
            continue;
        used -= 1;
        call->place = SERVED_IDLE;
        for (uint32_t i = 0; i < CALLERS; i++) {
            since[i] = waiting[i] > 0 && i * 3 != call->lane ? since[i] + 1 : 0;
            assert_true(since[i] <= CALLERS);
        }
        waiting[call->lane / 3] -= 1;
    }
}

static void test_callers_are_told_apart_and_each_is_always_the_same(void **state)
{
    struct turns turns = { .seed = 12345 };
    uint8_t lanes[TURNS_LANES] = { 0 };
    uint32_t used = 0;

    (void)state;
    for (uint32_t i = 0; i < TURNS_LANES; i++) {
        uint8_t name[13] = "caller number";
        uint8_t lane;

        memcpy(name, &i, sizeof(i));
        lane = turns_lane(&turns, (struct mu_bytes){ name, sizeof(name) });
        assert_int_equal(lane, turns_lane(&turns, (struct mu_bytes){ name, sizeof(name) }));
        used += lanes[lane] == 0;
        lanes[lane] = 1;
    }
    assert_true(used > TURNS_LANES / 2); /* 63 of 100 by chance */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_caller_is_served_in_its_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_callers_take_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_nobody_waits_for_more_than_one_call_of_each_other, set_up, tear_down),
        cmocka_unit_test(test_callers_are_told_apart_and_each_is_always_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
