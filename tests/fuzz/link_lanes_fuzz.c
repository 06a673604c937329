// SPDX-License-Identifier: Apache-2.0
/* Lanes filled and emptied as the input says: what comes out makes the same envelopes at the other
 * end, in the order of their calls. And an assembly that is given records which no lanes would
 * send: it stays within its bounds. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "transport/link/assembly.h"
#include "transport/frame.h"

enum { CALLS = 8, OPERATIONS_MAX = 400 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *at;
    const uint8_t *end;
};

struct model {
    struct lanes lanes;
    struct assembly assembly;
    uint64_t next_out[CALLS];
    uint64_t next_in[CALLS];
    uint64_t messages_out;
    uint64_t messages_in;
};

static uint8_t bytes[BODY_SIZE_MAX];
static uint8_t taken[RECORD_BODY_MAX];

static uint8_t take_byte(struct input *input)
{
    return input->at < input->end ? *input->at++ : 0;
}

static size_t take_number(struct input *input)
{
    size_t high = take_byte(input);

    return high << 8 | take_byte(input);
}

static void put(struct model *model, struct input *input)
{
    uint64_t call = take_byte(input) % CALLS;
    struct envelope envelope = { .kind = ENVELOPE_ITEM,
        .id = call + 1,
        .body = { bytes, sizeof(uint64_t) + take_number(input) * 3 } };

    memcpy(bytes, &model->next_out[call], sizeof(uint64_t));
    if (lanes_put(&model->lanes, &envelope) == LANES_OK)
        model->next_out[call] += 1;
    else
        CHECK(lanes_queued(&model->lanes) > LINK_QUEUE_MAX);
}

static void put_message(struct model *model, struct input *input)
{
    memcpy(bytes, &model->messages_out, sizeof(uint64_t));
    if (lanes_put_message(&model->lanes,
                (struct span){ bytes, sizeof(uint64_t) + take_number(input) }) == LANES_OK)
        model->messages_out += 1;
}

static void check_frame(struct model *model, struct span frame)
{
    struct frame_reader reader;
    struct envelope envelope;
    enum frame_outcome outcome;

    frame_reader_init(&reader, frame, FRAME_BARE);
    while ((outcome = frame_next(&reader, &envelope)) == FRAME_ENVELOPE) {
        CHECK(memcmp(envelope.body.data, &model->next_in[envelope.id - 1], sizeof(uint64_t)) == 0);
        model->next_in[envelope.id - 1] += 1;
    }
    CHECK(outcome == FRAME_END);
}

static bool take(struct model *model, const struct lanes_permit *permit)
{
    struct record record;
    struct span whole;
    enum assembly_outcome outcome;

    if (!lanes_take(&model->lanes, permit, taken, &record))
        return false;
    CHECK(record.stream == LANE_MESSAGES || record.body.size <= permit->credit);
    model->assembly.credit = RECORD_BODY_MAX;
    outcome = assembly_take(&model->assembly, &record, &whole);
    CHECK(outcome != ASSEMBLY_BAD && outcome != ASSEMBLY_NO_MEMORY);
    if (outcome == ASSEMBLY_FRAME)
        check_frame(model, whole);
    else if (outcome == ASSEMBLY_MESSAGE)
        CHECK(memcmp(whole.data, &model->messages_in, sizeof(uint64_t)) == 0 &&
                ++model->messages_in <= model->messages_out);
    return true;
}

/* A record of anybody's. */
static void take_hostile(struct assembly *assembly, struct input *input)
{
    static const enum record_type types[] = { RECORD_DATA, RECORD_DATA_MORE, RECORD_DATA_MORE,
        RECORD_CANCEL };
    struct record record = { .type = types[take_byte(input) % 4],
        .stream = take_byte(input) % (LANES + 1),
        .body = { bytes, take_number(input) % (RECORD_BODY_MAX + 1) } };
    uint32_t credit = assembly->credit;
    struct span whole = { 0 };
    enum assembly_outcome outcome = assembly_take(assembly, &record, &whole);

    CHECK(assembly->credit <= credit);
    CHECK(fifo_size(&assembly->parts[LANE_SMALL]) == 0);
    CHECK(fifo_size(&assembly->parts[LANE_MESSAGES]) <= LINK_MESSAGE_MAX);
    CHECK(fifo_size(&assembly->parts[LANE_LARGE]) <= MESSAGE_SIZE_MAX);
    CHECK((outcome == ASSEMBLY_MESSAGE || outcome == ASSEMBLY_FRAME) == (whole.size > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct lanes_permit anything = { .credit = UINT32_MAX };
    struct input input = { data, data + size };
    struct model *model = calloc(1, sizeof(*model));
    struct assembly hostile = { .credit = LINK_CREDIT };

    CHECK(model != NULL);
    for (int i = 0; i < OPERATIONS_MAX && input.at < input.end; i++) {
        uint8_t what = take_byte(&input) % 8;
        struct lanes_permit permit = { .begun_only = what == 7, .messages_only = what == 6 };

        if (what < 2) {
            put(model, &input);
        } else if (what < 3) {
            put_message(model, &input);
        } else if (what < 4) {
            take_hostile(&hostile, &input);
        } else {
            permit.credit = (uint32_t)take_number(&input) * 2;
            take(model, &permit);
        }
    }
    while (take(model, &anything))
        continue;
    CHECK(memcmp(model->next_in, model->next_out, sizeof(model->next_in)) == 0);
    CHECK(model->messages_in == model->messages_out);
    CHECK(lanes_queued(&model->lanes) == 0);
    lanes_deinit(&model->lanes);
    assembly_deinit(&model->assembly);
    assembly_deinit(&hostile);
    free(model);
    return 0;
}
