// SPDX-License-Identifier: Apache-2.0
/* Nothing is said where nothing changes, and what got lost is found and told again. */
#include "tests/unit/cmocka.h"
#include "tests/unit/routes_world.h"

static struct world world;

static int begin(void **state)
{
    (void)state;
    world_init(&world);
    world_link(&world, 1);
    world_link(&world, 2);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_deinit(&world);
    return 0;
}

static void say(uint32_t from, uint32_t node, uint64_t sequence)
{
    struct world_advert advert = { .node = node, .epoch = 5, .sequence = sequence, .services = 1 };

    assert_int_equal(world_say(&world, from, &advert), ROUTES_OK);
}

static const struct neighbour *neighbour_of(uint32_t node)
{
    struct public_key id = world_id(node);

    return nodes_find(&world.routes.nodes, &id)->neighbour;
}

/* A digest that fits what was heard of `from`. */
static void say_digest(uint32_t from)
{
    const struct neighbour *neighbour = neighbour_of(from);

    assert_int_equal(
            world_digest(&world, from, neighbour->heard_sum, neighbour->heard_count), ROUTES_OK);
}

static void test_a_quiet_link_carries_one_digest_in_ten_seconds_and_nothing_else(void **state)
{
    uint32_t batches;

    (void)state;
    say(1, 4, 1);
    batches = world.peers[2].batches;
    for (int i = 0; i < 6; i++) {
        world_pass(&world, ROUTE_DIGEST_MS);
        say_digest(1);
        say_digest(2);
    }
    assert_int_equal(world.peers[2].digests, 6);
    assert_int_equal(world.peers[2].batches, batches);
    assert_int_equal(world.peers[2].wanted + world.peers[2].anew, 0);
    assert_int_equal(world.peers[1].hops[0], 2);
}

static void test_a_digest_counts_what_was_told(void **state)
{
    uint64_t hash;

    (void)state;
    world_pass(&world, ROUTE_DIGEST_MS);
    assert_int_equal(world.peers[2].digest_adverts, 1); /* this node's own */
    hash = world.peers[2].digest_hash;
    say(1, 4, 1);
    world_pass(&world, ROUTE_DIGEST_MS);
    assert_int_equal(world.peers[2].digest_adverts, 2);
    assert_true(world.peers[2].digest_hash != hash);
    assert_int_equal(world_withdraw(&world, 1, 4), ROUTES_OK);
    world_pass(&world, ROUTE_DIGEST_MS);
    assert_true(world.peers[2].digest_hash == hash);
}

static void test_the_word_of_a_neighbour_ends_when_its_digests_do(void **state)
{
    (void)state;
    say(1, 4, 1);
    world_pass(&world, ROUTE_DIGEST_MS);
    say_digest(1);
    world_pass(&world, ADVERT_TTL_MS);
    assert_int_equal(world.peers[1].hops[0], 2);
    world_pass(&world, ROUTE_SWEEP_MS + 1);
    assert_int_equal(world.peers[1].hops[0], 0);
    assert_false(world.peers[2].nodes[4].there);
}

static void test_a_misfit_is_asked_about_and_ever_more_rarely(void **state)
{
    (void)state;
    say(1, 4, 1);
    for (uint32_t i = 1; i <= 64; i++)
        assert_int_equal(world_digest(&world, 1, 12345, 1), ROUTES_OK);
    assert_int_equal(world.peers[1].anew, 7); /* the 1st, 2nd, 4th … 64th */
    say_digest(1);
    assert_int_equal(world_digest(&world, 1, 12345, 1), ROUTES_OK);
    assert_int_equal(world.peers[1].anew, 8);
}

static void test_who_asks_for_all_of_it_is_told_in_mentions_and_not_too_often(void **state)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__AdvertsWanted wanted = MU__LINK__V1__ADVERTS_WANTED__INIT;
    uint32_t batches;

    (void)state;
    say(1, 4, 1);
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_ADVERTS_WANTED;
    message.adverts_wanted = &wanted;
    batches = world.peers[2].batches;
    assert_int_equal(world_send(&world, 2, &message), ROUTES_OK);
    assert_int_equal(world.peers[2].batches, batches + 1);
    assert_int_equal(world.peers[2].start, ADVERTS_ANEW);
    assert_true(world.peers[2].nodes[0].there);
    assert_true(world.peers[2].nodes[4].there);
    assert_false(world.peers[2].nodes[4].body);
    for (int i = 0; i < 100; i++)
        assert_int_equal(world_send(&world, 2, &message), ROUTES_OK);
    assert_int_equal(world.peers[2].batches, batches + 1);
}

static void test_all_of_it_anew_replaces_what_was_said_before_without_a_gap(void **state)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Adverts adverts = MU__LINK__V1__ADVERTS__INIT;
    Mu__Link__V1__Advert advert = MU__LINK__V1__ADVERT__INIT;
    Mu__Link__V1__Advert *pointer = &advert;
    const struct node *node;
    struct public_key id = world_id(4);
    struct public_key one = world_id(1);
    ProtobufCBinaryData path = { PUBLIC_KEY_SIZE, one.bytes };
    uint32_t imports;

    (void)state;
    say(1, 4, 1);
    say(1, 5, 1);
    node = nodes_find(&world.routes.nodes, &id);
    advert.node = (ProtobufCBinaryData){ PUBLIC_KEY_SIZE, id.bytes };
    advert.epoch = node->version.epoch;
    advert.sequence = node->version.sequence;
    advert.check = node->version.check;
    advert.n_path = 1;
    advert.path = &path;
    adverts.n_adverts = 1;
    adverts.adverts = &pointer;
    adverts.number = world.peers[1].said += 5; /* a gap is fine here */
    adverts.start = MU__LINK__V1__ADVERTS_START__ADVERTS_ANEW;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_ADVERTS;
    message.adverts = &adverts;
    imports = world.imports;
    assert_int_equal(world_send(&world, 1, &message), ROUTES_OK);
    assert_true(world.imported_at_all[4]);
    assert_false(world.imported_at_all[5]);
    assert_int_equal(world.imports, imports + 1); /* 4 was never gone */
}

static void test_what_was_lost_is_told_again_with_its_body(void **state)
{
    uint32_t batches;

    (void)state;
    world.peers[2].mute = true;
    say(1, 4, 1);
    batches = world.peers[2].batches;
    world.peers[2].nodes[4] = (struct world_told){ 0 };
    world.peers[2].mute = false;
    world.peers[2].missed = 1;
    world_pass(&world, ROUTE_RETRY_MS);
    say_digest(2);
    assert_int_equal(world.peers[2].batches, batches + 1);
    assert_int_equal(world.peers[2].start, ADVERTS_AGAIN);
    assert_true(world.peers[2].nodes[4].there);
    assert_true(world.peers[2].nodes[4].body);
}

static void test_a_batch_behind_a_gap_is_not_taken(void **state)
{
    (void)state;
    say(1, 4, 1);
    world.peers[1].said += 1;
    say(1, 5, 1);
    assert_false(world.imported_at_all[5]);
    assert_int_equal(world.peers[1].taken, 1);
    world.peers[1].said = 0;
    say(1, 6, 1); /* number 1 once more */
    assert_false(world.imported_at_all[6]);
}

static void test_a_later_number_does_not_confirm_what_is_still_to_be_told_again(void **state)
{
    struct neighbour *neighbour;
    struct pair *pair;
    struct public_key id = world_id(4);

    (void)state;
    world.peers[2].mute = true;
    say(1, 4, 1);
    assert_int_equal(world_withdraw(&world, 1, 4), ROUTES_OK);
    neighbour = world.routes.neighbours[1];
    pair = &neighbour->pairs[nodes_find(&world.routes.nodes, &id)->slot];
    assert_int_equal(pair->floor, 2);
    pair->force = true; /* as where it waits for the next batch of those that say AGAIN */
    world.peers[2].mute = false;
    say_digest(2);
    assert_int_equal(neighbour->confirmed, neighbour->sent);
    assert_int_equal(pair->floor, 2);
    neighbour_stir(neighbour, nodes_find(&world.routes.nodes, &id));
    world_settle(&world); /* now it is told */
    assert_int_equal(pair->floor, HOPS_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_a_quiet_link_carries_one_digest_in_ten_seconds_and_nothing_else),
        TEST(test_a_digest_counts_what_was_told),
        TEST(test_the_word_of_a_neighbour_ends_when_its_digests_do),
        TEST(test_a_misfit_is_asked_about_and_ever_more_rarely),
        TEST(test_who_asks_for_all_of_it_is_told_in_mentions_and_not_too_often),
        TEST(test_all_of_it_anew_replaces_what_was_said_before_without_a_gap),
        TEST(test_what_was_lost_is_told_again_with_its_body),
        TEST(test_a_batch_behind_a_gap_is_not_taken),
        TEST(test_a_later_number_does_not_confirm_what_is_still_to_be_told_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
