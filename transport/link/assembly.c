// SPDX-License-Identifier: Apache-2.0
#include "transport/link/assembly.h"

#include <string.h>

void assembly_deinit(struct assembly *assembly)
{
    for (int i = 0; i < LANES; i++)
        fifo_deinit(&assembly->parts[i]);
    *assembly = (struct assembly){ .credit = 0 };
}

static enum assembly_outcome assembly_whole(enum lane lane)
{
    return lane == LANE_MESSAGES ? ASSEMBLY_MESSAGE : ASSEMBLY_FRAME;
}

static enum assembly_outcome assembly_append(struct fifo *part, enum lane lane, struct span body)
{
    size_t max = lane == LANE_MESSAGES ? LINK_MESSAGE_MAX : MESSAGE_SIZE_MAX;
    uint8_t *at;

    if (fifo_size(part) + body.size > max)
        return ASSEMBLY_BAD;
    at = fifo_reserve(part, body.size);
    if (at == NULL)
        return ASSEMBLY_NO_MEMORY;
    memcpy(at, body.data, body.size);
    fifo_add(part, body.size);
    return ASSEMBLY_PART;
}

static enum assembly_outcome assembly_cancel(
        struct fifo *part, enum lane lane, const struct record *record)
{
    if (lane == LANE_SMALL || record->body.size != 0 || fifo_size(part) == 0)
        return ASSEMBLY_BAD;
    fifo_drop(part, fifo_size(part));
    return ASSEMBLY_PART;
}

enum assembly_outcome assembly_take(
        struct assembly *assembly, const struct record *record, struct span *wholep)
{
    enum lane lane = (enum lane)record->stream;
    enum assembly_outcome outcome;
    struct fifo *part;

    if (record->stream >= LANES)
        return ASSEMBLY_BAD;
    part = &assembly->parts[lane];
    if (assembly->whole[lane])
        fifo_drop(part, fifo_size(part));
    assembly->whole[lane] = false;
    if (record->type == RECORD_CANCEL)
        return assembly_cancel(part, lane, record);
    if (record->body.size == 0 || (lane == LANE_SMALL && record->type == RECORD_DATA_MORE))
        return ASSEMBLY_BAD;
    if (lane != LANE_MESSAGES) {
        if (record->body.size > assembly->credit)
            return ASSEMBLY_BAD;
        assembly->credit -= (uint32_t)record->body.size;
    }
    if (record->type == RECORD_DATA && fifo_size(part) == 0) {
        *wholep = record->body;
        return assembly_whole(lane);
    }
    outcome = assembly_append(part, lane, record->body);
    if (outcome != ASSEMBLY_PART || record->type == RECORD_DATA_MORE)
        return outcome;
    *wholep = fifo_peek(part);
    assembly->whole[lane] = true;
    return assembly_whole(lane);
}
