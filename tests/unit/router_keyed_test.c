// SPDX-License-Identifier: Apache-2.0
/* Calls with a key on one router: none is carried out twice, and each is told what is known. */
#include <stdio.h>
#include <string.h>

#include "kernel/router/keyed.h"
#include "kernel/router/policy.h"
#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_policies.h"

enum { OK = 0, NOTHING = -1, INTERNAL = 13 };

#define PAY "shop.Pay"

static struct bus bus;
static struct peer *supervisor;
static struct peer *shop;
static struct peer *caller;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    supervisor = bus_supervisor(&bus);
    shop = bus_service(&bus, "shop");
    caller = bus_caller(&bus);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

/* What a call with a key says. */
struct asked {
    const char *key;
    const char *endpoint;
    const char *body;
    enum envelope_shape shape;
};

static void say_asked(struct peer *peer, uint64_t id, const struct asked *asked)
{
    assert_int_equal(bus_say(&bus, peer,
                             (struct envelope){ .kind = ENVELOPE_CALL,
                                     .id = id,
                                     .shape = asked->shape,
                                     .endpoint = bus_text(asked->endpoint),
                                     .key = bus_text(asked->key),
                                     .body = bus_text(asked->body) }),
            0);
}

static void ask(struct peer *peer, uint64_t id, const char *key)
{
    say_asked(peer, id, &(struct asked){ key, PAY, "question", SHAPE_UNARY });
}

/* The shop has been sent nothing. */
static void expect_no_call(struct peer *peer)
{
    assert_int_equal(bus_take_call(&bus, peer), 0);
}

static void expect_answer(struct peer *peer, uint64_t id)
{
    assert_int_equal(bus_take_code(&bus, peer, id), OK);
    assert_memory_equal(bus.heard[0].body.data, "answer", 6);
}

static enum cause last_cause(void)
{
    struct journal *journal = &bus.router.notebook.journal;
    struct journal_cursor cursor = journal_seek(journal, journal->last - 1);

    return (enum cause)journal_next(journal, &cursor)->cause;
}

/* Makes the first call, which is answered. */
static void pay(const char *key)
{
    ask(caller, 1, key);
    bus_answer(&bus, shop, bus_take_call(&bus, shop), OK, 0);
    expect_answer(caller, 1);
}

static void test_a_second_call_is_told_the_answer_of_the_first(void **state)
{
    (void)state;
    pay("order");
    ask(caller, 2, "order");
    expect_answer(caller, 2);
    expect_no_call(shop);
    assert_int_equal(last_cause(), CAUSE_KEY_ANSWERED);
    assert_int_equal(bus.router.calls.count, 0);
}

static void test_an_error_that_the_callee_answered_is_told_again(void **state)
{
    (void)state;
    ask(caller, 1, "order");
    bus_answer(&bus, shop, bus_take_call(&bus, shop), INTERNAL, EXECUTED_YES);
    bus_expect_result(&bus, caller, 1, INTERNAL, EXECUTED_YES);
    ask(caller, 2, "order");
    bus_expect_result(&bus, caller, 2, INTERNAL, EXECUTED_YES);
    expect_no_call(shop);
}

static void test_a_second_call_waits_for_the_first_and_is_told_the_same(void **state)
{
    uint64_t id;

    (void)state;
    ask(caller, 1, "order");
    id = bus_take_call(&bus, shop);
    ask(caller, 2, "order");
    ask(caller, 3, "order");
    expect_no_call(shop);
    assert_int_equal(bus_take_code(&bus, caller, 2), NOTHING);
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 3 });
    assert_int_equal(bus_take_code(&bus, caller, 3), CODE_CANCELLED);
    expect_no_call(shop); /* nor a CANCEL */
    assert_int_equal(bus.heard_count, 0);
    bus_answer(&bus, shop, id, OK, 0);
    assert_int_equal(bus_hear(&bus, caller), 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(bus.heard[i].status.size, 0);
        assert_memory_equal(bus.heard[i].body.data, "answer", 6);
    }
    assert_int_equal(bus.router.calls.count, 0);
}

static void test_a_key_is_for_one_call(void **state)
{
    (void)state;
    pay("order");
    say_asked(caller, 2, &(struct asked){ "order", PAY, "another", SHAPE_UNARY });
    bus_expect_result(&bus, caller, 2, CODE_INVALID_ARGUMENT, EXECUTED_NO);
    assert_int_equal(last_cause(), CAUSE_KEY_DIFFERS);
    say_asked(caller, 3, &(struct asked){ "order", "shop.Ship", "question", SHAPE_UNARY });
    bus_expect_result(&bus, caller, 3, CODE_INVALID_ARGUMENT, EXECUTED_NO);
    expect_no_call(shop);
}

/* A process of a service, or of a person's, by its uid. */
static struct peer *attach(const char *service, uint64_t instance, uint32_t uid)
{
    static const char calls[] = ">";
    struct peer_identity identity = { .uid = uid,
        .pid = (uint32_t)instance + 100,
        .is_operator = service == NULL,
        .instance = instance,
        .service = service,
        .calls = { (const uint8_t *)calls, sizeof(calls) },
        .link = FRAME_IPC };
    struct peer *peer = router_attach(&bus.router, &identity, NULL);

    assert_non_null(peer);
    return peer;
}

static void test_a_key_is_its_callers_and_a_services_whichever_process_calls(void **state)
{
    struct peer *others[] = { attach(NULL, 0, 7), attach("web", 21, 1), attach("till", 22, 1) };
    struct peer *again = attach("web", 23, 1);

    (void)state;
    pay("order");
    for (size_t i = 0; i < 3; i++) {
        ask(others[i], 1, "order");
        bus_answer(&bus, shop, bus_take_call(&bus, shop), OK, 0);
        expect_answer(others[i], 1);
    }
    ask(again, 1, "order");
    expect_answer(again, 1);
    ask(bus_caller(&bus), 1, "order");
    expect_no_call(shop);
}

static void test_what_may_have_been_carried_out_is_not_carried_out_again(void **state)
{
    (void)state;
    ask(caller, 1, "order");
    assert_true(bus_take_call(&bus, shop) != 0);
    ask(caller, 2, "order");
    router_detach(&bus.router, shop, bus.now_us);
    assert_int_equal(bus_hear(&bus, caller), 2); /* both are told */
    shop = bus_service(&bus, "shop");
    ask(caller, 3, "order");
    bus_expect_result(&bus, caller, 3, CODE_FAILED_PRECONDITION, EXECUTED_UNKNOWN);
    assert_int_equal(last_cause(), CAUSE_KEY_USED);
    expect_no_call(shop);
}

static void test_not_even_where_a_policy_says_that_twice_does_no_harm(void **state)
{
    struct peer *two = bus_service(&bus, "shop");
    struct written policy;

    (void)state;
    write_policy(&policy, "shop.*");
    write_retries(&policy, 3, true);
    bus_set_policy(&bus, supervisor, &policy);
    ask(caller, 1, "order");
    if (bus_take_call(&bus, shop) == 0) {
        struct peer *other = shop;

        assert_true(bus_take_call(&bus, two) != 0);
        shop = two;
        two = other;
    }
    router_detach(&bus.router, shop, bus.now_us);
    bus_expect_result(&bus, caller, 1, CODE_UNAVAILABLE, EXECUTED_UNKNOWN);
    bus_pass_ms(&bus, 200);
    expect_no_call(two);
}

static void test_a_policys_retries_go_on_while_it_was_not_carried_out(void **state)
{
    struct written policy;

    (void)state;
    write_policy(&policy, "shop.*");
    write_retries(&policy, 2, false);
    bus_set_policy(&bus, supervisor, &policy);
    ask(caller, 1, "order");
    bus_answer(&bus, shop, bus_take_call(&bus, shop), CODE_UNAVAILABLE, EXECUTED_NO);
    ask(caller, 2, "order"); /* waits for the next try */
    bus_pass_ms(&bus, 50);
    bus_answer(&bus, shop, bus_take_call(&bus, shop), OK, 0);
    assert_int_equal(bus_hear(&bus, caller), 2);
    expect_no_call(shop);
    assert_int_equal(bus.router.kept_bytes, 0);
}

static void test_a_key_is_free_again_where_nothing_was_carried_out(void **state)
{
    (void)state;
    ask(caller, 1, "order");
    bus_answer(&bus, shop, bus_take_call(&bus, shop), CODE_UNAVAILABLE, EXECUTED_NO);
    bus_expect_result(&bus, caller, 1, CODE_UNAVAILABLE, EXECUTED_NO);
    say_asked(caller, 2, &(struct asked){ "order", PAY, "another", SHAPE_UNARY });
    assert_true(bus_take_call(&bus, shop) != 0);
    router_detach(&bus.router, shop, bus.now_us);
    bus_hear(&bus, caller);
    ask(caller, 3, "fresh"); /* nobody serves it */
    bus_expect_result(&bus, caller, 3, CODE_UNAVAILABLE, EXECUTED_NO);
    shop = bus_service(&bus, "shop");
    ask(caller, 4, "fresh");
    assert_true(bus_take_call(&bus, shop) != 0);
}

static void test_a_call_goes_on_when_its_callers_channel_is_lost(void **state)
{
    uint64_t id;

    (void)state;
    ask(caller, 1, "order");
    id = bus_take_call(&bus, shop);
    router_detach(&bus.router, caller, bus.now_us);
    assert_int_equal(bus_hear(&bus, shop), 0); /* no CANCEL */
    caller = bus_caller(&bus);
    ask(caller, 1, "order");
    expect_no_call(shop);
    bus_answer(&bus, shop, id, OK, 0);
    expect_answer(caller, 1);
}

static void test_a_call_that_was_given_up_is_answered_for_the_next_one(void **state)
{
    uint64_t id;

    (void)state;
    for (int i = 0; i < 2; i++) {
        ask(caller, 1, "order");
        id = bus_take_call(&bus, shop);
        bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 1 });
        bus_hear_one(&bus, shop, ENVELOPE_CANCEL);
        bus_hear(&bus, caller);
        /* Dropped before its turn came; then it was too late for that. */
        bus_answer(&bus, shop, id, i == 0 ? CODE_CANCELLED : OK, EXECUTED_NO);
    }
    ask(caller, 2, "order");
    expect_answer(caller, 2);
    expect_no_call(shop);
}

static void test_a_key_is_forgotten_after_ten_minutes(void **state)
{
    (void)state;
    pay("order");
    bus.now_us += UINT64_C(1000) * DEDUP_KEEP_MS - 1;
    ask(caller, 2, "order");
    expect_answer(caller, 2);
    bus.now_us += 1;
    ask(caller, 3, "order");
    assert_true(bus_take_call(&bus, shop) != 0);
}

static void test_an_answer_that_was_too_large_is_said_to_be_gone(void **state)
{
    static uint8_t large[DEDUP_ANSWER_MAX + 1];

    (void)state;
    ask(caller, 1, "order");
    bus_say(&bus, shop,
            (struct envelope){ .kind = ENVELOPE_RESULT,
                    .id = bus_take_call(&bus, shop),
                    .body = { large, sizeof(large) } });
    assert_int_equal(bus_take_code(&bus, caller, 1), OK);
    ask(caller, 2, "order");
    bus_expect_result(&bus, caller, 2, CODE_ALREADY_EXISTS, EXECUTED_YES);
    assert_int_equal(last_cause(), CAUSE_KEY_USED);
    expect_no_call(shop);
}

static void test_without_room_for_its_key_a_call_is_refused(void **state)
{
    struct dedup *keys = &bus.router.keys;
    struct dedup_hash holder = { { 1 } };
    struct dedup_hash id = { { 2 } };

    (void)state;
    for (uint32_t i = 0; keys->count < DEDUP_KEYS_MAX; i++) {
        memcpy(id.bytes + 4, &i, sizeof(i));
        memcpy(id.bytes, &i, sizeof(i));
        while (dedup_add(keys, &holder, &id, &id) == NULL)
            holder.bytes[1] += 1;
    }
    ask(caller, 1, "order");
    bus_expect_result(&bus, caller, 1, CODE_RESOURCE_EXHAUSTED, EXECUTED_NO);
    assert_int_equal(last_cause(), CAUSE_KEY_FULL);
    bus_ask_for(&bus, caller, 2, PAY, 0); /* without a key all goes on */
    assert_true(bus_take_call(&bus, shop) != 0);
}

static void test_what_can_have_no_key_is_refused_with_one(void **state)
{
    char key[KEY_SIZE_MAX + 2];
    struct asked asked[] = { { "order", "shop.List", "", SHAPE_SERVER_STREAM },
        { "order", "shop.Put", "", SHAPE_CLIENT_STREAM }, { key, PAY, "", SHAPE_UNARY },
        { "order", "router.mu.Health", "", SHAPE_UNARY } };

    (void)state;
    memset(key, 'k', sizeof(key));
    key[KEY_SIZE_MAX + 1] = '\0';
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        say_asked(caller, 5, &asked[i]);
        bus_expect_result(&bus, caller, 5, CODE_INVALID_ARGUMENT, EXECUTED_NO);
    }
    key[KEY_SIZE_MAX] = '\0';
    pay(key);
}

static void test_a_key_is_not_the_callees_to_see(void **state)
{
    (void)state;
    ask(caller, 1, "order");
    assert_int_equal(bus_hear_one(&bus, shop, ENVELOPE_CALL).key.size, 0);
}

static void expect_the_shop_for(uint32_t ms)
{
    struct service *service = service_find(&bus.router.services, bus_text("shop"));

    service->expected_us = bus.now_us + ms * UINT64_C(1000);
}

static void test_calls_wait_together_for_an_instance_that_is_on_its_way(void **state)
{
    (void)state;
    router_detach(&bus.router, shop, bus.now_us);
    expect_the_shop_for(1000);
    ask(caller, 1, "order");
    ask(caller, 2, "order");
    assert_int_equal(bus_hear(&bus, caller), 0);
    shop = bus_service(&bus, "shop");
    assert_int_equal(bus.heard_count, 1);
    bus_answer(&bus, shop, bus.heard[0].id, OK, 0);
    assert_int_equal(bus_hear(&bus, caller), 2);
    ask(caller, 3, "order");
    expect_answer(caller, 3);
}

static void test_nobody_who_waited_in_vain_has_used_the_key(void **state)
{
    struct status status;

    (void)state;
    router_detach(&bus.router, shop, bus.now_us);
    expect_the_shop_for(50);
    ask(caller, 1, "order");
    ask(caller, 2, "order");
    bus_pass_ms(&bus, 100);
    assert_int_equal(bus_hear(&bus, caller), 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(status_read(&status, bus.heard[i].status), ENVELOPE_OK);
        assert_int_equal(status.code, CODE_UNAVAILABLE);
        assert_int_equal(status.executed, EXECUTED_NO);
    }
    assert_int_equal(bus.router.keys.count, 0);
    assert_int_equal(bus.router.calls.count, 0);
}

static void test_a_deadline_ends_a_call_that_waits_and_not_the_first(void **state)
{
    uint64_t id;

    (void)state;
    ask(caller, 1, "order");
    id = bus_take_call(&bus, shop);
    bus_pass_ms(&bus, 100);
    bus_say(&bus, caller,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 2,
                    .endpoint = bus_text(PAY),
                    .timeout_ms = 50,
                    .key = bus_text("order"),
                    .body = bus_text("question") });
    bus_pass_ms(&bus, 100);
    bus_expect_result(&bus, caller, 2, CODE_DEADLINE_EXCEEDED, EXECUTED_UNKNOWN);
    assert_int_equal(bus_hear(&bus, shop), 0);
    bus_answer(&bus, shop, id, OK, 0);
    expect_answer(caller, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_a_second_call_is_told_the_answer_of_the_first),
        TEST(test_an_error_that_the_callee_answered_is_told_again),
        TEST(test_a_second_call_waits_for_the_first_and_is_told_the_same),
        TEST(test_a_key_is_for_one_call),
        TEST(test_a_key_is_its_callers_and_a_services_whichever_process_calls),
        TEST(test_what_may_have_been_carried_out_is_not_carried_out_again),
        TEST(test_not_even_where_a_policy_says_that_twice_does_no_harm),
        TEST(test_a_policys_retries_go_on_while_it_was_not_carried_out),
        TEST(test_a_key_is_free_again_where_nothing_was_carried_out),
        TEST(test_a_call_goes_on_when_its_callers_channel_is_lost),
        TEST(test_a_call_that_was_given_up_is_answered_for_the_next_one),
        TEST(test_a_key_is_forgotten_after_ten_minutes),
        TEST(test_an_answer_that_was_too_large_is_said_to_be_gone),
        TEST(test_without_room_for_its_key_a_call_is_refused),
        TEST(test_what_can_have_no_key_is_refused_with_one),
        TEST(test_a_key_is_not_the_callees_to_see),
        TEST(test_calls_wait_together_for_an_instance_that_is_on_its_way),
        TEST(test_nobody_who_waited_in_vain_has_used_the_key),
        TEST(test_a_deadline_ends_a_call_that_waits_and_not_the_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
