/* kernel/supervisor.h - the supervisor's core: events go in, effects come out. Pure: the time is an
 * argument, the random numbers come from a seed, and nothing is done but told.
 *
 * The shell calls in for each thing that happened, then takes effects with supervisor_next until
 * there are none, and sleeps until supervisor_due. What operators and the registry want comes in
 * through kernel/request.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "kernel/limits.h"
#include "kernel/plan.h"
#include "kernel/service.h"
#include "kernel/turnover.h"

enum supervisor_phase {
    SUPERVISOR_BOOTING, /* until the node was ready once */
    SUPERVISOR_RUNNING,
    SUPERVISOR_STOPPING,
    SUPERVISOR_OVER
};

enum effect_kind {
    EFFECT_DISMISS,   /* `instance` ended: clear up behind it; tell the router if `admitted` */
    EFFECT_SPAWN,     /* fork `child`, then supervisor_forked or supervisor_unstarted */
    EFFECT_ADMIT,     /* tell the router of `child`, then supervisor_admitted */
    EFFECT_OPEN_GATE, /* let it run */
    EFFECT_TERM,      /* send it SIGTERM */
    EFFECT_KILL,      /* send it SIGKILL */
    EFFECT_REPLY,     /* answer `call`: `done`, or else overtaken by a later request */
    EFFECT_DRAIN,     /* tell the router to drain, then turnover_drained */
    EFFECT_READY,     /* the node is ready, for the first time or behind a turnover */
    EFFECT_OVER       /* nothing runs any more */
};

struct effect {
    enum effect_kind kind;
    const struct child *child; /* borrowed until the next call into the core; NULL for DISMISS */
    uint64_t instance;
    bool admitted;
    uint64_t call;
    bool done;
};

enum waiter_state { WAITER_FREE, WAITER_WAITS, WAITER_DONE, WAITER_OVERTAKEN };

struct waiter {
    enum waiter_state state;
    uint64_t call;
    const struct service *service; /* borrowed while it waits */
};

struct supervisor {
    enum supervisor_phase phase;
    bool told_ready;
    bool was_ready; /* once: a part of the kernel that fails is tried again for ever */
    bool told_over;
    struct list services; /* owned struct service, in the order they came */
    struct list dirty;    /* children with effects, oldest first */
    struct waiter waiters[WAITERS_MAX];
    uint64_t settle_by_ms; /* when BOOTING ends at the latest; 0: the kernel is not up */
    struct turnover turnover;
    const struct service *boot_failure; /* borrowed: what kept the node from becoming ready */
    struct random random;
};

void supervisor_init(struct supervisor *supervisor, uint64_t seed);

/* Frees all services; processes that are left are not known any more. Safe on zeroes, and safe
 * twice. */
void supervisor_deinit(struct supervisor *supervisor);

/* ---- what happened ---- */

/* EFFECT_SPAWN was done. */
void supervisor_forked(
        struct supervisor *supervisor, uint64_t instance, uint32_t pid, uint64_t now_ms);

/* EFFECT_SPAWN could not be done; `error` is an errno. */
void supervisor_unstarted(
        struct supervisor *supervisor, uint64_t instance, int error, uint64_t now_ms);

/* The router's answer to EFFECT_ADMIT. False where no such instance runs. */
bool supervisor_admitted(
        struct supervisor *supervisor, uint64_t instance, bool accepted, uint64_t now_ms);

/* A process takes calls. False where no such instance runs. */
bool supervisor_ready(struct supervisor *supervisor, uint64_t instance, uint64_t now_ms);

/* A process's channel closed. The router's is its control socket: then all channels are closed.
 * False where no such instance runs. */
bool supervisor_cut(struct supervisor *supervisor, uint64_t instance, uint64_t now_ms);

/* A process was reaped. */
void supervisor_ended(struct supervisor *supervisor, uint64_t instance, const struct ending *ending,
        uint64_t now_ms);

/* Time has passed. */
void supervisor_tick(struct supervisor *supervisor, uint64_t now_ms);

/* The node is to stop: each service once nothing that runs needs it, the router last. */
void supervisor_shutdown(struct supervisor *supervisor, uint64_t now_ms);

/* The same, at once: everything is killed. */
void supervisor_hurry(struct supervisor *supervisor, uint64_t now_ms);

/* ---- what is to be done ---- */

/* The next effect. False when there is none. */
bool supervisor_next(struct supervisor *supervisor, struct effect *effect, uint64_t now_ms);

/* When supervisor_tick is due; UINT64_MAX for never. */
uint64_t supervisor_due(const struct supervisor *supervisor);

/* ---- how it stands ---- */

/* The child whose process, present or about to be, is `instance`; NULL where there is none. */
struct child *supervisor_find(const struct supervisor *supervisor, uint64_t instance);

bool supervisor_is_stopping(const struct supervisor *supervisor);

/* ---- for requests ---- */

/* Lets `event` happen to a child, or to every child of a service. */
void supervisor_step(struct supervisor *supervisor, struct child *child, enum child_event event,
        uint64_t now_ms);
void supervisor_step_all(struct supervisor *supervisor, struct service *service,
        enum child_event event, uint64_t now_ms);

/* Says whether the children of `service` should run. */
void supervisor_want(struct service *service, bool wanted);

/* Answers whoever waits for `service` to be down. */
void supervisor_answer(struct supervisor *supervisor, const struct service *service, bool done);

/* Moves all that may move now. Follows every event. */
void supervisor_advance(struct supervisor *supervisor, uint64_t now_ms);
