// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/wheel.h"

#include "kernel/router/limits.h"

void wheel_init(struct wheel *wheel, uint64_t now_ms)
{
    wheel->tick = now_ms / ROUTER_TICK_MS;
    wheel->count = 0;
    for (uint32_t i = 0; i < WHEEL_SLOTS; i++)
        list_init(&wheel->slots[i]);
}

void wheel_add(struct wheel *wheel, struct wheel_timer *timer, uint64_t due_ms)
{
    uint64_t tick = (due_ms + ROUTER_TICK_MS - 1) / ROUTER_TICK_MS;

    timer->due_ms = due_ms;
    if (tick < wheel->tick)
        tick = wheel->tick;
    list_push(&wheel->slots[tick % WHEEL_SLOTS], &timer->link);
    wheel->count += 1;
}

void wheel_remove(struct wheel *wheel, struct wheel_timer *timer)
{
    if (timer->due_ms == 0)
        return;
    list_remove(&timer->link);
    timer->due_ms = 0;
    wheel->count -= 1;
}

struct wheel_timer *wheel_pop(struct wheel *wheel, uint64_t now_ms)
{
    uint64_t last = now_ms / ROUTER_TICK_MS;

    if (wheel->tick + WHEEL_SLOTS < last)
        wheel->tick = last - WHEEL_SLOTS; /* after a long pause one turn visits every slot */
    for (; wheel->tick <= last; wheel->tick++) {
        list_for_each (node, &wheel->slots[wheel->tick % WHEEL_SLOTS]) {
            struct wheel_timer *timer = list_entry(node, struct wheel_timer, link);

            if (timer->due_ms <= now_ms) {
                wheel_remove(wheel, timer);
                return timer;
            }
        }
        if (wheel->tick == last)
            break; /* this tick is not over: what is due later in it is found next time */
    }
    return NULL;
}
