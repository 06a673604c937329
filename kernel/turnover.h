/* kernel/turnover.h - the router restarted on purpose, or the whole node given to another
 * supervisor, while calls wait and none is lost. A part of the supervisor's core.
 *
 *     DRAINING  the router takes no new calls from outside, and says when those under way are over
 *     STOPPING  everything stops in reverse order of need, the router last, as for good
 *     STARTING  everything starts as in a boot; the router lets nobody in before that is done
 *
 * Callers outside keep what they have to say meanwhile: docs/protocol.md, "A router that leaves".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct child;
struct service;
struct supervisor;

enum turnover_step { TURNOVER_NONE, TURNOVER_DRAINING, TURNOVER_STOPPING, TURNOVER_STARTING };

struct turnover {
    enum turnover_step step;
    bool told_router;  /* EFFECT_DRAIN was taken */
    bool replaces;     /* with STOPPING another supervisor takes over, in this process */
    uint32_t drain_ms; /* for calls under way */
    uint64_t began_ms; /* calls wait from then on */
    uint64_t due_ms;   /* of DRAINING: when it is over without the router's word; else 0 */
    uint32_t pause_ms; /* how long they waited, the last time */
};

/* Begins one. `drain_ms` 0: the default. False while the node boots or stops, or another is on. */
bool turnover_begin(
        struct supervisor *supervisor, bool replaces, uint32_t drain_ms, uint64_t now_ms);

/* Goes on with one that another supervisor began at `began_ms`, before anything is started. */
void turnover_resume(struct supervisor *supervisor, uint64_t began_ms);

/* The router has no call left, or is gone: what comes next. */
void turnover_drained(struct supervisor *supervisor, uint64_t now_ms);

/* Nothing runs any more. False where that was what was wanted. */
bool turnover_restart(struct supervisor *supervisor, uint64_t now_ms);

/* Everything is up again, or had its chance. */
void turnover_finish(struct supervisor *supervisor, uint64_t now_ms);

/* The node is to stop for good. */
void turnover_give_up(struct supervisor *supervisor);
