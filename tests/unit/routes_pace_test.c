// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/neighbour.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/routes_scene.h"

/* ---- pace ---- */

static void test_a_link_that_flaps_is_used_and_not_told_of(void **state)
{
    (void)state;
    world_link(&world, 2);
    for (int i = 0; i < 3; i++) {
        world_link(&world, 1);
        say(1, advert_of(1, 1, 0));
        assert_true(world.peers[2].nodes[1].there);
        world_unlink(&world, 1);
    }
    world_link(&world, 1);
    say(1, advert_of(1, 1, 0));
    assert_int_equal(hops_through(1, 0), 1);
    assert_true(world.imported_at_all[1]);
    assert_false(world.peers[2].nodes[1].there);
    world_pass(&world, 20000);
    assert_int_equal(world_digest(&world, 1, world.routes.neighbours[1]->heard_sum, 1), ROUTES_OK);
    assert_false(world.peers[2].nodes[1].there);
    for (int i = 0; i < 4; i++) {
        world_pass(&world, 10000);
        world_digest(&world, 1, world.routes.neighbours[1]->heard_sum, 1);
    }
    assert_true(world.peers[2].nodes[1].there);
}

static void test_storms_are_gathered_into_a_few_batches(void **state)
{
    struct world_advert advert = advert_of(4, 1, 0);
    uint32_t batches;

    (void)state;
    world_link(&world, 1);
    world_link(&world, 2);
    batches = world.peers[2].batches;
    for (uint32_t i = 0; i < 1000; i++) {
        advert.sequence = 2 + i;
        say(1, advert);
        world_pass(&world, 10);
    }
    assert_in_range(
            world.peers[2].batches - batches, 10, ROUTE_BURST + 10000 / ROUTE_REFILL_MS + 1);
    world_pass(&world, 2ull * ROUTE_REFILL_MS);
    assert_int_equal(world.peers[2].nodes[4].sequence, 1001);
}

static void test_one_that_confirms_nothing_is_sent_a_window_and_no_more(void **state)
{
    struct world_advert advert = advert_of(4, 1, 0);
    uint32_t batches;

    (void)state;
    world_link(&world, 1);
    world_link(&world, 2);
    world.peers[2].mute = true;
    batches = world.peers[2].batches;
    for (uint32_t i = 0; i < 100; i++) {
        advert.sequence = 2 + i;
        say(1, advert);
    }
    assert_int_equal(world.peers[2].batches - batches, ROUTE_WINDOW);
}

static void test_links_beyond_the_limit_are_refused(void **state)
{
    struct routes *routes = &world.routes;
    struct public_key id = { { 0 } };

    (void)state;
    id.bytes[31] = 1;
    for (uint32_t i = 0; i < ROUTE_NEIGHBOURS_MAX; i++) {
        id.bytes[0] = (uint8_t)i;
        assert_int_equal(routes_link_up(routes, &id, world.now_ms), ROUTES_OK);
    }
    id.bytes[0] = ROUTE_NEIGHBOURS_MAX;
    assert_int_equal(routes_link_up(routes, &id, world.now_ms), ROUTES_FULL);
    assert_int_equal(routes->neighbour_count, ROUTE_NEIGHBOURS_MAX);
}

/* ---- types ---- */

static void test_types_that_nobody_knows_are_asked_for_until_they_are_there(void **state)
{
    struct world_advert advert = advert_of(1, 3, 0);
    uint8_t types[ADVERT_TYPES_SIZE];
    unsigned asked;

    (void)state;
    advert.types = 3;
    world.known_types = 2;
    memset(types, 1, sizeof(types));
    world_link(&world, 1);
    say(1, advert);
    assert_int_equal(world.peers[1].types_wanted, 1);
    world_pass(&world, ROUTE_TYPES_FIRST_MS);
    assert_int_equal(world.peers[1].types_wanted, 2);
    world_pass(&world, 2ull * ROUTE_TYPES_RETRY_MS); /* the pauses are as long as they get */
    asked = world.peers[1].types_wanted;
    world_pass(&world, 2ull * ROUTE_TYPES_RETRY_MS);
    assert_int_equal(world.peers[1].types_wanted, asked + 2);
    routes_learned(&world.routes, (struct span){ types, sizeof(types) });
    world_pass(&world, ROUTE_TYPES_RETRY_MS);
    assert_int_equal(world.peers[1].types_wanted, asked + 2);
}

static void test_types_are_not_asked_for_behind_a_node_that_is_gone(void **state)
{
    struct world_advert advert = advert_of(4, 1, 0);

    (void)state;
    advert.types = 1;
    world_link(&world, 1);
    world_link(&world, 2);
    say(1, advert);
    assert_int_equal(world_withdraw(&world, 1, 4), ROUTES_OK);
    world_pass(&world, 3ull * ROUTE_TYPES_RETRY_MS);
    assert_int_equal(world.peers[1].types_wanted, 1);
    assert_int_equal(world.routes.missing.count, 0);
}

/* ---- reports ---- */

struct lines {
    uint32_t count;
    uint32_t chosen;
    uint32_t own;
    uint32_t held_back;
};

static void count_line(void *context, const struct route_report *report)
{
    struct lines *lines = context;

    lines->count += 1;
    lines->chosen += report->chosen;
    lines->own += report->via == NULL;
    lines->held_back += !report->usable;
    if (report->via != NULL)
        assert_int_equal(report->hops, report->path->count + 1);
}

static void test_reports_show_all_ways_and_which_of_them_are_taken(void **state)
{
    struct lines lines = { 0 };
    struct node_report node;
    uint32_t reachable = 0;

    (void)state;
    world_offer(&world, 4);
    world_link(&world, 1);
    world_link(&world, 2);
    say(1, advert_of(1, 1, 0));
    say(2, advert_of(1, 1, 0));
    say(2, advert_of(4, 1, 0));
    routes_report(&world.routes, (struct span){ (const uint8_t *)"s-", 2 }, world.now_ms,
            count_line, &lines);
    assert_int_equal(lines.count, 4);
    assert_int_equal(lines.own, 1);
    assert_int_equal(lines.chosen, 2); /* its own, and 1's through 1 */
    assert_int_equal(lines.held_back, 1);
    lines = (struct lines){ 0 };
    routes_report(&world.routes, world_service(2), world.now_ms, count_line, &lines);
    assert_int_equal(lines.count, 1);
    for (uint32_t i = 0; i < world.routes.nodes.slot_count; i++)
        if (routes_report_node(&world.routes, i, world.now_ms, &node))
            reachable += node.reachable;
    assert_int_equal(reachable, 3);
    assert_false(routes_report_node(&world.routes, ROUTE_NODES_MAX, world.now_ms, &node));
}

static void test_chain_and_addresses_travel_with_the_advert(void **state)
{
    struct span address = { (const uint8_t *)"host:1", 6 };
    uint8_t chain[ADVERT_CHAIN_MAX + 1] = { 9 };
    uint64_t sequence;

    (void)state;
    world_link(&world, 1);
    sequence = world.peers[1].nodes[0].sequence;
    assert_int_equal(routes_set_self(&world.routes, (struct span){ chain, ADVERT_CHAIN_MAX },
                             &address, 1, world.now_ms),
            ROUTES_OK);
    world_settle(&world);
    assert_int_equal(world.peers[1].nodes[0].sequence, sequence + 1);
    assert_int_equal(world.routes.self->chain_size, ADVERT_CHAIN_MAX);
    assert_int_equal(routes_set_self(&world.routes, (struct span){ chain, sizeof(chain) }, &address,
                             1, world.now_ms),
            ROUTES_BAD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_a_link_that_flaps_is_used_and_not_told_of),
        TEST(test_storms_are_gathered_into_a_few_batches),
        TEST(test_one_that_confirms_nothing_is_sent_a_window_and_no_more),
        TEST(test_links_beyond_the_limit_are_refused),
        TEST(test_types_that_nobody_knows_are_asked_for_until_they_are_there),
        TEST(test_types_are_not_asked_for_behind_a_node_that_is_gone),
        TEST(test_reports_show_all_ways_and_which_of_them_are_taken),
        TEST(test_chain_and_addresses_travel_with_the_advert),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
