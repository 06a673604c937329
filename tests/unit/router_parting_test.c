// SPDX-License-Identifier: Apache-2.0
/* A link service that is restarted: calls over its node channels are finished, and new ones wait
 * for a way, or take another one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/router/say.h"
#include "kernel/router/waiting.h"
#include "mu/router/v1/router.pb-c.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"

/* A number that the other node's router gave to a call. */
#define THEIRS(number) (CALL_ID_ROUTER | (number))

enum { WORD = 1, SAID_MS = 7000 };

static struct bus bus;
static struct peer *linker;
static struct peer *desk; /* a node that offers `shop`, and a router that knows the word */
static struct peer *greeter;
static struct peer *caller;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    linker = bus_linker(&bus);
    bus_hello(&bus, linker, "link");
    bus_say(&bus, linker, (struct envelope){ .kind = ENVELOPE_READY });
    desk = bus_neighbour(&bus, linker, "desk.alice", 1);
    greeter = bus_process(&bus, "greeter", 5, (struct span){ (const uint8_t *)"shop.*", 7 });
    caller = bus_caller(&bus);
    bus.drains = true;
    bus_set_route(&bus, linker, desk, "shop", 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    assert_int_equal(bus.router.waiting_bytes, 0);
    assert_int_equal(bus.router.parting_count, 0);
    return 0;
}

/* A call of the other node's to `endpoint`. */
static void cross(struct peer *from, uint64_t number, const char *endpoint)
{
    static const uint8_t stamp[] = { 0x0a, 4, 'd', 'e', 's', 'k' };

    assert_int_equal(bus_say(&bus, from,
                             (struct envelope){ .kind = ENVELOPE_CALL,
                                     .id = THEIRS(number),
                                     .timeout_ms = 20000,
                                     .endpoint = bus_text(endpoint),
                                     .caller = { stamp, sizeof(stamp) } }),
            0);
}

static void call(struct peer *from, uint64_t id, struct envelope more)
{
    more.kind = ENVELOPE_CALL;
    more.id = id;
    if (more.endpoint.size == 0)
        more.endpoint = bus_text("shop.Buy");
    if (more.timeout_ms == 0 && more.shape == SHAPE_UNARY)
        more.timeout_ms = 20000;
    assert_int_equal(bus_say(&bus, from, more), 0);
}

static void answer(struct peer *callee, uint64_t id)
{
    uint64_t turn = callee->neighbour != NULL ? CALL_ID_ROUTER : 0;

    assert_int_equal(
            bus_say(&bus, callee, (struct envelope){ .kind = ENVELOPE_RESULT, .id = id ^ turn }),
            0);
}

static void leave(void)
{
    assert_int_equal(bus_say(&bus, linker, (struct envelope){ .kind = ENVELOPE_DRAIN }), 0);
}

static void expect_word(struct peer *node)
{
    struct envelope word = bus_hear_one(&bus, node, ENVELOPE_DRAIN);

    assert_int_equal(word.id, WORD);
    assert_int_equal(word.timeout_ms, ROUTER_PARTING_MS + ROUTER_AWAY_MS);
}

/* The other side is through. */
static void say_through(struct peer *node)
{
    assert_int_equal(bus_say(&bus, node, (struct envelope){ .kind = ENVELOPE_DRAIN }), 0);
}

/* The other side leaves. */
static void say_word(struct peer *node)
{
    assert_int_equal(
            bus_say(&bus, node,
                    (struct envelope){ .kind = ENVELOPE_DRAIN, .id = WORD, .timeout_ms = SAID_MS }),
            0);
}

static bool linker_may_go(void)
{
    bool heard = false;

    bus_pass_ms(&bus, ROUTER_TICK_MS);
    for (size_t i = 0, count = bus_hear(&bus, linker); i < count; i++)
        heard = heard || bus.heard[i].kind == ENVELOPE_DRAIN;
    return heard;
}

/* The link service ends, and another process of it makes the link anew. */
static void come_back(void)
{
    router_detach(&bus.router, linker, bus.now_us);
    router_detach(&bus.router, desk, bus.now_us);
    linker = bus_linker(&bus);
    desk = bus_neighbour(&bus, linker, "desk.alice", 1);
}

static enum cause last_cause(void)
{
    const struct journal *journal = &bus.router.notebook.journal;
    struct journal_cursor cursor = journal_seek(journal, journal->last - 1);

    return (enum cause)journal_next(journal, &cursor)->cause;
}

/* ---- who leaves ---- */

static void test_it_may_go_when_all_that_is_under_way_is_answered_both_ways(void **state)
{
    uint64_t there = bus_call(&bus, caller, 1, "shop.Buy", SHAPE_UNARY, desk).id;
    uint64_t here;

    (void)state;
    cross(desk, 9, "greeter.Hello");
    here = bus_hear_one(&bus, greeter, ENVELOPE_CALL).id;
    leave();
    expect_word(desk);
    assert_false(linker_may_go());
    answer(greeter, here);
    bus_expect_result(&bus, desk, 9, 0, 0);
    assert_false(linker_may_go());
    say_through(desk);
    assert_false(linker_may_go()); /* ours is not answered yet */
    answer(desk, there);
    bus_expect_result(&bus, caller, 1, 0, 0);
    assert_true(linker_may_go());
}

static void test_what_came_before_the_word_was_heard_is_served(void **state)
{
    uint64_t here;

    (void)state;
    leave();
    expect_word(desk);
    cross(desk, 9, "greeter.Hello");
    here = bus_hear_one(&bus, greeter, ENVELOPE_CALL).id;
    answer(greeter, here);
    bus_expect_result(&bus, desk, 9, 0, 0);
    say_through(desk);
    assert_true(linker_may_go());
}

static void test_a_link_service_without_nodes_may_go_at_once(void **state)
{
    (void)state;
    router_detach(&bus.router, desk, bus.now_us);
    leave();
    assert_true(linker_may_go());
}

static void test_no_link_is_made_any_more_by_one_that_leaves(void **state)
{
    Mu__Router__V1__LinkRequest request = MU__ROUTER__V1__LINK_REQUEST__INIT;
    uint8_t key[NEIGHBOUR_ID_SIZE] = { 3 };
    uint8_t body[256];

    (void)state;
    request.node = request.owner = (char *)"alice";
    request.node_id = request.link_id = (ProtobufCBinaryData){ sizeof(key), key };
    leave();
    call(linker, 3,
            (struct envelope){ .endpoint = bus_text("router.Link"),
                    .body = { body, mu__router__v1__link_request__pack(&request, body) } });
    bus_expect_result(&bus, linker, 3, CODE_UNAVAILABLE, EXECUTED_NO);
}

static void test_a_new_call_waits_and_goes_over_the_next_link(void **state)
{
    struct envelope heard;

    (void)state;
    leave();
    expect_word(desk);
    call(caller, 1, (struct envelope){ .body = bus_text("question") });
    assert_int_equal(bus_hear(&bus, caller), 0);
    assert_int_equal(bus_hear(&bus, desk), 0);
    say_through(desk);
    assert_true(linker_may_go());
    come_back();
    assert_int_equal(bus_hear(&bus, caller), 0);
    call(caller, 2, (struct envelope){ 0 }); /* while there is no way at all */
    bus_set_route(&bus, linker, desk, "shop", 1);
    assert_int_equal(bus_hear(&bus, desk), 2);
    heard = bus.heard[0];
    assert_memory_equal(heard.body.data, "question", 8);
    assert_memory_equal(heard.caller.data, caller->stamp, caller->stamp_size);
    answer(desk, heard.id);
    bus_expect_result(&bus, caller, 1, 0, 0);
}

static void test_routes_that_are_there_first_wait_for_the_channel(void **state)
{
    struct peer_identity identity = { .uid = 1, .pid = 4, .link = FRAME_IPC };
    struct neighbour *asked;
    struct peer hole = { 0 };

    (void)state;
    leave();
    expect_word(desk);
    call(caller, 1, (struct envelope){ 0 });
    say_through(desk);
    assert_true(linker_may_go());
    router_detach(&bus.router, linker, bus.now_us);
    router_detach(&bus.router, desk, bus.now_us);
    linker = bus_linker(&bus);
    asked = bus_ask(&bus, linker, "desk.alice", 1);
    hole.neighbour = asked;
    bus_set_route(&bus, linker, &hole, "shop", 1);
    assert_int_equal(bus_hear(&bus, caller), 0);
    identity.channel = asked->channel;
    desk = router_attach(&bus.router, &identity, NULL);
    parting_routes(&bus.router, asked); /* as the shell does */
    bus_hear_one(&bus, desk, ENVELOPE_CALL);
}

static void test_a_new_call_takes_another_way_where_there_is_one(void **state)
{
    struct peer *lamp = bus_neighbour(&bus, linker, "lamp.alice", 2);
    struct peer *other;

    (void)state;
    bus_set_route(&bus, linker, lamp, "shop", 2);
    say_word(desk);
    assert_int_equal(bus_hear_one(&bus, desk, ENVELOPE_DRAIN).id, 0);
    call(caller, 1, (struct envelope){ 0 });
    bus_hear_one(&bus, lamp, ENVELOPE_CALL);
    other = bus_neighbour(&bus, linker, "oven.alice", 3);
    say_word(lamp);
    call(caller, 2, (struct envelope){ 0 });
    assert_int_equal(bus_hear(&bus, lamp), 0);
    bus_set_route(&bus, linker, other, "shop", 3); /* also one that comes meanwhile */
    bus_hear_one(&bus, other, ENVELOPE_CALL);
}

static void test_nobody_waits_for_ever(void **state)
{
    (void)state;
    leave();
    expect_word(desk);
    say_through(desk);
    assert_true(linker_may_go());
    come_back(); /* without a way */
    call(caller, 1, (struct envelope){ 0 });
    call(caller, 2, (struct envelope){ .timeout_ms = 1000 });
    call(caller, 3, (struct envelope){ .shape = SHAPE_CLIENT_STREAM });
    bus_expect_result(&bus, caller, 3, CODE_UNAVAILABLE, EXECUTED_NO); /* its items are not kept */
    bus_pass_ms(&bus, 1000 + ROUTER_TICK_MS);
    bus_expect_result(&bus, caller, 2, CODE_DEADLINE_EXCEEDED, EXECUTED_NO);
    bus_pass_ms(&bus, ROUTER_PARTING_MS + ROUTER_AWAY_MS - 1000);
    bus_expect_result(&bus, caller, 1, CODE_UNAVAILABLE, EXECUTED_NO);
    assert_int_equal(last_cause(), CAUSE_AWAY);
    call(caller, 4, (struct envelope){ 0 });
    bus_expect_result(&bus, caller, 4, CODE_UNAVAILABLE, EXECUTED_NO);
}

static void test_a_link_that_breaks_is_not_waited_for(void **state)
{
    (void)state;
    router_detach(&bus.router, desk, bus.now_us);
    call(caller, 1, (struct envelope){ 0 });
    bus_expect_result(&bus, caller, 1, CODE_UNAVAILABLE, EXECUTED_NO);
}

static void test_a_call_that_takes_too_long_is_ended_and_nobody_knows_of_it(void **state)
{
    uint64_t there;

    (void)state;
    call(caller, 1, (struct envelope){ .timeout_ms = 60000 });
    there = bus_hear_one(&bus, desk, ENVELOPE_CALL).id;
    leave();
    expect_word(desk);
    bus_pass_ms(&bus, ROUTER_PARTING_MS - ROUTER_TICK_MS);
    assert_int_equal(bus_hear(&bus, caller), 0);
    bus_pass_ms(&bus, UINT64_C(2) * ROUTER_TICK_MS);
    bus_expect_result(&bus, caller, 1, CODE_UNAVAILABLE, EXECUTED_UNKNOWN);
    assert_int_equal(last_cause(), CAUSE_LINK_LEAVING);
    assert_true(bus_hear_one(&bus, desk, ENVELOPE_CANCEL).id == there);
    assert_int_equal(bus_hear(&bus, linker), 0);
    bus_pass_ms(&bus, ROUTER_PARTING_LAST_MS); /* the other side says nothing at all */
    assert_true(linker_may_go());
}

static void test_a_stream_without_an_end_is_not_waited_for_as_long(void **state)
{
    (void)state;
    bus_call(&bus, caller, 1, "shop.Watch", SHAPE_SERVER_STREAM, desk);
    leave();
    expect_word(desk);
    bus_pass_ms(&bus, ROUTER_DRAIN_ENDLESS_MS + ROUTER_TICK_MS);
    bus_expect_result(&bus, caller, 1, CODE_UNAVAILABLE, EXECUTED_UNKNOWN);
}

static void test_what_a_call_from_there_needs_there_is_called(void **state)
{
    uint64_t outer;
    uint64_t inner;

    (void)state;
    cross(desk, 9, "greeter.Hello");
    outer = bus_hear_one(&bus, greeter, ENVELOPE_CALL).id;
    leave();
    expect_word(desk);
    call(greeter, 7, (struct envelope){ .parent = outer });
    inner = bus_hear_one(&bus, desk, ENVELOPE_CALL).id;
    call(greeter, 8, (struct envelope){ 0 }); /* on nobody's behalf */
    assert_int_equal(bus_hear(&bus, desk), 0);
    answer(desk, inner);
    bus_expect_result(&bus, greeter, 7, 0, 0);
    answer(greeter, outer);
    bus_expect_result(&bus, desk, 9, 0, 0);
    say_through(desk);
    assert_true(linker_may_go());
}

static void test_a_call_on_its_way_through_goes_through(void **state)
{
    struct peer *lamp = bus_neighbour(&bus, linker, "lamp.alice", 2);
    uint64_t there;

    (void)state;
    bus_set_routes(&bus, linker, lamp, NULL, 0, NULL);
    leave();
    expect_word(desk);
    expect_word(lamp);
    cross(lamp, 9, "shop.Buy");
    there = bus_hear_one(&bus, desk, ENVELOPE_CALL).id;
    say_through(desk);
    assert_false(linker_may_go());
    answer(desk, there);
    bus_expect_result(&bus, lamp, 9, 0, 0);
    say_through(lamp);
    assert_true(linker_may_go());
}

static void test_a_router_that_does_not_know_the_word_is_refused_and_finishes(void **state)
{
    uint64_t there;

    (void)state;
    bus.drains = false;
    bus_set_route(&bus, linker, desk, "shop", 1);
    there = bus_call(&bus, caller, 1, "shop.Buy", SHAPE_UNARY, desk).id;
    leave();
    assert_int_equal(bus_hear(&bus, desk), 0);
    cross(desk, 9, "greeter.Hello");
    bus_expect_result(&bus, desk, 9, CODE_UNAVAILABLE, EXECUTED_NO);
    assert_int_equal(bus_hear(&bus, greeter), 0);
    answer(desk, there);
    bus_expect_result(&bus, caller, 1, 0, 0);
    assert_false(linker_may_go()); /* until it has had the last that was said */
    there = bus_hear_one(&bus, desk, ENVELOPE_PING).id;
    bus_say(&bus, desk, (struct envelope){ .kind = ENVELOPE_PONG, .id = there | CALL_ID_ROUTER });
    assert_true(linker_may_go());
}

/* A client without a node, whose connection ends at the link service. */
static struct peer *come_as_client(void)
{
    Mu__Router__V1__LinkRequest request = MU__ROUTER__V1__LINK_REQUEST__INIT;
    struct peer_identity identity = { .uid = 1, .pid = 4, .is_client = true, .link = FRAME_IPC };
    uint8_t key[NEIGHBOUR_ID_SIZE] = { 9 };
    struct neighbour *asked;
    uint8_t body[256];

    request.client = (char *)"till";
    request.node_id = request.link_id = (ProtobufCBinaryData){ sizeof(key), key };
    call(linker, 3,
            (struct envelope){ .endpoint = bus_text("router.Link"),
                    .body = { body, mu__router__v1__link_request__pack(&request, body) } });
    asked = neighbour_next_asked(&bus.router);
    assert_non_null(asked);
    neighbour_opened(&bus.router, asked->channel, "/run/n", 0);
    bus_expect_result(&bus, linker, 3, 0, 0);
    identity.channel = asked->channel;
    return router_attach(&bus.router, &identity, NULL);
}

static void test_a_client_is_told_and_keeps_what_it_calls_next(void **state)
{
    struct peer *client;
    uint64_t there;

    (void)state;
    router_detach(&bus.router, desk, bus.now_us);
    desk = bus_neighbour(&bus, linker, "desk.alice", 1);
    bus_set_route(&bus, linker, desk, "shop", 1);
    client = come_as_client();
    leave();
    expect_word(desk);
    say_through(desk);
    assert_int_equal(bus_hear(&bus, client), 2);
    assert_int_equal(bus.heard[0].kind, ENVELOPE_DRAIN);
    assert_int_equal(bus.heard[1].kind, ENVELOPE_PING);
    call(client, 1, (struct envelope){ 0 }); /* it was on its way */
    there = bus_hear_one(&bus, desk, ENVELOPE_CALL).id;
    bus_say(&bus, client, (struct envelope){ .kind = ENVELOPE_PONG, .id = 1 });
    assert_false(linker_may_go());
    answer(desk, there);
    bus_expect_result(&bus, client, 1, 0, 0);
    call(client, 2, (struct envelope){ 0 }); /* it knows better */
    bus_expect_result(&bus, client, 2, CODE_UNAVAILABLE, EXECUTED_NO);
    assert_false(linker_may_go());
    there = bus_hear_one(&bus, client, ENVELOPE_PING).id;
    bus_say(&bus, client, (struct envelope){ .kind = ENVELOPE_PONG, .id = there });
    assert_true(linker_may_go());
}

/* ---- who is left ---- */

static void test_who_is_told_says_when_it_is_through(void **state)
{
    uint64_t there = bus_call(&bus, caller, 1, "shop.Buy", SHAPE_UNARY, desk).id;
    uint64_t here;

    (void)state;
    cross(desk, 9, "greeter.Hello");
    here = bus_hear_one(&bus, greeter, ENVELOPE_CALL).id;
    say_word(desk);
    bus_pass_ms(&bus, ROUTER_TICK_MS);
    assert_int_equal(bus_hear(&bus, desk), 0);
    answer(desk, there);
    bus_expect_result(&bus, caller, 1, 0, 0);
    answer(greeter, here);
    bus_expect_result(&bus, desk, 9, 0, 0);
    bus_pass_ms(&bus, ROUTER_TICK_MS);
    assert_int_equal(bus_hear_one(&bus, desk, ENVELOPE_DRAIN).id, 0);
    bus_pass_ms(&bus, ROUTER_TICK_MS);
    assert_int_equal(bus_hear(&bus, desk), 0); /* once */
}

static void test_who_is_told_has_new_calls_wait_until_the_node_is_back(void **state)
{
    struct envelope word = { .kind = ENVELOPE_DRAIN, .id = WORD, .timeout_ms = 100 };

    (void)state;
    assert_int_equal(bus_say(&bus, desk, word), 0);
    call(caller, 1, (struct envelope){ 0 });
    bus_hear_one(&bus, desk, ENVELOPE_DRAIN);
    router_detach(&bus.router, desk, bus.now_us);
    bus_pass_ms(&bus, ROUTER_AWAY_MS - 100); /* from its end on, whatever was said before */
    assert_int_equal(bus_hear(&bus, caller), 0);
    desk = bus_neighbour(&bus, linker, "desk.alice", 1);
    bus_set_route(&bus, linker, desk, "shop", 1);
    bus_hear_one(&bus, desk, ENVELOPE_CALL);
}

static void test_a_call_never_goes_back_to_where_it_came_from(void **state)
{
    struct peer *again;

    (void)state;
    say_word(desk);
    again = bus_neighbour(&bus, linker, "desk.alice", 1); /* the next link of the same node */
    cross(again, 9, "shop.Buy");
    bus_set_route(&bus, linker, again, "shop", 1);
    assert_int_equal(bus_hear(&bus, again), 0);
    router_detach(&bus.router, again, bus.now_us); /* and with it the call that waits */
    assert_int_equal(bus.router.calls.count, 0);
}

static void test_a_call_that_waited_goes_over_no_more_links_than_a_call_may(void **state)
{
    static const uint8_t stamp[] = { 0x0a, 1, 'l', 0x40, 1 }; /* one before this one */
    struct peer *lamp = bus_neighbour(&bus, linker, "lamp.alice", 2);

    (void)state;
    say_word(desk);
    bus_hear(&bus, desk);
    assert_int_equal(bus_say(&bus, lamp,
                             (struct envelope){ .kind = ENVELOPE_CALL,
                                     .id = THEIRS(9),
                                     .timeout_ms = 20000,
                                     .endpoint = bus_text("shop.Buy"),
                                     .caller = { stamp, sizeof(stamp) } }),
            0);
    router_detach(&bus.router, desk, bus.now_us);
    desk = bus_neighbour(&bus, linker, "desk.alice", 1);
    bus_set_route(&bus, linker, desk, "shop", 2);
    assert_int_equal(bus_hear(&bus, desk), 0);
    bus_set_route(&bus, linker, desk, "shop", 1);
    bus_hear_one(&bus, desk, ENVELOPE_CALL);
}

static void test_nobody_has_us_wait_for_longer_than_that(void **state)
{
    struct envelope word = { .kind = ENVELOPE_DRAIN, .id = WORD, .timeout_ms = UINT32_MAX };

    (void)state;
    assert_int_equal(bus_say(&bus, desk, word), 0);
    call(caller, 1, (struct envelope){ .timeout_ms = 600000 });
    bus_pass_ms(&bus, ROUTER_AWAY_MAX_MS - 100);
    assert_int_equal(bus_hear(&bus, caller), 0);
    bus_pass_ms(&bus, 200);
    bus_expect_result(&bus, caller, 1, CODE_UNAVAILABLE, EXECUTED_NO);
}

static void test_both_may_leave_at_once(void **state)
{
    uint64_t there = bus_call(&bus, caller, 1, "shop.Buy", SHAPE_UNARY, desk).id;

    (void)state;
    leave();
    expect_word(desk);
    say_word(desk);
    assert_false(linker_may_go());
    answer(desk, there);
    bus_expect_result(&bus, caller, 1, 0, 0);
    assert_false(linker_may_go());
    assert_int_equal(bus_hear_one(&bus, desk, ENVELOPE_DRAIN).id, 0);
    say_through(desk);
    assert_true(linker_may_go());
}

static void test_what_is_no_word_closes(void **state)
{
    struct envelope word = { .kind = ENVELOPE_DRAIN };

    (void)state;
    assert_int_equal(bus_say(&bus, desk, word), -EPROTO); /* nobody leaves */
    word.id = WORD + 1;
    assert_int_equal(bus_say(&bus, desk, word), -EPROTO);
}

/* ---- farther away ---- */

static void test_what_is_lost_behind_a_node_is_awaited_where_the_link_service_says_so(void **state)
{
    (void)state;
    bus.await_ms = 1000;
    bus_set_routes(&bus, linker, desk, NULL, 0, NULL);
    call(caller, 1, (struct envelope){ 0 });
    assert_int_equal(bus_hear(&bus, caller), 0);
    bus.await_ms = 0;
    bus_set_route(&bus, linker, desk, "shop", 2);
    bus_hear_one(&bus, desk, ENVELOPE_CALL);
    bus_pass_ms(&bus, 1000);
    bus_set_routes(&bus, linker, desk, NULL, 0, NULL);
    call(caller, 2, (struct envelope){ 0 });
    bus_expect_result(&bus, caller, 2, CODE_UNAVAILABLE, EXECUTED_NO);
    bus.await_ms = ROUTER_AWAY_MAX_MS + 1;
    assert_int_equal(bus_set_routes(&bus, linker, desk, NULL, 0, NULL), CODE_INVALID_ARGUMENT);
}

static void test_a_router_that_began_anew_waits_for_names_that_it_has_not_heard_yet(void **state)
{
    struct span text;

    (void)state;
    waiting_begin(&bus.router, bus.now_us + 1000000);
    call(caller, 1, (struct envelope){ .endpoint = bus_text("far.Get") });
    call(caller, 2, (struct envelope){ .endpoint = bus_text("none.Get") });
    assert_int_equal(bus_hear(&bus, caller), 0);
    bus_set_route(&bus, linker, desk, "far", 2);
    assert_int_equal(bus_hear_one(&bus, desk, ENVELOPE_CALL).endpoint.size, 7);
    bus_set_routes(&bus, linker, desk, NULL, 0, NULL); /* what nodes tell first need not last */
    call(caller, 4, (struct envelope){ .endpoint = bus_text("far.Get") });
    assert_int_equal(bus_hear(&bus, caller), 0);
    bus_set_route(&bus, linker, desk, "far", 1);
    bus_hear_one(&bus, desk, ENVELOPE_CALL);
    bus_pass_ms(&bus, 1000 + ROUTER_TICK_MS);
    bus_expect_result(&bus, caller, 2, CODE_NOT_FOUND, EXECUTED_NO);
    text = bus_heard_text(&bus);
    assert_memory_equal(text.data, "no node offers \"none\"", text.size);
    assert_int_equal(last_cause(), CAUSE_NO_SERVICE);
    call(caller, 3, (struct envelope){ .endpoint = bus_text("none.Get") });
    bus_expect_result(&bus, caller, 3, CODE_NOT_FOUND, EXECUTED_NO);
}

static void test_a_name_that_calls_wait_for_is_not_forgotten(void **state)
{
    char name[16];

    (void)state;
    say_word(desk);
    bus_pass_ms(&bus, ROUTER_TICK_MS);
    router_detach(&bus.router, desk, bus.now_us);
    call(caller, 1, (struct envelope){ 0 });
    desk = bus_neighbour(&bus, linker, "desk.alice", 1);
    for (unsigned i = 0; i < 2 * ROUTER_NAMES_LEARNED_MAX; i++) {
        snprintf(name, sizeof(name), "n%u", i);
        bus_set_routes(&bus, linker, desk, &(struct bus_route){ name, 1, 1 }, 1, NULL);
    }
    bus_set_route(&bus, linker, desk, "shop", 1);
    bus_hear(&bus, desk);
    assert_int_equal(bus.heard_count, 1);
    assert_memory_equal(bus.heard[0].endpoint.data, "shop.Buy", 8);
}

int main(void)
{
#define on_bus(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        on_bus(test_it_may_go_when_all_that_is_under_way_is_answered_both_ways),
        on_bus(test_what_came_before_the_word_was_heard_is_served),
        on_bus(test_a_link_service_without_nodes_may_go_at_once),
        on_bus(test_no_link_is_made_any_more_by_one_that_leaves),
        on_bus(test_a_new_call_waits_and_goes_over_the_next_link),
        on_bus(test_routes_that_are_there_first_wait_for_the_channel),
        on_bus(test_a_new_call_takes_another_way_where_there_is_one),
        on_bus(test_nobody_waits_for_ever),
        on_bus(test_a_link_that_breaks_is_not_waited_for),
        on_bus(test_a_call_that_takes_too_long_is_ended_and_nobody_knows_of_it),
        on_bus(test_a_stream_without_an_end_is_not_waited_for_as_long),
        on_bus(test_what_a_call_from_there_needs_there_is_called),
        on_bus(test_a_call_on_its_way_through_goes_through),
        on_bus(test_a_router_that_does_not_know_the_word_is_refused_and_finishes),
        on_bus(test_a_client_is_told_and_keeps_what_it_calls_next),
        on_bus(test_who_is_told_says_when_it_is_through),
        on_bus(test_who_is_told_has_new_calls_wait_until_the_node_is_back),
        on_bus(test_a_call_never_goes_back_to_where_it_came_from),
        on_bus(test_a_call_that_waited_goes_over_no_more_links_than_a_call_may),
        on_bus(test_nobody_has_us_wait_for_longer_than_that),
        on_bus(test_both_may_leave_at_once),
        on_bus(test_what_is_no_word_closes),
        on_bus(test_what_is_lost_behind_a_node_is_awaited_where_the_link_service_says_so),
        on_bus(test_a_router_that_began_anew_waits_for_names_that_it_has_not_heard_yet),
        on_bus(test_a_name_that_calls_wait_for_is_not_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
