/* client/futex.h - waiting for a word to change, in one system call each way.
 *
 * A waiter's word may live on its stack: a wake that comes too late finds nobody there, which the
 * kernel allows. The waiter looks at its condition again after every return. */
#pragma once

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FUTEX_TSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__) || defined(FUTEX_TSAN)
/* ThreadSanitizer keeps a signal until the thread's next call that it knows of; this one it does
 * not. */
#define FUTEX_WAIT_MAX_US 10000u
#endif

/* Waits while `*word` is `seen`, until `deadline_us` of clock_us() (UINT64_MAX: for ever); may
 * return earlier. */
static inline void futex_wait(atomic_uint *word, unsigned seen, uint64_t deadline_us)
{
    struct timespec until;

#ifdef FUTEX_WAIT_MAX_US
    if (deadline_us > clock_us() + FUTEX_WAIT_MAX_US)
        deadline_us = clock_us() + FUTEX_WAIT_MAX_US;
#endif
    until = (struct timespec){
        .tv_sec = (time_t)(deadline_us / 1000000u),
        .tv_nsec = (long)(deadline_us % 1000000u * 1000u),
    };
    syscall(SYS_futex, (void *)word, FUTEX_WAIT_BITSET_PRIVATE, seen,
            deadline_us != UINT64_MAX ? &until : NULL, NULL, FUTEX_BITSET_MATCH_ANY);
}

/* Wakes up to `count` waiters. Safe in a signal handler. */
static inline void futex_wake(atomic_uint *word, int count)
{
    syscall(SYS_futex, (void *)word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}
