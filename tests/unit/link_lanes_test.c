// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "transport/link/assembly.h"
#include "tests/unit/cmocka.h"
#include "transport/frame.h"

enum { CALLS = 20 };

static const struct lanes_permit anything = { .credit = UINT32_MAX };

static uint8_t bytes[BODY_SIZE_MAX];
static uint8_t record_body[RECORD_BODY_MAX];

static struct envelope make_envelope(uint64_t call, size_t body_size)
{
    return (struct envelope){ .kind = ENVELOPE_ITEM, .id = call, .body = { bytes, body_size } };
}

static enum lanes_outcome put(struct lanes *lanes, uint64_t call, size_t body_size)
{
    struct envelope envelope = make_envelope(call, body_size);

    return lanes_put(lanes, &envelope);
}

/* The lane of the next record; LANES for none. */
static enum lane take(struct lanes *lanes)
{
    struct record record;

    return lanes_take(lanes, &anything, record_body, &record) ? (enum lane)record.stream : LANES;
}

/* ---- a model: what is put, and what comes of it at the other end ---- */

struct model {
    struct lanes lanes;
    struct assembly assembly;
    struct random random;
    uint64_t next_out[CALLS + 1];
    uint64_t next_in[CALLS + 1];
    uint64_t put;
    uint64_t messages_out;
    uint64_t messages_in;
};

static void model_put(struct model *model)
{
    uint64_t call = 1 + random_below(&model->random, CALLS);
    size_t size = sizeof(uint64_t);
    struct envelope envelope;

    if (random_below(&model->random, 10) == 0)
        size += random_below(&model->random, 120000);
    else
        size += random_below(&model->random, 2000);
    memcpy(bytes, &model->next_out[call], sizeof(uint64_t));
    envelope = make_envelope(call, size);
    if (lanes_put(&model->lanes, &envelope) == LANES_OK) {
        model->next_out[call] += 1;
        model->put += 1;
    } else {
        assert_true(lanes_queued(&model->lanes) > LINK_QUEUE_MAX);
    }
}

static void model_put_message(struct model *model)
{
    size_t size = sizeof(uint64_t) + random_below(&model->random, 50000);

    memcpy(bytes, &model->messages_out, sizeof(uint64_t));
    if (lanes_put_message(&model->lanes, (struct span){ bytes, size }) == LANES_OK)
        model->messages_out += 1;
}

static void model_check_frame(struct model *model, struct span frame)
{
    struct frame_reader reader;
    struct envelope envelope;
    enum frame_outcome outcome;
    uint64_t number;

    frame_reader_init(&reader, frame, FRAME_BARE);
    while ((outcome = frame_next(&reader, &envelope)) == FRAME_ENVELOPE) {
        memcpy(&number, envelope.body.data, sizeof(number));
        assert_true(number == model->next_in[envelope.id]);
        model->next_in[envelope.id] += 1;
    }
    assert_int_equal(outcome, FRAME_END);
}

/* Takes one record and hands it to the other end. False where there is none. */
static bool model_take(struct model *model, struct lanes_permit permit)
{
    struct record record;
    struct span whole;
    uint64_t number;

    if (!lanes_take(&model->lanes, &permit, record_body, &record))
        return false;
    assert_true(record.body.size >= 1 && record.body.size <= RECORD_BODY_MAX);
    if (record.stream != LANE_MESSAGES) {
        assert_true(record.body.size <= permit.credit);
        model->assembly.credit = (uint32_t)record.body.size;
    }
    switch (assembly_take(&model->assembly, &record, &whole)) {
    case ASSEMBLY_PART:
        break;
    case ASSEMBLY_FRAME:
        model_check_frame(model, whole);
        break;
    case ASSEMBLY_MESSAGE:
        memcpy(&number, whole.data, sizeof(number));
        assert_true(number == model->messages_in++);
        break;
    case ASSEMBLY_BAD:
    case ASSEMBLY_NO_MEMORY:
    default:
        fail();
    }
    assert_int_equal(model->assembly.credit, 0);
    return true;
}

static void test_whatever_is_put_comes_out_once_and_in_the_order_of_its_call(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct model *model = calloc(1, sizeof(*model));

        random_init(&model->random, seed);
        for (int i = 0; i < 3000; i++) {
            uint32_t what = random_below(&model->random, 10);
            struct lanes_permit permit = {
                .credit = random_below(&model->random, 3 * RECORD_BODY_MAX),
                .begun_only = random_below(&model->random, 50) == 0,
            };

            if (what < 4)
                model_put(model);
            else if (what < 5)
                model_put_message(model);
            else
                model_take(model, permit);
        }
        while (model_take(model, anything))
            continue;
        assert_memory_equal(model->next_in, model->next_out, sizeof(model->next_in));
        assert_int_equal(model->messages_in, model->messages_out);
        assert_true(model->put > 500);
        assert_int_equal(lanes_queued(&model->lanes), 0);
        assert_false(lanes_are_midway(&model->lanes));
        lanes_deinit(&model->lanes);
        assembly_deinit(&model->assembly);
        free(model);
    }
}

/* ---- whose turn it is ---- */

static void test_a_small_envelope_waits_behind_one_piece_of_a_large_one_at_most(void **state)
{
    struct lanes lanes = { 0 };

    (void)state;
    assert_int_equal(put(&lanes, 1, BODY_SIZE_MAX), LANES_OK);
    for (uint64_t call = 2; call < 40; call++) {
        enum lane lane;

        assert_int_equal(take(&lanes), LANE_LARGE);
        assert_int_equal(put(&lanes, call, 100), LANES_OK);
        lane = take(&lanes);
        assert_true(lane == LANE_SMALL || (lane == LANE_LARGE && take(&lanes) == LANE_SMALL));
    }
    lanes_deinit(&lanes);
}

static void test_small_ones_are_gathered_into_few_records(void **state)
{
    struct lanes lanes = { 0 };

    (void)state;
    for (uint64_t call = 1; call <= 1000; call++)
        assert_int_equal(put(&lanes, call, 200), LANES_OK);
    for (int records = 0; records < 4; records++)
        assert_int_equal(take(&lanes), LANE_SMALL);
    assert_int_equal(take(&lanes), LANES);
    lanes_deinit(&lanes);
}

static void test_no_lane_starves_however_busy_the_others_are(void **state)
{
    struct lanes lanes = { 0 };
    unsigned had[LANES] = { 0 };

    (void)state;
    for (int i = 0; i < 1000; i++) {
        enum lane lane;

        while (fifo_size(&lanes.fifos[LANE_MESSAGES]) < 100000)
            lanes_put_message(&lanes, (struct span){ bytes, 10000 });
        while (fifo_size(&lanes.fifos[LANE_SMALL]) < 500000)
            put(&lanes, 1 + (uint64_t)i % 7, 10000);
        if (fifo_size(&lanes.fifos[LANE_LARGE]) < 100000)
            put(&lanes, 100 + (uint64_t)i, 100000);
        lane = take(&lanes);
        assert_true(lane < LANES);
        had[lane] += 1;
    }
    assert_true(had[LANE_MESSAGES] > 500);
    assert_true(had[LANE_SMALL] > 200);
    assert_true(had[LANE_LARGE] > 50);
    lanes_deinit(&lanes);
}

static void test_an_envelope_follows_a_large_one_of_its_call_and_no_other_does(void **state)
{
    struct lanes lanes = { 0 };

    (void)state;
    put(&lanes, 1, 20000);
    put(&lanes, 1, 10);
    put(&lanes, 2, 10);
    assert_int_equal(take(&lanes), LANE_SMALL); /* call 2's */
    assert_int_equal(take(&lanes), LANE_LARGE);
    assert_int_equal(take(&lanes), LANE_LARGE);
    assert_int_equal(take(&lanes), LANE_LARGE); /* call 1's second */
    assert_int_equal(take(&lanes), LANES);
    put(&lanes, 1, 10);
    assert_int_equal(take(&lanes), LANE_SMALL);
    lanes_deinit(&lanes);
}

static void test_a_large_envelope_does_not_pass_small_ones_that_were_put_before_it(void **state)
{
    struct lanes lanes = { 0 };

    (void)state;
    for (int i = 0; i < 60; i++) /* more than the small ones' turns in a row */
        put(&lanes, 2, 10000);
    put(&lanes, 1, 30);
    put(&lanes, 1, 20000);
    while (lanes.small_left < lanes.small_put)
        assert_true(take(&lanes) < LANES);
    assert_true(fifo_size(&lanes.fifos[LANE_LARGE]) > 20000); /* the last one is all there */
    assert_int_equal(take(&lanes), LANE_LARGE);
    assert_int_equal(take(&lanes), LANE_LARGE);
    assert_int_equal(take(&lanes), LANES);
    lanes_deinit(&lanes);
}

static void test_messages_pass_when_there_is_no_credit(void **state)
{
    struct lanes_permit none = { .credit = 0 };
    struct lanes lanes = { 0 };
    struct record record;

    (void)state;
    put(&lanes, 1, 30);
    put(&lanes, 2, 30000);
    lanes_put_message(&lanes, (struct span){ bytes, 30 });
    assert_true(lanes_take(&lanes, &none, record_body, &record));
    assert_int_equal(record.stream, LANE_MESSAGES);
    assert_false(lanes_take(&lanes, &none, record_body, &record));
    lanes_deinit(&lanes);
}

static void test_one_who_leaves_sends_the_rest_of_what_has_begun_and_nothing_else(void **state)
{
    struct lanes_permit leaving = { .credit = UINT32_MAX, .begun_only = true };
    struct lanes lanes = { 0 };
    struct record record;

    (void)state;
    put(&lanes, 1, 40000);
    put(&lanes, 2, 40000);
    assert_int_equal(take(&lanes), LANE_LARGE);
    put(&lanes, 3, 40);
    lanes_put_message(&lanes, (struct span){ bytes, 30 });
    assert_true(lanes_are_midway(&lanes));
    assert_true(lanes_take(&lanes, &leaving, record_body, &record));
    assert_int_equal(record.type, RECORD_DATA_MORE);
    assert_true(lanes_take(&lanes, &leaving, record_body, &record));
    assert_int_equal(record.type, RECORD_DATA);
    assert_false(lanes_take(&lanes, &leaving, record_body, &record));
    assert_false(lanes_are_midway(&lanes));
    assert_int_equal(take(&lanes), LANE_MESSAGES);
    lanes_deinit(&lanes);
}

/* ---- limits ---- */

static void test_full_refuses_and_changes_nothing(void **state)
{
    struct lanes lanes = { 0 };
    size_t queued;

    (void)state;
    while (lanes_queued(&lanes) + BODY_SIZE_MAX + 100 < LINK_QUEUE_MAX + LINK_QUEUE_RESERVE)
        assert_int_equal(put(&lanes, 1, BODY_SIZE_MAX), LANES_OK);
    queued = lanes_queued(&lanes);
    assert_int_equal(put(&lanes, 1, BODY_SIZE_MAX), LANES_FULL);
    assert_int_equal(lanes_queued(&lanes), queued);
    assert_int_equal(put(&lanes, 2, 100), LANES_OK);
    while (take(&lanes) != LANES)
        continue;
    assert_int_equal(lanes_queued(&lanes), 0);
    assert_int_equal(put(&lanes, 1, BODY_SIZE_MAX), LANES_OK);
    lanes_deinit(&lanes);
}

static void test_messages_have_a_limit_of_their_own(void **state)
{
    struct lanes lanes = { 0 };
    enum lanes_outcome outcome;
    size_t put_size = 0;

    (void)state;
    do {
        outcome = lanes_put_message(&lanes, (struct span){ bytes, 500000 });
        put_size += outcome == LANES_OK ? 500000 : 0;
    } while (outcome == LANES_OK);
    assert_int_equal(outcome, LANES_FULL);
    assert_true(put_size <= LINK_MESSAGES_MAX && put_size + 500100 > LINK_MESSAGES_MAX);
    assert_int_equal(put(&lanes, 1, 100), LANES_OK);
    lanes_deinit(&lanes);
}

/* ---- the other end ---- */

static enum assembly_outcome give(struct assembly *assembly, enum record_type type, uint32_t stream,
        size_t size, struct span *whole)
{
    struct record record = { .type = type, .stream = stream, .body = { bytes, size } };

    return assembly_take(assembly, &record, whole);
}

static void test_what_lanes_would_not_send_is_refused(void **state)
{
    static const struct {
        enum record_type type;
        uint32_t stream;
        size_t size;
    } bad[] = {
        { RECORD_DATA, LANES, 10 }, /* no such stream */
        { RECORD_DATA, UINT32_MAX, 10 },
        { RECORD_DATA, LANE_SMALL, 0 }, /* nothing */
        { RECORD_DATA, LANE_MESSAGES, 0 },
        { RECORD_DATA_MORE, LANE_LARGE, 0 },
        { RECORD_DATA_MORE, LANE_SMALL, 10 }, /* cut */
        { RECORD_CANCEL, LANE_LARGE, 0 },     /* nothing has begun */
        { RECORD_CANCEL, LANE_SMALL, 0 },
        { RECORD_DATA, LANE_SMALL, 10001 }, /* over the credit */
        { RECORD_DATA_MORE, LANE_LARGE, 10001 },
    };
    struct span whole;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct assembly assembly = { .credit = 10000 };

        assert_int_equal(
                give(&assembly, bad[i].type, bad[i].stream, bad[i].size, &whole), ASSEMBLY_BAD);
        assembly_deinit(&assembly);
    }
}

static void test_a_message_that_never_ends_is_refused_at_its_limit(void **state)
{
    static const size_t most[LANES] = { LINK_MESSAGE_MAX, 0, MESSAGE_SIZE_MAX };
    struct span whole;

    (void)state;
    for (uint32_t lane = 0; lane < LANES; lane += LANE_LARGE) {
        struct assembly assembly = { .credit = UINT32_MAX };
        size_t sent = 0;

        for (; sent + 1024 <= most[lane]; sent += 1024)
            assert_int_equal(give(&assembly, RECORD_DATA_MORE, lane, 1024, &whole), ASSEMBLY_PART);
        assert_int_equal(
                give(&assembly, RECORD_DATA, lane, most[lane] - sent + 1, &whole), ASSEMBLY_BAD);
        assembly_deinit(&assembly);
    }
}

static void test_a_message_that_is_given_up_leaves_no_trace(void **state)
{
    struct assembly assembly = { .credit = 1000 };
    struct span whole;

    (void)state;
    assert_int_equal(give(&assembly, RECORD_DATA_MORE, LANE_LARGE, 100, &whole), ASSEMBLY_PART);
    assert_int_equal(give(&assembly, RECORD_CANCEL, LANE_LARGE, 0, &whole), ASSEMBLY_PART);
    assert_int_equal(give(&assembly, RECORD_DATA_MORE, LANE_LARGE, 7, &whole), ASSEMBLY_PART);
    assert_int_equal(give(&assembly, RECORD_DATA, LANE_LARGE, 3, &whole), ASSEMBLY_FRAME);
    assert_int_equal(whole.size, 10);
    assert_int_equal(assembly.credit, 890);
    assembly_deinit(&assembly);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whatever_is_put_comes_out_once_and_in_the_order_of_its_call),
        cmocka_unit_test(test_a_small_envelope_waits_behind_one_piece_of_a_large_one_at_most),
        cmocka_unit_test(test_small_ones_are_gathered_into_few_records),
        cmocka_unit_test(test_no_lane_starves_however_busy_the_others_are),
        cmocka_unit_test(test_an_envelope_follows_a_large_one_of_its_call_and_no_other_does),
        cmocka_unit_test(test_a_large_envelope_does_not_pass_small_ones_that_were_put_before_it),
        cmocka_unit_test(test_messages_pass_when_there_is_no_credit),
        cmocka_unit_test(test_one_who_leaves_sends_the_rest_of_what_has_begun_and_nothing_else),
        cmocka_unit_test(test_full_refuses_and_changes_nothing),
        cmocka_unit_test(test_messages_have_a_limit_of_their_own),
        cmocka_unit_test(test_what_lanes_would_not_send_is_refused),
        cmocka_unit_test(test_a_message_that_never_ends_is_refused_at_its_limit),
        cmocka_unit_test(test_a_message_that_is_given_up_leaves_no_trace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
