// SPDX-License-Identifier: Apache-2.0
#include "client/turns.h"

#include <string.h>

#include "client/served.h"

enum { TURNS_LANE_SHIFT = 56 };

/* Multiplies and folds, 8 bytes at a time; for spreading, not for secrecy. */
static uint64_t turns_hash(uint64_t hash, struct mu_bytes bytes)
{
    while (bytes.size > 0) {
        size_t part = bytes.size < sizeof(uint64_t) ? bytes.size : sizeof(uint64_t);
        uint64_t word = 0;

        memcpy(&word, bytes.data, part);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
        bytes.data += part;
        bytes.size -= part;
    }
    return hash * 0x2545f4914f6cdd1du;
}

uint8_t turns_lane(const struct turns *turns, struct mu_bytes caller)
{
    return (uint8_t)(turns_hash(turns->seed + caller.size, caller) >> TURNS_LANE_SHIFT);
}

void turns_push(struct turns *turns, struct mu_call *call, uint8_t index)
{
    struct turns_lane *lane = &turns->lanes[index];

    call->next = NULL;
    if (lane->first != NULL) {
        lane->last->next = call;
    } else {
        lane->first = call;
        if (turns->count == 0) {
            lane->next = index;
        } else {
            lane->next = turns->lanes[turns->last].next;
            turns->lanes[turns->last].next = index;
        }
        turns->last = index;
    }
    lane->last = call;
    turns->count += 1;
}

struct mu_call *turns_pop(struct turns *turns)
{
    uint8_t index = turns->lanes[turns->last].next;
    struct turns_lane *lane = &turns->lanes[index];
    struct mu_call *call = lane->first;

    if (turns->count == 0)
        return NULL;
    lane->first = call->next;
    turns->count -= 1;
    if (lane->first != NULL)
        turns->last = index; /* behind all others */
    else
        turns->lanes[turns->last].next = lane->next;
    if (turns->count == 0)
        turns->seed += 1;
    return call;
}
