/* transport/link/guard.h - the process's one lock, and what is sent when it is let go.
 *
 * What is put under the lock leaves behind it: whoever has something to send touches its sender,
 * and guard_unlock sends for all that were touched, without the lock. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

/* One who may have something to send; embedded in it. */
struct sender {
    struct list node;
    /* With the lock: true where there is something to send and nothing under way; then it is kept
     * alive until `send`, which follows, has returned. */
    bool (*take)(struct sender *sender);
    void (*send)(struct sender *sender);
};

struct guard {
    pthread_mutex_t lock;
    pthread_cond_t idle; /* `users` became 0 */
    uint32_t users;      /* what may still call back, and take the lock */
    struct list touched; /* of struct sender */
};

void guard_init(struct guard *guard);
void guard_deinit(struct guard *guard);

void guard_lock(struct guard *guard);
void guard_unlock(struct guard *guard);

/* Counts what may still take the lock: a stream, a call, an attempt to dial. With the lock; one who
 * leaves does not touch the guard after the unlock that follows. */
void guard_enter(struct guard *guard);
void guard_leave(struct guard *guard);

/* Waits until all have left. With the lock. */
void guard_wait(struct guard *guard);

void sender_init(struct sender *sender, bool (*take)(struct sender *sender),
        void (*send)(struct sender *sender));

/* Has it looked after when the lock is let go. With the lock. */
void sender_touch(struct guard *guard, struct sender *sender);

/* Forgets that it was touched. With the lock. */
void sender_forget(struct sender *sender);
