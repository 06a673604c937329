// SPDX-License-Identifier: Apache-2.0
/* What waits for the clerk: in order, bounded, and each peer up to its share. And where answers to
 * renewals belong that were passed on. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "services/network/link/inbox.h"
#include "services/network/link/relay.h"
#include "tests/unit/cmocka.h"

enum { PIECE_SIZE = 1048576 };

static struct inbox inbox;

static int set_up(void **state)
{
    (void)state;
    inbox_init(&inbox);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    inbox_deinit(&inbox);
    return 0;
}

static struct inbox_item *message_of(uint64_t link, size_t size)
{
    static const uint8_t zeroes[PIECE_SIZE];
    struct inbox_item *item = inbox_item_new(INBOX_MESSAGE, (struct span){ zeroes, size });

    assert_non_null(item);
    item->peer.link = link;
    return item;
}

/* True where it was taken; else it is freed here. */
static bool put(uint64_t link, size_t size)
{
    struct inbox_item *item = message_of(link, size);

    if (inbox_put(&inbox, item) == INBOX_OK)
        return true;
    free(item);
    return false;
}

static void test_items_come_out_in_the_order_they_went_in(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 3; i++)
        assert_true(put(i, 10));
    for (uint64_t i = 1; i <= 3; i++) {
        struct inbox_item *item = inbox_take(&inbox, 0);

        assert_non_null(item);
        assert_int_equal(item->peer.link, i);
        free(item);
    }
    assert_null(inbox_take(&inbox, 0));
}

static void test_a_peer_fills_its_share_and_leaves_room_for_others(void **state)
{
    unsigned taken = 0;

    (void)state;
    while (put(1, PIECE_SIZE - sizeof(struct inbox_item)))
        taken += 1;
    assert_int_equal(taken, INBOX_LINK_SIZE_MAX / PIECE_SIZE);
    assert_true(put(2, PIECE_SIZE - sizeof(struct inbox_item)));
}

static void test_all_peers_together_have_a_limit_and_what_ends_links_has_none(void **state)
{
    struct inbox_item *item = inbox_item_new(INBOX_DOWN, (struct span){ 0 });
    uint64_t link = 1;
    size_t taken = 0;

    (void)state;
    for (; put(link, PIECE_SIZE - sizeof(struct inbox_item)); link++)
        taken += PIECE_SIZE;
    assert_int_equal(taken, INBOX_SIZE_MAX);
    assert_int_equal(inbox_put(&inbox, item), INBOX_OK);
}

static void test_waiting_ends_with_its_time_or_with_a_wake(void **state)
{
    uint64_t before_ms = clock_ms();

    (void)state;
    assert_null(inbox_take(&inbox, before_ms + 20));
    assert_true(clock_ms() >= before_ms + 20);
    inbox_wake(&inbox);
    assert_null(inbox_take(&inbox, UINT64_MAX));
}

static void test_nothing_goes_in_or_out_once_it_is_closed(void **state)
{
    (void)state;
    assert_true(put(1, 10));
    assert_false(inbox_is_closed(&inbox));
    inbox_close(&inbox);
    assert_true(inbox_is_closed(&inbox));
    assert_null(inbox_take(&inbox, UINT64_MAX));
    assert_false(put(1, 10));
}

static struct public_key key_of(uint8_t byte)
{
    struct public_key key;

    memset(key.bytes, byte, sizeof(key.bytes));
    return key;
}

static void test_an_answer_belongs_where_its_request_came_from_once_and_in_time(void **state)
{
    struct relay relay = { 0 };
    struct public_key one = key_of(1);
    struct public_key two = key_of(2);

    (void)state;
    relay_note(&relay, &one, 11, 7, 1000);
    relay_note(&relay, &two, 12, 7, 1000);
    relay_note(&relay, &one, 13, 8, 1000); /* asks again, elsewhere */
    assert_int_equal(relay_take(&relay, &one, 8, 2000), 13);
    assert_int_equal(relay_take(&relay, &one, 8, 2000), 0);
    assert_int_equal(relay_take(&relay, &two, 7, 1000 + RENEWAL_ANSWER_MS), 0);
}

static void test_nobody_answers_a_request_but_who_was_asked(void **state)
{
    struct relay relay = { 0 };
    struct public_key one = key_of(1);

    (void)state;
    relay_note(&relay, &one, 11, 7, 1000);
    assert_int_equal(relay_take(&relay, &one, 8, 2000), 0);
    assert_int_equal(relay_take(&relay, &one, 7, 2000), 11);
}

static void test_the_oldest_request_makes_room(void **state)
{
    struct relay relay = { 0 };

    (void)state;
    for (unsigned i = 1; i <= RELAYS_MAX + 1; i++) {
        struct public_key key = key_of((uint8_t)i);

        relay_note(&relay, &key, i, 99, 1000 + i);
    }
    for (unsigned i = 1; i <= RELAYS_MAX + 1; i++) {
        struct public_key key = key_of((uint8_t)i);

        assert_int_equal(relay_take(&relay, &key, 99, 2000), i == 1 ? 0 : i);
    }
}

#define WITH_INBOX(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_INBOX(test_items_come_out_in_the_order_they_went_in),
        WITH_INBOX(test_a_peer_fills_its_share_and_leaves_room_for_others),
        WITH_INBOX(test_all_peers_together_have_a_limit_and_what_ends_links_has_none),
        WITH_INBOX(test_waiting_ends_with_its_time_or_with_a_wake),
        WITH_INBOX(test_nothing_goes_in_or_out_once_it_is_closed),
        cmocka_unit_test(test_an_answer_belongs_where_its_request_came_from_once_and_in_time),
        cmocka_unit_test(test_nobody_answers_a_request_but_who_was_asked),
        cmocka_unit_test(test_the_oldest_request_makes_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
