// SPDX-License-Identifier: Apache-2.0
/* The CPU clock of a process is exact to the nanosecond and counts threads that ended; the ticks in
 * /proc/PID/stat are 10 ms each. */
#include "bench/watch.h"

#include <dirent.h>
#include <stdio.h>
#include <time.h>

#include "base/cleanup.h"

static uint64_t watch_switches_of(pid_t pid, const char *thread)
{
    CLEANUP(cleanup_fclose) FILE *file = NULL;
    char path[320];
    char line[128];
    unsigned long long count;
    uint64_t sum = 0;

    snprintf(path, sizeof(path), "/proc/%d/task/%s/status", (int)pid, thread);
    file = fopen(path, "re");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "voluntary_ctxt_switches: %llu", &count) == 1 ||
                sscanf(line, "nonvoluntary_ctxt_switches: %llu", &count) == 1)
            sum += count;
    }
    return sum;
}

static uint64_t watch_switches(pid_t pid)
{
    char path[64];
    struct dirent *entry;
    DIR *threads;
    uint64_t sum = 0;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    threads = opendir(path);
    if (threads == NULL)
        return 0;
    while ((entry = readdir(threads)) != NULL) {
        if (entry->d_name[0] != '.')
            sum += watch_switches_of(pid, entry->d_name);
    }
    closedir(threads);
    return sum;
}

struct watch_cost watch_read(pid_t pid)
{
    struct watch_cost cost = { 0 };
    struct timespec used;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return cost;
    cost.cpu_ns = (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
    cost.switches = watch_switches(pid);
    return cost;
}
