// SPDX-License-Identifier: Apache-2.0
/* A service of one namespace tries names. Whatever it tries, and whatever policies and the
 * supervisor do meanwhile, what it hears of a name that is hidden from it is, byte for byte, what
 * it hears of one that nobody has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_policies.h"

#define TEXTS(text) ((struct span){ (const uint8_t *)(text), sizeof(text) })
#define NOTHING     ((struct span){ NULL, 0 })

enum { NAMES = 10000, HIDDEN = 500, NAME_SIZE = 8, REPLY_MAX = 1024 };

static struct bus bus;
static struct peer *supervisor;
static struct peer *prober;
static struct peer *hidden[HIDDEN];
static char names[HIDDEN][NAME_SIZE + 1];

static void make_name(struct random *random, char name[NAME_SIZE + 1])
{
    for (int i = 0; i < NAME_SIZE; i++)
        name[i] = (char)('a' + random_below(random, 26));
    name[NAME_SIZE] = '\0';
}

static int set_up(void **state)
{
    struct random random;

    (void)state;
    bus_open(&bus);
    random_init(&random, 7);
    supervisor = bus_supervisor(&bus);
    for (uint64_t i = 0; i < HIDDEN; i++) {
        make_name(&random, names[i]);
        hidden[i] = bus_tenant(
                &bus, &(struct bus_tenant){ "beta", names[i], 100 + i, NOTHING, NOTHING });
    }
    prober = bus_tenant(&bus, &(struct bus_tenant){ "acme", "prober", 1, TEXTS(">"), NOTHING });
    bus_hear(&bus, supervisor);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

/* Calls `NAME.Get`. What was heard goes to `reply`, with the name, wherever it stands, put into a
 * form that does not depend on it. Returns its size. */
static size_t probe(const char *name, uint8_t reply[REPLY_MAX])
{
    char endpoint[NAME_SIZE + 8];
    size_t size;

    snprintf(endpoint, sizeof(endpoint), "%s.Get", name);
    bus_say(&bus, prober,
            (struct envelope){ .kind = ENVELOPE_CALL, .id = 9, .endpoint = bus_text(endpoint) });
    if (bus_hear(&bus, prober) == 0)
        return 0; /* it waits */
    assert_int_equal(bus.heard_count, 1);
    size = bus.heard[0].status.size;
    assert_true(size > 0 && size <= REPLY_MAX && bus.heard[0].body.size == 0);
    memcpy(reply, bus.heard[0].status.data, size);
    for (size_t i = 0; i + NAME_SIZE <= size; i++)
        if (memcmp(reply + i, name, NAME_SIZE) == 0)
            memset(reply + i, '?', NAME_SIZE);
    return size;
}

static void expect_same(const char *hidden_name, const char *missing_name)
{
    uint8_t one[REPLY_MAX];
    uint8_t two[REPLY_MAX];
    size_t one_size = probe(hidden_name, one);
    size_t two_size = probe(missing_name, two);

    if (one_size != two_size || memcmp(one, two, one_size) != 0)
        fail_msg("%s is told from %s", hidden_name, missing_name);
}

static void test_ten_thousand_names_tell_nothing(void **state)
{
    struct random random;
    uint8_t first[REPLY_MAX];
    uint8_t reply[REPLY_MAX];
    size_t first_size = probe("zzzzzzzz", first);
    uint32_t met = 0;

    (void)state;
    random_init(&random, 99);
    for (int i = 0; i < NAMES; i++) {
        char name[NAME_SIZE + 1];
        bool is_hidden = random_below(&random, 2) == 0;

        if (is_hidden)
            memcpy(name, names[random_below(&random, HIDDEN)], sizeof(name));
        else
            make_name(&random, name);
        met += is_hidden;
        assert_int_equal(probe(name, reply), first_size);
        assert_memory_equal(reply, first, first_size);
    }
    assert_true(met > NAMES / 3);
    for (size_t i = 0; i < HIDDEN; i++)
        assert_int_equal(bus_hear(&bus, hidden[i]), 0); /* nobody heard of it */
}

static void test_a_policy_of_what_is_hidden_shows_nothing_and_is_not_used_up(void **state)
{
    struct written policies[2];
    struct written *each[] = { &policies[0], &policies[1] };
    char endpoints[2][NAME_SIZE + 8];
    uint64_t refused;

    (void)state;
    snprintf(endpoints[0], sizeof(endpoints[0]), "%s.Get", names[0]);
    snprintf(endpoints[1], sizeof(endpoints[1]), "%s.*", names[1]);
    write_policy(&policies[0], endpoints[0]);
    write_rate(&policies[0], 1, 1);
    write_policy(&policies[1], endpoints[1]);
    write_retries(&policies[1], 3, true);
    policies[1].policy.timeout_ms = 5;
    assert_int_equal(bus_set_policies(&bus, supervisor, each, 2), 0);
    refused = bus.router.stats.calls_refused;
    for (int i = 0; i < 5; i++) {
        expect_same(names[0], "zzzzzzzz");
        expect_same(names[1], "zzzzzzzz");
    }
    assert_true(bus.router.stats.calls_refused == refused);
}

static void test_a_policy_for_all_does_the_same_to_both(void **state)
{
    struct written policy;

    (void)state;
    write_policy(&policy, ">");
    write_retries(&policy, 3, true);
    bus_set_policy(&bus, supervisor, &policy);
    expect_same(names[0], "zzzzzzzz");
    write_policy(&policy, ">");
    write_rate(&policy, 1, 2);
    bus_set_policy(&bus, supervisor, &policy);
    expect_same(names[0], "zzzzzzzz"); /* the two that the rate lets through … */
    bus_pass_ms(&bus, 1);
    expect_same(names[0], "zzzzzzzz"); /* … and two that it does not */
}

static void test_a_fault_for_all_delays_both(void **state)
{
    struct written policy;
    uint8_t reply[REPLY_MAX];

    (void)state;
    write_policy(&policy, ">");
    write_fault(&policy, 0, 50, 100);
    policy.policy.left_ms = 60000;
    bus_set_policy(&bus, supervisor, &policy);
    assert_int_equal(probe("zzzzzzzz", reply), 0);
    bus_pass_ms(&bus, 60);
    bus_expect_result(&bus, prober, 9, CODE_NOT_FOUND, EXECUTED_NO);
    assert_int_equal(probe(names[0], reply), 0);
    bus_pass_ms(&bus, 60);
    bus_expect_result(&bus, prober, 9, CODE_NOT_FOUND, EXECUTED_NO);
    assert_int_equal(bus_hear(&bus, hidden[0]), 0);
}

static void expect_service(const char *service, const char *space)
{
    Mu__Router__V1__ExpectRequest request = MU__ROUTER__V1__EXPECT_REQUEST__INIT;
    uint8_t body[256];

    request.service = (char *)(uintptr_t)service;
    request.namespace_ = (char *)(uintptr_t)space;
    request.for_ms = 10000;
    bus_say(&bus, supervisor,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 900,
                    .endpoint = bus_text("router.Expect"),
                    .body = { body, mu__router__v1__expect_request__pack(&request, body) } });
    bus_expect_result(&bus, supervisor, 900, 0, 0);
}

static void test_what_is_starting_or_restarting_is_hidden_as_well(void **state)
{
    (void)state;
    router_detach(&bus.router, hidden[0], bus.now_us);
    bus_hear(&bus, supervisor);
    expect_same(names[0], "zzzzzzzz");
    expect_service(names[0], "beta");
    expect_same(names[0], "zzzzzzzz");
    expect_service("tomorrow", "beta"); /* it was never here */
    expect_same("tomorrow", "zzzzzzzz");
}

static void test_who_has_no_capability_hears_that_of_every_name(void **state)
{
    struct peer *poor =
            bus_tenant(&bus, &(struct bus_tenant){ "acme", "poor", 2, TEXTS("poor.*"), NOTHING });

    (void)state;
    router_detach(&bus.router, prober, bus.now_us);
    prober = poor;
    for (size_t i = 0; i < 100; i++)
        expect_same(names[i], "zzzzzzzz");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ten_thousand_names_tell_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_policy_of_what_is_hidden_shows_nothing_and_is_not_used_up, set_up,
                tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_policy_for_all_does_the_same_to_both, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_fault_for_all_delays_both, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_what_is_starting_or_restarting_is_hidden_as_well, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_who_has_no_capability_hears_that_of_every_name, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
