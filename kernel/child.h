/* kernel/child.h - one process of a service, from the supervisor's point of view: a state, a table
 * of what may follow, and a deadline. Pure: no clock, no I/O.
 *
 * A step may leave effects behind, as bits of `effects`: what the shell has to do next. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "kernel/backoff.h"
#include "kernel/ending.h"

enum child_state {
    CHILD_REFUSED = 0, /* the table's word for what cannot be; never a child's state */
    CHILD_DOWN,
    CHILD_WAITING,   /* wanted; what it needs is not ready */
    CHILD_LAUNCHING, /* to be forked now */
    CHILD_ADMITTING, /* forked; waits at its gate for the router to know it */
    CHILD_STARTING,  /* running, not ready */
    CHILD_UP,
    CHILD_LOST,     /* its channel closed: it exits, or is killed */
    CHILD_STOPPING, /* asked to end */
    CHILD_KILLED,   /* sent SIGKILL; not reaped yet */
    CHILD_BACKOFF,  /* ended; starts again after a pause */
    CHILD_FAILED,   /* ended too often, or for good; waits for an operator */
    CHILD_STATES
};

enum child_event {
    CHILD_WANTED,   /* it should run */
    CHILD_UNWANTED, /* it should end, or not start */
    CHILD_CLEARED,  /* what it needs is ready */
    CHILD_FORKED,
    CHILD_ADMITTED, /* the router waits for it */
    CHILD_DENIED,   /* the router will not have it */
    CHILD_READY,    /* it takes calls */
    CHILD_CUT,      /* its channel closed, or the router died */
    CHILD_DUE,      /* its deadline is over */
    CHILD_HURRIED,  /* it must end now */
    CHILD_ENDED,    /* it ended and stays down */
    CHILD_AGAIN,    /* it ended as it should and starts again */
    CHILD_CRASHED,  /* it failed and starts again after a pause */
    CHILD_SPENT,    /* it failed too often, or for good */
    CHILD_EVENTS
};

/* What the shell is to do, in the order in which it does it. */
enum child_effect {
    CHILD_DISMISS = 1, /* tell the router that `instance` is gone; remove its run folder */
    CHILD_SPAWN = 2,
    CHILD_ADMIT = 4,
    CHILD_OPEN_GATE = 8,
    CHILD_TERM = 16,
    CHILD_KILL = 32
};

/* When to restart; the numbers of mu.node.v1.RestartPolicy. */
enum child_policy { CHILD_ON_FAILURE = 0, CHILD_ALWAYS = 1, CHILD_NEVER = 2 };

/* How a child is treated, from its service's manifest. */
struct child_rule {
    enum child_policy policy;
    bool kernel; /* router, registry: restarted whatever its exit says, never FAILED */
    uint32_t failures_max;
    uint32_t window_ms;
    uint32_t backoff_max_ms;
    uint32_t ready_timeout_ms;
    uint32_t stop_timeout_ms;
};

struct child {
    struct service *service;       /* borrowed: contains this child */
    const struct child_rule *rule; /* borrowed: the service's */
    enum child_state state;
    bool wanted;             /* should run */
    bool resumes;            /* … again, behind the turnover that stops it (kernel/turnover.h) */
    bool again;              /* its next end is no failure: it starts again */
    bool admitted;           /* the present router knows it */
    unsigned effects;        /* of enum child_effect, not carried out yet */
    struct list dirty;       /* in the supervisor's list while there are effects */
    uint64_t instance;       /* 0 before the first start */
    uint32_t pid;            /* 0 without a process */
    uint32_t starts;         /* how often it was forked */
    uint64_t started_ms;     /* forked, last */
    uint64_t up_ms;          /* became UP; 0 where this process never was */
    uint64_t due_ms;         /* deadline of the state; 0 for none */
    uint32_t pause_ms;       /* of the next BACKOFF */
    enum ending_cause cause; /* why its process is about to end */
    struct ending ending;    /* of the last process */
    struct backoff backoff;
    struct failures failures;
};

/* A child that is down. */
void child_init(struct child *child, struct service *service, const struct child_rule *rule);

/* Lets `event` happen. False where the table refuses it; the child is then as before. */
bool child_step(struct child *child, enum child_event event, uint64_t now_ms);

/* Which of ENDED, AGAIN, CRASHED and SPENT the end of its process is; notes failures, picks the
 * pause before the next start, keeps `ending` with its cause. */
enum child_event child_judge(
        struct child *child, const struct ending *ending, struct random *random, uint64_t now_ms);

/* Forgets failures and pauses: an operator wants it to run. */
void child_pardon(struct child *child);

/* True where there is, or may be, a process. */
bool child_has_process(const struct child *child);

const char *child_state_name(enum child_state state);

/* What the table says; CHILD_REFUSED where the event cannot be. */
enum child_state child_next(enum child_state state, enum child_event event);
