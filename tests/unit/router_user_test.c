// SPDX-License-Identifier: Apache-2.0
/* On whose behalf calls are made, and what tokens let through. */
#include <stdio.h>

#include "kernel/router/say.h"
#include "mu/router/v1/router.pb-c.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_policies.h"
#include "tests/unit/router_users.h"

static struct users users;
static char alice[ACCESS_TEXT_MAX + 1];
static char bob[ACCESS_TEXT_MAX + 1];
static struct access_id alice_id;

#define CALLS(text) ((struct span){ (const uint8_t *)(text), sizeof(text) })

static int set_up(void **state)
{
    (void)state;
    users_open(&users);
    alice_id = users_issue(&users, "alice", "store.Get greeter.*", alice);
    users_issue(&users, "bob", "store.Put", bob);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    users_close(&users);
    return 0;
}

static struct peer *present(const char *token)
{
    struct peer *caller = bus_caller(&users.bus);

    assert_int_equal(users_present(&users, caller, token), 0);
    return caller;
}

/* Which calls a channel may make is what it may itself and what the token covers. */
static void test_a_channel_s_calls_are_its_user_s_and_what_the_token_covers(void **state)
{
    struct peer *caller = present(alice);

    (void)state;
    assert_int_equal(users_call(&users, caller, "store.Get"), 0);
    assert_string_equal(users.user, "alice");
    assert_int_equal(users.stamp.token.size, ACCESS_ID_SIZE);
    assert_memory_equal(users.stamp.token.data, alice_id.bytes, ACCESS_ID_SIZE);
    assert_true(users.stamp.is_operator);
    assert_int_equal(users_call(&users, caller, "store.Put"), CODE_PERMISSION_DENIED);
    assert_string_equal(users.refusal, "the token of alice does not cover store.Put");
    assert_int_equal(users_call(&users, caller, "router.Stats"), CODE_PERMISSION_DENIED);
}

static void test_a_token_gives_a_process_no_capability(void **state)
{
    struct peer *process = bus_process(&users.bus, "shop", 11, CALLS("greeter.*"));

    (void)state;
    assert_int_equal(users_present(&users, process, alice), 0);
    assert_int_equal(users_call(&users, process, "store.Get"), CODE_PERMISSION_DENIED);
}

static void test_a_channel_without_a_token_is_nobody_s(void **state)
{
    struct peer *caller = bus_caller(&users.bus);

    (void)state;
    assert_int_equal(users_call(&users, caller, "store.Put"), 0);
    assert_string_equal(users.user, "");
    assert_int_equal(users.stamp.token.size, 0);
}

static void test_an_empty_token_makes_a_channel_its_own_again(void **state)
{
    struct peer *caller = present(alice);

    (void)state;
    assert_int_equal(users_present(&users, caller, ""), 0);
    assert_int_equal(users_call(&users, caller, "store.Put"), 0);
    assert_string_equal(users.user, "");
}

static void test_a_channel_whose_token_was_refused_calls_nothing(void **state)
{
    struct peer *caller = present(alice);

    (void)state;
    assert_int_equal(users_present(&users, caller, "mut1.AAAA"), CODE_UNAUTHENTICATED);
    assert_int_equal(users_call(&users, caller, "store.Get"), CODE_UNAUTHENTICATED);
    assert_int_equal(users_call(&users, caller, "store.Put"), CODE_UNAUTHENTICATED);
    assert_int_equal(users_present(&users, caller, bob), 0);
    assert_int_equal(users_call(&users, caller, "store.Put"), 0);
    assert_string_equal(users.user, "bob");
}

static void test_an_expired_token_is_of_no_use_from_the_next_call_on(void **state)
{
    struct peer *caller = present(alice);

    (void)state;
    router_set_clock(&users.bus.router, NOW_S + ACCESS_LIFE_MAX_S - 1);
    assert_int_equal(users_call(&users, caller, "store.Get"), 0);
    router_set_clock(&users.bus.router, NOW_S + ACCESS_LIFE_MAX_S);
    assert_int_equal(users_call(&users, caller, "store.Get"), CODE_UNAUTHENTICATED);
    assert_string_equal(users.refusal, "the token is expired: log in again");
    assert_int_equal(users_present(&users, caller, alice), CODE_UNAUTHENTICATED);
}

static void revoke(struct access_id *id, const char *subject, uint64_t until_s)
{
    Mu__Router__V1__Revocation revocation = MU__ROUTER__V1__REVOCATION__INIT;
    Mu__Router__V1__Revocation *each[] = { &revocation };

    if (id != NULL)
        revocation.token = (ProtobufCBinaryData){ sizeof(id->bytes), id->bytes };
    if (subject != NULL)
        revocation.subject = (char *)(uintptr_t)subject;
    revocation.issued_until_s = until_s;
    assert_int_equal(users_set_keys(&users, users.auth, each, 1), 0);
}

static void test_a_revoked_token_is_of_no_use_from_the_next_call_on(void **state)
{
    struct peer *caller = present(alice);
    struct peer *other = present(bob);

    (void)state;
    revoke(&alice_id, NULL, 0);
    assert_int_equal(users_call(&users, caller, "store.Get"), CODE_UNAUTHENTICATED);
    assert_string_equal(users.refusal, "the token was revoked: log in again");
    assert_int_equal(users_call(&users, other, "store.Put"), 0);
    assert_int_equal(users_present(&users, caller, alice), CODE_UNAUTHENTICATED);
}

static void test_a_subject_s_tokens_are_revoked_up_to_a_time(void **state)
{
    struct peer *caller = present(alice);

    (void)state;
    revoke(NULL, "alice", NOW_S - 1);
    assert_int_equal(users_call(&users, caller, "store.Get"), 0);
    revoke(NULL, "alice", NOW_S);
    assert_int_equal(users_call(&users, caller, "store.Get"), CODE_UNAUTHENTICATED);
    revoke(NULL, "alic", 0);
    assert_int_equal(users_call(&users, caller, "store.Get"), 0);
    revoke(NULL, "alice", 0);
    assert_int_equal(users_call(&users, caller, "store.Get"), CODE_UNAUTHENTICATED);
}

static void test_a_key_that_goes_takes_its_tokens_with_it(void **state)
{
    struct peer *caller = present(alice);
    struct key old = users.key;

    (void)state;
    fixture_key(&users.key, 6);
    assert_int_equal(users_set_keys(&users, users.auth, NULL, 0), 0);
    assert_int_equal(users_call(&users, caller, "store.Get"), CODE_UNAUTHENTICATED);
    key_deinit(&old);
}

static void test_keys_and_rules_are_auth_s_alone_to_say(void **state)
{
    static const struct users_rule rule = { 1, 1, "*", ">", true, NULL };
    struct peer *peers[3];

    (void)state;
    peers[0] = bus_caller(&users.bus);
    peers[1] = bus_process(&users.bus, "shop", 11, CALLS(">"));
    peers[2] = users.store;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(users_set_keys(&users, peers[i], NULL, 0), CODE_PERMISSION_DENIED);
        assert_int_equal(users_set_rules(&users, peers[i], &rule, 1), CODE_PERMISSION_DENIED);
    }
}

static void test_a_router_without_keys_refuses_tokens(void **state)
{
    struct bus bus;
    struct peer *caller;

    (void)state;
    bus_open(&bus);
    caller = bus_caller(&bus);
    bus_service(&bus, "store");
    bus_say(&bus, caller,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .endpoint = bus_text("store.Get"),
                    .token = bus_text(alice) });
    bus_expect_result(&bus, caller, 1, CODE_UNAUTHENTICATED, EXECUTED_NO);
    bus_close(&bus);
}

static void test_a_gateway_calls_for_many_with_a_token_each(void **state)
{
    struct peer *gateway = bus_caller(&users.bus);

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(users_try(&users, gateway, users.store, "store.Get",
                                 (struct envelope){ .token = bus_text(alice) }),
                0);
        assert_string_equal(users.user, "alice");
        users_answer(&users, users.store, gateway);
        assert_int_equal(users_try(&users, gateway, users.store, "store.Put",
                                 (struct envelope){ .token = bus_text(bob) }),
                0);
        assert_string_equal(users.user, "bob");
        users_answer(&users, users.store, gateway);
    }
    assert_int_equal(users_try(&users, gateway, users.store, "store.Put",
                             (struct envelope){ .token = bus_text(alice) }),
            CODE_PERMISSION_DENIED);
    assert_int_equal(users_call(&users, gateway, "store.Put"), 0);
    assert_string_equal(users.user, "");
    assert_int_equal(users.bus.router.users.count, 2);
}

/* Alice calls greeter, which is left with the call open. */
static struct peer *serve_alice(uint64_t *parent, struct peer **greeterp, const char *calls)
{
    struct peer *caller = present(alice);

    *greeterp = bus_process(
            &users.bus, "greeter", 12, (struct span){ (const uint8_t *)calls, strlen(calls) + 1 });
    assert_int_equal(
            users_try(&users, caller, *greeterp, "greeter.Hello", (struct envelope){ .id = 0 }), 0);
    assert_string_equal(users.user, "alice");
    *parent = users.served;
    return caller;
}

static void test_a_service_calls_for_the_user_that_it_serves_by_quoting_the_call(void **state)
{
    struct peer *greeter;
    uint64_t parent;
    struct peer *caller = serve_alice(&parent, &greeter, "store.*");

    (void)state;
    assert_int_equal(users_try(&users, greeter, users.store, "store.Get",
                             (struct envelope){ .parent = parent }),
            0);
    assert_string_equal(users.user, "alice");
    users_answer(&users, users.store, greeter);
    /* What it may itself, alice may not. */
    assert_int_equal(users_try(&users, greeter, users.store, "store.Put",
                             (struct envelope){ .parent = parent }),
            CODE_PERMISSION_DENIED);
    assert_int_equal(
            users_try(&users, greeter, users.store, "store.Put", (struct envelope){ .parent = 0 }),
            0);
    assert_string_equal(users.user, "");
    users_answer(&users, users.store, greeter);
    (void)caller;
}

static void test_what_alice_may_a_service_without_the_capability_may_not(void **state)
{
    struct peer *greeter;
    uint64_t parent;

    (void)state;
    serve_alice(&parent, &greeter, "other.*");
    assert_int_equal(users_try(&users, greeter, users.store, "store.Get",
                             (struct envelope){ .parent = parent }),
            CODE_PERMISSION_DENIED);
}

static void test_the_right_ends_with_the_call(void **state)
{
    struct peer *greeter;
    uint64_t parent;
    struct peer *caller = serve_alice(&parent, &greeter, "store.*");

    (void)state;
    bus_say(&users.bus, greeter, (struct envelope){ .kind = ENVELOPE_RESULT, .id = parent });
    bus_hear(&users.bus, caller);
    assert_int_equal(users_try(&users, greeter, users.store, "store.Get",
                             (struct envelope){ .parent = parent }),
            CODE_CANCELLED);
}

static void test_the_right_of_a_call_under_way_ends_with_its_token(void **state)
{
    struct peer *greeter;
    uint64_t parent;

    (void)state;
    serve_alice(&parent, &greeter, "store.*");
    revoke(&alice_id, NULL, 0);
    assert_int_equal(users_try(&users, greeter, users.store, "store.Get",
                             (struct envelope){ .parent = parent }),
            CODE_UNAUTHENTICATED);
}

static void test_a_user_reaches_through_services_and_limits_each_of_them(void **state)
{
    struct peer *greeter;
    uint64_t parent;
    struct peer *shop;

    (void)state;
    users_issue(&users, "alice", "greeter.Hello shop.Buy store.Get", alice);
    serve_alice(&parent, &greeter, "shop.*");
    shop = bus_process(&users.bus, "shop", 13, CALLS("store.*"));
    assert_int_equal(
            users_try(&users, greeter, shop, "shop.Buy", (struct envelope){ .parent = parent }), 0);
    assert_string_equal(users.user, "alice");
    parent = users.served;
    assert_int_equal(users_try(&users, shop, users.store, "store.Put",
                             (struct envelope){ .parent = parent }),
            CODE_PERMISSION_DENIED);
    assert_int_equal(users_try(&users, shop, users.store, "store.Get",
                             (struct envelope){ .parent = parent }),
            0);
    assert_string_equal(users.user, "alice");
}

static void test_a_call_for_one_user_carries_no_token_of_another(void **state)
{
    struct peer *greeter;
    uint64_t parent;

    (void)state;
    serve_alice(&parent, &greeter, "store.*");
    assert_int_equal(users_try(&users, greeter, users.store, "store.Put",
                             (struct envelope){ .parent = parent, .token = bus_text(bob) }),
            CODE_INVALID_ARGUMENT);
}

static void test_a_service_with_a_token_of_its_own_is_limited_by_both(void **state)
{
    struct peer *greeter;
    uint64_t parent;

    (void)state;
    serve_alice(&parent, &greeter, "store.*");
    assert_int_equal(users_present(&users, greeter, bob), 0);
    assert_int_equal(users_try(&users, greeter, users.store, "store.Get",
                             (struct envelope){ .parent = parent }),
            CODE_PERMISSION_DENIED);
    assert_string_equal(users.refusal, "the token of bob does not cover store.Get");
    assert_int_equal(users_try(&users, greeter, users.store, "store.Put",
                             (struct envelope){ .parent = parent }),
            CODE_PERMISSION_DENIED);
    assert_string_equal(users.refusal, "the token of alice does not cover store.Put");
}

static void narrow(const char *token, uint32_t budget, char *line)
{
    struct access_narrowing less = { .budget = budget };

    assert_int_equal(access_narrow(&less, fixture_text(token), line), ACCESS_OK);
}

static void test_a_budget_counts_whoever_presents_the_token_and_how_often(void **state)
{
    char three[ACCESS_TEXT_MAX + 1];
    char two[ACCESS_TEXT_MAX + 1];
    struct peer *caller;
    struct peer *other;

    (void)state;
    narrow(alice, 3, three);
    narrow(three, 2, two);
    caller = present(three);
    other = present(two);
    assert_int_equal(users_call(&users, other, "store.Put"), CODE_PERMISSION_DENIED);
    assert_int_equal(users_call(&users, other, "store.Get"), 0);
    assert_int_equal(users_present(&users, other, two), 0);
    assert_int_equal(users_call(&users, caller, "store.Get"), 0);
    assert_int_equal(users_call(&users, other, "store.Get"), 0);
    assert_int_equal(users_call(&users, other, "store.Get"), CODE_PERMISSION_DENIED);
    assert_int_equal(users_call(&users, caller, "store.Get"), CODE_PERMISSION_DENIED);
    assert_string_equal(users.refusal, "the token was good for so many calls, and they are made");
    assert_int_equal(users_call(&users, present(alice), "store.Get"), 0);
}

static void test_a_router_takes_no_budget_that_another_may_have_counted(void **state)
{
    char two[ACCESS_TEXT_MAX + 1];

    (void)state;
    narrow(alice, 2, two);
    users.bus.router.users.since_s = NOW_S;
    assert_int_equal(users_present(&users, bus_caller(&users.bus), two), CODE_UNAUTHENTICATED);
    assert_int_equal(users_present(&users, bus_caller(&users.bus), alice), 0);
}

static void test_parts_of_the_node_call_each_other_with_their_own_right(void **state)
{
    struct peer *caller = bus_caller(&users.bus);
    struct peer *registry = bus_process(&users.bus, "registry", 77, CALLS("*.*"));
    uint64_t parent;

    (void)state;
    alice_id = users_issue(&users, "alice", "auth.Revoke", alice);
    assert_int_equal(users_present(&users, caller, alice), 0);
    assert_int_equal(
            users_try(&users, caller, users.auth, "auth.Revoke", (struct envelope){ .id = 0 }), 0);
    parent = users.served;
    assert_int_equal(users_try(&users, users.auth, registry, "registry.List",
                             (struct envelope){ .parent = parent }),
            CODE_PERMISSION_DENIED); /* its own capabilities are router.Keys and router.Rules */
    for (int i = 0; i < 2; i++) {    /* while she is revoked, too */
        bus_say(&users.bus, users.auth,
                (struct envelope){ .kind = ENVELOPE_CALL,
                        .id = 5000,
                        .parent = parent,
                        .endpoint = bus_text("router.Rules") });
        bus_expect_result(&users.bus, users.auth, 5000, 0, 0);
        revoke(&alice_id, NULL, 0);
    }
    assert_int_equal(
            users_try(&users, caller, users.auth, "auth.Revoke", (struct envelope){ .id = 0 }),
            CODE_UNAUTHENTICATED);
}

/* The supervisor says that `greeter` is on its way. */
static void expect_greeter(void)
{
    Mu__Router__V1__ExpectRequest request = MU__ROUTER__V1__EXPECT_REQUEST__INIT;
    struct peer *supervisor = router_attach_supervisor(&users.bus.router, NULL);
    uint8_t body[32];

    request.service = (char *)"greeter";
    request.for_ms = 1000;
    bus_say(&users.bus, supervisor,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .endpoint = bus_text("router.Expect"),
                    .body = { body, mu__router__v1__expect_request__pack(&request, body) } });
    bus_expect_result(&users.bus, supervisor, 1, 0, 0);
}

static void test_a_call_that_waited_is_sent_for_its_user_if_he_still_may(void **state)
{
    struct peer *caller = present(alice);
    struct peer *other;
    struct peer *greeter;
    uint64_t first;

    (void)state;
    users_issue(&users, "bob", "greeter.*", bob);
    other = present(bob);
    expect_greeter();
    first = users.ids + 1;
    for (int i = 0; i < 2; i++)
        bus_say(&users.bus, i == 0 ? caller : other,
                (struct envelope){ .kind = ENVELOPE_CALL,
                        .id = ++users.ids,
                        .endpoint = bus_text("greeter.Hello") });
    revoke(&alice_id, NULL, 0);
    greeter = bus_caller(&users.bus);
    bus_hello(&users.bus, greeter, "greeter");
    bus_say(&users.bus, greeter, (struct envelope){ .kind = ENVELOPE_READY });
    bus_hear_one(&users.bus, greeter, ENVELOPE_CALL);
    assert_int_equal(stamp_read(&users.stamp, users.bus.heard[0].caller), ENVELOPE_OK);
    assert_int_equal(users.stamp.user.size, strlen("bob"));
    assert_memory_equal(users.stamp.user.data, "bob", 3);
    bus_expect_result(&users.bus, caller, first, CODE_UNAUTHENTICATED, EXECUTED_NO);
}

/* Has the store fail what it heard last, and waits until the call may be sent again. */
static void fail_once(void)
{
    bus_answer(&users.bus, users.store, users.served, CODE_UNAVAILABLE, EXECUTED_NO);
    bus_pass_ms(&users.bus, 200);
}

static void test_a_call_is_sent_again_for_its_user_if_he_still_may(void **state)
{
    static struct written policy;
    struct peer *caller = present(alice);
    struct envelope heard;

    (void)state;
    write_policy(&policy, "store.*");
    write_retries(&policy, 3, false);
    bus_set_policy(&users.bus, bus_supervisor(&users.bus), &policy);
    assert_int_equal(
            users_try(&users, caller, users.store, "store.Get", (struct envelope){ .id = 0 }), 0);
    fail_once();
    heard = bus_hear_one(&users.bus, users.store, ENVELOPE_CALL);
    users.served = heard.id;
    assert_int_equal(stamp_read(&users.stamp, heard.caller), ENVELOPE_OK);
    assert_int_equal(users.stamp.user.size, strlen("alice"));
    assert_memory_equal(users.stamp.user.data, "alice", strlen("alice"));
    revoke(&alice_id, NULL, 0);
    bus_hear(&users.bus, caller);
    fail_once();
    assert_int_equal(bus_hear(&users.bus, users.store), 0);
    assert_int_equal(bus_hear(&users.bus, caller), 1);
    assert_memory_equal(bus_heard_text(&users.bus).data, "the token was revoked", 21);
}

static void test_a_hedge_is_its_users_and_is_not_made_when_he_may_no_more(void **state)
{
    static struct written policy;
    struct peer *other = bus_service(&users.bus, "store");
    struct peer *caller = present(alice);

    (void)state;
    write_policy(&policy, "store.*");
    write_hedge(&policy, 20);
    write_retries(&policy, 0, true);
    bus_set_policy(&users.bus, bus_supervisor(&users.bus), &policy);
    for (uint64_t turn = 1; turn <= 2; turn++) {
        struct peer *second;

        bus_ask_for(&users.bus, caller, turn, "store.Get", 0);
        second = bus_take_call(&users.bus, other) != 0 ? users.store : other;
        if (second == other)
            assert_true(bus_take_call(&users.bus, users.store) != 0);
        if (turn == 2)
            revoke(&alice_id, NULL, 0);
        bus_pass_ms(&users.bus, 40);
        assert_int_equal(bus_take_call(&users.bus, second) != 0, turn == 1);
        if (turn == 2)
            continue;
        assert_int_equal(stamp_read(&users.stamp, users.bus.heard[0].caller), ENVELOPE_OK);
        assert_int_equal(users.stamp.user.size, strlen("alice"));
        assert_memory_equal(users.stamp.user.data, "alice", strlen("alice"));
    }
}

static void test_a_token_for_other_nodes_is_refused(void **state)
{
    struct access_grant grant = fixture_grant();
    struct access_id id;
    char line[ACCESS_TEXT_MAX + 1];

    (void)state;
    snprintf(grant.audience, sizeof(grant.audience), "test2");
    assert_int_equal(access_issue(&grant, &users.key, line, &id), ACCESS_OK);
    assert_int_equal(users_present(&users, bus_caller(&users.bus), line), CODE_UNAUTHENTICATED);
    snprintf(grant.audience, sizeof(grant.audience), "test");
    assert_int_equal(access_issue(&grant, &users.key, line, &id), ACCESS_OK);
    assert_int_equal(users_present(&users, bus_caller(&users.bus), line), 0);
}

static void test_logging_in_needs_no_token_and_no_rule_forbids_it(void **state)
{
    static const struct users_rule rule = { 1, 9, "*", ">", true, NULL };
    static const char *const endpoints[] = { "auth.Login", "auth.Refresh", "auth.Logout",
        "auth.Whoami" };
    struct peer *caller = present(alice);

    (void)state;
    assert_int_equal(users_set_rules(&users, users.auth, &rule, 1), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(
                users_try(&users, caller, users.auth, endpoints[i], (struct envelope){ .id = 0 }),
                0);
        assert_string_equal(users.user, "alice");
    }
    router_set_clock(&users.bus.router, NOW_S + ACCESS_LIFE_MAX_S);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(
                users_try(&users, caller, users.auth, endpoints[i], (struct envelope){ .id = 0 }),
                0);
        assert_string_equal(users.user, "");
    }
    assert_int_equal(users_try(&users, caller, users.auth, "auth.CreateAccount",
                             (struct envelope){ .id = 0 }),
            CODE_UNAUTHENTICATED);
}

static void test_one_more_token_than_there_is_room_for_takes_the_oldest_s_place(void **state)
{
    struct peer *gateway = bus_caller(&users.bus);
    struct peer *caller = present(alice);
    char line[ACCESS_TEXT_MAX + 1];

    (void)state;
    for (int i = 0; i < ROUTER_USERS_MAX + 8; i++) {
        users_issue(&users, "carol", "store.Get", line);
        assert_int_equal(users_try(&users, gateway, users.store, "store.Get",
                                 (struct envelope){ .token = bus_text(line) }),
                0);
        users_answer(&users, users.store, gateway);
    }
    assert_int_equal(users.bus.router.users.count, ROUTER_USERS_MAX);
    assert_int_equal(users_call(&users, caller, "store.Get"), 0);
    assert_string_equal(users.user, "alice");
}

static void test_what_another_node_says_of_a_user_is_told_and_lets_nothing_through(void **state)
{
    struct peer *linker = bus_linker(&users.bus);
    struct peer *neighbour = bus_neighbour(&users.bus, linker, "lamp.alice", 7);
    uint8_t room[STAMP_SIZE_MAX];
    struct stamp said = { .service = bus_text("greeter"),
        .user = bus_text("alice"),
        .token = { alice_id.bytes, ACCESS_ID_SIZE } };
    struct envelope call = { .kind = ENVELOPE_CALL,
        .id = CALL_ID_ROUTER | 5,
        .endpoint = bus_text("store.Put"),
        .caller = stamp_write(&said, room) };
    struct envelope heard;

    (void)state;
    bus_say(&users.bus, neighbour, call);
    heard = bus_hear_one(&users.bus, users.store, ENVELOPE_CALL);
    assert_int_equal(stamp_read(&users.stamp, heard.caller), ENVELOPE_OK);
    assert_int_equal(users.stamp.hops, 1);
    assert_int_equal(users.stamp.user.size, 5);
    assert_int_equal(users.stamp.token.size, 0);
    /* It is nobody's here: what is called on its behalf carries no user. */
    assert_int_equal(users_try(&users, users.store, users.auth, "auth.Whoami",
                             (struct envelope){ .parent = heard.id }),
            0);
    assert_string_equal(users.user, "");
    call.id += 1;
    call.endpoint = bus_text("store.Get"); /* which the token covers */
    call.token = bus_text(alice);
    bus_say(&users.bus, neighbour, call);
    assert_int_equal(bus_hear(&users.bus, users.store), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_a_channel_s_calls_are_its_user_s_and_what_the_token_covers),
        TEST(test_a_token_gives_a_process_no_capability),
        TEST(test_a_channel_without_a_token_is_nobody_s),
        TEST(test_an_empty_token_makes_a_channel_its_own_again),
        TEST(test_a_channel_whose_token_was_refused_calls_nothing),
        TEST(test_an_expired_token_is_of_no_use_from_the_next_call_on),
        TEST(test_a_revoked_token_is_of_no_use_from_the_next_call_on),
        TEST(test_a_subject_s_tokens_are_revoked_up_to_a_time),
        TEST(test_a_key_that_goes_takes_its_tokens_with_it),
        TEST(test_keys_and_rules_are_auth_s_alone_to_say),
        TEST(test_a_router_without_keys_refuses_tokens),
        TEST(test_a_gateway_calls_for_many_with_a_token_each),
        TEST(test_a_service_calls_for_the_user_that_it_serves_by_quoting_the_call),
        TEST(test_what_alice_may_a_service_without_the_capability_may_not),
        TEST(test_the_right_ends_with_the_call),
        TEST(test_the_right_of_a_call_under_way_ends_with_its_token),
        TEST(test_a_user_reaches_through_services_and_limits_each_of_them),
        TEST(test_a_call_for_one_user_carries_no_token_of_another),
        TEST(test_a_service_with_a_token_of_its_own_is_limited_by_both),
        TEST(test_a_budget_counts_whoever_presents_the_token_and_how_often),
        TEST(test_a_router_takes_no_budget_that_another_may_have_counted),
        TEST(test_parts_of_the_node_call_each_other_with_their_own_right),
        TEST(test_a_call_that_waited_is_sent_for_its_user_if_he_still_may),
        TEST(test_a_call_is_sent_again_for_its_user_if_he_still_may),
        TEST(test_a_hedge_is_its_users_and_is_not_made_when_he_may_no_more),
        TEST(test_a_token_for_other_nodes_is_refused),
        TEST(test_logging_in_needs_no_token_and_no_rule_forbids_it),
        TEST(test_one_more_token_than_there_is_room_for_takes_the_oldest_s_place),
        TEST(test_what_another_node_says_of_a_user_is_told_and_lets_nothing_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
