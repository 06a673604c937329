/* kernel/cage/cgroup.h - a cgroup for each process: how much memory it may have, and how many
 * threads. cgroups v2 where the node's own group has been handed to it, else v1. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { CGROUP_PATH_MAX = 512 };

/* The node's own groups, in which there is one for each instance. With v2 both are the same. */
struct cgroups {
    bool found;
    bool unified; /* v2 */
    char memory[CGROUP_PATH_MAX];
    char pids[CGROUP_PATH_MAX];
};

/* Finds out where this process may make groups, and makes the node's, named after its run folder;
 * removes what an earlier supervisor left in it. `found` stays false where there is no such place.
 */
void cgroup_open(struct cgroups *cgroups, const char *run);

/* Makes the group of `instance`, whose process may have `memory_mib` MiB (0: as many as there are)
 * and CAGE_TASKS_MAX threads. The process joins it by writing "0" into each of `files`; the last
 * may be
 * "". Returns 0 or -errno. */
int cgroup_make_instance(const struct cgroups *cgroups, uint64_t instance, uint32_t memory_mib,
        char files[2][CGROUP_PATH_MAX]);

/* Removes the group of `instance`, whose processes have ended. */
void cgroup_remove(const struct cgroups *cgroups, uint64_t instance);

/* Removes the node's groups. Safe on zeroes. */
void cgroup_close(struct cgroups *cgroups);
