// SPDX-License-Identifier: Apache-2.0
/* clone(2) itself: a process is the first of its pid namespace only if it is born there, and a
 * process between would be one more for each service. */
#include "kernel/cage/spawn.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/cage/plan.h"
#include "kernel/cage/privileges.h"

pid_t spawn(unsigned steps, int *pid_fdp)
{
    unsigned long flags = plan_clone_flags(steps) | CLONE_PIDFD | SIGCHLD;
    int pid_fd = -1;
    long pid = syscall(SYS_clone, flags, NULL, &pid_fd, NULL, 0);

    if (pid < 0)
        return -errno;
    if (pid > 0)
        *pid_fdp = pid_fd;
    return (pid_t)pid;
}

int spawn_prepare(unsigned steps)
{
    return (steps & CAGE_USER_NS) != 0 ? privileges_keep() : 0;
}
