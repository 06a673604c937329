// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "kernel/router/limits.h"
#include "kernel/router/policy.h"
#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_policies.h"

enum { OK = 0, NOTHING = -1 };

static struct bus bus;
static struct peer *supervisor;
static struct written policy;
static struct written other;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    supervisor = bus_supervisor(&bus);
    write_policy(&policy, "shop.*");
    write_policy(&other, "shop.Pay");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

static uint32_t set_both(void)
{
    struct written *both[] = { &policy, &other };

    return bus_set_policies(&bus, supervisor, both, 2);
}

/* How long the callee is told that the caller waits. */
static uint32_t told_ms(
        struct peer *caller, struct peer *callee, const char *endpoint, uint32_t timeout_ms)
{
    static uint64_t id;
    uint32_t told;

    id += 1;
    bus_ask_for(&bus, caller, id, endpoint, timeout_ms);
    assert_true(bus_take_call(&bus, callee) != 0);
    told = bus.heard[0].timeout_ms;
    bus_answer(&bus, callee, bus.heard[0].id, OK, 0);
    assert_int_equal(bus_take_code(&bus, caller, id), OK);
    return told;
}

static void test_a_call_takes_each_setting_from_the_narrowest_policy_that_has_it(void **state)
{
    struct peer *shop = bus_service(&bus, "shop");
    struct peer *caller = bus_caller(&bus);

    (void)state;
    policy.policy.timeout_ms = 2000;
    policy.policy.timeout_max_ms = 3000;
    other.policy.timeout_ms = 1000;
    assert_int_equal(set_both(), OK);
    assert_int_equal(told_ms(caller, shop, "shop.Pay", 0), 1000);
    assert_int_equal(told_ms(caller, shop, "shop.List", 0), 2000);
    assert_int_equal(told_ms(caller, shop, "shop.Pay", 9000), 3000);
    assert_int_equal(told_ms(caller, shop, "shop.Pay", 500), 500);
    assert_int_equal(told_ms(caller, shop, "shop.sub.Pay", 0), TIMEOUT_DEFAULT_MS);
}

static void test_one_that_ends_stands_above_the_lasting_one_until_it_does(void **state)
{
    struct peer *shop = bus_service(&bus, "shop");
    struct peer *caller = bus_caller(&bus);

    (void)state;
    write_policy(&other, "shop.*");
    policy.policy.timeout_ms = 2000;
    other.policy.timeout_ms = 1000;
    other.policy.left_ms = 500;
    assert_int_equal(set_both(), OK);
    assert_int_equal(told_ms(caller, shop, "shop.Pay", 0), 1000);
    bus_pass_ms(&bus, 499);
    assert_int_equal(told_ms(caller, shop, "shop.Pay", 0), 1000);
    bus_pass_ms(&bus, 1);
    assert_int_equal(told_ms(caller, shop, "shop.Pay", 0), 2000);
    policy.policy.left_ms = 100;
    bus_set_policy(&bus, supervisor, &policy);
    bus_pass_ms(&bus, 100);
    assert_int_equal(told_ms(caller, shop, "shop.Pay", 0), TIMEOUT_DEFAULT_MS);
    assert_null(bus.router.policies); /* without any a call costs the test of a pointer */
}

static void test_a_policy_may_be_for_one_caller_alone(void **state)
{
    struct peer *shop = bus_service(&bus, "shop");
    struct peer *clerk = bus_service(&bus, "clerk");
    struct peer *caller = bus_caller(&bus);

    (void)state;
    policy.policy.caller = (char *)"clerk";
    policy.policy.timeout_ms = 1000;
    bus_set_policy(&bus, supervisor, &policy);
    assert_int_equal(told_ms(clerk, shop, "shop.Pay", 0), 1000);
    assert_int_equal(told_ms(caller, shop, "shop.Pay", 0), TIMEOUT_DEFAULT_MS);
}

static void test_the_nodes_own_parts_are_under_no_policy(void **state)
{
    struct peer *registry = bus_service(&bus, "shop");
    struct peer *caller = bus_caller(&bus);

    (void)state;
    (void)registry;
    write_policy(&policy, ">");
    write_fault(&policy, CODE_UNAVAILABLE, 0, 100);
    policy.policy.left_ms = 1000;
    bus_set_policy(&bus, supervisor, &policy);
    bus_ask_for(&bus, caller, 1, "node.Status", 0);
    assert_true(bus_take_call(&bus, supervisor) != 0);
    bus_answer(&bus, supervisor, bus.heard[0].id, OK, 0);
    assert_int_equal(bus_take_code(&bus, caller, 1), OK);
    bus_ask_for(&bus, caller, 2, "router.Stats", 0);
    assert_int_equal(bus_take_code(&bus, caller, 2), OK);
    bus_ask_for(&bus, caller, 3, "shop.Pay", 0);
    assert_int_equal(bus_take_code(&bus, caller, 3), CODE_UNAVAILABLE);
}

static void test_a_rate_lets_so_many_through_and_says_when_to_come_again(void **state)
{
    struct peer *shop = bus_service(&bus, "shop");
    struct peer *caller = bus_caller(&bus);
    struct status status;
    uint32_t passed = 0;

    (void)state;
    write_rate(&policy, 10, 3);
    bus_set_policy(&bus, supervisor, &policy);
    for (uint64_t i = 1; i <= 4; i++)
        bus_ask_for(&bus, caller, i, "shop.Pay", 0);
    assert_int_equal(bus_hear(&bus, shop), 3);
    assert_int_equal(bus_hear(&bus, caller), 1);
    assert_int_equal(status_read(&status, bus.heard[0].status), ENVELOPE_OK);
    assert_int_equal(status.code, CODE_RESOURCE_EXHAUSTED);
    assert_int_equal(status.executed, EXECUTED_NO);
    assert_int_equal(status.retry_after_ms, 101);
    assert_non_null(memmem(status.message.data, status.message.size, "shop.*", 6));
    for (uint64_t i = 5; i <= 2004; i++) {
        bus_pass_ms(&bus, 7);
        bus_ask_for(&bus, caller, i, "shop.Pay", 1);
        passed += bus_take_call(&bus, shop) != 0 ? 1 : 0;
        bus_hear(&bus, caller);
    }
    assert_in_range(passed, 139, 140); /* 14 s of 10 */
}

static void test_setting_a_policy_again_fills_no_bucket(void **state)
{
    struct peer *shop = bus_service(&bus, "shop");
    struct peer *caller = bus_caller(&bus);

    (void)state;
    write_rate(&policy, 1, 1);
    bus_set_policy(&bus, supervisor, &policy);
    bus_ask_for(&bus, caller, 1, "shop.Pay", 0);
    policy.policy.timeout_ms = 1000;
    bus_set_policy(&bus, supervisor, &policy);
    bus_ask_for(&bus, caller, 2, "shop.Pay", 0);
    assert_int_equal(bus_hear(&bus, shop), 1);
    assert_int_equal(bus_take_code(&bus, caller, 2), CODE_RESOURCE_EXHAUSTED);
}

static void test_so_many_calls_are_under_way_at_a_time_and_no_more(void **state)
{
    struct peer *shop = bus_service(&bus, "shop");
    struct peer *caller = bus_caller(&bus);
    uint64_t first;

    (void)state;
    policy.policy.in_flight_max = 2;
    bus_set_policy(&bus, supervisor, &policy);
    bus_ask_for(&bus, caller, 1, "shop.Pay", 0);
    bus_ask_for(&bus, caller, 2, "shop.List", 10);
    first = bus_take_call(&bus, shop);
    bus_ask_for(&bus, caller, 3, "shop.Pay", 0);
    assert_int_equal(bus_take_code(&bus, caller, 3), CODE_RESOURCE_EXHAUSTED);
    bus_pass_ms(&bus, 30); /* the caller of 2 gave up, its callee is busy with it */
    assert_int_equal(bus_take_code(&bus, caller, 2), CODE_DEADLINE_EXCEEDED);
    bus_ask_for(&bus, caller, 4, "shop.Pay", 0);
    assert_int_equal(bus_take_code(&bus, caller, 4), CODE_RESOURCE_EXHAUSTED);
    bus_answer(&bus, shop, first, OK, 0);
    assert_int_equal(bus_take_code(&bus, caller, 1), OK);
    bus_ask_for(&bus, caller, 5, "shop.Pay", 0);
    assert_true(bus_take_call(&bus, shop) != 0);
    /* Taken back while calls count: they give back what nobody asks for any more. */
    assert_int_equal(bus_set_policies(&bus, supervisor, NULL, 0), OK);
}

static void test_faults_hit_their_part_of_the_calls_and_pass(void **state)
{
    struct peer *shop = bus_service(&bus, "shop");
    struct peer *caller = bus_caller(&bus);
    uint32_t hit = 0;

    (void)state;
    write_fault(&policy, CODE_UNAVAILABLE, 0, 25);
    policy.policy.left_ms = POLICY_FAULT_MAX_MS;
    bus_set_policy(&bus, supervisor, &policy);
    for (uint64_t i = 1; i <= 4000; i++) {
        uint64_t id;

        bus_ask_for(&bus, caller, i, "shop.Pay", 0);
        id = bus_take_call(&bus, shop);
        if (id != 0)
            bus_answer(&bus, shop, id, OK, 0);
        hit += bus_take_code(&bus, caller, i) == CODE_UNAVAILABLE ? 1 : 0;
    }
    assert_in_range(hit, 900, 1100); /* 1000, and a deviation of 27 */
    bus.now_us += POLICY_FAULT_MAX_MS * UINT64_C(1000);
    assert_int_equal(told_ms(caller, shop, "shop.Pay", 0), TIMEOUT_DEFAULT_MS);
    assert_null(bus.router.policies);
}

static void test_a_delay_is_waited_for_and_then_the_call_is_sent(void **state)
{
    struct peer *shop = bus_service(&bus, "shop");
    struct peer *caller = bus_caller(&bus);

    (void)state;
    write_fault(&policy, 0, 200, 100);
    policy.policy.left_ms = 60000;
    bus_set_policy(&bus, supervisor, &policy);
    bus_ask_for(&bus, caller, 1, "shop.Pay", 0);
    bus_pass_ms(&bus, 199);
    assert_int_equal(bus_take_call(&bus, shop), 0);
    bus_pass_ms(&bus, 12);
    assert_true(bus_take_call(&bus, shop) != 0);
    assert_in_range(bus.heard[0].timeout_ms, TIMEOUT_DEFAULT_MS - 212, TIMEOUT_DEFAULT_MS - 200);
    bus_answer(&bus, shop, bus.heard[0].id, OK, 0);
    assert_int_equal(bus_take_code(&bus, caller, 1), OK);
}

/* ---- what is no policy ---- */

static void write_nothing(struct written *written)
{
    written->policy.timeout_ms = 0;
}

static void write_two_dots(struct written *written)
{
    written->policy.endpoints = (char *)"shop..Pay";
}

static void write_own(struct written *written)
{
    written->policy.endpoints = (char *)"node.*";
}

static void write_bad_caller(struct written *written)
{
    written->policy.caller = (char *)"Clerk";
}

static void write_long_timeout(struct written *written)
{
    written->policy.timeout_ms = TIMEOUT_MAX_MS + 1;
}

static void write_timeout_over_max(struct written *written)
{
    written->policy.timeout_max_ms = 999;
}

static void write_crowd(struct written *written)
{
    written->policy.in_flight_max = POLICY_IN_FLIGHT_MAX + 1;
}

static void write_much(struct written *written)
{
    written->policy.bytes_in_flight_max = POLICY_BYTES_MAX + UINT64_C(1);
}

static void write_no_rate(struct written *written)
{
    write_rate(written, 0, 5);
}

static void write_high_rate(struct written *written)
{
    write_rate(written, POLICY_RATE_MAX + 1, 0);
}

static void write_many_retries(struct written *written)
{
    write_retries(written, POLICY_RETRIES_MAX + 1, false);
}

static void write_no_retries(struct written *written)
{
    write_retries(written, 0, true);
}

static void write_long_backoff(struct written *written)
{
    write_retries(written, 1, false);
    written->retries.backoff_ms = POLICY_BACKOFF_MAX_MS + 1;
}

static void write_no_breaker(struct written *written)
{
    write_breaker(written, 0, 0);
}

static void write_much_breaker(struct written *written)
{
    write_breaker(written, 0, 101);
}

static void write_long_breaker(struct written *written)
{
    write_breaker(written, 5, 0);
    written->breaker.eject_ms = POLICY_BREAKER_MAX_MS + 1;
}

static void write_full_weights(struct written *written)
{
    write_weight(written, "1.0", 60);
    write_weight(written, "1.1", 41);
}

static void write_weight_twice(struct written *written)
{
    write_weight(written, "1.0", 10);
    write_weight(written, "1.0", 10);
}

static void write_many_weights(struct written *written)
{
    static char versions[POLICY_WEIGHTS_MAX + 1][2];

    for (int i = 0; i <= POLICY_WEIGHTS_MAX; i++) {
        versions[i][0] = (char)('0' + i);
        write_weight(written, versions[i], 1);
    }
}

static void write_no_key(struct written *written)
{
    write_label(written, "", "x");
}

static void write_many_labels(struct written *written)
{
    static const char *const keys[] = { "a", "b", "c", "d", "e" };

    for (int i = 0; i <= POLICY_LABELS_MAX; i++)
        write_label(written, keys[i], "x");
}

static void write_lasting_fault(struct written *written)
{
    write_fault(written, CODE_UNAVAILABLE, 0, 10);
}

static void write_long_fault(struct written *written)
{
    write_fault(written, CODE_UNAVAILABLE, 0, 10);
    written->policy.left_ms = POLICY_FAULT_MAX_MS + 1;
}

static void write_no_fault(struct written *written)
{
    write_fault(written, 0, 0, 10);
    written->policy.left_ms = 1000;
}

static void write_fault_for_none(struct written *written)
{
    write_fault(written, CODE_UNAVAILABLE, 0, 0);
    written->policy.left_ms = 1000;
}

static void write_strange_code(struct written *written)
{
    write_fault(written, 17, 0, 10);
    written->policy.left_ms = 1000;
}

static void write_no_hedge(struct written *written)
{
    write_hedge(written, 0);
}

static void write_long_hedge(struct written *written)
{
    write_hedge(written, POLICY_HEDGE_MAX_MS + 1);
}

static void write_backoff_beside_hedge(struct written *written)
{
    write_hedge(written, 20);
    write_retries(written, 0, true);
    written->retries.backoff_ms = 10;
}

static void write_mirror_of_none(struct written *written)
{
    write_mirror(written, "", 10);
}

static void write_long_mirror(struct written *written)
{
    write_mirror(written, "12345678901234567890123456789012", 10);
}

static void write_mirror_of_nothing(struct written *written)
{
    write_mirror(written, "2.0", 0);
}

static void write_much_mirror(struct written *written)
{
    write_mirror(written, "2.0", 101);
}

static void test_a_request_that_is_wrong_in_any_part_says_so_and_changes_nothing(void **state)
{
    static const struct {
        void (*write)(struct written *written);
        const char *says;
    } bad[] = {
        { write_nothing, "at least one thing" },
        { write_two_dots, "endpoints:" },
        { write_own, "part of the node itself" },
        { write_bad_caller, "caller:" },
        { write_long_timeout, "timeout:" },
        { write_timeout_over_max, "timeout-max" },
        { write_crowd, "in-flight:" },
        { write_much, "bytes-in-flight:" },
        { write_no_rate, "rate:" },
        { write_high_rate, "rate:" },
        { write_many_retries, "retries:" },
        { write_no_retries, "retries:" },
        { write_long_backoff, "backoff:" },
        { write_no_breaker, "breaker:" },
        { write_much_breaker, "breaker:" },
        { write_long_breaker, "eject:" },
        { write_full_weights, "make 101 of 100" },
        { write_weight_twice, "1.0 is there twice" },
        { write_many_weights, "weight: 8 versions" },
        { write_no_key, "label:" },
        { write_many_labels, "label: 4 at most" },
        { write_lasting_fault, "--for 5m" },
        { write_long_fault, "--for 5m" },
        { write_no_fault, "fault: what it is" },
        { write_fault_for_none, "percent=" },
        { write_strange_code, "a code one of gRPC's" },
        { write_no_hedge, "hedge=20ms" },
        { write_long_hedge, "1 ms to 60 s" },
        { write_backoff_beside_hedge, "retries: 1 to 3" },
        { write_mirror_of_none, "mirror=2.0.0:10" },
        { write_long_mirror, "mirror=2.0.0:10" },
        { write_mirror_of_nothing, "mirror=2.0.0:10" },
        { write_much_mirror, "1 to 100" },
    };
    struct peer *shop = bus_service(&bus, "shop");
    struct peer *caller = bus_caller(&bus);

    (void)state;
    policy.policy.timeout_ms = 1234;
    bus_set_policy(&bus, supervisor, &policy);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        write_policy(&policy, "shop.*");
        policy.policy.timeout_ms = 4321;
        write_policy(&other, "shop.List");
        other.policy.timeout_ms = 1000;
        bad[i].write(&other);
        assert_int_equal(set_both(), CODE_INVALID_ARGUMENT);
        if (strstr(bus_refused_text(), bad[i].says) == NULL)
            fail_msg("%s: %s", bad[i].says, bus_refused_text());
        assert_int_equal(told_ms(caller, shop, "shop.Pay", 0), 1234);
    }
}

static void test_the_bounds_of_hedges_and_copies_may_be_written(void **state)
{
    (void)state;
    write_hedge(&policy, 1);
    write_retries(&policy, 0, true);
    write_mirror(&policy, "1", 1);
    write_hedge(&other, POLICY_HEDGE_MAX_MS);
    write_mirror(&other, "1234567890123456789012345678901", 100);
    assert_int_equal(set_both(), OK);
}

static void test_a_scope_has_one_policy_and_a_node_so_many(void **state)
{
    static struct written many[POLICIES_MAX + 1];
    static char endpoints[POLICIES_MAX + 1][16];
    struct written *each[POLICIES_MAX + 1];

    (void)state;
    for (int i = 0; i <= POLICIES_MAX; i++) {
        snprintf(endpoints[i], sizeof(endpoints[i]), "shop.M%d", i);
        write_policy(&many[i], endpoints[i]);
        many[i].policy.timeout_ms = 1000;
        each[i] = &many[i];
    }
    assert_int_equal(
            bus_set_policies(&bus, supervisor, each, POLICIES_MAX + 1), CODE_RESOURCE_EXHAUSTED);
    assert_null(bus.router.policies);
    assert_int_equal(bus_set_policies(&bus, supervisor, each, POLICIES_MAX), OK);
    many[1].policy.endpoints = endpoints[0];
    assert_int_equal(bus_set_policies(&bus, supervisor, each, 2), CODE_INVALID_ARGUMENT);
}

static void test_nobody_but_the_supervisor_sets_policies(void **state)
{
    struct peer *caller = bus_caller(&bus);

    (void)state;
    bus_ask_for(&bus, caller, 1, "router.Policies", 0);
    assert_int_equal(bus_take_code(&bus, caller, 1), CODE_PERMISSION_DENIED);
}

static void test_explain_says_where_each_setting_comes_from_and_what_it_did(void **state)
{
    struct peer *shop = bus_service(&bus, "shop");
    struct peer *caller = bus_caller(&bus);
    Mu__Router__V1__ExplainReply *reply;

    (void)state;
    policy.policy.in_flight_max = 1;
    write_breaker(&policy, 1, 0);
    other.policy.timeout_ms = 1000;
    other.policy.left_ms = 5000;
    assert_int_equal(set_both(), OK);
    bus_ask_for(&bus, caller, 1, "shop.Pay", 0);
    bus_ask_for(&bus, caller, 2, "shop.Pay", 0);
    bus_hear(&bus, caller);
    bus_pass_ms(&bus, 500);
    reply = bus_explain(&bus, caller, "shop.Pay", "");
    assert_int_equal(reply->n_effects, 3);
    assert_string_equal(reply->effects[0]->setting, "timeout");
    assert_string_equal(reply->effects[0]->policy->endpoints, "shop.Pay");
    assert_int_equal(reply->effects[0]->policy->left_ms, 4500);
    assert_string_equal(reply->effects[1]->setting, "in-flight");
    assert_string_equal(reply->effects[1]->policy->endpoints, "shop.*");
    assert_int_equal(reply->effects[1]->use->in_flight, 1);
    assert_int_equal(reply->effects[1]->use->refused, 1);
    assert_string_equal(reply->effects[2]->setting, "breaker");
    assert_int_equal(reply->n_instances, 1);
    assert_true(reply->instances[0]->instance == shop->instance);
    mu__router__v1__explain_reply__free_unpacked(reply, NULL);
    reply = bus_explain(&bus, caller, "far.Off", "");
    assert_int_equal(reply->n_effects + reply->n_instances, 0);
    mu__router__v1__explain_reply__free_unpacked(reply, NULL);
}

/* What policies_resolve finds, by comparing all policies for each setting: here the timeout. */
static void test_what_is_found_is_what_a_look_at_all_policies_finds(void **state)
{
    static const char *const scopes[] = { ">", "*.Pay", "shop.>", "shop.*", "shop.Pay",
        "shop.sub.*", "bank.*", "shop.sub.Pay", "*.>", "*.sub.*" };
    /* For each endpoint the scopes that match, the narrowest first. */
    static const struct {
        const char *endpoint;
        int order[10];
    } expected[] = {
        { "shop.Pay", { 4, 3, 1, 2, 8, 0, -1 } },
        { "shop.List", { 3, 2, 8, 0, -1 } },
        { "shop.sub.Pay", { 7, 5, 9, 2, 8, 0, -1 } },
        { "bank.Pay", { 6, 1, 8, 0, -1 } },
        { "far.Off", { 8, 0, -1 } },
    };
    static struct written all[10];
    struct written *each[10];
    struct random random;

    (void)state;
    random_init(&random, 7);
    for (int turn = 0; turn < 300; turn++) {
        bool there[10] = { false };
        size_t count = 0;

        for (int i = 0; i < 10; i++) {
            if (random_below(&random, 2) == 0)
                continue;
            there[i] = true;
            write_policy(&all[count], scopes[i]);
            all[count].policy.timeout_ms = 1 + (uint32_t)i;
            each[count] = &all[count];
            count += 1;
        }
        assert_int_equal(bus_set_policies(&bus, supervisor, each, count), OK);
        for (size_t k = 0; k < sizeof(expected) / sizeof(expected[0]); k++) {
            const struct settings *settings =
                    policy_find(&bus.router, supervisor, NULL, bus_text(expected[k].endpoint));
            uint32_t found = settings == NULL || settings->by[SETTING_TIMEOUT] == NULL
                                     ? 0
                                     : settings->by[SETTING_TIMEOUT]->terms.timeout_ms;
            const int *order = expected[k].order;

            while (*order >= 0 && !there[*order])
                order += 1;
            if (found != (uint32_t)(*order + 1))
                fail_msg("turn %d, %s: %u", turn, expected[k].endpoint, found);
        }
    }
}

#define IN_A_BUS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        IN_A_BUS(test_a_call_takes_each_setting_from_the_narrowest_policy_that_has_it),
        IN_A_BUS(test_one_that_ends_stands_above_the_lasting_one_until_it_does),
        IN_A_BUS(test_a_policy_may_be_for_one_caller_alone),
        IN_A_BUS(test_the_nodes_own_parts_are_under_no_policy),
        IN_A_BUS(test_a_rate_lets_so_many_through_and_says_when_to_come_again),
        IN_A_BUS(test_setting_a_policy_again_fills_no_bucket),
        IN_A_BUS(test_so_many_calls_are_under_way_at_a_time_and_no_more),
        IN_A_BUS(test_faults_hit_their_part_of_the_calls_and_pass),
        IN_A_BUS(test_a_delay_is_waited_for_and_then_the_call_is_sent),
        IN_A_BUS(test_a_request_that_is_wrong_in_any_part_says_so_and_changes_nothing),
        IN_A_BUS(test_the_bounds_of_hedges_and_copies_may_be_written),
        IN_A_BUS(test_a_scope_has_one_policy_and_a_node_so_many),
        IN_A_BUS(test_nobody_but_the_supervisor_sets_policies),
        IN_A_BUS(test_explain_says_where_each_setting_comes_from_and_what_it_did),
        IN_A_BUS(test_what_is_found_is_what_a_look_at_all_policies_finds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
