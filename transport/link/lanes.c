// SPDX-License-Identifier: Apache-2.0
/* Everything waits as it will leave, so a record is one copy. The two rules of order need no list
 * of calls: a table of counters says whether a call may have something among the large ones, and a
 * count of bytes says when the small ones before a large one are gone. */
#include "transport/link/lanes.h"

#include <string.h>

#include "base/check.h"

enum { FRAME_TAG = 0x0a, FRAME_HEAD_MAX = 11 /* bytes: the tag and a varint */ };

static const uint8_t lanes_turns[LANES] = {
    [LANE_MESSAGES] = 8, [LANE_SMALL] = 4, [LANE_LARGE] = 1
};

void lanes_deinit(struct lanes *lanes)
{
    for (int i = 0; i < LANES; i++)
        fifo_deinit(&lanes->fifos[i]);
    *lanes = (struct lanes){ .small_put = 0 };
}

size_t lanes_queued(const struct lanes *lanes)
{
    return fifo_size(&lanes->fifos[LANE_SMALL]) + fifo_size(&lanes->fifos[LANE_LARGE]);
}

/* The place of a call in the table (Fibonacci hashing, Knuth 6.4). */
static uint32_t *lanes_call(struct lanes *lanes, uint64_t call)
{
    return &lanes->calls[(call * 0x9e3779b97f4a7c15u) >> 54];
}
_Static_assert(LANES_CALLS == 1 << (64 - 54), "the table has the places that the hash names");

/* ---- putting ---- */

static uint8_t *lanes_write_frame(uint8_t *at, const struct envelope *envelope, size_t size)
{
    *at++ = FRAME_TAG;
    return envelope_write(envelope, varint_write(at, size));
}

static enum lanes_outcome lanes_put_small(
        struct lanes *lanes, const struct envelope *envelope, size_t size)
{
    struct fifo *fifo = &lanes->fifos[LANE_SMALL];
    uint8_t *at = fifo_reserve(fifo, FRAME_HEAD_MAX + size);
    size_t whole;

    if (at == NULL)
        return LANES_NO_MEMORY;
    whole = (size_t)(lanes_write_frame(at, envelope, size) - at);
    fifo_add(fifo, whole);
    lanes->small_put += whole;
    return LANES_OK;
}

static enum lanes_outcome lanes_put_large(
        struct lanes *lanes, const struct envelope *envelope, size_t size)
{
    struct fifo *fifo = &lanes->fifos[LANE_LARGE];
    struct lanes_item item = { .call = envelope->id, .after = lanes->small_put };
    uint8_t *at = fifo_reserve(fifo, sizeof(item) + FRAME_HEAD_MAX + size);

    if (at == NULL)
        return LANES_NO_MEMORY;
    item.size = (size_t)(lanes_write_frame(at + sizeof(item), envelope, size) - at) - sizeof(item);
    memcpy(at, &item, sizeof(item));
    fifo_add(fifo, sizeof(item) + item.size);
    *lanes_call(lanes, envelope->id) += 1;
    return LANES_OK;
}

enum lanes_outcome lanes_put(struct lanes *lanes, const struct envelope *envelope)
{
    size_t size = envelope_size(envelope);
    size_t room = lanes->room != 0 ? lanes->room : LINK_QUEUE_MAX + LINK_QUEUE_RESERVE;

    CHECK(size <= BODY_SIZE_MAX + ENVELOPE_HEAD_MAX); /* as envelope_read lets none through */
    if (lanes_queued(lanes) + size > room)
        return LANES_FULL;
    if (size > LINK_SMALL_MAX || *lanes_call(lanes, envelope->id) > 0)
        return lanes_put_large(lanes, envelope, size);
    return lanes_put_small(lanes, envelope, size);
}

enum lanes_outcome lanes_put_message(struct lanes *lanes, struct span message)
{
    struct fifo *fifo = &lanes->fifos[LANE_MESSAGES];
    struct lanes_item item = { .size = message.size };
    uint8_t *at;

    CHECK(message.size >= 1 && message.size <= LINK_MESSAGE_MAX);
    if (fifo_size(fifo) + message.size > LINK_MESSAGES_MAX)
        return LANES_FULL;
    at = fifo_reserve(fifo, sizeof(item) + message.size);
    if (at == NULL)
        return LANES_NO_MEMORY;
    memcpy(at, &item, sizeof(item));
    memcpy(at + sizeof(item), message.data, message.size);
    fifo_add(fifo, sizeof(item) + message.size);
    return LANES_OK;
}

/* ---- taking ---- */

/* The item in front of a lane of items. */
static struct lanes_item lanes_front(const struct lanes *lanes, enum lane lane)
{
    struct lanes_item item = lanes->begun[lane];

    if (item.size == 0)
        memcpy(&item, fifo_peek(&lanes->fifos[lane]).data, sizeof(item));
    return item;
}

static size_t lanes_piece(const struct lanes_item *item)
{
    return item->size < LINK_PIECE_SIZE ? item->size : LINK_PIECE_SIZE;
}

/* How many bytes of whole envelopes stand in front of the small ones, `max` at most. */
static size_t lanes_gather(const struct lanes *lanes, size_t max)
{
    struct span waits = fifo_peek(&lanes->fifos[LANE_SMALL]);
    const uint8_t *end = waits.data + waits.size;
    size_t whole = 0;

    if (waits.size <= max)
        return waits.size;
    for (;;) {
        uint64_t size = 0;
        const uint8_t *at = varint_read(waits.data + whole + 1, end, &size);
        size_t next;

        CHECK(at != NULL);
        next = (size_t)(at - waits.data) + (size_t)size;
        if (next > max)
            return whole;
        whole = next;
    }
}

/* True where `lane` has a record that may leave now. */
static bool lanes_may_take(
        const struct lanes *lanes, enum lane lane, const struct lanes_permit *permit)
{
    struct lanes_item item;

    if (fifo_size(&lanes->fifos[lane]) == 0)
        return false;
    if (permit->begun_only && lanes->begun[lane].size == 0)
        return false;
    if (lane == LANE_MESSAGES)
        return true;
    if (permit->messages_only)
        return false;
    if (lane == LANE_SMALL)
        return lanes_gather(lanes, permit->credit) > 0;
    item = lanes_front(lanes, lane);
    return lanes->small_left >= item.after && permit->credit >= lanes_piece(&item);
}

/* The lane whose turn it is; LANES for none. */
static enum lane lanes_pick(struct lanes *lanes, const struct lanes_permit *permit)
{
    enum lane waiting = LANES; /* the most urgent one that had its turns */

    for (int lane = 0; lane < LANES; lane++) {
        if (!lanes_may_take(lanes, (enum lane)lane, permit))
            continue;
        if (lanes->turns[lane] < lanes_turns[lane]) {
            lanes->turns[lane] += 1;
            return (enum lane)lane;
        }
        if (waiting == LANES)
            waiting = (enum lane)lane;
    }
    memset(lanes->turns, 0, sizeof(lanes->turns));
    if (waiting != LANES)
        lanes->turns[waiting] = 1;
    return waiting;
}

static size_t lanes_take_small(struct lanes *lanes, uint32_t credit, uint8_t *body)
{
    size_t size = lanes_gather(lanes, credit < RECORD_BODY_MAX ? credit : RECORD_BODY_MAX);

    memcpy(body, fifo_peek(&lanes->fifos[LANE_SMALL]).data, size);
    fifo_drop(&lanes->fifos[LANE_SMALL], size);
    lanes->small_left += size;
    return size;
}

static size_t lanes_take_piece(struct lanes *lanes, enum lane lane, uint8_t *body)
{
    struct fifo *fifo = &lanes->fifos[lane];
    struct lanes_item *begun = &lanes->begun[lane];
    size_t size;

    if (begun->size == 0) {
        *begun = lanes_front(lanes, lane);
        fifo_drop(fifo, sizeof(*begun));
    }
    size = lanes_piece(begun);
    memcpy(body, fifo_peek(fifo).data, size);
    fifo_drop(fifo, size);
    begun->size -= size;
    if (begun->size == 0 && lane == LANE_LARGE)
        *lanes_call(lanes, begun->call) -= 1;
    return size;
}

bool lanes_take(struct lanes *lanes, const struct lanes_permit *permit, uint8_t *body,
        struct record *record)
{
    enum lane lane = lanes_pick(lanes, permit);
    size_t size;

    if (lane == LANES)
        return false;
    if (lane == LANE_SMALL)
        size = lanes_take_small(lanes, permit->credit, body);
    else
        size = lanes_take_piece(lanes, lane, body);
    *record = (struct record){
        .type = lanes->begun[lane].size > 0 ? RECORD_DATA_MORE : RECORD_DATA,
        .class = (uint8_t)lane,
        .stream = (uint32_t)lane,
        .body = { body, size },
    };
    return true;
}

bool lanes_are_midway(const struct lanes *lanes)
{
    return lanes->begun[LANE_MESSAGES].size > 0 || lanes->begun[LANE_LARGE].size > 0;
}
