// SPDX-License-Identifier: Apache-2.0
/* Rules, as the router keeps them: each call's verdict is compared with the pure decision. */
#include <stdio.h>

#include "base/random.h"
#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_users.h"

enum { ROUNDS = 40, CALLS = 60 };

static struct users users;

static int set_up(void **state)
{
    (void)state;
    users_open(&users);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    users_close(&users);
    return 0;
}

static struct peer *present(const char *subject)
{
    struct peer *caller = bus_caller(&users.bus);
    char line[ACCESS_TEXT_MAX + 1];

    users_issue(&users, subject, ">", line);
    assert_int_equal(users_present(&users, caller, line), 0);
    return caller;
}

static void set(const struct users_rule *rules, size_t count)
{
    assert_int_equal(users_set_rules(&users, users.auth, rules, count), 0);
}

static void test_a_refusal_names_the_rule_and_its_reason(void **state)
{
    static const struct users_rule rules[] = { { 17, 1, "user:alice", "store.Put", true,
            "read only until Monday" } };
    struct peer *alice = present("alice");

    (void)state;
    set(rules, 1);
    assert_int_equal(users_call(&users, alice, "store.Put"), CODE_PERMISSION_DENIED);
    assert_string_equal(users.refusal, "rule 17 denies store.Put: read only until Monday");
    assert_int_equal(users_call(&users, alice, "store.Get"), 0);
    assert_int_equal(users_call(&users, present("bob"), "store.Put"), 0);
}

static void test_rules_hold_from_the_next_call_on_and_are_replaced_at_once(void **state)
{
    static const struct users_rule denies[] = { { 1, 1, "*", "store.*", true, NULL } };
    static const struct users_rule allows[] = { { 1, 1, "*", "store.*", true, NULL },
        { 2, 2, "user:alice", "store.*", false, NULL } };
    struct peer *alice = present("alice");
    struct peer *nobody = bus_caller(&users.bus);

    (void)state;
    for (int i = 0; i < 2; i++) {
        set(denies, 1);
        assert_int_equal(users_call(&users, alice, "store.Get"), CODE_PERMISSION_DENIED);
        assert_int_equal(users_call(&users, nobody, "store.Get"), CODE_PERMISSION_DENIED);
        set(allows, 2);
        assert_int_equal(users_call(&users, alice, "store.Get"), 0);
        assert_int_equal(users_call(&users, nobody, "store.Get"), CODE_PERMISSION_DENIED);
        set(NULL, 0);
        assert_int_equal(users_call(&users, nobody, "store.Get"), 0);
    }
}

/* With a token of the call's own, unless that is "". */
static uint32_t call_by(struct peer *caller, const char *endpoint, const char *token)
{
    uint32_t code = users_try(&users, caller, users.store, endpoint,
            (struct envelope){ .token = token[0] != '\0' ? bus_text(token) : (struct span){ 0 } });

    if (code == 0)
        users_answer(&users, users.store, caller);
    return code;
}

static uint32_t call_answered(struct peer *caller, const char *endpoint)
{
    return call_by(caller, endpoint, "");
}

static void test_what_let_a_call_through_lets_the_same_through_and_nothing_else(void **state)
{
    static const struct users_rule denies[] = { { 1, 1, "*", "store.Get", true, NULL } };
    struct peer *caller = present("alice");
    char reads[ACCESS_TEXT_MAX + 1];
    char writes[ACCESS_TEXT_MAX + 1];

    (void)state;
    users_issue(&users, "bob", "store.Get", reads);
    users_issue(&users, "bob", "store.Put", writes);
    for (int i = 0; i < 3; i++)
        assert_int_equal(call_answered(caller, "store.Get"), 0);
    assert_non_null(caller->passed.method);
    set(denies, 1);
    assert_int_equal(call_answered(caller, "store.Get"), CODE_PERMISSION_DENIED);
    for (int i = 0; i < 3; i++)
        assert_int_equal(call_answered(caller, "store.Put"), 0);
    assert_int_equal(call_answered(caller, "store.Get"), CODE_PERMISSION_DENIED);
    set(NULL, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(call_answered(caller, "store.Get"), 0);
    assert_int_equal(call_by(caller, "store.Get", writes), CODE_PERMISSION_DENIED);
    for (int i = 0; i < 3; i++)
        assert_int_equal(call_by(caller, "store.Get", reads), 0);
    assert_int_equal(users_present(&users, caller, writes), 0);
    assert_int_equal(call_by(caller, "store.Get", reads), CODE_PERMISSION_DENIED);
    assert_int_equal(call_answered(caller, "store.Get"), CODE_PERMISSION_DENIED);
    assert_int_equal(users_present(&users, caller, reads), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(call_answered(caller, "store.Get"), 0);
    assert_int_equal(call_answered(caller, "store.Put"), CODE_PERMISSION_DENIED);
}

static void test_a_rule_holds_for_a_caller_that_says_later_which_service_it_is(void **state)
{
    static const struct users_rule rules[] = { { 1, 1, "service:shop", "store.Get", true, NULL } };
    struct peer *caller = bus_caller(&users.bus);

    (void)state;
    set(rules, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(call_answered(caller, "store.Get"), 0);
    bus_hello(&users.bus, caller, "shop");
    bus_hear(&users.bus, caller);
    assert_int_equal(call_answered(caller, "store.Get"), CODE_PERMISSION_DENIED);
}

static void test_a_rule_that_allows_gives_no_right(void **state)
{
    static const struct users_rule rules[] = { { 1, 1, "*", ">", false, NULL } };
    struct peer *process = bus_process(&users.bus, "shop", 11,
            (struct span){ (const uint8_t *)"store.Get", sizeof("store.Get") });

    (void)state;
    set(rules, 1);
    assert_int_equal(users_call(&users, process, "store.Get"), 0);
    assert_int_equal(users_call(&users, process, "store.Put"), CODE_PERMISSION_DENIED);
}

static void test_a_service_is_ruled_by_its_name_and_by_the_user_it_serves(void **state)
{
    static const struct users_rule rules[] = { { 1, 1, "service:shop", "store.Put", true, NULL },
        { 2, 1, "user:alice", "store.Get", true, NULL } };
    struct peer *shop = bus_process(
            &users.bus, "shop", 11, (struct span){ (const uint8_t *)"store.*", sizeof("store.*") });
    struct peer *alice = present("alice");
    uint64_t parent;

    (void)state;
    set(rules, 2);
    assert_int_equal(users_call(&users, shop, "store.Put"), CODE_PERMISSION_DENIED);
    assert_int_equal(users_call(&users, shop, "store.Get"), 0);
    assert_int_equal(users_try(&users, alice, shop, "shop.Buy", (struct envelope){ .id = 0 }), 0);
    parent = users.served;
    assert_int_equal(users_try(&users, shop, users.store, "store.Get",
                             (struct envelope){ .parent = parent }),
            CODE_PERMISSION_DENIED);
}

static void test_no_rule_locks_out_the_node_s_owner_and_its_parts(void **state)
{
    static const struct users_rule rules[] = { { 1, 1, "*", ">", true, NULL } };
    struct peer *owner = bus_caller(&users.bus);

    (void)state;
    set(rules, 1);
    assert_int_equal(
            users_try(&users, owner, users.auth, "auth.RemoveRule", (struct envelope){ .id = 0 }),
            0);
    assert_int_equal(users_set_keys(&users, users.auth, NULL, 0), 0);
    assert_int_equal(users_try(&users, present("alice"), users.auth, "auth.RemoveRule",
                             (struct envelope){ .id = 0 }),
            CODE_PERMISSION_DENIED);
    assert_int_equal(users_call(&users, owner, "store.Get"), CODE_PERMISSION_DENIED);
}

static void test_rules_hold_for_calls_of_other_nodes(void **state)
{
    static const struct users_rule rules[] = { { 1, 1, "*", "store.Put", true, NULL },
        { 2, 9, "user:alice", "store.Put", false, NULL } };
    struct peer *linker = bus_linker(&users.bus);
    struct peer *neighbour = bus_neighbour(&users.bus, linker, "lamp.alice", 7);
    uint8_t room[STAMP_SIZE_MAX];
    struct stamp said = { .service = bus_text("greeter"), .user = bus_text("alice") };
    struct envelope call = { .kind = ENVELOPE_CALL,
        .id = CALL_ID_ROUTER | 5,
        .endpoint = bus_text("store.Put"),
        .caller = stamp_write(&said, room) };

    (void)state;
    set(rules, 2);
    bus_say(&users.bus, neighbour, call);
    assert_int_equal(bus_hear(&users.bus, users.store), 0);
    assert_int_equal(users_call(&users, present("alice"), "store.Put"), 0);
}

static void test_rules_that_are_none_change_nothing(void **state)
{
    static const struct users_rule good[] = { { 1, 1, "*", "store.Put", true, NULL } };
    static const struct users_rule bad[][2] = { { { 0, 1, "*", ">", true, NULL } },
        { { 1, 1, "alice", ">", true, NULL } }, { { 1, 1, "*", "store", true, NULL } },
        { { 1, 1, "*", ">", true, NULL }, { 1, 1, "*", ">", true, NULL } } };
    struct peer *caller = bus_caller(&users.bus);

    (void)state;
    set(good, 1);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(
                users_set_rules(&users, users.auth, bad[i], i == 3 ? 2 : 1), CODE_INVALID_ARGUMENT);
        assert_int_equal(users_call(&users, caller, "store.Put"), CODE_PERMISSION_DENIED);
    }
}

static void test_as_many_rules_as_there_may_be_are_taken_and_not_one_more(void **state)
{
    static struct users_rule rules[RULES_MAX + 1];

    (void)state;
    for (size_t i = 0; i <= RULES_MAX; i++)
        rules[i] = (struct users_rule){ i + 1, 1, "*", "store.Put", true, NULL };
    set(rules, RULES_MAX - 1);
    set(rules, RULES_MAX);
    assert_int_equal(
            users_set_rules(&users, users.auth, rules, RULES_MAX + 1), CODE_INVALID_ARGUMENT);
}

/* The verdict of a call, whether it was known or not, is the decision's. */
static void test_what_was_decided_lately_is_decided_the_same(void **state)
{
    static const char *const whos[] = { "*", "user:alice", "user:al*", "user:bob", "service:*" };
    static const char *const sets[] = { ">", "store.*", "store.Get", "store.Put", "*.Get" };
    static const char *const subjects[] = { "", "alice", "albert", "bob" };
    static const char *const endpoints[] = { "store.Get", "store.Put", "store.mu.Health" };
    struct peer *callers[4];
    struct random random;

    (void)state;
    random_init(&random, 7);
    for (size_t i = 0; i < 4; i++)
        callers[i] = i == 0 ? bus_caller(&users.bus) : present(subjects[i]);
    for (int round = 0; round < ROUNDS; round++) {
        struct users_rule rules[6];
        struct rule pure[6] = { { .id = 0 } };
        size_t count = 1 + random_below(&random, 6);

        for (size_t i = 0; i < count; i++) {
            rules[i] = (struct users_rule){ i + 1, random_below(&random, 3),
                whos[random_below(&random, 5)], sets[random_below(&random, 5)],
                random_below(&random, 2) == 0, NULL };
            pure[i].id = rules[i].id;
            pure[i].priority = rules[i].priority;
            pure[i].deny = rules[i].deny;
            snprintf(pure[i].who, sizeof(pure[i].who), "%s", rules[i].who);
            snprintf(pure[i].endpoints, sizeof(pure[i].endpoints), "%s", rules[i].endpoints);
        }
        set(rules, count);
        for (int call = 0; call < CALLS; call++) {
            uint32_t who = random_below(&random, 4);
            const char *endpoint = endpoints[random_below(&random, 3)];
            const struct rule *rule = rules_decide(pure, count,
                    &(struct rule_call){ subjects[who], "", false, bus_text(endpoint) });

            assert_int_equal(users_call(&users, callers[who], endpoint),
                    rule != NULL && rule->deny ? CODE_PERMISSION_DENIED : 0);
        }
    }
}

/* Far more kinds of calls than verdicts are kept. */
static void test_no_call_is_decided_by_the_verdict_of_another(void **state)
{
    static const struct users_rule rules[] = { { 1, 1, "user:alice", "store.*", true, NULL } };
    struct peer *alice = present("alice");
    struct peer *nobody = bus_caller(&users.bus);

    (void)state;
    set(rules, 1);
    for (int i = 0; i < 3 * RULES_VERDICTS; i++) {
        char endpoint[ENDPOINT_SIZE_MAX];

        snprintf(endpoint, sizeof(endpoint), "store.Get%d", i);
        assert_int_equal(users_call(&users, alice, endpoint), CODE_PERMISSION_DENIED);
        assert_int_equal(users_call(&users, nobody, endpoint), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_a_refusal_names_the_rule_and_its_reason),
        TEST(test_rules_hold_from_the_next_call_on_and_are_replaced_at_once),
        TEST(test_what_let_a_call_through_lets_the_same_through_and_nothing_else),
        TEST(test_a_rule_holds_for_a_caller_that_says_later_which_service_it_is),
        TEST(test_a_rule_that_allows_gives_no_right),
        TEST(test_a_service_is_ruled_by_its_name_and_by_the_user_it_serves),
        TEST(test_no_rule_locks_out_the_node_s_owner_and_its_parts),
        TEST(test_rules_hold_for_calls_of_other_nodes),
        TEST(test_rules_that_are_none_change_nothing),
        TEST(test_as_many_rules_as_there_may_be_are_taken_and_not_one_more),
        TEST(test_what_was_decided_lately_is_decided_the_same),
        TEST(test_no_call_is_decided_by_the_verdict_of_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
