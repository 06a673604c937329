// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "tests/unit/cmocka.h"
#include "transport/secure/rule.h"

static struct span text(const char *string)
{
    return (struct span){ (const uint8_t *)string, strlen(string) };
}

static struct rule rule_of(uint32_t priority, const char *who, const char *endpoints, bool deny)
{
    static uint64_t id;
    struct rule rule = { .priority = priority, .deny = deny };

    rule.id = ++id;
    snprintf(rule.who, sizeof(rule.who), "%s", who);
    snprintf(rule.endpoints, sizeof(rule.endpoints), "%s", endpoints);
    assert_true(rule_is_valid(&rule));
    return rule;
}

static bool matches(const char *who, const char *subject, const char *service, bool is_foreign)
{
    struct rule rule = rule_of(1, who, "store.*", true);
    struct rule_call call = { subject, service, is_foreign, text("store.Get") };

    return rule_matches(&rule, &call);
}

static void test_who_a_rule_is_about(void **state)
{
    (void)state;
    assert_true(matches("*", "", "", false));
    assert_true(matches("*", "alice", "greeter", true));
    assert_true(matches("user:alice", "alice", "greeter", false));
    assert_false(matches("user:alice", "alice2", "", false));
    assert_false(matches("user:alice", "", "alice", false));
    assert_true(matches("user:agent-*", "agent-7", "", false));
    assert_false(matches("user:agent-*", "alice", "", false));
    assert_true(matches("user:*", "alice", "", false));
    assert_false(matches("user:*", "", "greeter", false));
    assert_true(matches("service:greeter", "", "greeter", false));
    assert_false(matches("service:greeter", "greeter", "", false));
    assert_false(matches("service:*", "alice", "", false));
}

static void test_what_another_node_says_of_a_user_matches_no_name(void **state)
{
    (void)state;
    assert_false(matches("user:alice", "alice", "", true));
    assert_false(matches("user:*", "alice", "", true));
    assert_false(matches("service:greeter", "", "greeter", true));
}

static void test_a_rule_is_about_its_endpoints_only(void **state)
{
    struct rule rule = rule_of(1, "*", "store.*", true);

    (void)state;
    assert_false(rule_matches(&rule, &(struct rule_call){ "", "", false, text("greeter.Hello") }));
    assert_false(
            rule_matches(&rule, &(struct rule_call){ "", "", false, text("store.mu.Health") }));
}

static uint64_t decide(const struct rule *rules, size_t count, const char *subject)
{
    const struct rule *rule = rules_decide(
            rules, count, &(struct rule_call){ subject, "", false, text("store.Get") });

    return rule != NULL ? rule->id : 0;
}

static void test_the_highest_priority_counts_and_there_one_that_denies(void **state)
{
    struct rule rules[] = { rule_of(5, "*", ">", true), rule_of(7, "user:alice", "store.*", false),
        rule_of(7, "user:a*", "store.Put", true), rule_of(9, "user:bob", "store.Get", false),
        rule_of(9, "user:b*", ">", true), rule_of(9, "user:b*", ">", true) };

    (void)state;
    assert_int_equal(decide(rules, 6, "carol"), rules[0].id);
    assert_int_equal(decide(rules, 6, ""), rules[0].id);
    assert_int_equal(decide(rules, 6, "alice"), rules[1].id);
    assert_int_equal(decide(rules, 6, "bob"), rules[4].id);
    assert_int_equal(decide(rules + 1, 5, "carol"), 0);
    assert_int_equal(decide(rules, 0, "carol"), 0);
}

static void test_rules_that_are_none(void **state)
{
    static const char *const whos[] = { "", "alice", "user:", "service:", "user:Al", "user:a*b",
        "**", "group:a", "user:01234567890123456789012345678901234567890123456789012345678901234" };
    struct rule good = rule_of(1, "user:alice", "store.*", true);
    struct rule bad;

    (void)state;
    for (size_t i = 0; i < sizeof(whos) / sizeof(whos[0]); i++)
        assert_false(rule_who_is_valid(whos[i]));
    bad = good;
    bad.id = 0;
    assert_false(rule_is_valid(&bad));
    bad = good;
    snprintf(bad.endpoints, sizeof(bad.endpoints), "store");
    assert_false(rule_is_valid(&bad));
    bad = good;
    memset(bad.reason, 'x', sizeof(bad.reason));
    assert_false(rule_is_valid(&bad));
    bad.reason[RULE_REASON_MAX] = '\0';
    assert_true(rule_is_valid(&bad));
    bad.reason[0] = (char)0xff;
    assert_false(rule_is_valid(&bad));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_a_rule_is_about),
        cmocka_unit_test(test_what_another_node_says_of_a_user_matches_no_name),
        cmocka_unit_test(test_a_rule_is_about_its_endpoints_only),
        cmocka_unit_test(test_the_highest_priority_counts_and_there_one_that_denies),
        cmocka_unit_test(test_rules_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
