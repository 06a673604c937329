// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"
#include "transport/outbox.h"

static unsigned count_frames(struct span bytes)
{
    unsigned frames = 0;

    while (bytes.size > 0) {
        size_t length = 0;

        for (int i = 1; i < FRAME_IPC; i++)
            length = length << 8 | bytes.data[i];
        bytes.data += length + FRAME_IPC;
        bytes.size -= length + FRAME_IPC;
        frames += 1;
    }
    return frames;
}

static void test_envelopes_gather_in_one_frame_up_to_a_batch(void **state)
{
    static uint8_t body[1000];
    struct envelope envelope = { .kind = ENVELOPE_ITEM, .id = 5, .body = { body, sizeof(body) } };
    size_t each = envelope_size(&envelope) + 3;
    struct outbox outbox;
    struct span bytes;

    (void)state;
    outbox_init(&outbox, FRAME_IPC);
    for (size_t i = 0; i < (BATCH_SIZE_MAX - FRAME_IPC) / each; i++)
        assert_int_equal(outbox_put(&outbox, &envelope, OUTBOX_CALLS), OUTBOX_OK);
    bytes = outbox_take(&outbox);
    assert_int_equal(count_frames(bytes), 1);
    outbox_clear(&outbox);
    for (size_t i = 0; i < BATCH_SIZE_MAX / each + 1; i++)
        assert_int_equal(outbox_put(&outbox, &envelope, OUTBOX_CALLS), OUTBOX_OK);
    assert_int_equal(count_frames(outbox_take(&outbox)), 2);
    outbox_deinit(&outbox);
    outbox_deinit(&outbox);
}

static void test_calls_are_refused_above_the_hard_limit_and_results_above_the_reserve(void **state)
{
    uint8_t *body = calloc(1, BODY_SIZE_MAX);
    struct envelope envelope = { .kind = ENVELOPE_ITEM, .body = { body, BODY_SIZE_MAX } };
    size_t each = envelope_size(&envelope) + 4;
    struct outbox outbox;
    size_t before;

    (void)state;
    outbox_init(&outbox, FRAME_IPC);
    while (outbox_put(&outbox, &envelope, OUTBOX_CALLS) == OUTBOX_OK)
        continue;
    before = outbox_queued(&outbox);
    assert_true(before <= OUTBOX_HARD_MAX && before + each > OUTBOX_HARD_MAX);
    assert_int_equal(outbox_put(&outbox, &envelope, OUTBOX_CALLS), OUTBOX_FULL);
    assert_int_equal(outbox_queued(&outbox), before);
    envelope.body.size = OUTBOX_HARD_MAX + OUTBOX_RESERVE - before - 64;
    if (envelope.body.size > BODY_SIZE_MAX)
        envelope.body.size = BODY_SIZE_MAX;
    assert_int_equal(outbox_put(&outbox, &envelope, OUTBOX_RESULTS), OUTBOX_OK);
    envelope.body.size = OUTBOX_RESERVE;
    assert_int_equal(outbox_put(&outbox, &envelope, OUTBOX_RESULTS), OUTBOX_FULL);
    outbox_deinit(&outbox);
    free(body);
}

static void test_what_is_under_way_counts(void **state)
{
    struct outbox outbox;
    struct envelope envelope = { .kind = ENVELOPE_PING, .id = 1 };

    (void)state;
    outbox_init(&outbox, FRAME_TCP);
    outbox.leaving = OUTBOX_HARD_MAX;
    assert_int_equal(outbox_put(&outbox, &envelope, OUTBOX_CALLS), OUTBOX_FULL);
    assert_int_equal(outbox_put(&outbox, &envelope, OUTBOX_RESULTS), OUTBOX_OK);
    assert_int_equal(outbox_queued(&outbox), OUTBOX_HARD_MAX + outbox_take(&outbox).size);
    outbox_deinit(&outbox);
}

static void test_a_burst_gives_its_memory_back(void **state)
{
    uint8_t *body = calloc(1, BODY_SIZE_MAX);
    struct envelope envelope = { .kind = ENVELOPE_ITEM, .body = { body, BODY_SIZE_MAX } };
    struct outbox outbox;

    (void)state;
    outbox_init(&outbox, FRAME_IPC);
    for (int i = 0; i < 4; i++)
        assert_int_equal(outbox_put(&outbox, &envelope, OUTBOX_CALLS), OUTBOX_OK);
    outbox_clear(&outbox);
    assert_null(outbox.next.batch.bytes);
    envelope.body.size = 100;
    assert_int_equal(outbox_put(&outbox, &envelope, OUTBOX_CALLS), OUTBOX_OK);
    outbox_clear(&outbox);
    assert_non_null(outbox.next.batch.bytes);
    outbox_deinit(&outbox);
    free(body);
}

static void test_the_greeting_stands_in_front(void **state)
{
    struct outbox outbox;
    struct span bytes;

    (void)state;
    outbox_init(&outbox, FRAME_IPC);
    assert_true(outbox_greet(&outbox));
    outbox_put(&outbox, &(struct envelope){ .kind = ENVELOPE_PING }, OUTBOX_CALLS);
    bytes = outbox_take(&outbox);
    assert_memory_equal(bytes.data, frame_greeting, FRAME_GREETING_SIZE);
    assert_int_equal(bytes.data[FRAME_GREETING_SIZE], 1);
    assert_int_equal(bytes.size, FRAME_GREETING_SIZE + FRAME_IPC + 4);
    outbox_deinit(&outbox);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_envelopes_gather_in_one_frame_up_to_a_batch),
        cmocka_unit_test(test_calls_are_refused_above_the_hard_limit_and_results_above_the_reserve),
        cmocka_unit_test(test_what_is_under_way_counts),
        cmocka_unit_test(test_a_burst_gives_its_memory_back),
        cmocka_unit_test(test_the_greeting_stands_in_front),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
