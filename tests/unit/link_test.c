// SPDX-License-Identifier: Apache-2.0
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/link_by_hand.h"
#include "tests/unit/link_node.h"
#include "tests/unit/link_traffic.h"

struct two {
    struct world world;
    struct link_node alice;
    struct link_node bob;
};

static struct two *two_open(const struct links_options *options)
{
    struct two *two = malloc(sizeof(*two));

    link_world_init(&two->world);
    link_node_open(&two->alice, &two->world, WORLD_ALICE, options);
    link_node_open(&two->bob, &two->world, WORLD_BOB, options);
    return two;
}

static void two_close(struct two *two)
{
    link_node_close(&two->alice);
    link_node_close(&two->bob);
    world_deinit(&two->world);
    free(two);
}

static enum links_outcome send_message(struct link_node *node, uint64_t link, struct span message)
{
    enum links_outcome outcome;

    links_lock(node->links);
    outcome = links_send(node->links, link, message);
    links_unlock(node->links);
    return outcome;
}

static void test_two_nodes_link_and_know_each_other(void **state)
{
    struct two *two = two_open(NULL);
    struct link_news news;

    (void)state;
    link_nodes_link(&two->alice, &two->bob);
    news = link_node_news(&two->alice);
    assert_false(news.joining);
    assert_memory_equal(&news.key, &two->world.nodes[WORLD_BOB].key.public, sizeof(news.key));
    news = link_node_news(&two->bob);
    assert_memory_equal(&news.key, &two->world.nodes[WORLD_ALICE].key.public, sizeof(news.key));
    two_close(two);
}

static void test_envelopes_of_all_sizes_arrive_whole_and_in_the_order_of_their_call(void **state)
{
    struct two *two = two_open(NULL);
    struct traffic there;
    struct traffic back;

    (void)state;
    link_nodes_link(&two->alice, &two->bob);
    traffic_open(&there, &two->alice.router, &two->bob.router, 1, 50);
    traffic_open(&back, &two->bob.router, &two->alice.router, 2, 50);
    traffic_start(&there, 3000);
    traffic_start(&back, 3000);
    traffic_finish(&there);
    traffic_finish(&back);
    assert_int_equal(link_node_news(&two->alice).down, 0);
    two_close(two);
}

static bool is_held_back(const struct link_info *info)
{
    return info->queued_bytes > LINK_QUEUE_MAX;
}

static void test_a_node_that_does_not_read_holds_the_other_back_and_nothing_is_lost(void **state)
{
    struct two *two = two_open(NULL);
    struct link_info info;
    struct traffic there;
    struct traffic back;

    (void)state;
    two->bob.router.deaf = true;
    link_nodes_link(&two->alice, &two->bob);
    traffic_open(&there, &two->alice.router, &two->bob.router, 7, 20);
    traffic_open(&back, &two->bob.router, &two->alice.router, 8, 20);
    traffic_start(&there, 1000); /* some 25 MB: more than both nodes hold */
    link_node_wait_info(&two->alice, is_held_back);
    traffic_start(&back, 500); /* the other way is not held up by it */
    traffic_finish(&back);
    info = link_node_info(&two->alice);
    assert_true(is_held_back(&info));
    assert_true(info.queued_bytes <= LINK_QUEUE_MAX + LINK_QUEUE_RESERVE);
    link_router_listen(&two->bob.router);
    traffic_finish(&there);
    assert_int_equal(link_node_news(&two->alice).down, 0);
    two_close(two);
}

static void test_messages_of_all_sizes_arrive_whole(void **state)
{
    struct two *two = two_open(NULL);
    uint8_t *bytes = malloc(LINK_MESSAGE_MAX + 1);
    unsigned sent = 0;
    uint64_t link;

    (void)state;
    memset(bytes, 0x5a, LINK_MESSAGE_MAX + 1);
    link_nodes_link(&two->alice, &two->bob);
    link = link_node_news(&two->alice).link;
    for (size_t size = 1; size <= LINK_MESSAGE_MAX; size = size * 5 + 1) {
        assert_int_equal(send_message(&two->alice, link, (struct span){ bytes, size }), LINKS_OK);
        link_node_wait(&two->bob, &two->bob.news.messages, ++sent);
        assert_int_equal(link_node_news(&two->bob).message_size, size);
        assert_memory_equal(two->bob.news.message, bytes, size < 64 ? size : 64);
    }
    assert_int_equal(send_message(&two->alice, link, (struct span){ bytes, LINK_MESSAGE_MAX + 1 }),
            LINKS_TOO_LONG);
    assert_int_equal(send_message(&two->alice, link, (struct span){ bytes, 0 }), LINKS_TOO_LONG);
    assert_int_equal(send_message(&two->alice, link + 1, (struct span){ bytes, 1 }), LINKS_NO_LINK);
    free(bytes);
    two_close(two);
}

/* ---- the end ---- */

static void test_a_link_that_is_closed_sends_what_waits_first(void **state)
{
    struct two *two = two_open(NULL);
    uint8_t bytes[100000] = { 1 };
    uint64_t link;

    (void)state;
    link_nodes_link(&two->bob, &two->alice);
    link = link_node_news(&two->alice).link;
    links_lock(two->alice.links);
    for (int i = 0; i < 10; i++)
        assert_int_equal(links_send(two->alice.links, link, (struct span){ bytes, sizeof(bytes) }),
                LINKS_OK);
    links_close(two->alice.links, link, "enough");
    links_unlock(two->alice.links);
    link_node_wait(&two->bob, &two->bob.news.down, 1);
    assert_int_equal(link_node_news(&two->bob).messages, 10);
    assert_string_equal(link_node_news(&two->bob).reason, "the peer closed it");
    link_node_wait(&two->alice, &two->alice.news.down, 1);
    assert_string_equal(link_node_news(&two->alice).reason, "enough");
    two_close(two);
}

static void test_a_lost_node_channel_ends_the_link_and_a_new_one_follows(void **state)
{
    struct two *two = two_open(NULL);

    (void)state;
    link_nodes_link(&two->alice, &two->bob);
    link_router_wait_node(&two->alice.router, 1);
    link_router_hang_up(&two->alice.router);
    link_node_wait(&two->alice, &two->alice.news.down, 1);
    link_node_wait(&two->bob, &two->bob.news.down, 1);
    link_node_wait(&two->alice, &two->alice.news.carries, 2);
    link_node_wait(&two->bob, &two->bob.news.carries, 2);
    link_router_wait_node(&two->bob.router, 2);
    two_close(two);
}

static void test_a_router_that_gives_no_node_channel_ends_the_link(void **state)
{
    struct two *two = two_open(NULL);
    char address[32];

    (void)state;
    two->alice.router.refusing = true;
    link_node_listen(&two->bob, address);
    link_node_dial(&two->alice, address);
    link_node_wait(&two->alice, &two->alice.news.down, 2); /* and it goes on trying */
    assert_string_equal(link_node_news(&two->alice).reason, "the router gives no node channel");
    two_close(two);
}

static void test_a_revoked_peer_is_gone_at_once_and_not_let_in_again(void **state)
{
    struct two *two = two_open(NULL);
    struct trust trust;

    (void)state;
    link_nodes_link(&two->alice, &two->bob);
    trust_init(&trust, &two->world.roots[1].public); /* one that believes no alice */
    links_lock(two->bob.links);
    links_check_all(two->bob.links, &two->world.trusts[0], (uint64_t)time(NULL));
    links_unlock(two->bob.links);
    assert_int_equal(link_node_news(&two->bob).down, 0);
    links_lock(two->bob.links);
    links_check_all(two->bob.links, &trust, (uint64_t)time(NULL));
    links_unlock(two->bob.links);
    assert_int_equal(link_node_news(&two->bob).down, 1);
    link_node_wait(&two->alice, &two->alice.news.down, 1);
    trust_deinit(&trust);
    two_close(two);
}

static void note_cause(const char *cause, uint64_t count, void *user)
{
    assert_int_equal(count, 1);
    *(const char **)user = cause;
}

static void test_a_peer_that_is_revoked_behind_its_handshake_gets_no_link(void **state)
{
    struct two *two = two_open(NULL);
    struct link_by_hand *alice = calloc(1, sizeof(*alice));
    const char *cause = "none";
    struct trust trust;
    char address[32];

    (void)state;
    link_node_listen(&two->bob, address);
    link_by_hand_open(alice, &two->world, WORLD_ALICE, address);
    trust_init(&trust, &two->world.roots[1].public); /* one that believes no alice */
    links_lock(two->bob.links);
    links_check_all(two->bob.links, &two->world.trusts[0], (uint64_t)time(NULL));
    links_each_refused(two->bob.links, note_cause, &cause);
    assert_string_equal(cause, "none");
    links_check_all(two->bob.links, &trust, (uint64_t)time(NULL));
    links_each_refused(two->bob.links, note_cause, &cause);
    assert_string_equal(cause, trust_text(TRUST_FOREIGN_NETWORK));
    links_unlock(two->bob.links);
    link_by_hand_wait_end(alice);
    assert_int_equal(link_node_news(&two->bob).up, 0);
    link_by_hand_close(alice);
    free(alice);
    trust_deinit(&trust);
    two_close(two);
}

static void test_a_link_ends_with_the_certificate_of_its_peer(void **state)
{
    struct two *two = malloc(sizeof(*two));
    uint64_t now_s = (uint64_t)time(NULL);

    (void)state;
    /* It ended before, and is believed for CLOCK_TOLERANCE_S more, of which a second is left. */
    world_init_at(&two->world, now_s - 3600, now_s - CLOCK_TOLERANCE_S + 1);
    link_node_open(&two->alice, &two->world, WORLD_ALICE, NULL);
    link_node_open(&two->bob, &two->world, WORLD_BOB, NULL);
    link_nodes_link(&two->alice, &two->bob);
    link_node_wait(&two->alice, &two->alice.news.down, 1);
    link_node_wait(&two->bob, &two->bob.news.down, 1);
    two_close(two);
}

/* ---- two sessions ---- */

static bool is_quiet(const struct link_info *info)
{
    return info->state == LINK_STATE_UP && info->queued_bytes == 0;
}

static void test_a_renewal_under_traffic_loses_doubles_and_reorders_nothing(void **state)
{
    struct links_options options = { .renewal_ms = 50 };
    struct two *two = two_open(&options);
    struct traffic there;
    struct traffic back;

    (void)state;
    link_nodes_link(&two->alice, &two->bob);
    traffic_open(&there, &two->alice.router, &two->bob.router, 3, 100);
    traffic_open(&back, &two->bob.router, &two->alice.router, 4, 100);
    for (int round = 0; round < 5; round++) {
        traffic_start(&there, 2000);
        traffic_start(&back, 2000);
        traffic_finish(&there);
        traffic_finish(&back);
    }
    assert_true(link_node_info(&two->alice).sessions >= 3);
    assert_int_equal(link_node_news(&two->alice).down, 0);
    assert_int_equal(link_node_news(&two->bob).down, 0);
    assert_int_equal(link_node_news(&two->alice).up, 1);
    two_close(two);
}

static void test_of_two_nodes_that_dial_each_other_one_session_stays(void **state)
{
    struct two *two;
    char alice[32];
    char bob[32];

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct traffic there;
        struct traffic back;

        two = two_open(NULL);
        link_node_listen(&two->alice, alice);
        link_node_listen(&two->bob, bob);
        links_lock(two->alice.links);
        links_lock(two->bob.links);
        assert_int_equal(links_dial(two->alice.links, bob, NULL), 0);
        assert_int_equal(links_dial(two->bob.links, alice, NULL), 0);
        links_unlock(two->bob.links);
        links_unlock(two->alice.links);
        link_node_wait(&two->alice, &two->alice.news.carries, 1);
        link_node_wait(&two->bob, &two->bob.news.carries, 1);
        traffic_open(&there, &two->alice.router, &two->bob.router, 5, 100);
        traffic_open(&back, &two->bob.router, &two->alice.router, 6, 100);
        traffic_start(&there, 500);
        traffic_start(&back, 500);
        traffic_finish(&there);
        traffic_finish(&back);
        link_node_wait_info(&two->alice, is_quiet);
        assert_int_equal(link_node_news(&two->alice).down, 0);
        assert_int_equal(link_node_news(&two->bob).down, 0);
        two_close(two);
    }
}

/* ---- what is read late ---- */

/* A node lost a connection before what it had said there was read, and made another one. */
static void test_what_a_node_said_before_it_lost_a_link_is_not_heard_behind_the_next_one(
        void **state)
{
    struct two *two = two_open(NULL);
    struct link_node *bob = &two->bob;
    struct link_by_hand *peers = calloc(4, sizeof(*peers));
    char address[32];

    (void)state;
    link_node_listen(bob, address);
    for (int i = 0; i < 3; i++)
        link_by_hand_open(&peers[i], &two->world, WORLD_ALICE, address);

    link_by_hand_ping(&peers[2], 3);
    link_node_wait(bob, &bob->news.carries, 1);
    link_by_hand_ping(&peers[0], 1);
    link_by_hand_wait_end(&peers[0]);
    assert_int_equal(link_node_news(bob).up, 1);
    assert_int_equal(link_node_news(bob).down, 0);

    link_by_hand_close(&peers[2]);
    link_node_wait(bob, &bob->news.down, 1);
    link_by_hand_ping(&peers[1], 2);
    link_by_hand_wait_end(&peers[1]);
    assert_int_equal(link_node_news(bob).up, 1);

    link_by_hand_open(&peers[3], &two->world, WORLD_ALICE, address);
    link_by_hand_ping(&peers[3], 4);
    link_node_wait(bob, &bob->news.up, 2);
    link_by_hand_close(&peers[0]);
    link_by_hand_close(&peers[1]);
    link_by_hand_close(&peers[3]);
    free(peers);
    two_close(two);
}

static void test_a_node_that_lost_its_link_gets_a_new_one_by_the_later_connection(void **state)
{
    struct two *two = two_open(NULL);
    struct link_node *bob = &two->bob;
    struct link_by_hand *peers = calloc(2, sizeof(*peers));
    char address[32];

    (void)state;
    link_node_listen(bob, address);
    for (int i = 0; i < 2; i++)
        link_by_hand_open(&peers[i], &two->world, WORLD_ALICE, address);
    link_by_hand_ping(&peers[0], 1);
    link_node_wait(bob, &bob->news.up, 1);
    link_by_hand_ping(&peers[1], 2);
    link_by_hand_wait_end(&peers[0]);
    link_node_wait(bob, &bob->news.up, 2);
    assert_string_equal(link_node_news(bob).reason, "the node lost it, or started anew");
    link_by_hand_close(&peers[0]);
    link_by_hand_close(&peers[1]);
    free(peers);
    two_close(two);
}

/* ---- joining ---- */

static void answer(struct link_node *node, uint64_t link, struct span message)
{
    assert_int_equal(links_send(node->links, link, message), LINKS_OK);
    links_close(node->links, link, "answered");
}

static void test_one_who_joins_exchanges_messages_and_nothing_else(void **state)
{
    static const uint8_t ask[] = "let me in";
    struct two *two = two_open(NULL);
    char address[32];

    (void)state;
    two->bob.on_message = answer;
    link_node_listen(&two->bob, address);
    links_lock(two->alice.links);
    assert_int_equal(links_dial(two->alice.links, address, &two->world.psks[WORLD_TOKEN]), 0);
    links_unlock(two->alice.links);
    link_node_wait(&two->alice, &two->alice.news.up, 1);
    links_lock(two->alice.links);
    links_undial(two->alice.links, address);
    links_unlock(two->alice.links);
    assert_true(link_node_news(&two->alice).joining);
    assert_true(link_node_news(&two->bob).joining);
    assert_int_equal(send_message(&two->alice, link_node_news(&two->alice).link,
                             (struct span){ ask, sizeof(ask) }),
            LINKS_OK);
    link_node_wait(&two->alice, &two->alice.news.messages, 1);
    link_node_wait(&two->alice, &two->alice.news.down, 1);
    link_node_wait(&two->bob, &two->bob.news.down, 1);
    assert_memory_equal(two->alice.news.message, ask, sizeof(ask));
    assert_int_equal(link_node_news(&two->alice).carries, 0);
    assert_int_equal(link_node_news(&two->bob).carries, 0);
    two_close(two);
}

/* ---- who is not let in ---- */

static void test_a_stranger_is_not_let_in_and_both_sides_know_why(void **state)
{
    struct two *two = two_open(NULL);
    struct link_node stranger;
    char address[32];

    (void)state;
    link_node_open(&stranger, &two->world, WORLD_STRANGER, NULL);
    link_node_listen(&two->bob, address);
    link_node_dial(&stranger, address);
    link_node_wait(&stranger, &stranger.news.missed, 2);
    assert_string_equal(link_node_news(&stranger).reason, "the peer did not let us in");
    assert_int_equal(link_node_news(&two->bob).up, 0);
    link_node_close(&stranger);
    two_close(two);
}

static void test_nobody_dials_itself_for_long(void **state)
{
    struct two *two = two_open(NULL);
    char address[32];

    (void)state;
    link_node_listen(&two->bob, address);
    link_node_dial(&two->bob, address);
    link_node_wait(&two->bob, &two->bob.news.missed, 1);
    assert_int_equal(link_node_news(&two->bob).up, 0);
    two_close(two);
}

static void test_an_address_where_nobody_listens_is_tried_again(void **state)
{
    struct two *two = two_open(NULL);
    char address[32];

    (void)state;
    link_node_listen(&two->bob, address);
    links_lock(two->bob.links);
    links_unlisten(two->bob.links);
    links_unlock(two->bob.links);
    link_node_dial(&two->alice, address);
    link_node_wait(&two->alice, &two->alice.news.missed, 3);
    links_lock(two->bob.links);
    assert_int_equal(links_listen(two->bob.links, address), 0);
    links_unlock(two->bob.links);
    link_node_wait(&two->alice, &two->alice.news.carries, 1);
    two_close(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_nodes_link_and_know_each_other),
        cmocka_unit_test(test_envelopes_of_all_sizes_arrive_whole_and_in_the_order_of_their_call),
        cmocka_unit_test(test_a_node_that_does_not_read_holds_the_other_back_and_nothing_is_lost),
        cmocka_unit_test(test_messages_of_all_sizes_arrive_whole),
        cmocka_unit_test(test_a_link_that_is_closed_sends_what_waits_first),
        cmocka_unit_test(test_a_lost_node_channel_ends_the_link_and_a_new_one_follows),
        cmocka_unit_test(test_a_router_that_gives_no_node_channel_ends_the_link),
        cmocka_unit_test(test_a_revoked_peer_is_gone_at_once_and_not_let_in_again),
        cmocka_unit_test(test_a_peer_that_is_revoked_behind_its_handshake_gets_no_link),
        cmocka_unit_test(test_a_link_ends_with_the_certificate_of_its_peer),
        cmocka_unit_test(test_a_renewal_under_traffic_loses_doubles_and_reorders_nothing),
        cmocka_unit_test(test_of_two_nodes_that_dial_each_other_one_session_stays),
        cmocka_unit_test(
                test_what_a_node_said_before_it_lost_a_link_is_not_heard_behind_the_next_one),
        cmocka_unit_test(test_a_node_that_lost_its_link_gets_a_new_one_by_the_later_connection),
        cmocka_unit_test(test_one_who_joins_exchanges_messages_and_nothing_else),
        cmocka_unit_test(test_a_stranger_is_not_let_in_and_both_sides_know_why),
        cmocka_unit_test(test_nobody_dials_itself_for_long),
        cmocka_unit_test(test_an_address_where_nobody_listens_is_tried_again),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
