/* tests/fault/chaos.h - a node under load whose processes are killed. */
#pragma once

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>

#include "tests/fault/chaos_ledger.h"
#include "tests/integration/supervisor/node.h"

enum { CHAOS_CALLERS = 32, CHAOS_TIMEOUT_MS = 2000, CHAOS_LATE_MS = 50, CHAOS_GREETINGS = 4 };

struct chaos {
    struct node node;
    struct mu_client *client; /* owned: the callers', not the harness's */
    struct ledger ledger;
    atomic_bool stopping;
    atomic_uint late_us_max;  /* the most that a call ended after its time */
    atomic_uint stall_us_max; /* the most that the machine let a thread of ours wait */
    atomic_uint greetings;    /* asynchronous calls made, and how they ended */
    atomic_uint greetings_ended;
    sem_t greetings_window;
    pthread_t threads[CHAOS_CALLERS + 3];
    unsigned thread_count;
    pthread_mutex_t lock;
    pthread_cond_t came_up; /* with lock: an instance appeared in the registry */
};

/* Starts a node with a counter and two greeters, and the callers. */
void chaos_start(struct chaos *chaos);

/* Waits until every process is up. Returns how long that took, in ms. */
unsigned chaos_await_up(struct chaos *chaos);

/* Kills `service`'s process (any of them) once it is up and another than `last`. Returns its pid.
 */
pid_t chaos_kill(struct chaos *chaos, const char *service, pid_t last);

/* Stops the callers, checks the books and the times, prints one line that begins with `name`. */
void chaos_finish(struct chaos *chaos, const char *name, unsigned kills);

/* A number from the environment, or `otherwise`. */
unsigned chaos_number(const char *variable, unsigned otherwise);
