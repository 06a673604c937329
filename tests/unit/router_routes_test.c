// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/router/say.h"
#include "mu/router/v1/router.pb-c.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct bus bus;
static struct peer *linker;
static struct peer *desk;
static struct peer *attic;
static struct peer *caller;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    linker = bus_linker(&bus);
    desk = bus_neighbour(&bus, linker, "desk.alice", 1);
    attic = bus_neighbour(&bus, linker, "attic.alice", 2);
    caller = bus_caller(&bus);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

static void say_call(struct peer *from, uint64_t id, const char *endpoint)
{
    struct envelope call = { .kind = ENVELOPE_CALL, .id = id, .endpoint = bus_text(endpoint) };
    uint8_t room[STAMP_SIZE_MAX];

    if (from->neighbour != NULL) {
        call.id |= CALL_ID_ROUTER;
        call.caller = stamp_write(&(struct stamp){ .node = bus_text("x") }, room);
    }
    assert_int_equal(bus_say(&bus, from, call), 0);
}

/* Calls shop.Buy and says to whom it went; NULL: to nobody, which the caller was told with `code`.
 */
static struct peer *who_is_called(struct peer *from, uint64_t id, uint32_t code)
{
    struct peer *others[] = { desk, attic };

    say_call(from, id, "shop.Buy");
    for (size_t i = 0; i < COUNT(others); i++) {
        if (others[i] != from && bus_hear(&bus, others[i]) == 1)
            return others[i];
    }
    bus_expect_result(&bus, from, id, code, EXECUTED_NO);
    return NULL;
}

static bool heard_that(const char *text)
{
    struct span heard = bus_heard_text(&bus);

    return heard.size == strlen(text) && memcmp(heard.data, text, heard.size) == 0;
}

static void test_an_instance_here_comes_first_while_it_has_room(void **state)
{
    struct peer *here = bus_service(&bus, "shop");

    (void)state;
    bus_set_route(&bus, linker, desk, "shop", 1);
    here->calls_max = 2;
    bus_call(&bus, caller, 1, "shop.Buy", SHAPE_UNARY, here);
    bus_call(&bus, caller, 2, "shop.Buy", SHAPE_UNARY, here);
    assert_ptr_equal(who_is_called(caller, 3, 0), desk);
    router_detach(&bus.router, here, bus.now_us);
    bus_hear(&bus, caller);
    assert_ptr_equal(who_is_called(caller, 4, 0), desk);
}

static void test_what_nobody_offers_is_told_truly(void **state)
{
    (void)state;
    assert_null(who_is_called(caller, 1, CODE_NOT_FOUND));
    assert_true(heard_that("no node offers \"shop\""));
    bus_set_route(&bus, linker, desk, "shop", 1);
    assert_ptr_equal(who_is_called(caller, 2, 0), desk);
    bus_set_route(&bus, linker, desk, "other", 1);
    assert_null(who_is_called(caller, 3, CODE_UNAVAILABLE)); /* it was there: it may come back */
    assert_true(heard_that("no node offers shop now"));
}

static void test_the_fewest_hops_win_whatever_the_metric(void **state)
{
    (void)state;
    assert_int_equal(
            bus_set_routes(&bus, linker, desk, &(struct bus_route){ "shop", 2, 1 }, 1, NULL), 0);
    assert_int_equal(
            bus_set_routes(&bus, linker, attic, &(struct bus_route){ "shop", 1, 1000000 }, 1, NULL),
            0);
    for (uint64_t id = 1; id <= 20; id++)
        assert_ptr_equal(who_is_called(caller, id, 0), attic);
}

static void test_of_as_many_hops_the_less_loaded_is_taken(void **state)
{
    struct bus_route near = { "shop", 1, 100 };
    struct bus_route far = { "shop", 1, 1000 };
    unsigned at_attic = 0;

    (void)state;
    bus_set_routes(&bus, linker, desk, &near, 1, NULL);
    bus_set_routes(&bus, linker, attic, &far, 1, NULL);
    assert_ptr_equal(who_is_called(caller, 1, 0), desk);
    for (uint64_t id = 2; id <= 111; id++)
        at_attic += who_is_called(caller, id, 0) == attic;
    assert_in_range(at_attic, 9, 11); /* a tenth: calls under way times metric are equal then */
    desk->latency_us = 100000;
    assert_ptr_equal(who_is_called(caller, 200, 0), attic);
}

static void test_a_node_that_was_slow_once_is_tried_again(void **state)
{
    (void)state;
    bus_set_route(&bus, linker, desk, "shop", 1);
    bus_set_route(&bus, linker, attic, "shop", 1);
    desk->latency_us = 4000000;
    attic->latency_us = 1000;
    assert_ptr_equal(who_is_called(caller, 1, 0), attic);
    for (uint64_t id = 2; who_is_called(caller, id, 0) != desk; id++)
        assert_in_range(id, 2, 1000);
}

static void test_when_the_best_has_no_room_another_is_taken(void **state)
{
    (void)state;
    bus_set_route(&bus, linker, desk, "shop", 1);
    bus_set_route(&bus, linker, attic, "shop", 2);
    desk->calls_max = 1;
    assert_ptr_equal(who_is_called(caller, 1, 0), desk);
    assert_ptr_equal(who_is_called(caller, 2, 0), attic);
    attic->out.leaving = OUTBOX_HARD_MAX;
    say_call(caller, 3, "shop.Buy");
    bus_expect_result(&bus, caller, 3, CODE_RESOURCE_EXHAUSTED, EXECUTED_NO);
    assert_true(heard_that("the links to nodes that offer shop are full"));
    attic->out.leaving = 0;
}

/* desk lets the time of call `id` run out. */
static void let_time_run_out(uint64_t id)
{
    assert_ptr_equal(who_is_called(caller, id, 0), desk);
    bus_pass_ms(&bus, 6000);
    bus_expect_result(&bus, caller, id, CODE_DEADLINE_EXCEEDED, EXECUTED_UNKNOWN);
    bus_hear(&bus, desk); /* CANCEL */
}

static void test_a_node_that_let_a_call_s_time_run_out_is_called_where_there_is_no_other(
        void **state)
{
    struct bus_route near = { "shop", 1, 1 };
    struct bus_route far = { "shop", 2, 1000000 };

    (void)state;
    bus_set_routes(&bus, linker, desk, &near, 1, NULL);
    let_time_run_out(1);
    assert_ptr_equal(who_is_called(caller, 2, 0), desk);
    bus_set_routes(&bus, linker, attic, &far, 1, NULL);
    for (uint64_t id = 3; id <= 20; id++)
        assert_ptr_equal(who_is_called(caller, id, 0), attic);
}

static void test_a_node_is_silent_until_it_answers_a_call(void **state)
{
    struct envelope late = { .kind = ENVELOPE_RESULT };

    (void)state;
    bus_set_route(&bus, linker, desk, "shop", 1);
    say_call(caller, 1, "shop.Buy");
    late.id = bus_hear_one(&bus, desk, ENVELOPE_CALL).id;
    bus_pass_ms(&bus, 6000);
    bus_expect_result(&bus, caller, 1, CODE_DEADLINE_EXCEEDED, EXECUTED_UNKNOWN);
    bus_hear(&bus, desk);
    bus_set_route(&bus, linker, attic, "shop", 2);
    assert_ptr_equal(who_is_called(caller, 2, 0), attic);
    late.id ^= CALL_ID_ROUTER;
    assert_int_equal(bus_say(&bus, desk, late), 0);
    assert_ptr_equal(who_is_called(caller, 3, 0), desk);
}

/* Calls shop.Buy, which goes to desk. Returns the id of what desk says about it. */
static uint64_t call_desk(uint64_t id)
{
    say_call(caller, id, "shop.Buy");
    return bus_hear_one(&bus, desk, ENVELOPE_CALL).id ^ CALL_ID_ROUTER;
}

/* Where the way to a node is cut and the way back is not, answers still come for a while. */
static void test_an_answer_to_an_earlier_call_does_not_end_a_node_s_silence(void **state)
{
    struct envelope late = { .kind = ENVELOPE_RESULT };
    uint64_t earlier;
    uint64_t lost;

    (void)state;
    bus_set_route(&bus, linker, desk, "shop", 1);
    earlier = call_desk(1);
    bus_pass_ms(&bus, 1000);
    lost = call_desk(2);
    bus_pass_ms(&bus, 6000);
    bus_hear(&bus, desk);
    bus_set_route(&bus, linker, attic, "shop", 2);
    late.id = earlier;
    assert_int_equal(bus_say(&bus, desk, late), 0);
    assert_ptr_equal(who_is_called(caller, 3, 0), attic);
    late.id = lost;
    assert_int_equal(bus_say(&bus, desk, late), 0);
    assert_ptr_equal(who_is_called(caller, 4, 0), desk);
}

static void test_a_node_that_answered_a_later_call_is_not_silent(void **state)
{
    struct envelope answer = { .kind = ENVELOPE_RESULT };

    (void)state;
    bus_set_route(&bus, linker, desk, "shop", 1);
    call_desk(1);
    bus_pass_ms(&bus, 1000);
    answer.id = call_desk(2);
    assert_int_equal(bus_say(&bus, desk, answer), 0);
    bus_pass_ms(&bus, 6000); /* the first one's time runs out */
    bus_hear(&bus, desk);
    bus_set_route(&bus, linker, attic, "shop", 2);
    assert_ptr_equal(who_is_called(caller, 3, 0), desk);
}

static void test_a_channel_that_is_given_up_takes_no_more_calls(void **state)
{
    (void)state;
    bus_set_route(&bus, linker, desk, "shop", 1);
    bus_set_route(&bus, linker, attic, "shop", 2);
    say_doom(&bus.router, desk);
    assert_ptr_equal(who_is_called(caller, 1, 0), attic);
}

static void test_a_call_never_goes_back_to_the_node_that_it_came_from(void **state)
{
    struct peer *desk_again = bus_neighbour(&bus, linker, "desk.alice", 1);

    (void)state;
    bus_set_route(&bus, linker, desk, "shop", 1);
    bus_set_route(&bus, linker, desk_again, "shop", 1); /* while one link replaces another */
    assert_null(who_is_called(desk, 1, CODE_UNAVAILABLE));
    assert_true(heard_that(
            "no instance of shop here, and no way to another node's is open to this call"));
    assert_int_equal(bus_hear(&bus, desk_again), 0);
    bus_set_route(&bus, linker, attic, "shop", 2);
    for (uint64_t id = 2; id <= 20; id++)
        assert_ptr_equal(who_is_called(desk, id, 0), attic);
}

static void test_a_route_longer_than_what_is_left_to_a_call_is_not_taken(void **state)
{
    (void)state;
    bus_set_route(&bus, linker, attic, "shop", ROUTER_HOPS_MAX);
    assert_ptr_equal(who_is_called(caller, 1, 0), attic);
    assert_null(who_is_called(desk, 1, CODE_UNAVAILABLE)); /* one link is behind it */
    bus_set_route(&bus, linker, attic, "shop", ROUTER_HOPS_MAX - 1);
    assert_ptr_equal(who_is_called(desk, 2, 0), attic);
}

static void test_routes_take_the_place_of_all_that_were(void **state)
{
    static const struct bus_route first[] = { { "a", 1, 1 }, { "b", 1, 1 }, { "c", 1, 1 } };
    static const struct bus_route second[] = { { "c", 2, 1 }, { "d", 1, 1 } };

    (void)state;
    assert_int_equal(bus_set_routes(&bus, linker, desk, first, COUNT(first), NULL), 0);
    bus_set_route(&bus, linker, attic, "b", 1);
    assert_int_equal(bus_set_routes(&bus, linker, desk, second, COUNT(second), NULL), 0);
    assert_int_equal(desk->neighbour->service_count, 2);
    assert_int_equal(service_find(&bus.router.services, bus_text("a"))->route_count, 0);
    assert_ptr_equal(
            service_find(&bus.router.services, bus_text("b"))->routes[0].via, attic->neighbour);
    assert_int_equal(service_find(&bus.router.services, bus_text("c"))->routes[0].hops, 2);
    assert_int_equal(bus_set_routes(&bus, linker, desk, NULL, 0, NULL), 0);
    assert_int_equal(desk->neighbour->service_count, 0);
}

static void test_routes_that_cannot_be_change_nothing(void **state)
{
    static const struct bus_route bad[] = {
        { "Shop", 1, 1 },
        { "", 1, 1 },
        { "shop.Buy", 1, 1 },
        { "router", 1, 1 },
        { "node", 1, 1 },
        { "registry", 1, 1 },
        { "link", 1, 1 },
        { "shop", 0, 1 },
        { "shop", ROUTER_HOPS_MAX + 1, 1 },
    };

    (void)state;
    bus_set_route(&bus, linker, desk, "kept", 1);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct bus_route routes[] = { { "fine", 1, 1 }, bad[i] };

        assert_int_equal(
                bus_set_routes(&bus, linker, desk, routes, 2, NULL), CODE_INVALID_ARGUMENT);
    }
    desk->neighbour->transit_us = ROUTER_TRANSIT_MAX_US + 1; /* which bus_set_routes sends */
    assert_int_equal(bus_set_routes(&bus, linker, desk, bad, 0, NULL), CODE_INVALID_ARGUMENT);
    desk->neighbour->transit_us = ROUTER_TRANSIT_MAX_US;
    assert_int_equal(desk->neighbour->service_count, 1);
    assert_null(service_find(&bus.router.services, bus_text("fine")));
    bus_set_route(&bus, linker, desk, "kept", 1);
}

static void test_routes_may_come_before_the_connection_and_are_taken_after_it(void **state)
{
    struct peer_identity identity = { .link = FRAME_IPC };
    struct peer to_come = { .neighbour = NULL };

    (void)state;
    router_detach(&bus.router, attic, bus.now_us);
    to_come.neighbour = bus_ask(&bus, linker, "attic.alice", 2);
    bus_set_route(&bus, linker, &to_come, "shop", 1);
    say_call(caller, 1, "shop.Buy");
    bus_expect_result(&bus, caller, 1, CODE_UNAVAILABLE, EXECUTED_NO);
    identity.channel = to_come.neighbour->channel;
    attic = router_attach(&bus.router, &identity, NULL);
    assert_ptr_equal(who_is_called(caller, 2, 0), attic);
}

static void test_only_its_own_linker_sets_a_channel_s_routes(void **state)
{
    struct peer *second = bus_linker(&bus);
    struct bus_route route = { "shop", 1, 1 };

    (void)state;
    assert_int_equal(bus_set_routes(&bus, second, desk, &route, 1, NULL), CODE_NOT_FOUND);
    assert_int_equal(bus_set_routes(&bus, linker, desk, &route, 1, NULL), 0);
}

static void test_of_a_service_that_comes_twice_the_better_route_counts(void **state)
{
    static const struct bus_route routes[] = { { "shop", 2, 1 }, { "shop", 1, 9 }, { "shop", 1, 7 },
        { "shop", 3, 1 } };
    const struct service *shop;

    (void)state;
    assert_int_equal(bus_set_routes(&bus, linker, desk, routes, COUNT(routes), NULL), 0);
    shop = service_find(&bus.router.services, bus_text("shop"));
    assert_int_equal(shop->route_count, 1);
    assert_int_equal(shop->routes[0].hops, 1);
    assert_int_equal(shop->routes[0].metric_us, 7);
    assert_int_equal(desk->neighbour->service_count, 1);
}

enum { NAME_SIZE = 16 };

/* `count` routes to services that are named after `prefix`. */
static struct bus_route *make_routes(const char *prefix, unsigned count)
{
    struct bus_route *routes = calloc(count, sizeof(*routes) + NAME_SIZE);
    char *names = (char *)(routes + count);

    for (unsigned i = 0; i < count; i++, names += NAME_SIZE) {
        snprintf(names, NAME_SIZE, "%s%u", prefix, i);
        routes[i] = (struct bus_route){ names, 1, 1 };
    }
    return routes;
}

static void test_routes_are_taken_up_to_the_limit(void **state)
{
    struct bus_route *routes = make_routes("s", ROUTER_ROUTES_MAX + 1);
    uint32_t left_out;

    (void)state;
    assert_int_equal(bus_set_routes(&bus, linker, desk, routes, ROUTER_ROUTES_MAX, &left_out), 0);
    assert_int_equal(left_out, 0);
    assert_int_equal(desk->neighbour->service_count, ROUTER_ROUTES_MAX);
    assert_int_equal(bus_set_routes(&bus, linker, desk, routes, ROUTER_ROUTES_MAX + 1, NULL),
            CODE_INVALID_ARGUMENT);
    assert_int_equal(desk->neighbour->service_count, ROUTER_ROUTES_MAX);
    free(routes);
}

static void test_names_of_other_nodes_take_no_place_from_those_here(void **state)
{
    struct bus_route *first = make_routes("a", ROUTER_NAMES_LEARNED_MAX);
    struct bus_route *second = make_routes("b", 10);
    uint32_t left_out;

    (void)state;
    assert_int_equal(
            bus_set_routes(&bus, linker, desk, first, ROUTER_NAMES_LEARNED_MAX, &left_out), 0);
    assert_int_equal(left_out, 0);
    assert_int_equal(bus_set_routes(&bus, linker, attic, second, 10, &left_out), 0);
    assert_int_equal(left_out, 10); /* no room is left for more of them ... */
    bus_service(&bus, "shop");      /* ... and room enough for one of ours */
    bus_service(&bus, "a7"); /* which may also be a name of theirs: then they have one more */
    assert_int_equal(bus_set_routes(&bus, linker, attic, second, 10, &left_out), 0);
    assert_int_equal(left_out, 9);
    /* Those that nobody offers any more make room, and nothing that is offered does. */
    assert_int_equal(bus_set_routes(&bus, linker, desk, first, 100, &left_out), 0);
    assert_int_equal(left_out, 0);
    assert_int_equal(bus_set_routes(&bus, linker, attic, second, 10, &left_out), 0);
    assert_int_equal(left_out, 0);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(
                service_find(&bus.router.services, bus_text(first[i].service))->route_count, 1);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(
                service_find(&bus.router.services, bus_text(second[i].service))->route_count, 1);
    free(first);
    free(second);
}

static void test_a_service_here_stays_known_when_its_routes_go(void **state)
{
    struct bus_route *others = make_routes("a", ROUTER_NAMES_LEARNED_MAX);
    struct bus_route one_more = { "more", 1, 1 };
    struct peer *here = bus_service(&bus, "shop");
    uint32_t left_out;

    (void)state;
    bus_set_routes(&bus, linker, attic, others, ROUTER_NAMES_LEARNED_MAX, NULL);
    bus_set_route(&bus, linker, desk, "shop", 1);
    router_detach(&bus.router, here, bus.now_us);
    assert_int_equal(bus_set_routes(&bus, linker, desk, &one_more, 1, &left_out), 0);
    assert_int_equal(left_out, 1); /* its place is not there to be taken */
    assert_null(who_is_called(caller, 1, CODE_UNAVAILABLE));
    free(others);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        test(test_an_instance_here_comes_first_while_it_has_room),
        test(test_what_nobody_offers_is_told_truly),
        test(test_the_fewest_hops_win_whatever_the_metric),
        test(test_of_as_many_hops_the_less_loaded_is_taken),
        test(test_a_node_that_was_slow_once_is_tried_again),
        test(test_when_the_best_has_no_room_another_is_taken),
        test(test_a_node_that_let_a_call_s_time_run_out_is_called_where_there_is_no_other),
        test(test_a_node_is_silent_until_it_answers_a_call),
        test(test_an_answer_to_an_earlier_call_does_not_end_a_node_s_silence),
        test(test_a_node_that_answered_a_later_call_is_not_silent),
        test(test_a_channel_that_is_given_up_takes_no_more_calls),
        test(test_a_call_never_goes_back_to_the_node_that_it_came_from),
        test(test_a_route_longer_than_what_is_left_to_a_call_is_not_taken),
        test(test_routes_take_the_place_of_all_that_were),
        test(test_routes_that_cannot_be_change_nothing),
        test(test_routes_may_come_before_the_connection_and_are_taken_after_it),
        test(test_only_its_own_linker_sets_a_channel_s_routes),
        test(test_of_a_service_that_comes_twice_the_better_route_counts),
        test(test_routes_are_taken_up_to_the_limit),
        test(test_names_of_other_nodes_take_no_place_from_those_here),
        test(test_a_service_here_stays_known_when_its_routes_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
