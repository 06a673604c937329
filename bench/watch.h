/* watch.h - what processes cost: their CPU time and context switches. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct watch_cost {
    uint64_t cpu_ns;   /* of all threads, also those that ended */
    uint64_t switches; /* voluntary and not, of the threads that live */
};

/* Reads what the process `pid` has cost so far; zeroes where there is none. */
struct watch_cost watch_read(pid_t pid);
