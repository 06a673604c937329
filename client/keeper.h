/* client/keeper.h - a client's own thread: ends calls that nobody else ended in time, connects anew
 * while calls wait for it, and sees whether a node elsewhere is still there. Started when it is
 * first needed; sleeps without a time limit while no call has one. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct mu_client;

/* All guarded by the client's lock. */
struct keeper {
    pthread_t thread;
    pthread_cond_t due;
    bool started;
    bool stop;
    uint64_t wake_ms;      /* of the coarse clock: when it wakes by itself; UINT64_MAX: never */
    uint64_t dial_ms;      /* the next attempt, at the earliest */
    uint32_t dial_wait_ms; /* between this attempt and the next */
    int dial_error;        /* of the last attempt: 0 or -errno */
    uint64_t unpark_ms;    /* with a connection, what is parked is sent then, at the earliest */
    uint64_t tick_ms;      /* when the carrier is to be looked after, if it has to */
};

/* The clock of what need not be exact: a few ns to read, up to 4 ms behind clock_ms(). */
static inline uint64_t keeper_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

void keeper_init(struct keeper *keeper);
void keeper_deinit(struct keeper *keeper);

/* Makes it look after the client at `at_ms`, at the latest. With the lock. False where its thread
 * does not start. */
bool keeper_watch(struct mu_client *client, uint64_t at_ms);

/* Ends the thread and waits for it; without the lock. */
void keeper_stop(struct mu_client *client);
