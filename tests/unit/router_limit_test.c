// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"

enum { RATE = 5, SECONDS = 10, INSTANCE = 40, CALLS = 1000 };

static struct bus bus;
static struct peer *store;
static uint64_t last_id;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    store = bus_service(&bus, "store");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

static struct peer *shop(struct peer_limits limits)
{
    const struct peer_identity identity = { .uid = 1,
        .pid = 3,
        .instance = INSTANCE,
        .service = "shop",
        .calls = bus_text("store.*"),
        .limits = limits,
        .link = FRAME_IPC };
    struct peer_identity with_nul = identity;
    struct peer *peer;

    with_nul.calls.size += 1;
    peer = router_attach(&bus.router, &with_nul, NULL);
    assert_non_null(peer);
    return peer;
}

/* True where the store was sent the call; else `heard_text` says why it was not. */
static bool try_call(struct peer *peer)
{
    bus_say(&bus, peer,
            (struct envelope){
                    .kind = ENVELOPE_CALL, .id = ++last_id, .endpoint = bus_text("store.Get") });
    if (bus_hear(&bus, store) == 1)
        return true;
    bus_expect_result(&bus, peer, last_id, CODE_RESOURCE_EXHAUSTED, EXECUTED_NO);
    return false;
}

/* The store answers the oldest call. */
static void answer(struct peer *peer)
{
    struct call *call = list_entry(peer->calls_made.next, struct call, by_caller);

    bus_say(&bus, store,
            (struct envelope){ .kind = ENVELOPE_RESULT, .id = call_id(&bus.router.calls, call) });
    bus_hear(&bus, peer);
}

static bool try_and_answer(struct peer *peer)
{
    if (!try_call(peer))
        return false;
    answer(peer);
    return true;
}

/* Until it is refused. Returns how many calls were not. */
static unsigned spend(struct peer *peer)
{
    for (unsigned count = 0; count < 2 * CALLS; count++) {
        if (!try_and_answer(peer))
            return count;
    }
    fail_msg("nothing is refused");
    return 0;
}

static uint32_t heard_retry_ms(void)
{
    struct status status;

    assert_int_equal(status_read(&status, bus.heard[0].status), ENVELOPE_OK);
    return status.retry_after_ms;
}

static void expect_text(const char *text)
{
    struct span heard = bus_heard_text(&bus);
    char copy[STATUS_TEXT_MAX + 1];

    snprintf(copy, sizeof(copy), "%.*s", (int)heard.size, (const char *)heard.data);
    assert_string_equal(copy, text);
}

static void test_no_more_calls_are_under_way_than_the_manifest_says(void **state)
{
    struct peer *peer = shop((struct peer_limits){ .calls_made_max = 2 });

    (void)state;
    assert_true(try_call(peer));
    assert_true(try_call(peer));
    assert_false(try_call(peer));
    expect_text("shop makes 2 calls at a time and process, and no more (limits.calls_made_max in "
                "its manifest)");
    answer(peer);
    assert_true(try_call(peer));
    assert_false(try_call(peer));
}

static void test_a_manifest_cannot_raise_what_a_channel_may_make(void **state)
{
    struct peer *peer = shop((struct peer_limits){ .calls_made_max = UINT32_MAX });

    (void)state;
    assert_int_equal(peer->calls_made_max, ROUTER_CALLS_MADE_MAX);
}

static void test_the_calls_of_a_second_may_come_at_once_and_then_so_many_a_second(void **state)
{
    struct peer *peer = shop((struct peer_limits){ .rate = RATE });
    unsigned count = spend(peer);

    (void)state;
    assert_int_equal(count, RATE);
    expect_text("shop makes 5 calls a second and process, and no more (limits.rate in its "
                "manifest)");
    for (int ms = 0; ms < SECONDS * 1000; ms++) {
        bus_pass_ms(&bus, 1);
        if (ms % 7 == 0)
            count += try_and_answer(peer);
    }
    assert_in_range(count, RATE + SECONDS * RATE - 1, RATE + SECONDS * RATE);
    bus_pass_ms(&bus, UINT64_C(1000) * SECONDS);
    assert_int_equal(spend(peer), RATE); /* what was not used is not saved up */
}

static void test_who_is_refused_is_told_when_it_is_worth_while(void **state)
{
    struct peer *peer = shop((struct peer_limits){ .rate = RATE });

    (void)state;
    spend(peer);
    assert_in_range(heard_retry_ms(), 1, 1000 / RATE + 1);
    bus_pass_ms(&bus, heard_retry_ms());
    assert_true(try_and_answer(peer));
}

static void test_without_a_word_in_the_manifest_there_is_no_rate(void **state)
{
    struct peer *peer = shop((struct peer_limits){ 0 });

    (void)state;
    for (int i = 0; i < CALLS; i++)
        assert_true(try_and_answer(peer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                test_no_more_calls_are_under_way_than_the_manifest_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_manifest_cannot_raise_what_a_channel_may_make, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_the_calls_of_a_second_may_come_at_once_and_then_so_many_a_second, set_up,
                tear_down),
        cmocka_unit_test_setup_teardown(
                test_who_is_refused_is_told_when_it_is_worth_while, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_without_a_word_in_the_manifest_there_is_no_rate, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
