// SPDX-License-Identifier: Apache-2.0
/* A send that the socket takes at once is over on the thread that began it, and its owner then
 * locks and unlocks again. Such an inner unlock sends nothing: the outer one goes on while there is
 * something, so the stack does not grow with the number of links. */
#include "transport/link/guard.h"

enum { GUARD_BATCH_MAX = 32 }; /* senders at a time */

/* The guard whose senders this thread is sending for. */
static _Thread_local const struct guard *sending;

void guard_init(struct guard *guard)
{
    pthread_mutex_init(&guard->lock, NULL);
    pthread_cond_init(&guard->idle, NULL);
    guard->users = 0;
    list_init(&guard->touched);
}

void guard_deinit(struct guard *guard)
{
    pthread_cond_destroy(&guard->idle);
    pthread_mutex_destroy(&guard->lock);
}

void guard_lock(struct guard *guard)
{
    pthread_mutex_lock(&guard->lock);
}

/* Takes senders that have something to send off the ring. Returns how many. */
static unsigned guard_take(struct guard *guard, struct sender *batch[GUARD_BATCH_MAX])
{
    unsigned count = 0;

    while (!list_is_empty(&guard->touched) && count < GUARD_BATCH_MAX) {
        struct sender *sender = list_entry(guard->touched.next, struct sender, node);

        list_remove(&sender->node);
        if (sender->take(sender))
            batch[count++] = sender;
    }
    return count;
}

void guard_unlock(struct guard *guard)
{
    struct sender *batch[GUARD_BATCH_MAX];
    unsigned count;

    if (sending == guard) {
        pthread_mutex_unlock(&guard->lock);
        return;
    }
    while ((count = guard_take(guard, batch)) > 0) {
        const struct guard *before = sending;

        pthread_mutex_unlock(&guard->lock);
        sending = guard;
        for (unsigned i = 0; i < count; i++)
            batch[i]->send(batch[i]);
        sending = before;
        pthread_mutex_lock(&guard->lock);
    }
    pthread_mutex_unlock(&guard->lock);
}

void guard_enter(struct guard *guard)
{
    guard->users += 1;
}

void guard_leave(struct guard *guard)
{
    guard->users -= 1;
    if (guard->users == 0)
        pthread_cond_broadcast(&guard->idle);
}

void guard_wait(struct guard *guard)
{
    while (guard->users > 0)
        pthread_cond_wait(&guard->idle, &guard->lock);
}

void sender_init(struct sender *sender, bool (*take)(struct sender *sender),
        void (*send)(struct sender *sender))
{
    list_init(&sender->node);
    sender->take = take;
    sender->send = send;
}

void sender_touch(struct guard *guard, struct sender *sender)
{
    if (list_is_empty(&sender->node))
        list_push(&guard->touched, &sender->node);
}

void sender_forget(struct sender *sender)
{
    list_remove(&sender->node);
}
