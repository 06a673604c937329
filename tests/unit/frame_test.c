// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "tests/unit/cmocka.h"
#include "transport/frame.h"
#include "transport/outbox.h"

/* Two frames, of one and of two envelopes. */
static struct span two_frames(struct outbox *outbox, enum frame_link link)
{
    struct span bytes;
    static uint8_t kept[256];
    size_t size;

    outbox_init(outbox, link);
    outbox_put(outbox, &(struct envelope){ .kind = ENVELOPE_PING, .id = 1 }, OUTBOX_CALLS);
    bytes = outbox_take(outbox);
    memcpy(kept, bytes.data, bytes.size);
    size = bytes.size;
    outbox_clear(outbox);
    outbox_put(outbox, &(struct envelope){ .kind = ENVELOPE_PING, .id = 2 }, OUTBOX_CALLS);
    outbox_put(outbox, &(struct envelope){ .kind = ENVELOPE_PONG, .id = 3 }, OUTBOX_CALLS);
    bytes = outbox_take(outbox);
    memcpy(kept + size, bytes.data, bytes.size);
    size += bytes.size;
    outbox_deinit(outbox);
    return (struct span){ kept, size };
}

static void test_envelopes_come_out_in_order_over_frames(void **state)
{
    static const enum frame_link links[] = { FRAME_IPC, FRAME_TCP };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct outbox outbox;
        struct span bytes = two_frames(&outbox, links[i]);
        struct frame_reader reader;
        struct envelope envelope;
        size_t whole;
        size_t needed;

        assert_int_equal(frame_scan(bytes, links[i], &whole, &needed), FRAME_END);
        assert_int_equal(whole, bytes.size);
        frame_reader_init(&reader, bytes, links[i]);
        for (uint64_t id = 1; id <= 3; id++) {
            assert_int_equal(frame_next(&reader, &envelope), FRAME_ENVELOPE);
            assert_true(envelope.id == id);
        }
        assert_int_equal(frame_next(&reader, &envelope), FRAME_END);
        assert_int_equal(frame_next(&reader, &envelope), FRAME_END);
    }
}

static void test_a_scan_stops_at_what_is_not_whole_and_says_how_much_it_needs(void **state)
{
    struct outbox outbox;
    struct span bytes = two_frames(&outbox, FRAME_IPC);
    size_t first = FRAME_IPC + 6;

    (void)state;
    for (size_t size = 0; size < bytes.size; size++) {
        size_t whole = 99;
        size_t needed = 99;

        assert_int_equal(frame_scan((struct span){ bytes.data, size }, FRAME_IPC, &whole, &needed),
                FRAME_END);
        assert_int_equal(whole, size < first ? 0 : first);
        if (size - whole < FRAME_IPC)
            assert_int_equal(needed, 0);
        else
            assert_int_equal(needed, whole == 0 ? first : bytes.size - first);
    }
}

static void test_heads_that_are_none_are_refused(void **state)
{
    uint8_t head[FRAME_IPC] = { 1, 0, 0, 0, 0, 0, 0, 0, 0 };
    size_t whole;
    size_t needed;

    (void)state;
    assert_int_equal(
            frame_scan((struct span){ head, 9 }, FRAME_IPC, &whole, &needed), FRAME_BAD); /* 0 */
    head[6] = (MESSAGE_SIZE_MAX >> 16) & 0xff;
    head[7] = (MESSAGE_SIZE_MAX >> 8) & 0xff;
    head[8] = MESSAGE_SIZE_MAX & 0xff;
    assert_int_equal(frame_scan((struct span){ head, 9 }, FRAME_IPC, &whole, &needed), FRAME_END);
    head[8] += 1;
    assert_int_equal(frame_scan((struct span){ head, 9 }, FRAME_IPC, &whole, &needed), FRAME_BAD);
    head[1] = 0x80;
    assert_int_equal(frame_scan((struct span){ head, 9 }, FRAME_IPC, &whole, &needed), FRAME_BAD);
    memset(head, 0, sizeof(head));
    head[8] = 4;
    assert_int_equal(frame_scan((struct span){ head, 9 }, FRAME_IPC, &whole, &needed), FRAME_BAD);
}

static void test_frames_that_hold_no_envelopes_are_refused(void **state)
{
    static const struct span bad[] = {
        { (const uint8_t *)"\x12\x02\x08\x01", 4 },
        { (const uint8_t *)"\x0a\x03\x08\x01", 4 },
        { (const uint8_t *)"\x0a\x02\x08\x00", 4 },
        { (const uint8_t *)"\x0a", 1 },
        { (const uint8_t *)"\x0a\x02\x08\x01\x0a", 5 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct frame_reader reader;
        struct envelope envelope;
        enum frame_outcome outcome;

        frame_reader_init(&reader, bad[i], FRAME_BARE);
        while ((outcome = frame_next(&reader, &envelope)) == FRAME_ENVELOPE)
            continue;
        assert_int_equal(outcome, FRAME_BAD);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_envelopes_come_out_in_order_over_frames),
        cmocka_unit_test(test_a_scan_stops_at_what_is_not_whole_and_says_how_much_it_needs),
        cmocka_unit_test(test_heads_that_are_none_are_refused),
        cmocka_unit_test(test_frames_that_hold_no_envelopes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
