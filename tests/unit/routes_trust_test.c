// SPDX-License-Identifier: Apache-2.0
/* What a neighbour can and cannot do with the adverts of others, and with its own. */
#include "tests/unit/cmocka.h"
#include "tests/unit/routes_world.h"

static struct world world;

static int begin(void **state)
{
    (void)state;
    world_init(&world);
    world_link(&world, 1);
    world_link(&world, 2);
    world_link(&world, 3);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_deinit(&world);
    return 0;
}

static struct world_advert advert_of(uint32_t node, uint64_t sequence, uint32_t services)
{
    return (struct world_advert){
        .node = node, .epoch = 5, .sequence = sequence, .services = services
    };
}

static void say(uint32_t from, struct world_advert advert)
{
    assert_int_equal(world_say(&world, from, &advert), ROUTES_OK);
}

static const struct node *find(uint32_t node)
{
    struct public_key id = world_id(node);

    return nodes_find(&world.routes.nodes, &id);
}

static void test_a_forged_advert_is_not_believed_and_looked_at_once_a_minute(void **state)
{
    struct world_advert forged = advert_of(4, 1, 1);
    uint64_t verified = world.routes.adverts_verified;

    (void)state;
    forged.forged = true;
    for (int i = 0; i < 50; i++)
        say(1, forged);
    assert_int_equal(world.routes.adverts_verified, verified + 1);
    assert_int_equal(world.peers[1].hops[0], 0);
    assert_false(find(4)->held);
    assert_false(world.peers[2].nodes[4].there);
}

static void test_a_forger_does_not_keep_others_from_being_believed(void **state)
{
    struct world_advert forged = advert_of(4, 9, 1);

    (void)state;
    forged.forged = true;
    say(1, forged);
    say(2, advert_of(4, 1, 1));
    assert_true(find(4)->held);
    say(2, advert_of(4, 9, 1)); /* the same bytes, with the signature that they should have */
    assert_int_equal(find(4)->version.sequence, 9);
}

static void test_an_advert_that_is_known_costs_no_look_at_its_signature(void **state)
{
    uint64_t verified;

    (void)state;
    say(1, advert_of(4, 3, 1));
    verified = world.routes.adverts_verified;
    say(2, advert_of(4, 3, 1));
    say(3, advert_of(4, 3, 1));
    say(1, advert_of(4, 2, 1)); /* an older one costs none either */
    assert_int_equal(world.routes.adverts_verified, verified);
    assert_int_equal(find(4)->version.sequence, 3);
}

static void test_a_node_that_is_revoked_is_gone_in_one_step(void **state)
{
    (void)state;
    say(1, advert_of(4, 1, 1));
    assert_true(world.peers[2].nodes[4].there);
    world.distrusted[4] = true;
    routes_recheck(&world.routes, world.now_ms);
    world_settle(&world);
    assert_int_equal(world.peers[1].hops[0], 0);
    assert_false(world.imported_at_all[4]);
    assert_false(world.peers[2].nodes[4].there);
    say(1, advert_of(4, 2, 1)); /* and stays so */
    assert_false(world.imported_at_all[4]);
    world.distrusted[4] = false;
    routes_recheck(&world.routes, world.now_ms);
    world_settle(&world);
    assert_int_equal(world.peers[1].wanted, 1); /* its body is not here any more */
    say(1, advert_of(4, 2, 1));
    assert_true(world.imported_at_all[4]);
}

static void test_an_advert_ends_with_its_certificates(void **state)
{
    (void)state;
    world.valid_ms = 5000;
    say(1, advert_of(4, 1, 1));
    world.distrusted[4] = true; /* as its chain will have ended */
    world_pass(&world, 4900);
    assert_true(world.imported_at_all[4]);
    world_pass(&world, 100 + ROUTE_SWEEP_MS);
    assert_false(world.imported_at_all[4]);
}

static void test_nobody_speaks_in_the_name_of_others(void **state)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Adverts adverts = MU__LINK__V1__ADVERTS__INIT;
    Mu__Link__V1__Advert advert = MU__LINK__V1__ADVERT__INIT;
    Mu__Link__V1__Advert *pointer = &advert;
    struct public_key node = world_id(2);
    struct public_key other = world_id(3);
    ProtobufCBinaryData path = { PUBLIC_KEY_SIZE, other.bytes };

    (void)state;
    advert.node = (ProtobufCBinaryData){ PUBLIC_KEY_SIZE, node.bytes };
    advert.sequence = 1;
    adverts.n_adverts = 1;
    adverts.adverts = &pointer;
    adverts.number = 1;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_ADVERTS;
    message.adverts = &adverts;
    assert_int_equal(world_send(&world, 1, &message), ROUTES_BAD); /* as if it were 2 */
    advert.n_path = 1;
    advert.path = &path;
    assert_int_equal(world_send(&world, 1, &message), ROUTES_BAD); /* as if it came from 3 */
    other = world_id(1);
    assert_int_equal(world_send(&world, 1, &message), ROUTES_OK);
}

static void test_one_neighbour_fills_no_more_than_its_share_with_nodes_that_do_not_exist(
        void **state)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Adverts adverts = MU__LINK__V1__ADVERTS__INIT;
    Mu__Link__V1__Advert advert = MU__LINK__V1__ADVERT__INIT;
    Mu__Link__V1__Advert *pointer = &advert;
    struct public_key one = world_id(1);
    struct public_key node = { { 0 } };
    ProtobufCBinaryData path = { PUBLIC_KEY_SIZE, one.bytes };
    uint32_t before = world.routes.nodes.count;

    (void)state;
    advert.sequence = 1;
    advert.n_path = 1;
    advert.path = &path;
    adverts.n_adverts = 1;
    adverts.adverts = &pointer;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_ADVERTS;
    message.adverts = &adverts;
    for (uint32_t i = 0; i < 3 * ROUTE_DOUBTFUL_MAX; i++) {
        node.bytes[0] = (uint8_t)i;
        node.bytes[30] = 1;
        advert.node = (ProtobufCBinaryData){ PUBLIC_KEY_SIZE, node.bytes };
        adverts.number += 1;
        /* What is asked for goes nowhere: these have no place in the world. */
        size_t size = mu__link__v1__peer_message__get_packed_size(&message);
        uint8_t bytes[256];

        mu__link__v1__peer_message__pack(&message, bytes);
        assert_int_equal(
                routes_receive(&world.routes, &one, (struct span){ bytes, size }, world.now_ms),
                ROUTES_OK);
    }
    assert_int_equal(world.routes.nodes.count, before + ROUTE_DOUBTFUL_MAX);
    assert_int_equal(world.routes.nodes_refused, 2 * ROUTE_DOUBTFUL_MAX);
    say(2, advert_of(4, 1, 1)); /* others are not in its way */
    assert_true(find(4)->held);
}

static void test_a_later_boot_replaces_all_of_an_earlier_one(void **state)
{
    struct world_advert later = advert_of(1, 1, 2);

    (void)state;
    say(1, advert_of(1, 900, 1));
    later.epoch = 6;
    say(1, later);
    assert_int_equal(world.peers[1].hops[0], 0);
    assert_int_equal(world.peers[1].hops[1], 1);
}

static void test_of_two_bodies_with_one_number_all_nodes_keep_the_same(void **state)
{
    struct version kept;

    (void)state;
    say(1, advert_of(4, 1, 1));
    say(2, advert_of(4, 1, 2));
    kept = find(4)->version;
    world_deinit(&world);
    world_init(&world);
    world_link(&world, 1);
    world_link(&world, 2);
    say(1, advert_of(4, 1, 2));
    say(2, advert_of(4, 1, 1));
    assert_int_equal(version_compare(&find(4)->version, &kept), 0);
}

static void test_a_boot_with_a_clock_set_back_is_believed_once_nobody_tells_of_the_other(
        void **state)
{
    struct world_advert earlier = advert_of(4, 1, 2);

    (void)state;
    earlier.epoch = 4;
    say(1, advert_of(4, 7, 1));
    say(2, advert_of(4, 7, 1));
    say(1, earlier);
    assert_int_equal(find(4)->version.epoch, 5);
    assert_int_equal(world_withdraw(&world, 2, 4), ROUTES_OK);
    world_pass(&world, ROUTE_BEHIND_MS + ROUTE_SWEEP_MS);
    assert_int_equal(world.peers[1].wanted, 1);
    say(1, earlier);
    assert_int_equal(find(4)->version.epoch, 4);
    assert_int_equal(world.peers[1].hops[1], 2);
}

/* ---- bodies that are not there ---- */

static void test_the_body_of_a_mention_is_asked_for_at_once(void **state)
{
    struct world_advert mention = advert_of(4, 2, 3);

    (void)state;
    mention.mention = true;
    say(1, mention);
    assert_int_equal(world.peers[1].wanted, 1);
    assert_int_equal(world.peers[1].hops[0], 0);
    mention.mention = false;
    say(1, mention);
    assert_int_equal(world.peers[1].hops[0], 2);
}

static void test_a_way_is_used_on_while_a_newer_body_is_fetched(void **state)
{
    struct world_advert newer = advert_of(4, 2, 3);

    (void)state;
    say(1, advert_of(4, 1, 1));
    newer.mention = true;
    say(1, newer);
    assert_int_equal(world.peers[1].hops[0], 2);
    assert_int_equal(world.peers[1].hops[1], 0);
}

static void test_a_mention_without_a_body_behind_it_does_not_keep_others_from_being_asked(
        void **state)
{
    struct world_advert made_up = advert_of(4, 99, 3);
    struct world_advert mention = advert_of(4, 2, 3);

    (void)state;
    made_up.mention = true;
    mention.mention = true;
    say(1, made_up);
    say(2, mention);
    assert_int_equal(world.peers[2].wanted, 0);
    world_pass(&world, ROUTE_RETRY_MS + ROUTE_SWEEP_MS);
    assert_int_equal(world.peers[2].wanted, 1);
    mention.mention = false;
    say(2, mention);
    assert_true(find(4)->held);
}

static void test_who_asks_is_given_the_body(void **state)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__AdvertsWanted wanted = MU__LINK__V1__ADVERTS_WANTED__INIT;
    struct public_key id = world_id(4);
    ProtobufCBinaryData node = { PUBLIC_KEY_SIZE, id.bytes };

    (void)state;
    say(2, advert_of(4, 1, 1));
    say(1, advert_of(4, 1, 1));
    world.peers[3].nodes[4].body = false;
    wanted.n_nodes = 1;
    wanted.nodes = &node;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_ADVERTS_WANTED;
    message.adverts_wanted = &wanted;
    assert_int_equal(world_send(&world, 3, &message), ROUTES_OK);
    assert_true(world.peers[3].nodes[4].body);
    id = world_id(7); /* nobody knows it */
    assert_int_equal(world_send(&world, 3, &message), ROUTES_OK);
}

/* ---- broken messages ---- */

static void test_a_broken_message_is_refused_and_changes_nothing(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } broken[] = {
        { "", 0 }, { "\x22", 1 },                  /* cut short */
        { "\x22\x05\x0a", 3 },                     /* shorter than it says */
        { "\x22\x00", 2 },                         /* a batch without a number */
        { "\x22\x02\x18\x00", 4 },                 /* number 0 */
        { "\x22\x04\x18\x01\x20\x03", 6 },         /* a start that is none */
        { "\x22\x05\x12\x01\x07\x18\x01", 7 },     /* a withdrawn node of one byte */
        { "\x22\x05\x0a\x01\x07\x18\x01", 7 },     /* an advert of one byte */
        { "\x22\x02\x18\x01\x22\x02\x18\x02", 8 }, /* two in one */
        { "\x2a\x02\x08\x01", 4 },                 /* a digest whose hash is a varint */
        { "\x2a\x03\x20\xe8\x07", 5 },             /* that took what was never sent */
        { "\x52\x03\x08\xe8\x07", 5 },             /* the same in a confirmation */
        { "\x32\x03\x0a\x01\x07", 5 },             /* wants a node of one byte */
    };

    (void)state;
    say(1, advert_of(4, 1, 1));
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct public_key from = world_id(1);
        struct span message = { (const uint8_t *)broken[i].bytes, broken[i].size };

        assert_int_equal(routes_receive(&world.routes, &from, message, world.now_ms), ROUTES_BAD);
        world_settle(&world);
        assert_int_equal(world.peers[1].hops[0], 2);
        assert_int_equal(world.peers[1].taken, 1);
    }
}

static void test_other_messages_are_left_to_others_however_long(void **state)
{
    static const uint8_t types_wanted[] = { 0x3a, 0 };
    static uint8_t types[131072] = { 0x42, 0xfc, 0xff, 0x07 };
    const struct span message_long = { types, sizeof(types) };
    struct public_key one = world_id(1);
    struct public_key nobody = world_id(9);
    struct span message = { types_wanted, sizeof(types_wanted) };

    (void)state;
    assert_int_equal(routes_receive(&world.routes, &one, message, world.now_ms), ROUTES_NOT_MINE);
    assert_int_equal(
            routes_receive(&world.routes, &one, message_long, world.now_ms), ROUTES_NOT_MINE);
    types[0] = 0x22; /* a batch of that length is none */
    assert_int_equal(routes_receive(&world.routes, &one, message_long, world.now_ms), ROUTES_BAD);
    assert_int_equal(
            routes_receive(&world.routes, &nobody, message, world.now_ms), ROUTES_NOT_MINE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_a_forged_advert_is_not_believed_and_looked_at_once_a_minute),
        TEST(test_a_forger_does_not_keep_others_from_being_believed),
        TEST(test_an_advert_that_is_known_costs_no_look_at_its_signature),
        TEST(test_a_node_that_is_revoked_is_gone_in_one_step),
        TEST(test_an_advert_ends_with_its_certificates),
        TEST(test_nobody_speaks_in_the_name_of_others),
        TEST(test_one_neighbour_fills_no_more_than_its_share_with_nodes_that_do_not_exist),
        TEST(test_a_later_boot_replaces_all_of_an_earlier_one),
        TEST(test_of_two_bodies_with_one_number_all_nodes_keep_the_same),
        TEST(test_a_boot_with_a_clock_set_back_is_believed_once_nobody_tells_of_the_other),
        TEST(test_the_body_of_a_mention_is_asked_for_at_once),
        TEST(test_a_way_is_used_on_while_a_newer_body_is_fetched),
        TEST(test_a_mention_without_a_body_behind_it_does_not_keep_others_from_being_asked),
        TEST(test_who_asks_is_given_the_body),
        TEST(test_a_broken_message_is_refused_and_changes_nothing),
        TEST(test_other_messages_are_left_to_others_however_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
