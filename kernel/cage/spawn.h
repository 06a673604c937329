/* kernel/cage/spawn.h - the fork that the namespaces of a cage begin with. */
#pragma once

#include <sys/types.h>

/* Forks into the namespaces that `steps` (enum cage_step) ask for. As fork(2): 0 in the child,
 * which may then do what is safe after a fork and must call spawn_prepare before it executes
 * mu-exec; else the child's pid, and its pidfd in `*pid_fdp`; or -errno. For a process of one
 * thread. */
pid_t spawn(unsigned steps, int *pid_fdp);

/* In the child: keeps what the new user namespace gives over the exec. Returns 0 or -errno. */
int spawn_prepare(unsigned steps);
