// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_policies.h"

enum { OK = 0, CALLS = 10000, INSTANCES = 4 };

static struct bus bus;
static struct peer *supervisor;
static struct peer *caller;
static struct written policy;
static uint64_t calls;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    supervisor = bus_supervisor(&bus);
    caller = bus_caller(&bus);
    write_policy(&policy, "shop.*");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

static struct peer *shop(const char *version, const char *zone)
{
    return bus_instance(&bus, &(struct instance){ "shop", version, zone, NULL });
}

/* Calls once; the index of the instance that had it, which answers with `code`; `count`: nobody
 * had. */
static int call_once(struct peer *const *instances, int count, uint32_t code)
{
    calls += 1;
    bus_ask_for(&bus, caller, calls, "shop.Pay", 0);
    for (int i = 0; i < count; i++) {
        uint64_t id = bus_take_call(&bus, instances[i]);

        if (id == 0)
            continue;
        bus_answer(&bus, instances[i], id, code, EXECUTED_YES);
        assert_int_equal(bus_take_code(&bus, caller, calls), code);
        return i;
    }
    return count;
}

static void call_often(struct peer *const *instances, int count, uint32_t had[])
{
    memset(had, 0, (size_t)(count + 1) * sizeof(had[0]));
    for (int i = 0; i < CALLS; i++)
        had[call_once(instances, count, OK)] += 1;
}

static void test_a_version_has_its_share_however_many_instances_it_has(void **state)
{
    struct peer *instances[] = { shop("1.1.0", NULL), shop("1.0.0", NULL), shop("1.0.0", NULL),
        shop("1.0.0", NULL) };
    uint32_t had[INSTANCES + 1];

    (void)state;
    write_weight(&policy, "1.1.0", 10);
    bus_set_policy(&bus, supervisor, &policy);
    call_often(instances, INSTANCES, had);
    /* 1000 of 10000 expected, with a deviation of 30: five of them. */
    assert_in_range(had[0], 850, 1150);
    assert_int_equal(had[INSTANCES], 0);
    for (int i = 1; i < INSTANCES; i++)
        assert_true(had[i] > CALLS / 10);
}

static void test_shares_of_a_hundred_leave_nothing_to_others_and_none_is_none(void **state)
{
    struct peer *instances[] = { shop("1.0.0", NULL), shop("1.1.0", NULL), shop("1.2.0", NULL),
        shop("1.3.0", NULL) };
    uint32_t had[INSTANCES + 1];

    (void)state;
    write_weight(&policy, "1.0.0", 70);
    write_weight(&policy, "1.1.0", 30);
    write_weight(&policy, "1.2.0", 0);
    bus_set_policy(&bus, supervisor, &policy);
    call_often(instances, INSTANCES, had);
    assert_in_range(had[0], 6770, 7230);
    assert_in_range(had[1], 2770, 3230);
    assert_int_equal(had[2] + had[3], 0);
    /* What has a share is gone: what has none said of it takes over, what has 0 never does. */
    router_detach(&bus.router, instances[0], bus.now_us);
    router_detach(&bus.router, instances[1], bus.now_us);
    assert_int_equal(call_once(&instances[2], 2, OK), 1);
    router_detach(&bus.router, instances[3], bus.now_us);
    assert_int_equal(call_once(&instances[2], 1, OK), 1);
    bus_expect_result(&bus, caller, calls, CODE_UNAVAILABLE, EXECUTED_NO);
    assert_non_null(memmem(bus_heard_text(&bus).data, bus_heard_text(&bus).size, "policy", 6));
}

static void test_only_instances_with_the_labels_are_called(void **state)
{
    struct peer *instances[] = { shop("1", "north"), shop("1", "south"), shop("1", NULL) };
    uint32_t had[INSTANCES + 1];

    (void)state;
    write_label(&policy, "zone", "south");
    bus_set_policy(&bus, supervisor, &policy);
    call_often(instances, 3, had);
    assert_int_equal(had[1], CALLS);
    router_detach(&bus.router, instances[1], bus.now_us);
    bus_ask_for(&bus, caller, 1, "shop.Pay", 0);
    bus_expect_result(&bus, caller, 1, CODE_UNAVAILABLE, EXECUTED_NO);
}

static void test_an_instance_that_fails_is_left_out_and_comes_back(void **state)
{
    struct peer *instances[] = { shop("1", NULL), shop("1", NULL), shop("1", NULL),
        shop("1", NULL) };
    uint32_t had[INSTANCES + 1];
    int failures = 0;

    (void)state;
    write_breaker(&policy, 3, 0);
    bus_set_policy(&bus, supervisor, &policy);
    while (failures < 3) {
        calls += 1;
        bus_ask_for(&bus, caller, calls, "shop.Pay", 0);
        for (int i = 0; i < INSTANCES; i++) {
            uint64_t id = bus_take_call(&bus, instances[i]);

            if (id == 0)
                continue;
            failures += i == 0 ? 1 : 0;
            bus_answer(&bus, instances[i], id, i == 0 ? CODE_UNAVAILABLE : OK, EXECUTED_YES);
            bus_hear(&bus, caller);
        }
    }
    call_often(instances, INSTANCES, had);
    assert_int_equal(had[0], 0);
    bus_pass_ms(&bus, 1000);
    call_often(instances, INSTANCES, had);
    assert_true(had[0] > 0); /* the probe went well */
}

/* All fail all the time: at no instant are more than half left out. */
static void test_at_most_half_of_the_instances_are_left_out(void **state)
{
    (void)state;
    write_breaker(&policy, 1, 0);
    bus_set_policy(&bus, supervisor, &policy);
    for (int count = 1; count <= INSTANCES; count++) {
        struct peer *instances[INSTANCES];

        for (int i = 0; i < count; i++)
            instances[i] = shop("1", NULL);
        for (int turn = 0; turn < 500; turn++) {
            int out = 0;

            assert_true(call_once(instances, count, CODE_UNAVAILABLE) < count);
            for (int i = 0; i < count; i++)
                out += instances[i]->breaker.state != BREAKER_CLOSED ? 1 : 0;
            assert_true(out <= count / 2);
            bus_pass_ms(&bus, 10);
        }
        for (int i = 0; i < count; i++)
            router_detach(&bus.router, instances[i], bus.now_us);
    }
}

static void test_a_probe_whose_caller_gave_up_makes_room_for_another(void **state)
{
    struct peer *instances[] = { shop("1", NULL), shop("1", NULL) };
    uint64_t id = 0;

    (void)state;
    write_breaker(&policy, 1, 0);
    bus_set_policy(&bus, supervisor, &policy);
    while (instances[0]->breaker.state == BREAKER_CLOSED)
        call_once(instances, 1, CODE_UNAVAILABLE);
    bus_pass_ms(&bus, 1000);
    while (id == 0) { /* until it is sent the probe */
        calls += 1;
        bus_ask_for(&bus, caller, calls, "shop.Pay", 0);
        id = bus_take_call(&bus, instances[0]);
    }
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = calls });
    assert_int_equal(instances[0]->breaker.state, BREAKER_PROBING);
    bus_answer(&bus, instances[0], id, CODE_CANCELLED, EXECUTED_UNKNOWN);
    assert_int_equal(instances[0]->breaker.state, BREAKER_OPEN);
    bus_hear(&bus, caller);
}

#define IN_A_BUS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        IN_A_BUS(test_a_version_has_its_share_however_many_instances_it_has),
        IN_A_BUS(test_shares_of_a_hundred_leave_nothing_to_others_and_none_is_none),
        IN_A_BUS(test_only_instances_with_the_labels_are_called),
        IN_A_BUS(test_an_instance_that_fails_is_left_out_and_comes_back),
        IN_A_BUS(test_at_most_half_of_the_instances_are_left_out),
        IN_A_BUS(test_a_probe_whose_caller_gave_up_makes_room_for_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
