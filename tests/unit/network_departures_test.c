// SPDX-License-Identifier: Apache-2.0
/* What link processes tell each other when one of them is about to stop on purpose. */
#include "base/log.h"
#include "services/network/link/departures.h"
#include "tests/fuzz/mesh_world.h"
#include "tests/unit/cmocka.h"

static struct mesh_world world;

static int open_world(void **state)
{
    (void)state;
    mesh_world_open(&world, true);
    mesh_world_link(&world, BOB);
    mesh_world_link(&world, MALLORY);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    mesh_world_close(&world);
    return 0;
}

static void say(enum actor from, Mu__Link__V1__PeerMessage *message)
{
    uint8_t bytes[256];

    assert_true(mu__link__v1__peer_message__get_packed_size(message) <= sizeof(bytes));
    mesh_world_hear(
            &world, from, (struct span){ bytes, mu__link__v1__peer_message__pack(message, bytes) });
}

static void leave(enum actor from, uint64_t number, uint32_t hops)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Leaving leaving = MU__LINK__V1__LEAVING__INIT;

    leaving.number = number;
    leaving.hops = hops;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_LEAVING;
    message.leaving = &leaving;
    say(from, &message);
}

static void greet(enum actor from, bool drains)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Greeting greeting = MU__LINK__V1__GREETING__INIT;

    greeting.drains = drains;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_GREETING;
    message.greeting = &greeting;
    say(from, &message);
}

static void test_the_router_is_told_what_the_other_one_knows(void **state)
{
    (void)state;
    greet(BOB, false); /* as versions before this one */
    assert_false(world.told_drains);
    greet(BOB, true); /* also where nothing is reached through it */
    assert_true(world.told_drains);
    assert_int_equal(world.told_await_ms, 0);
}

static void test_a_departure_is_passed_on_once_and_not_back(void **state)
{
    (void)state;
    leave(BOB, 7, 1);
    assert_int_equal(world.leavings[BOB], 0);
    assert_int_equal(world.leavings[MALLORY], 1);
    assert_int_equal(world.leaving_hops, 2);
    leave(BOB, 7, 1);
    leave(MALLORY, 7, 2);
    assert_int_equal(world.leavings[BOB] + world.leavings[MALLORY], 1);
    leave(BOB, 8, 2);
    assert_int_equal(world.leavings[MALLORY], 2);
    assert_int_equal(world.leaving_hops, 3);
}

static void test_it_goes_as_far_as_routes_do(void **state)
{
    (void)state;
    leave(BOB, 7, ROUTE_HOPS_MAX);
    assert_int_equal(world.leavings[MALLORY], 0);
    greet(BOB, true);
    assert_in_range(world.told_await_ms, 1, DEPARTURE_MS);
}

static void test_what_is_lost_behind_it_is_awaited_for_so_long(void **state)
{
    struct departures departures = { .next = 0 };

    (void)state;
    assert_int_equal(departures_left_ms(&departures, 1000), 0);
    departures_note(&departures, 7, 1000);
    assert_int_equal(departures_left_ms(&departures, 1000), DEPARTURE_MS);
    assert_int_equal(departures_left_ms(&departures, 1000 + DEPARTURE_MS - 1), 1);
    assert_int_equal(departures_left_ms(&departures, 1000 + DEPARTURE_MS), 0);
    departures_note(&departures, 7, 2000); /* the same once more */
    assert_int_equal(departures_left_ms(&departures, 1000 + DEPARTURE_MS), 0);
}

static void test_what_is_no_departure_closes_the_link(void **state)
{
    (void)state;
    leave(MALLORY, 0, 1);
    assert_int_equal(world.people[MALLORY].link, 0);
    leave(BOB, 1, ROUTE_HOPS_MAX + 1);
    assert_int_equal(world.people[BOB].link, 0);
}

static void test_who_leaves_all_the_time_is_not_heard_all_the_time(void **state)
{
    (void)state;
    for (uint64_t number = 1; number <= 100; number++)
        leave(MALLORY, number, 1);
    assert_in_range(world.leavings[BOB], DEPARTURE_BURST, 2 * DEPARTURE_BURST);
    leave(BOB, 1000, 1); /* who waits for nobody else */
    assert_int_equal(world.leavings[MALLORY], 1);
}

static void test_this_process_says_so_to_all(void **state)
{
    (void)state;
    mesh_drain(&world.mesh);
    assert_int_equal(world.leavings[BOB], 1);
    assert_int_equal(world.leavings[MALLORY], 1);
    assert_int_equal(world.leaving_hops, 1);
}

static void test_of_many_the_oldest_is_forgotten_first(void **state)
{
    struct departures departures = { .next = 0 };

    (void)state;
    for (uint64_t number = 1; number <= DEPARTURES_MAX; number++)
        assert_true(departures_note(&departures, number, 1));
    assert_false(departures_note(&departures, 1, 1));
    assert_true(departures_note(&departures, DEPARTURES_MAX + 1, 1));
    assert_true(departures_note(&departures, 1, 1));
    assert_false(departures_note(&departures, 3, 1));
}

int main(void)
{
#define in_world(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)
    const struct CMUnitTest tests[] = {
        in_world(test_the_router_is_told_what_the_other_one_knows),
        in_world(test_a_departure_is_passed_on_once_and_not_back),
        in_world(test_it_goes_as_far_as_routes_do),
        cmocka_unit_test(test_what_is_lost_behind_it_is_awaited_for_so_long),
        in_world(test_what_is_no_departure_closes_the_link),
        in_world(test_who_leaves_all_the_time_is_not_heard_all_the_time),
        in_world(test_this_process_says_so_to_all),
        cmocka_unit_test(test_of_many_the_oldest_is_forgotten_first),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
