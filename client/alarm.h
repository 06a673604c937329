/* client/alarm.h - times at which calls want something, earliest first: a binary heap whose entries
 * know their places (Williams 1964). Pure; its owner has the lock. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct mu_call;

struct alarm {
    uint64_t due_us;
    struct mu_call *call; /* borrowed: alive while the alarm is set */
    unsigned event;       /* what is due then */
    uint32_t place;       /* in the heap, from 1; 0: not set */
};

struct alarm_clock {
    struct alarm **heap; /* owned array of borrowed alarms, from 1 */
    uint32_t count;
    uint32_t room;
};

/* Safe on zeroes, and safe twice. */
void alarm_clock_deinit(struct alarm_clock *clock);

/* Sets the alarm, or moves it where it is set. False where memory ends: it is not set then. */
bool alarm_set(struct alarm_clock *clock, struct alarm *alarm, uint64_t due_us);

/* Fine for an alarm that is not set. */
void alarm_stop(struct alarm_clock *clock, struct alarm *alarm);

/* When the earliest is due; UINT64_MAX for none. */
uint64_t alarm_next(const struct alarm_clock *clock);

/* Takes out the earliest one that is due; NULL where none is. */
struct alarm *alarm_pop(struct alarm_clock *clock, uint64_t now_us);
