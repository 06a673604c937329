// SPDX-License-Identifier: Apache-2.0
/* Limits of users, nodes and clients: whose calls count where, and what each is told. */
#include <stdio.h>
#include <string.h>

#include "kernel/router/policy.h"
#include "kernel/router/quota.h"
#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_policies.h"
#include "tests/unit/router_users.h"

enum { OK = 0 };

static struct users users;
static struct peer *supervisor;
static struct written policy;
static struct written other;
static char alice[ACCESS_TEXT_MAX + 1];
static char bob[ACCESS_TEXT_MAX + 1];

static int set_up(void **state)
{
    (void)state;
    users_open(&users);
    supervisor = bus_supervisor(&users.bus);
    users_issue(&users, "alice", "store.*", alice);
    users_issue(&users, "bob", "store.*", bob);
    write_policy(&policy, "store.*");
    write_policy(&other, "store.*");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    users_close(&users);
    return 0;
}

static void set(const char *caller)
{
    policy.policy.caller = (char *)(uintptr_t)caller;
    bus_set_policy(&users.bus, supervisor, &policy);
}

static void set_both(const char *one, const char *two)
{
    struct written *both[] = { &policy, &other };

    policy.policy.caller = (char *)(uintptr_t)one;
    other.policy.caller = (char *)(uintptr_t)two;
    assert_int_equal(bus_set_policies(&users.bus, supervisor, both, 2), OK);
}

/* A channel that presented the token. */
static struct peer *join(const char *token)
{
    struct peer *peer = bus_caller(&users.bus);

    assert_int_equal(users_present(&users, peer, token), OK);
    return peer;
}

/* A call that is not answered; `users.served` is it. Returns the code of its refusal. */
static uint32_t try(struct peer *peer, size_t size)
{
    static const uint8_t body[4096];
    uint32_t code = users_try(
            &users, peer, users.store, "store.Put", (struct envelope){ .body = { body, size } });

    assert_true(code == OK || code == CODE_RESOURCE_EXHAUSTED);
    return code;
}

static void answer(uint64_t id)
{
    bus_answer(&users.bus, users.store, id, OK, 0);
}

static void assert_told(const char *text)
{
    if (strstr(users.refusal, text) == NULL)
        fail_msg("`%s` does not say `%s`", users.refusal, text);
}

static void test_a_users_limit_counts_all_channels_of_his_and_no_others(void **state)
{
    struct peer *first = join(alice);
    struct peer *second = join(alice);
    struct peer *bobs = join(bob);
    struct peer *nobodys = bus_caller(&users.bus);
    uint64_t call;

    (void)state;
    policy.policy.in_flight_max = 2;
    set("user:alice");
    assert_int_equal(try(first, 0), OK);
    call = users.served;
    assert_int_equal(try(second, 0), OK);
    assert_int_equal(try(second, 0), CODE_RESOURCE_EXHAUSTED);
    assert_told("the policy of store.* for user:alice lets 2 calls be under way at a time");
    for (int i = 0; i < 5; i++) {
        assert_int_equal(try(bobs, 0), OK);
        assert_int_equal(try(nobodys, 0), OK);
    }
    answer(call);
    assert_int_equal(try(second, 0), OK);
}

static void test_each_user_has_a_count_and_a_bucket_of_his_own(void **state)
{
    struct peer *alices = join(alice);
    struct peer *bobs = join(bob);

    (void)state;
    write_rate(&policy, 1, 3);
    policy.policy.in_flight_max = 4;
    set("user:*");
    for (int i = 0; i < 3; i++)
        assert_int_equal(users_call(&users, alices, "store.Put"), OK);
    assert_int_equal(users_call(&users, alices, "store.Put"), CODE_RESOURCE_EXHAUSTED);
    assert_told(
            "the policy of store.* for user:* (alice) lets 1 calls a second through, 3 at once");
    for (int i = 0; i < 3; i++)
        assert_int_equal(users_call(&users, bobs, "store.Put"), OK);
    assert_int_equal(users_call(&users, bobs, "store.Put"), CODE_RESOURCE_EXHAUSTED);
    assert_told("(bob)");
    bus_pass_ms(&users.bus, 1000);
    assert_int_equal(users_call(&users, alices, "store.Put"), OK);
}

static void test_a_named_user_goes_before_each_and_both_beside_everybodys_limit(void **state)
{
    struct peer *alices = join(alice);
    struct peer *bobs = join(bob);

    (void)state;
    policy.policy.in_flight_max = 1;
    other.policy.in_flight_max = 3;
    set_both("user:*", "user:alice");
    for (int i = 0; i < 3; i++)
        assert_int_equal(try(alices, 0), OK);
    assert_int_equal(try(alices, 0), CODE_RESOURCE_EXHAUSTED);
    assert_int_equal(try(bobs, 0), OK);
    assert_int_equal(try(bobs, 0), CODE_RESOURCE_EXHAUSTED);
    set_both("user:*", "");
    assert_int_equal(try(bus_caller(&users.bus), 0), OK);
    other.policy.in_flight_max = 1;
    set_both("user:*", "");
    assert_int_equal(try(bus_caller(&users.bus), 0), CODE_RESOURCE_EXHAUSTED);
    assert_told("the policy of store.* lets 1 calls be under way at a time");
}

static void test_what_one_limit_refuses_takes_nothing_from_another(void **state)
{
    struct peer *alices = join(alice);
    struct peer *bobs = join(bob);

    (void)state;
    write_rate(&policy, 1, 2);
    policy.policy.timeout_ms = 1000;
    write_rate(&other, 1, 1);
    set_both("", "user:*");
    assert_int_equal(users_call(&users, alices, "store.Put"), OK);
    for (int i = 0; i < 10; i++)
        assert_int_equal(users_call(&users, alices, "store.Put"), CODE_RESOURCE_EXHAUSTED);
    assert_int_equal(users_call(&users, bobs, "store.Put"), OK);
}

static void test_bytes_under_way_are_limited_and_come_back(void **state)
{
    struct peer *alices = join(alice);
    struct peer *bobs = join(bob);
    uint64_t call;

    (void)state;
    policy.policy.bytes_in_flight_max = 1000;
    set("user:*");
    assert_int_equal(try(alices, 600), OK);
    call = users.served;
    assert_int_equal(try(alices, 401), CODE_RESOURCE_EXHAUSTED);
    assert_told("for user:* (alice) lets calls with 1000 bytes be under way at a time");
    assert_int_equal(try(alices, 400), OK);
    assert_int_equal(try(bobs, 4096), OK); /* he has nothing under way */
    assert_int_equal(try(bobs, 1), CODE_RESOURCE_EXHAUSTED);
    answer(call);
    assert_int_equal(try(alices, 600), OK);
    assert_int_equal(users_try(&users, join(alice), users.store, "store.Put",
                             (struct envelope){ .shape = SHAPE_CLIENT_STREAM }),
            CODE_RESOURCE_EXHAUSTED);
}

static void test_a_call_that_a_service_makes_for_a_user_counts_as_his(void **state)
{
    static const char calls[] = "store.Put";
    struct peer *shop = bus_process(
            &users.bus, "shop", 77, (struct span){ (const uint8_t *)calls, sizeof(calls) });
    struct peer *alices = join(alice);
    struct peer *bobs = join(bob);
    char line[ACCESS_TEXT_MAX + 1];
    struct peer *hers;

    (void)state;
    users_issue(&users, "alice", "store.* shop.*", line);
    hers = join(line);
    policy.policy.in_flight_max = 1;
    set("user:alice");
    assert_int_equal(users_try(&users, hers, shop, "shop.Buy", (struct envelope){ .id = 0 }), OK);
    assert_int_equal(users_try(&users, shop, users.store, "store.Put",
                             (struct envelope){ .parent = users.served }),
            OK);
    assert_string_equal(users.user, "alice");
    assert_int_equal(try(alices, 0), CODE_RESOURCE_EXHAUSTED);
    assert_int_equal(try(bobs, 0), OK);
}

static void test_each_node_has_its_own(void **state)
{
    struct peer *linker = bus_linker(&users.bus);
    struct peer *lamp = bus_neighbour(&users.bus, linker, "lamp", 1);
    struct peer *desk = bus_neighbour(&users.bus, linker, "desk", 2);
    struct stamp stamp = { .node = bus_text("lamp"), .uid = STAMP_UID_NOBODY };
    uint8_t room[STAMP_SIZE_MAX];
    struct span caller = stamp_write(&stamp, room);
    struct peer *nodes[] = { lamp, lamp, lamp, desk, desk, desk };
    static const uint32_t codes[] = { OK, OK, CODE_RESOURCE_EXHAUSTED, OK, OK,
        CODE_RESOURCE_EXHAUSTED };

    (void)state;
    policy.policy.in_flight_max = 2;
    set("node:*");
    for (size_t i = 0; i < 6; i++) {
        struct status status = { 0 };
        struct envelope call = { .kind = ENVELOPE_CALL,
            .id = (100 + i) | CALL_ID_ROUTER,
            .endpoint = bus_text("store.Put"),
            .caller = caller };

        assert_int_equal(bus_say(&users.bus, nodes[i], call), 0);
        if (bus_hear(&users.bus, nodes[i]) > 0)
            assert_int_equal(status_read(&status, users.bus.heard[0].status), ENVELOPE_OK);
        assert_int_equal(status.code, codes[i]);
        if (status.code != OK)
            assert_non_null(memmem(
                    status.message.data, status.message.size, i == 2 ? "(lamp)" : "(desk)", 6));
    }
}

static void test_each_client_has_its_own(void **state)
{
    struct neighbour till = { .client = "till" };
    struct neighbour bar = { .client = "bar" };
    struct peer *tills = bus_caller(&users.bus);
    struct peer *bars = bus_caller(&users.bus);

    (void)state;
    tills->visitor = &till;
    bars->visitor = &bar;
    policy.policy.in_flight_max = 1;
    set("client:*");
    assert_int_equal(try(tills, 0), OK);
    assert_int_equal(try(tills, 0), CODE_RESOURCE_EXHAUSTED);
    assert_told("for client:* (till)");
    assert_int_equal(try(bars, 0), OK);
    set("client:bar");
    assert_int_equal(try(tills, 0), OK);
    tills->visitor = NULL;
    bars->visitor = NULL;
}

/* Takes all that is under way back. */
static void test_a_policy_that_goes_takes_its_counts_with_it_when_its_calls_are_over(void **state)
{
    struct peer *alices = join(alice);
    uint64_t call;

    (void)state;
    policy.policy.in_flight_max = 1;
    set("user:*");
    assert_int_equal(try(alices, 0), OK);
    call = users.served;
    assert_int_equal(bus_set_policies(&users.bus, supervisor, NULL, 0), OK);
    assert_int_equal(try(alices, 0), OK);
    set("user:*");
    assert_int_equal(try(alices, 0), OK); /* a new policy counts from 0 */
    answer(call);
    assert_int_equal(try(alices, 0), CODE_RESOURCE_EXHAUSTED);
}

static void test_explain_says_what_one_caller_has_and_what_all_have(void **state)
{
    Mu__Router__V1__ExplainRequest request = MU__ROUTER__V1__EXPLAIN_REQUEST__INIT;
    static const struct {
        const char *caller;
        uint32_t effects;
        uint32_t in_flight;
    } rows[] = { { "user:alice", 1, 2 }, { "user:bob", 1, 1 }, { "user:*", 1, 3 },
        { "user:carol", 1, 0 }, { "", 0, 0 }, { "web", 0, 0 } };
    struct peer *asks = bus_caller(&users.bus);
    struct peer *alices = join(alice);

    (void)state;
    policy.policy.in_flight_max = 2;
    set("user:*");
    try(alices, 0);
    try(alices, 0);
    try(join(bob), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        Mu__Router__V1__ExplainReply *reply;
        struct envelope result;
        uint8_t body[128];

        request.endpoint = (char *)"store.Put";
        request.caller = (char *)(uintptr_t)rows[i].caller;
        bus_say(&users.bus, asks,
                (struct envelope){ .kind = ENVELOPE_CALL,
                        .id = 1000 + i,
                        .endpoint = bus_text("router.Explain"),
                        .body = { body, mu__router__v1__explain_request__pack(&request, body) } });
        result = bus_hear_one(&users.bus, asks, ENVELOPE_RESULT);
        reply = mu__router__v1__explain_reply__unpack(NULL, result.body.size, result.body.data);
        assert_non_null(reply);
        assert_int_equal(reply->n_effects, rows[i].effects);
        if (reply->n_effects > 0) {
            assert_int_equal(reply->effects[0]->use->in_flight, rows[i].in_flight);
            assert_int_equal(reply->effects[0]->use->callers, 2);
        }
        mu__router__v1__explain_reply__free_unpacked(reply, NULL);
    }
}

/* ---- the table ---- */

static struct span name_of(int number)
{
    static char name[16];

    snprintf(name, sizeof(name), "user-%d", number);
    return bus_text(name);
}

static void test_a_table_forgets_idle_callers_and_never_busy_ones(void **state)
{
    const struct quota_rate rate = { 10, 5 };
    struct quota_table *table = quota_table_new(NULL);
    struct quota *first = NULL;

    (void)state;
    assert_non_null(table);
    for (int i = 0; i < POLICY_CALLERS_MAX; i++) {
        struct quota *quota = quota_take(table, name_of(i), rate, 0);

        assert_non_null(quota);
        quota->in_flight = 1;
        first = first != NULL ? first : quota;
    }
    assert_null(quota_take(table, name_of(POLICY_CALLERS_MAX), rate, 0));
    assert_ptr_equal(quota_take(table, name_of(0), rate, 0), first);
    quota_take(table, name_of(1), rate, 0)->in_flight = 0;
    for (int i = 2; i < POLICY_CALLERS_MAX; i++)
        quota_take(table, name_of(i), rate, 0);
    first->in_flight = 0;
    first->rate.level = 0; /* it owes half a second */
    quota_take(table, name_of(1), rate, 0)->bytes = 1;
    assert_null(quota_take(table, name_of(POLICY_CALLERS_MAX), rate, 499999));
    assert_non_null(quota_take(table, name_of(POLICY_CALLERS_MAX), rate, 500000));
    assert_int_equal(table->count, POLICY_CALLERS_MAX);
    quota_table_free(table);
}

static void test_who_finds_no_place_counts_with_the_rest(void **state)
{
    struct peer *alices = join(alice);
    struct peer *bobs = join(bob);
    struct settings settings;
    struct scope_call whose = { .names[SCOPE_USER] = bus_text("x") };
    struct policy *each;

    (void)state;
    policy.policy.in_flight_max = 1;
    set("user:*");
    assert_true(policies_resolve(&users.bus.router, bus_text("store.Put"), &whose, &settings));
    each = *settings_limit(&settings, LEVEL_USER, SETTING_IN_FLIGHT);
    for (int i = 0; i < POLICY_CALLERS_MAX; i++)
        quota_take(each->each, name_of(i), (struct quota_rate){ 0 }, 0)->in_flight = 1;
    assert_int_equal(try(alices, 0), OK);
    assert_int_equal(try(bobs, 0), CODE_RESOURCE_EXHAUSTED);
}

#define WITH_USERS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_USERS(test_a_users_limit_counts_all_channels_of_his_and_no_others),
        WITH_USERS(test_each_user_has_a_count_and_a_bucket_of_his_own),
        WITH_USERS(test_a_named_user_goes_before_each_and_both_beside_everybodys_limit),
        WITH_USERS(test_what_one_limit_refuses_takes_nothing_from_another),
        WITH_USERS(test_bytes_under_way_are_limited_and_come_back),
        WITH_USERS(test_a_call_that_a_service_makes_for_a_user_counts_as_his),
        WITH_USERS(test_each_node_has_its_own),
        WITH_USERS(test_each_client_has_its_own),
        WITH_USERS(test_a_policy_that_goes_takes_its_counts_with_it_when_its_calls_are_over),
        WITH_USERS(test_explain_says_what_one_caller_has_and_what_all_have),
        cmocka_unit_test(test_a_table_forgets_idle_callers_and_never_busy_ones),
        WITH_USERS(test_who_finds_no_place_counts_with_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
