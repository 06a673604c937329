// SPDX-License-Identifier: Apache-2.0
/* Users who are kept to a namespace: whatever calls on their behalf, it ends at its border. */
#include <stdio.h>
#include <string.h>

#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_users.h"

#define TEXTS(text) ((struct span){ (const uint8_t *)(text), sizeof(text) })
#define NOTHING     ((struct span){ NULL, 0 })

static struct users users;
static struct peer *shop;
static struct peer *billing;
static char line[ACCESS_TEXT_MAX + 1];

static int set_up(void **state)
{
    (void)state;
    users_open(&users);
    shop = bus_tenant(&users.bus, &(struct bus_tenant){ "acme", "shop", 101, NOTHING, NOTHING });
    billing = bus_tenant(
            &users.bus, &(struct bus_tenant){ "beta", "billing", 102, NOTHING, NOTHING });
    users_issue_in(&users, "alice", ">", "acme", line);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    users_close(&users);
    return 0;
}

static uint32_t attempt(struct peer *caller, struct peer *callee, const char *endpoint)
{
    uint32_t code = users_try(&users, caller, callee, endpoint, (struct envelope){ .id = 0 });

    if (code == 0)
        users_answer(&users, callee, caller);
    return code;
}

static void test_the_owner_s_calls_by_her_token_reach_her_namespace_and_the_node_s_own(void **state)
{
    struct peer *owner = bus_caller(&users.bus);

    (void)state;
    assert_int_equal(attempt(owner, billing, "billing.Get"), 0);
    assert_int_equal(users_present(&users, owner, line), 0);
    assert_int_equal(attempt(owner, shop, "shop.Get"), 0);
    assert_int_equal(attempt(owner, users.store, "store.Get"), 0);
    assert_int_equal(attempt(owner, billing, "billing.Get"), CODE_NOT_FOUND);
    assert_string_equal(users.refusal, "no service \"billing\" on this node");
}

static void test_who_is_called_is_told_the_namespace(void **state)
{
    struct peer *owner = bus_caller(&users.bus);

    (void)state;
    assert_int_equal(users_present(&users, owner, line), 0);
    assert_int_equal(users_call(&users, owner, "store.Get"), 0);
    assert_int_equal(users.stamp.space.size, 4);
    assert_memory_equal(users.stamp.space.data, "acme", 4);
    assert_string_equal(users.user, "alice");
    users_answer(&users, users.store, owner);
}

static void test_what_shows_the_whole_node_is_not_for_her(void **state)
{
    static const char *const endpoints[] = { "router.Meter", "router.Stats", "node.List",
        "registry.Register", "auth.ListAccounts" };
    struct peer *owner = bus_caller(&users.bus);

    (void)state;
    assert_int_equal(users_present(&users, owner, line), 0);
    for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
        assert_int_equal(users_call(&users, owner, endpoints[i]), CODE_PERMISSION_DENIED);
        assert_non_null(strstr(users.refusal, "the token for a namespace of it"));
    }
}

static void test_what_a_service_does_on_her_behalf_ends_at_the_same_border(void **state)
{
    struct peer *desk =
            bus_tenant(&users.bus, &(struct bus_tenant){ "", "desk", 103, TEXTS(">"), NOTHING });
    struct peer *owner = bus_caller(&users.bus);
    uint64_t served;

    (void)state;
    assert_int_equal(users_present(&users, owner, line), 0);
    assert_int_equal(users_try(&users, owner, desk, "desk.Get", (struct envelope){ .id = 0 }), 0);
    served = users.served;
    assert_int_equal(
            users_try(&users, desk, billing, "billing.Get", (struct envelope){ .parent = served }),
            CODE_NOT_FOUND);
    assert_int_equal(
            users_try(&users, desk, shop, "shop.Get", (struct envelope){ .parent = served }), 0);
    users_answer(&users, shop, desk);
    assert_int_equal(attempt(desk, billing, "billing.Get"), 0); /* for itself it may */
}

static void test_a_namespace_of_the_channel_and_one_of_the_token_both_count(void **state)
{
    struct peer *clerk = bus_tenant(
            &users.bus, &(struct bus_tenant){ "beta", "clerk", 104, TEXTS(">"), NOTHING });

    (void)state;
    assert_int_equal(attempt(clerk, billing, "billing.Get"), 0);
    assert_int_equal(users_present(&users, clerk, line), 0);
    assert_int_equal(attempt(clerk, billing, "billing.Get"), CODE_NOT_FOUND);
    assert_int_equal(attempt(clerk, shop, "shop.Get"), CODE_NOT_FOUND);
    assert_int_equal(attempt(clerk, users.store, "store.Get"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                test_the_owner_s_calls_by_her_token_reach_her_namespace_and_the_node_s_own, set_up,
                tear_down),
        cmocka_unit_test_setup_teardown(
                test_who_is_called_is_told_the_namespace, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_what_shows_the_whole_node_is_not_for_her, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_what_a_service_does_on_her_behalf_ends_at_the_same_border, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_namespace_of_the_channel_and_one_of_the_token_both_count, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
