/* kernel/cage/privileges.h - who a process is, and what that lets it do. */
#pragma once

#include <stdint.h>

/* Between fork and exec, in a new user namespace: what it may do there outlives the exec. Nothing
 * but system calls. Returns 0 or -errno. */
int privileges_keep(void);

/* Gives the user namespace the process is in its one user and group, which are those that the
 * process has outside, under the same numbers. Returns 0 or -errno. */
int privileges_map(uint32_t uid, uint32_t gid);

/* Becomes that user, in no other group. Returns 0 or -errno. */
int privileges_become(uint32_t uid, uint32_t gid);

/* Takes from whatever it will execute every way to a capability. Needs one itself. Returns 0 or
 * -errno. */
int privileges_bound(void);

/* Gives up every capability. Returns 0 or -errno. */
int privileges_drop(void);
