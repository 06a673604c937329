// SPDX-License-Identifier: Apache-2.0
/* Services are not handed from one router to the next: a process and its channel live and die
 * together, and that one rule is worth more than the boot that it costs. */
#include "kernel/turnover.h"

#include "kernel/supervisor.h"

/* Says of all children whether they should run: none, or those of before. */
static void turnover_want(struct supervisor *supervisor, bool again)
{
    list_for_each (link, &supervisor->services) {
        struct service *service = list_entry(link, struct service, link);

        for (uint32_t i = 0; i < service->config->instances; i++) {
            struct child *child = &service->children[i];

            if (!again)
                child->resumes = child->wanted;
            child->wanted = again && child->resumes;
        }
    }
}

bool turnover_begin(
        struct supervisor *supervisor, bool replaces, uint32_t drain_ms, uint64_t now_ms)
{
    struct turnover *turnover = &supervisor->turnover;

    if (supervisor->phase != SUPERVISOR_RUNNING || turnover->step != TURNOVER_NONE)
        return false;
    if (drain_ms == 0)
        drain_ms = DRAIN_DEFAULT_MS;
    *turnover = (struct turnover){ .step = TURNOVER_DRAINING,
        .replaces = replaces,
        .drain_ms = drain_ms < DRAIN_MAX_MS ? drain_ms : DRAIN_MAX_MS,
        .began_ms = now_ms,
        .pause_ms = turnover->pause_ms };
    turnover->due_ms = now_ms + turnover->drain_ms + DRAIN_ANSWER_MS;
    return true;
}

void turnover_resume(struct supervisor *supervisor, uint64_t began_ms)
{
    supervisor->turnover = (struct turnover){ .step = TURNOVER_STARTING, .began_ms = began_ms };
}

void turnover_drained(struct supervisor *supervisor, uint64_t now_ms)
{
    struct turnover *turnover = &supervisor->turnover;

    if (turnover->step != TURNOVER_DRAINING)
        return;
    turnover->step = TURNOVER_STOPPING;
    turnover->due_ms = 0;
    supervisor->phase = SUPERVISOR_STOPPING;
    turnover_want(supervisor, false);
    supervisor_advance(supervisor, now_ms);
}

bool turnover_restart(struct supervisor *supervisor, uint64_t now_ms)
{
    struct turnover *turnover = &supervisor->turnover;

    if (turnover->step != TURNOVER_STOPPING || turnover->replaces)
        return false;
    turnover->step = TURNOVER_STARTING;
    supervisor->phase = SUPERVISOR_BOOTING;
    supervisor->told_ready = false;
    supervisor->settle_by_ms = 0;
    turnover_want(supervisor, true);
    list_for_each (link, &supervisor->services) {
        struct service *service = list_entry(link, struct service, link);

        for (uint32_t i = 0; i < service->config->instances; i++) {
            if (service->children[i].wanted)
                supervisor_step(supervisor, &service->children[i], CHILD_WANTED, now_ms);
        }
    }
    return true;
}

void turnover_finish(struct supervisor *supervisor, uint64_t now_ms)
{
    struct turnover *turnover = &supervisor->turnover;

    if (turnover->step == TURNOVER_STARTING)
        *turnover = (struct turnover){ .pause_ms = (uint32_t)(now_ms - turnover->began_ms) };
}

void turnover_give_up(struct supervisor *supervisor)
{
    supervisor->turnover = (struct turnover){ .pause_ms = supervisor->turnover.pause_ms };
}
