// SPDX-License-Identifier: Apache-2.0
/* The rounds behind the next one stand in a ring that is there only while something waits in it:
 * an outbox whose peer keeps up is one batch. A sender that is alone here stays in a round until a
 * whole batch is full, so that it pays for rounds only with a number; what it had in advance, it
 * lets others have when they come. */
#include "transport/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum {
    OUTBOX_ROUNDS_MIN = 16,
    OUTBOX_ROUNDS_MAX = 2048 /* what may wait makes no more: (HARD_MAX + RESERVE) / QUANTUM … */
};

void outbox_init(struct outbox *outbox, enum frame_link link)
{
    CHECK(link != FRAME_BARE);
    *outbox = (struct outbox){ .next.batch = BATCH_EMPTY, .round = 1, .link = link };
}

void outbox_deinit(struct outbox *outbox)
{
    batch_deinit(&outbox->next.batch);
    for (uint32_t i = 0; i < outbox->later_room; i++)
        batch_deinit(&outbox->later[i].batch);
    free(outbox->later);
    *outbox = (struct outbox){ .next.batch = BATCH_EMPTY, .round = 1, .link = outbox->link };
}

bool outbox_greet(struct outbox *outbox)
{
    struct batch *batch = &outbox->next.batch;

    CHECK(batch->size == 0);
    if (!batch_grow(batch, FRAME_GREETING_SIZE))
        return false;
    memcpy(batch->bytes, frame_greeting, FRAME_GREETING_SIZE);
    batch->size = FRAME_GREETING_SIZE;
    return true;
}

/* ---- rounds ---- */

static struct round *outbox_slot(const struct outbox *outbox, uint64_t number)
{
    return &outbox->later[number & (outbox->later_room - 1)];
}

/* Makes the ring wide enough for the round of that number. False without memory. */
static bool outbox_widen(struct outbox *outbox, uint64_t number)
{
    uint32_t room = outbox->later_room != 0 ? outbox->later_room : OUTBOX_ROUNDS_MIN;
    struct round *later;

    while (number - outbox->round >= room)
        room *= 2;
    if (room == outbox->later_room)
        return true;
    later = calloc(room, sizeof(*later));
    if (later == NULL)
        return false;
    for (uint32_t i = 1; i <= outbox->later_room; i++) {
        uint64_t moved = outbox->round + i;

        later[moved & (room - 1)] = *outbox_slot(outbox, moved);
    }
    free(outbox->later);
    outbox->later = later;
    outbox->later_room = room;
    return true;
}

/* NULL without memory. */
static struct round *outbox_round(struct outbox *outbox, uint64_t number)
{
    struct round *round;

    if (number == outbox->round)
        return &outbox->next;
    if (!outbox_widen(outbox, number))
        return NULL;
    round = outbox_slot(outbox, number);
    if (round->batch.size == 0)
        round->batch.frame = SIZE_MAX; /* of zeroes */
    return round;
}

/* The round that leaves next has gone, all but the room of its buffer: the first one behind it that
 * is not empty takes its place. */
static void outbox_advance(struct outbox *outbox)
{
    struct round *first;

    outbox->own_leaving = outbox->own;
    outbox->own = 0;
    outbox->senders -= outbox->next.senders;
    outbox->next.senders = 0;
    outbox->round += 1;
    if (outbox->later_count == 0)
        return;
    while (outbox_slot(outbox, outbox->round)->batch.size == 0)
        outbox->round += 1;
    first = outbox_slot(outbox, outbox->round);
    batch_deinit(&outbox->next.batch);
    outbox->next = *first;
    *first = (struct round){ .batch = BATCH_EMPTY };
    outbox->later_size -= outbox->next.batch.size;
    outbox->later_count -= 1;
    if (outbox->later_count > 0)
        return;
    free(outbox->later);
    outbox->later = NULL;
    outbox->later_room = 0;
}

/* ---- putting ---- */

static bool outbox_has_room(const struct outbox *outbox, size_t whole, enum outbox_lane lane)
{
    size_t limit = OUTBOX_HARD_MAX + (lane == OUTBOX_CALLS ? 0 : OUTBOX_RESERVE);

    return outbox_queued(outbox) + whole <= limit;
}

enum outbox_outcome outbox_put(
        struct outbox *outbox, const struct envelope *envelope, enum outbox_lane lane)
{
    size_t body = envelope_size(envelope);
    size_t whole = 1 + varint_size(body) + body;

    CHECK(body <= MESSAGE_SIZE_MAX - 8);
    if (!outbox_has_room(outbox, whole, lane))
        return OUTBOX_FULL;
    if (!batch_put(&outbox->next.batch, envelope, body, outbox->link))
        return OUTBOX_NO_MEMORY;
    outbox->own += whole;
    return OUTBOX_OK;
}

/* The round in which the sender's next envelope leaves; it is `begin` bytes of service away. */
static uint64_t outbox_place(const struct outbox *outbox, const struct turn *turn, uint64_t begin)
{
    uint64_t number = begin / OUTBOX_QUANTUM;
    const struct round *last;

    if (number == outbox->round || turn->round < outbox->round)
        return number;
    last = turn->round == outbox->round ? &outbox->next : outbox_slot(outbox, turn->round);
    if (outbox->senders == 1 && last->batch.size < BATCH_SIZE_MAX)
        return turn->round;
    if (number - outbox->round >= OUTBOX_ROUNDS_MAX)
        number = outbox->round + OUTBOX_ROUNDS_MAX - 1;
    return number > turn->round ? number : turn->round;
}

/* The sender's last envelope is in that round now. */
static void outbox_count(
        struct outbox *outbox, struct turn *turn, struct round *round, uint64_t number)
{
    if (turn->round < outbox->round)
        outbox->senders += 1;
    else if (turn->round == outbox->round)
        outbox->next.senders -= 1;
    else
        outbox_slot(outbox, turn->round)->senders -= 1;
    round->senders += 1;
    turn->round = number;
}

enum outbox_outcome outbox_put_for(struct outbox *outbox, const struct envelope *envelope,
        enum outbox_lane lane, struct turn *turn)
{
    size_t body = envelope_size(envelope);
    size_t whole = 1 + varint_size(body) + body;
    struct round *round;
    uint64_t number;
    uint64_t begin;
    size_t before;

    CHECK(body <= MESSAGE_SIZE_MAX - 8);
    if (!outbox_has_room(outbox, whole, lane))
        return OUTBOX_FULL;
    if (outbox_is_empty(outbox) && outbox->end > outbox->round * OUTBOX_QUANTUM)
        outbox->round = (outbox->end + OUTBOX_QUANTUM - 1) / OUTBOX_QUANTUM; /* all begin anew */
    begin = outbox->round * OUTBOX_QUANTUM;
    if (turn->end > begin)
        begin = turn->end;
    number = outbox_place(outbox, turn, begin);
    round = outbox_round(outbox, number);
    if (round == NULL)
        return OUTBOX_NO_MEMORY;
    before = round->batch.size;
    if (!batch_put(&round->batch, envelope, body, outbox->link))
        return OUTBOX_NO_MEMORY;
    outbox_count(outbox, turn, round, number);
    turn->end = begin + whole;
    if (outbox->end < turn->end)
        outbox->end = turn->end;
    if (number != outbox->round) {
        outbox->later_count += before == 0;
        outbox->later_size += round->batch.size - before;
    }
    return OUTBOX_OK;
}

/* ---- taking ---- */

void outbox_load(struct outbox *outbox, struct batch *leaving)
{
    struct batch empty = *leaving;

    CHECK(empty.size == 0);
    batch_seal(&outbox->next.batch, outbox->link);
    *leaving = outbox->next.batch;
    outbox->next.batch = empty;
    outbox_advance(outbox);
}

struct span outbox_take(struct outbox *outbox)
{
    batch_seal(&outbox->next.batch, outbox->link);
    return (struct span){ outbox->next.batch.bytes, outbox->next.batch.size };
}

void outbox_clear(struct outbox *outbox)
{
    batch_clear(&outbox->next.batch);
    outbox_advance(outbox);
}
