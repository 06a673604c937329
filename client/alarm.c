// SPDX-License-Identifier: Apache-2.0
#include "client/alarm.h"

#include <stdlib.h>

enum { ALARM_ROOM_MIN = 32 };

void alarm_clock_deinit(struct alarm_clock *clock)
{
    free(clock->heap);
    *clock = (struct alarm_clock){ 0 };
}

static void alarm_put(struct alarm_clock *clock, struct alarm *alarm, uint32_t place)
{
    clock->heap[place] = alarm;
    alarm->place = place;
}

static void alarm_rise(struct alarm_clock *clock, struct alarm *alarm)
{
    uint32_t place = alarm->place;

    while (place > 1 && clock->heap[place / 2]->due_us > alarm->due_us) {
        alarm_put(clock, clock->heap[place / 2], place);
        place /= 2;
    }
    alarm_put(clock, alarm, place);
}

static void alarm_sink(struct alarm_clock *clock, struct alarm *alarm)
{
    uint32_t place = alarm->place;

    for (;;) {
        uint32_t child = 2 * place;

        if (child > clock->count)
            break;
        if (child < clock->count && clock->heap[child + 1]->due_us < clock->heap[child]->due_us)
            child += 1;
        if (clock->heap[child]->due_us >= alarm->due_us)
            break;
        alarm_put(clock, clock->heap[child], place);
        place = child;
    }
    alarm_put(clock, alarm, place);
}

bool alarm_set(struct alarm_clock *clock, struct alarm *alarm, uint64_t due_us)
{
    alarm_stop(clock, alarm);
    if (clock->count + 1 >= clock->room) {
        uint32_t room = clock->room != 0 ? 2 * clock->room : ALARM_ROOM_MIN;
        struct alarm **heap = realloc(clock->heap, room * sizeof(struct alarm *));

        if (heap == NULL)
            return false;
        clock->heap = heap;
        clock->room = room;
    }
    alarm->due_us = due_us;
    clock->count += 1;
    alarm_put(clock, alarm, clock->count);
    alarm_rise(clock, alarm);
    return true;
}

void alarm_stop(struct alarm_clock *clock, struct alarm *alarm)
{
    uint32_t place = alarm->place;
    struct alarm *last;

    if (place == 0)
        return;
    alarm->place = 0;
    last = clock->heap[clock->count];
    clock->count -= 1;
    if (last == alarm)
        return;
    alarm_put(clock, last, place);
    alarm_rise(clock, last);
    alarm_sink(clock, last);
}

uint64_t alarm_next(const struct alarm_clock *clock)
{
    return clock->count > 0 ? clock->heap[1]->due_us : UINT64_MAX;
}

struct alarm *alarm_pop(struct alarm_clock *clock, uint64_t now_us)
{
    struct alarm *first;

    if (alarm_next(clock) > now_us)
        return NULL;
    first = clock->heap[1];
    alarm_stop(clock, first);
    return first;
}
