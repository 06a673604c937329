// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "tests/unit/cmocka.h"
#include "transport/scope.h"

static void test_whose_calls_a_policy_is_about_is_read(void **state)
{
    static const struct {
        const char *text;
        enum scope_kind kind;
        const char *name;
    } good[] = {
        { "", SCOPE_ALL, "" },
        { "web", SCOPE_SERVICE, "web" },
        { "*", SCOPE_SERVICE, "*" },
        { "user:alice@home.org", SCOPE_USER, "alice@home.org" },
        { "user:*", SCOPE_USER, "*" },
        { "node:lamp", SCOPE_NODE, "lamp" },
        { "node:*", SCOPE_NODE, "*" },
        { "client:till-1", SCOPE_CLIENT, "till-1" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct scope scope;

        assert_true(scope_read(&scope, good[i].text));
        assert_int_equal(scope.kind, good[i].kind);
        assert_string_equal(scope.name, good[i].name);
        assert_int_equal(scope.each, strcmp(good[i].name, "*") == 0);
    }
}

static void test_what_is_nobody_is_refused(void **state)
{
    static const char *const bad[] = { "Web", "user:", "node:", "user:Alice", "user:a b", "user:a*",
        "who:alice", "service:web", "user:user:alice",
        "user:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct scope scope = { .kind = SCOPE_KINDS };

        if (scope_read(&scope, bad[i]))
            fail_msg("%s was taken", bad[i]);
        assert_int_equal(scope.kind, SCOPE_KINDS);
    }
}

static void test_a_scope_has_its_own_calls_and_no_others(void **state)
{
    static const uint8_t text[] = "lamp";
    static const uint8_t owned[] = "lamp.alice";
    const struct span lamp = { text, 4 };
    const struct span lam = { text, 3 };
    struct scope_call call = { .names[SCOPE_NODE] = lamp };
    struct scope scope;

    (void)state;
    assert_true(scope_read(&scope, "node:lamp") && scope_has(&scope, &call));
    assert_true(scope_read(&scope, "node:*") && scope_has(&scope, &call));
    assert_true(scope_read(&scope, "") && scope_has(&scope, &call));
    assert_true(scope_read(&scope, "node:lam") && !scope_has(&scope, &call));
    assert_true(scope_read(&scope, "user:lamp") && !scope_has(&scope, &call));
    assert_true(scope_read(&scope, "user:*") && !scope_has(&scope, &call));
    assert_true(scope_read(&scope, "lamp") && !scope_has(&scope, &call));
    call.names[SCOPE_NODE] = (struct span){ owned, 10 };
    assert_true(scope_read(&scope, "node:lamp") && scope_has(&scope, &call));
    assert_true(scope_read(&scope, "node:lamp.alice") && scope_has(&scope, &call));
    assert_true(scope_read(&scope, "node:lam") && !scope_has(&scope, &call));
    assert_true(scope_read(&scope, "node:lamp.ali") && !scope_has(&scope, &call));
    call.names[SCOPE_NODE] = lam;
    assert_true(scope_read(&scope, "node:lamp") && !scope_has(&scope, &call));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whose_calls_a_policy_is_about_is_read),
        cmocka_unit_test(test_what_is_nobody_is_refused),
        cmocka_unit_test(test_a_scope_has_its_own_calls_and_no_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
