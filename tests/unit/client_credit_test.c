// SPDX-License-Identifier: Apache-2.0
#include "client/credit.h"
#include "tests/unit/cmocka.h"

static void test_a_sender_sends_until_its_window_is_used_up(void **state)
{
    struct credit_sender sender;
    int items = 0;

    (void)state;
    credit_sender_init(&sender);
    while (credit_spend(&sender, 960))
        items += 1;
    assert_int_equal(items, STREAM_WINDOW / 1024);
    assert_false(credit_spend(&sender, 0));
    credit_refill(&sender, 1);
    assert_true(credit_spend(&sender, 0));
}

static void test_one_item_may_go_below_zero_and_waits_for_as_much(void **state)
{
    struct credit_sender sender;

    (void)state;
    credit_sender_init(&sender);
    assert_true(credit_spend(&sender, 1048576));
    assert_false(credit_spend(&sender, 0));
    credit_refill(&sender, 1048576 + STREAM_ITEM_COST - STREAM_WINDOW);
    assert_false(credit_spend(&sender, 0));
    credit_refill(&sender, 1);
    assert_true(credit_spend(&sender, 0));
}

static void test_credit_never_adds_up_to_more_than_a_window(void **state)
{
    struct credit_sender sender;

    (void)state;
    credit_sender_init(&sender);
    for (int i = 0; i < 10; i++)
        credit_refill(&sender, UINT32_MAX);
    assert_int_equal(sender.left, STREAM_WINDOW);
}

static void test_a_receiver_gives_credit_back_in_quarters(void **state)
{
    struct credit_receiver receiver = { 0 };

    (void)state;
    for (int i = 0; i < 64; i++)
        assert_true(credit_charge(&receiver, 960));
    for (int i = 0; i < 63; i++)
        assert_int_equal(credit_consume(&receiver, 960), 0);
    assert_int_equal(credit_consume(&receiver, 960), STREAM_WINDOW / 4);
    assert_int_equal(receiver.open, 0);
}

static void test_a_sender_that_keeps_to_its_credit_is_never_found_at_fault(void **state)
{
    struct credit_sender sender;
    struct credit_receiver receiver = { 0 };
    size_t waiting[4096];
    unsigned head = 0;
    unsigned tail = 0;
    unsigned seed = 1;

    (void)state;
    credit_sender_init(&sender);
    for (int i = 0; i < 200000; i++) {
        size_t size = (seed = seed * 1103515245 + 12345) >> 8 & 0xffff;

        if ((seed >> 4 & 3) != 0 && credit_spend(&sender, size)) {
            assert_true(credit_charge(&receiver, size));
            waiting[tail++ % 4096] = size;
        } else if (head != tail) {
            credit_refill(&sender, credit_consume(&receiver, waiting[head++ % 4096]));
        }
    }
}

static void test_a_sender_without_credit_is_found_out(void **state)
{
    struct credit_receiver receiver = { 0 };

    (void)state;
    assert_true(credit_charge(&receiver, STREAM_WINDOW));
    assert_false(credit_charge(&receiver, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sender_sends_until_its_window_is_used_up),
        cmocka_unit_test(test_one_item_may_go_below_zero_and_waits_for_as_much),
        cmocka_unit_test(test_credit_never_adds_up_to_more_than_a_window),
        cmocka_unit_test(test_a_receiver_gives_credit_back_in_quarters),
        cmocka_unit_test(test_a_sender_that_keeps_to_its_credit_is_never_found_at_fault),
        cmocka_unit_test(test_a_sender_without_credit_is_found_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
