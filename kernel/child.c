// SPDX-License-Identifier: Apache-2.0
/* One table decides what may follow what; entering a state decides what is to be done. A cell that
 * is missing is CHILD_REFUSED, so an event that nobody thought of changes nothing and is reported.
 */
#include "kernel/child.h"

#include <errno.h>

#include "base/check.h"
#include "kernel/limits.h"

static const enum child_state child_rules[CHILD_STATES][CHILD_EVENTS] = {
    [CHILD_DOWN] = {
        [CHILD_WANTED] = CHILD_WAITING,
        [CHILD_UNWANTED] = CHILD_DOWN,
        [CHILD_HURRIED] = CHILD_DOWN,
    },
    [CHILD_WAITING] = {
        [CHILD_WANTED] = CHILD_WAITING,
        [CHILD_UNWANTED] = CHILD_DOWN,
        [CHILD_CLEARED] = CHILD_LAUNCHING,
        [CHILD_HURRIED] = CHILD_DOWN,
    },
    [CHILD_LAUNCHING] = {
        [CHILD_WANTED] = CHILD_LAUNCHING,
        [CHILD_UNWANTED] = CHILD_DOWN,
        [CHILD_FORKED] = CHILD_ADMITTING,
        [CHILD_CUT] = CHILD_WAITING,
        [CHILD_HURRIED] = CHILD_DOWN,
        [CHILD_CRASHED] = CHILD_BACKOFF,
        [CHILD_SPENT] = CHILD_FAILED,
    },
    [CHILD_ADMITTING] = {
        [CHILD_WANTED] = CHILD_ADMITTING,
        [CHILD_UNWANTED] = CHILD_KILLED,
        [CHILD_ADMITTED] = CHILD_STARTING,
        [CHILD_DENIED] = CHILD_KILLED,
        [CHILD_CUT] = CHILD_KILLED,
        [CHILD_DUE] = CHILD_KILLED,
        [CHILD_HURRIED] = CHILD_KILLED,
        [CHILD_ENDED] = CHILD_DOWN,
        [CHILD_AGAIN] = CHILD_WAITING,
        [CHILD_CRASHED] = CHILD_BACKOFF,
        [CHILD_SPENT] = CHILD_FAILED,
    },
    [CHILD_STARTING] = {
        [CHILD_WANTED] = CHILD_STARTING,
        [CHILD_UNWANTED] = CHILD_STOPPING,
        [CHILD_READY] = CHILD_UP,
        [CHILD_CUT] = CHILD_LOST,
        [CHILD_DUE] = CHILD_KILLED,
        [CHILD_HURRIED] = CHILD_KILLED,
        [CHILD_ENDED] = CHILD_DOWN,
        [CHILD_AGAIN] = CHILD_WAITING,
        [CHILD_CRASHED] = CHILD_BACKOFF,
        [CHILD_SPENT] = CHILD_FAILED,
    },
    [CHILD_UP] = {
        [CHILD_WANTED] = CHILD_UP,
        [CHILD_UNWANTED] = CHILD_STOPPING,
        [CHILD_READY] = CHILD_UP,
        [CHILD_CUT] = CHILD_LOST,
        [CHILD_HURRIED] = CHILD_KILLED,
        [CHILD_ENDED] = CHILD_DOWN,
        [CHILD_AGAIN] = CHILD_WAITING,
        [CHILD_CRASHED] = CHILD_BACKOFF,
        [CHILD_SPENT] = CHILD_FAILED,
    },
    [CHILD_LOST] = {
        [CHILD_WANTED] = CHILD_LOST,
        [CHILD_UNWANTED] = CHILD_LOST,
        [CHILD_CUT] = CHILD_LOST,
        [CHILD_DUE] = CHILD_KILLED,
        [CHILD_HURRIED] = CHILD_KILLED,
        [CHILD_ENDED] = CHILD_DOWN,
        [CHILD_AGAIN] = CHILD_WAITING,
        [CHILD_CRASHED] = CHILD_BACKOFF,
        [CHILD_SPENT] = CHILD_FAILED,
    },
    [CHILD_STOPPING] = {
        [CHILD_WANTED] = CHILD_STOPPING,
        [CHILD_UNWANTED] = CHILD_STOPPING,
        [CHILD_READY] = CHILD_STOPPING,
        [CHILD_CUT] = CHILD_STOPPING,
        [CHILD_DUE] = CHILD_KILLED,
        [CHILD_HURRIED] = CHILD_KILLED,
        [CHILD_ENDED] = CHILD_DOWN,
        [CHILD_AGAIN] = CHILD_WAITING,
    },
    [CHILD_KILLED] = {
        [CHILD_WANTED] = CHILD_KILLED,
        [CHILD_UNWANTED] = CHILD_KILLED,
        [CHILD_ADMITTED] = CHILD_KILLED,
        [CHILD_DENIED] = CHILD_KILLED,
        [CHILD_READY] = CHILD_KILLED,
        [CHILD_CUT] = CHILD_KILLED,
        [CHILD_HURRIED] = CHILD_KILLED,
        [CHILD_ENDED] = CHILD_DOWN,
        [CHILD_AGAIN] = CHILD_WAITING,
        [CHILD_CRASHED] = CHILD_BACKOFF,
        [CHILD_SPENT] = CHILD_FAILED,
    },
    [CHILD_BACKOFF] = {
        [CHILD_WANTED] = CHILD_BACKOFF,
        [CHILD_UNWANTED] = CHILD_DOWN,
        [CHILD_DUE] = CHILD_WAITING,
        [CHILD_HURRIED] = CHILD_DOWN,
    },
    [CHILD_FAILED] = {
        [CHILD_WANTED] = CHILD_WAITING,
        [CHILD_UNWANTED] = CHILD_DOWN,
        [CHILD_HURRIED] = CHILD_DOWN,
    },
};

static const char *const child_state_names[CHILD_STATES] = {
    [CHILD_REFUSED] = "refused",
    [CHILD_DOWN] = "down",
    [CHILD_WAITING] = "waiting",
    [CHILD_LAUNCHING] = "launching",
    [CHILD_ADMITTING] = "admitting",
    [CHILD_STARTING] = "starting",
    [CHILD_UP] = "up",
    [CHILD_LOST] = "lost",
    [CHILD_STOPPING] = "stopping",
    [CHILD_KILLED] = "killed",
    [CHILD_BACKOFF] = "backoff",
    [CHILD_FAILED] = "failed",
};

void child_init(struct child *child, struct service *service, const struct child_rule *rule)
{
    *child = (struct child){ .service = service, .rule = rule, .state = CHILD_DOWN };
    list_init(&child->dirty);
}

enum child_state child_next(enum child_state state, enum child_event event)
{
    CHECK(state > CHILD_REFUSED && state < CHILD_STATES && event < CHILD_EVENTS);

    return child_rules[state][event];
}

const char *child_state_name(enum child_state state)
{
    return child_state_names[state];
}

bool child_has_process(const struct child *child)
{
    return child->state >= CHILD_ADMITTING && child->state <= CHILD_KILLED;
}

/* Why a process is about to end, where that is the supervisor's doing. One whose channel closed may
 * be ending by itself: only if it has to be killed, the channel was the cause. */
static enum ending_cause child_cause(enum child_state state, enum child_event event)
{
    static const enum ending_cause causes[CHILD_EVENTS] = {
        [CHILD_UNWANTED] = ENDING_ASKED,
        [CHILD_DENIED] = ENDING_DENIED,
        [CHILD_CUT] = ENDING_CUT,
        [CHILD_DUE] = ENDING_UNREADY,
        [CHILD_HURRIED] = ENDING_HURRIED,
    };

    if (event == CHILD_DUE && state == CHILD_STOPPING)
        return ENDING_SLOW_STOP;
    if (event == CHILD_DUE && state == CHILD_LOST)
        return ENDING_CUT;
    return causes[event];
}

/* The process is gone: nothing is left to be done to it. */
static void child_drop_process(struct child *child)
{
    child->effects &= ~(unsigned)(CHILD_ADMIT | CHILD_OPEN_GATE | CHILD_TERM | CHILD_KILL);
    child->effects |= CHILD_DISMISS;
    child->pid = 0;
    child->up_ms = 0;
    child->cause = ENDING_NONE;
    child->again = false;
}

static void child_enter(struct child *child, enum child_state state, uint64_t now_ms)
{
    child->state = state;
    switch (state) {
    case CHILD_LAUNCHING:
        child->due_ms = 0;
        child->effects |= CHILD_SPAWN;
        break;
    case CHILD_ADMITTING:
        child->starts += 1;
        child->started_ms = now_ms;
        child->up_ms = 0;
        child->due_ms = now_ms + child->rule->ready_timeout_ms;
        child->effects |= CHILD_ADMIT;
        break;
    case CHILD_STARTING:
        child->effects |= CHILD_OPEN_GATE;
        break;
    case CHILD_UP:
        child->up_ms = now_ms;
        child->due_ms = 0;
        break;
    case CHILD_LOST:
        child->due_ms = now_ms + CHANNEL_LOST_MS;
        break;
    case CHILD_STOPPING:
        child->due_ms = now_ms + child->rule->stop_timeout_ms;
        child->effects |= CHILD_TERM;
        break;
    case CHILD_KILLED:
        child->due_ms = 0;
        child->effects |= CHILD_KILL;
        break;
    case CHILD_BACKOFF:
        child->due_ms = now_ms + child->pause_ms;
        break;
    case CHILD_REFUSED:
    case CHILD_DOWN:
    case CHILD_WAITING:
    case CHILD_FAILED:
    case CHILD_STATES:
        child->due_ms = 0;
        break;
    }
}

bool child_step(struct child *child, enum child_event event, uint64_t now_ms)
{
    enum child_state next = child_next(child->state, event);
    bool had_process = child_has_process(child);

    if (next == CHILD_REFUSED)
        return false;
    if (next == child->state)
        return true;
    if (next == CHILD_STOPPING || next == CHILD_KILLED)
        child->cause = child_cause(child->state, event);
    if (child->state == CHILD_LAUNCHING)
        child->effects &= ~(unsigned)CHILD_SPAWN;
    child_enter(child, next, now_ms);
    if (had_process && !child_has_process(child))
        child_drop_process(child);
    return true;
}

/* Trying again would end the same way. */
static bool child_is_hopeless(const struct ending *ending)
{
    if (ending->cause == ENDING_UNSTARTED)
        return ending->code == ENOENT || ending->code == EACCES || ending->code == ENOTDIR ||
               ending->code == ENOTSUP;
    return !ending->signalled && ending->code == EXIT_FOR_GOOD;
}

static void child_note_ending(struct child *child, const struct ending *ending)
{
    child->ending = *ending;
    if (ending->cause != ENDING_UNSTARTED)
        child->ending.cause = child->cause != ENDING_NONE ? child->cause : ENDING_BY_ITSELF;
    child->ending.limit_ms = child->cause == ENDING_SLOW_STOP ? child->rule->stop_timeout_ms
                                                              : child->rule->ready_timeout_ms;
}

enum child_event child_judge(
        struct child *child, const struct ending *ending, struct random *random, uint64_t now_ms)
{
    const struct child_rule *rule = child->rule;
    bool spent;

    child_note_ending(child, ending);
    if (!child->wanted)
        return CHILD_ENDED;
    if (child->again || child->cause == ENDING_ASKED || child->cause == ENDING_SLOW_STOP)
        return CHILD_AGAIN;
    if (!rule->kernel && rule->policy != CHILD_ALWAYS && child->ending.cause == ENDING_BY_ITSELF &&
            !ending->signalled && ending->code == EXIT_DONE) {
        child->wanted = false;
        return CHILD_ENDED;
    }
    if (child->up_ms != 0 && now_ms - child->up_ms >= BACKOFF_HEALTHY_MS)
        backoff_reset(&child->backoff);
    child->pause_ms = backoff_next(&child->backoff, random, rule->backoff_max_ms);
    spent = failures_add(&child->failures, now_ms, rule->failures_max, rule->window_ms) ||
            rule->policy == CHILD_NEVER || child_is_hopeless(ending);
    return spent && !rule->kernel ? CHILD_SPENT : CHILD_CRASHED;
}

void child_pardon(struct child *child)
{
    backoff_reset(&child->backoff);
    failures_reset(&child->failures);
}
