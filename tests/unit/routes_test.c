// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/neighbour.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/routes_scene.h"

/* ---- what is told to whom ---- */

static void test_a_new_neighbour_is_told_what_this_node_offers(void **state)
{
    (void)state;
    world_offer(&world, 5);
    world_link(&world, 1);
    assert_true(world.peers[1].nodes[0].there);
    assert_true(world.peers[1].nodes[0].body);
    assert_int_equal(world.peers[1].nodes[0].hops, 0);
}

static void test_a_new_offer_is_told_to_all_at_once(void **state)
{
    uint64_t sequence;

    (void)state;
    world_link(&world, 1);
    world_link(&world, 2);
    sequence = world.peers[1].nodes[0].sequence;
    world_offer(&world, 1);
    assert_int_equal(world.peers[1].nodes[0].sequence, sequence + 1);
    assert_int_equal(world.peers[2].nodes[0].sequence, sequence + 1);
}

static void test_an_advert_goes_on_with_the_path_it_came_and_never_back(void **state)
{
    (void)state;
    world_link(&world, 1);
    world_link(&world, 2);
    say(1, advert_of(1, 1, 0));
    assert_true(world.peers[2].nodes[1].there);
    assert_true(world.peers[2].nodes[1].body);
    assert_int_equal(world.peers[2].nodes[1].hops, 1);
    assert_false(world.peers[1].nodes[1].there);
}

static void test_a_neighbour_on_the_path_is_not_told(void **state)
{
    struct world_advert through_two = advert_of(4, 1, 1);

    (void)state;
    through_two.through[0] = 2;
    world_link(&world, 1);
    world_link(&world, 2);
    world_link(&world, 3);
    say(1, through_two);
    assert_int_equal(hops_through(1, 0), 3);
    assert_false(world.peers[2].nodes[4].there);
    assert_false(world.peers[3].nodes[4].there); /* 3 hops are the end */
    say(1, advert_of(5, 2, 0));
    assert_true(world.peers[2].nodes[5].there);
    assert_true(world.peers[3].nodes[5].there);
    assert_false(world.peers[1].nodes[5].there);
}

static void test_a_path_with_this_node_in_it_is_never_taken(void **state)
{
    struct world_advert looped = advert_of(4, 1, 1);

    (void)state;
    looped.through[0] = 0;
    world_link(&world, 1);
    say(1, looped);
    assert_int_equal(hops_through(1, 0), 0);
    assert_int_equal(world.imports, 0);
    looped.through[0] = 1; /* twice the same */
    say(1, looped);
    assert_int_equal(hops_through(1, 0), 0);
}

static void test_what_did_not_change_is_not_told_again(void **state)
{
    uint32_t batches;

    (void)state;
    world_link(&world, 1);
    world_link(&world, 2);
    say(1, advert_of(4, 1, 0));
    batches = world.peers[2].batches;
    for (int i = 0; i < 10; i++)
        say(1, advert_of(4, 1, 0));
    assert_int_equal(world.peers[2].batches, batches);
}

static void test_who_tells_of_a_boot_itself_is_sent_a_mention(void **state)
{
    (void)state;
    world_link(&world, 1);
    world_link(&world, 2);
    say(2, advert_of(4, 1, 1));
    say(1, advert_of(4, 1, 0)); /* nearer: the way changes */
    assert_true(world.peers[2].nodes[4].there);
    assert_false(world.peers[2].nodes[4].body);
}

/* ---- the choice ---- */

static void test_the_fewest_hops_win_and_then_the_lesser_metric(void **state)
{
    struct world_advert slow = advert_of(4, 1, 0);
    const struct node *node;
    struct public_key id = world_id(4);

    (void)state;
    slow.metric_us = 90000;
    world_link(&world, 1);
    world_link(&world, 2);
    world_link(&world, 3);
    world_link(&world, 4);
    say(1, advert_of(4, 1, 1));
    say(2, slow);
    say(3, advert_of(4, 1, 0));
    node = nodes_find(&world.routes.nodes, &id);
    assert_int_equal(node->hops, 2);
    assert_int_equal(node->via->node->id.bytes[0], 3);
    assert_int_equal(hops_through(1, 0), 0); /* farther than need be */
    assert_int_equal(hops_through(2, 0), 2);
    assert_int_equal(hops_through(3, 0), 2);
    say(4, advert_of(4, 1, 0));
    assert_int_equal(node->hops, 1);
    assert_int_equal(hops_through(4, 0), 1);
    assert_int_equal(hops_through(3, 0), 0);
}

static void test_noise_in_a_metric_changes_nothing_and_a_real_difference_does(void **state)
{
    struct world_advert steady = advert_of(4, 1, 0);
    struct world_advert noisy = advert_of(4, 1, 0);
    struct public_key id = world_id(4);
    const struct node *node;
    uint32_t batches;

    (void)state;
    steady.metric_us = 10000;
    noisy.metric_us = 10000;
    world_link(&world, 1);
    world_link(&world, 2);
    world_link(&world, 3);
    say(1, steady);
    say(2, noisy);
    node = nodes_find(&world.routes.nodes, &id);
    batches = world.peers[3].batches;
    for (uint32_t i = 0; i < 10; i++) {
        noisy.metric_us = 8000 + 300 * i;
        say(2, noisy);
        assert_int_equal(node->via->node->id.bytes[0], 1);
    }
    assert_int_equal(world.peers[3].batches, batches);
    noisy.metric_us = 5000;
    say(2, noisy);
    assert_int_equal(node->via->node->id.bytes[0], 2);
    assert_int_equal(world.peers[3].batches, batches + 1);
}

static void test_the_cost_of_a_link_is_kept_still(void **state)
{
    struct public_key one = world_id(1);
    uint32_t batches;

    (void)state;
    world_link(&world, 1);
    world_link(&world, 2);
    routes_set_cost(&world.routes, &one, 10000, world.now_ms);
    say(1, advert_of(1, 1, 0));
    assert_int_equal(world.peers[1].metric_us[0], 10000);
    assert_int_equal(world.peers[2].nodes[1].metric_us, 10000);
    batches = world.peers[2].batches;
    for (uint32_t i = 0; i < 20; i++) {
        world_pass(&world, 1000);
        routes_set_cost(&world.routes, &one, 8500 + i % 2 * 3000, world.now_ms);
        world_settle(&world);
    }
    assert_int_equal(world.peers[2].batches, batches);
    routes_set_cost(&world.routes, &one, 50000, world.now_ms);
    routes_set_cost(&world.routes, &one, 10000, world.now_ms); /* too soon */
    world_settle(&world);
    assert_int_equal(world.peers[1].metric_us[0], 50000);
    assert_int_equal(world.peers[2].nodes[1].metric_us, 50000);
}

static void test_a_service_stands_once_in_a_table_by_its_nearest_node(void **state)
{
    struct world_advert far = advert_of(5, 3, 1);
    struct world_advert near = advert_of(1, 1, 0);
    struct world_advert nearer = advert_of(6, 2, 0);

    (void)state;
    near.latency_us = 700;
    far.metric_us = 100;
    nearer.metric_us = 50;
    world_link(&world, 1);
    say(1, far);
    assert_int_equal(hops_through(1, 0), 3);
    say(1, near);
    say(1, nearer);
    assert_int_equal(hops_through(1, 0), 1);
    assert_int_equal(world.peers[1].metric_us[0], 700);
    assert_int_equal(hops_through(1, 1), 2);
    assert_int_equal(world.peers[1].metric_us[1], 50);
}

static void test_a_way_that_became_shorter_at_the_same_cost_is_handed_out(void **state)
{
    (void)state;
    world_link(&world, 1);
    say(1, advert_of(4, 1, 1));
    assert_int_equal(hops_through(1, 0), 3);
    say(1, advert_of(4, 1, 0));
    assert_int_equal(hops_through(1, 0), 2);
}

static void test_a_table_that_says_the_same_is_not_handed_out_again(void **state)
{
    struct world_advert again = advert_of(1, 1, 0);

    (void)state;
    world_link(&world, 1);
    say(1, again);
    assert_int_equal(world.peers[1].tables, 1);
    again.sequence = 2;
    say(1, again);
    assert_int_equal(world.peers[1].tables, 1);
    assert_int_equal(world.imports, 2); /* of another advert: types may differ */
}

/* ---- loss ---- */

static void test_a_link_that_is_lost_takes_its_routes_with_it_in_one_step(void **state)
{
    (void)state;
    world_link(&world, 1);
    world_link(&world, 2);
    say(1, advert_of(1, 1, 0));
    say(1, advert_of(4, 2, 0));
    assert_int_equal(world.imported[4], 2);
    assert_true(world.peers[2].nodes[4].there);
    world_unlink(&world, 1); /* no time passes */
    assert_false(world.imported_at_all[1]);
    assert_false(world.imported_at_all[4]);
    assert_false(world.peers[2].nodes[1].there);
    assert_false(world.peers[2].nodes[4].there);
}

static void test_an_equal_way_takes_over_at_once(void **state)
{
    (void)state;
    world_link(&world, 1);
    world_link(&world, 2);
    world_link(&world, 3);
    say(1, advert_of(4, 1, 0));
    say(2, advert_of(4, 1, 0));
    world.peers[3].mute = true;
    world_unlink(&world, 1);
    assert_int_equal(hops_through(2, 0), 2);
    assert_true(world.imported_at_all[4]);
    assert_true(world.peers[3].nodes[4].there);
}

static void test_a_longer_way_waits_until_nobody_believes_in_the_shorter_one(void **state)
{
    struct public_key id = world_id(4);

    (void)state;
    world_link(&world, 1);
    world_link(&world, 2);
    world_link(&world, 3);
    say(1, advert_of(4, 1, 0));
    say(2, advert_of(4, 1, 1));
    assert_true(world.peers[3].nodes[4].there);
    world.peers[3].mute = true;
    assert_int_equal(world_withdraw(&world, 1, 4), ROUTES_OK);
    assert_int_equal(hops_through(2, 0), 0);
    assert_false(world.peers[3].nodes[4].there);
    world_pass(&world, 3000);
    assert_int_equal(hops_through(2, 0), 0); /* 3 may still send calls here */
    world.peers[3].mute = false;
    assert_int_equal(world_digest(&world, 3, 0, 0), ROUTES_OK); /* confirms as well */
    assert_int_equal(hops_through(2, 0), 3);
    assert_int_equal(nodes_find(&world.routes.nodes, &id)->hops, 3);
}

static void test_a_neighbour_that_is_gone_keeps_nobody_waiting(void **state)
{
    (void)state;
    world_link(&world, 1);
    world_link(&world, 2);
    world_link(&world, 3);
    say(1, advert_of(4, 1, 0));
    say(2, advert_of(4, 1, 1));
    world.peers[3].mute = true;
    world_unlink(&world, 1);
    assert_int_equal(hops_through(2, 0), 0);
    world_unlink(&world, 3);
    assert_int_equal(hops_through(2, 0), 3);
}

static void test_who_told_nobody_need_not_wait(void **state)
{
    (void)state;
    world_link(&world, 1);
    world_link(&world, 2);
    say(1, advert_of(4, 1, 1)); /* 3 hops: nobody is told */
    say(2, advert_of(4, 1, 0));
    world.peers[1].mute = true;
    assert_int_equal(hops_through(2, 0), 2);
    assert_int_equal(world_withdraw(&world, 1, 4), ROUTES_OK);
    assert_int_equal(hops_through(2, 0), 2);
}

static void test_a_node_is_forgotten_when_nothing_is_left_of_it(void **state)
{
    struct public_key id = world_id(4);

    (void)state;
    world_link(&world, 1);
    world_link(&world, 2);
    say(1, advert_of(4, 1, 0));
    assert_int_equal(world_withdraw(&world, 1, 4), ROUTES_OK);
    assert_non_null(nodes_find(&world.routes.nodes, &id));
    world_pass(&world, 2ull * ROUTE_SWEEP_MS);
    assert_null(nodes_find(&world.routes.nodes, &id));
    say(1, advert_of(4, 1, 0));
    assert_int_equal(hops_through(1, 0), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_a_new_neighbour_is_told_what_this_node_offers),
        TEST(test_a_new_offer_is_told_to_all_at_once),
        TEST(test_an_advert_goes_on_with_the_path_it_came_and_never_back),
        TEST(test_a_neighbour_on_the_path_is_not_told),
        TEST(test_a_path_with_this_node_in_it_is_never_taken),
        TEST(test_what_did_not_change_is_not_told_again),
        TEST(test_who_tells_of_a_boot_itself_is_sent_a_mention),
        TEST(test_the_fewest_hops_win_and_then_the_lesser_metric),
        TEST(test_noise_in_a_metric_changes_nothing_and_a_real_difference_does),
        TEST(test_the_cost_of_a_link_is_kept_still),
        TEST(test_a_service_stands_once_in_a_table_by_its_nearest_node),
        TEST(test_a_way_that_became_shorter_at_the_same_cost_is_handed_out),
        TEST(test_a_table_that_says_the_same_is_not_handed_out_again),
        TEST(test_a_link_that_is_lost_takes_its_routes_with_it_in_one_step),
        TEST(test_an_equal_way_takes_over_at_once),
        TEST(test_a_longer_way_waits_until_nobody_believes_in_the_shorter_one),
        TEST(test_a_neighbour_that_is_gone_keeps_nobody_waiting),
        TEST(test_who_told_nobody_need_not_wait),
        TEST(test_a_node_is_forgotten_when_nothing_is_left_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
