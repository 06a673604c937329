/* kernel/router/wheel.h - deadlines of calls: insert and remove in O(1), whatever their number.
 *
 * A hashed timing wheel (Varghese and Lauck 1987, scheme 6): a slot holds what is due in its tick
 * of this turn or of a later one. */
#pragma once

#include <stdint.h>

#include "base/list.h"

enum { WHEEL_SLOTS = 1024 };

struct wheel_timer {
    struct list link;
    uint64_t due_ms; /* 0: not in the wheel */
};

struct wheel {
    struct list slots[WHEEL_SLOTS];
    uint64_t tick; /* the next one to visit */
    uint32_t count;
};

void wheel_init(struct wheel *wheel, uint64_t now_ms);

/* Adds a timer that is in no wheel. One that is due already is found by the next step. */
void wheel_add(struct wheel *wheel, struct wheel_timer *timer, uint64_t due_ms);

/* Fine for a timer that is not in the wheel. */
void wheel_remove(struct wheel *wheel, struct wheel_timer *timer);

/* Takes one timer that is due out of the wheel; NULL where none is. */
struct wheel_timer *wheel_pop(struct wheel *wheel, uint64_t now_ms);
