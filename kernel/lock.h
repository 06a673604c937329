/* kernel/lock.h - one supervisor for each run folder: RUN/node.lock, held as long as the process
 * lives and by no file that is left behind. */
#pragma once

#include <sys/types.h>

struct lock {
    int fd; /* owned; -1 for none */
    char path[288];
};

/* Takes the lock of the folder `run` and writes this process's id into it; waits for a moment where
 * the holder is gone and a child of its is about to go. Returns 0; -EBUSY with the holder's id in
 * `*holderp` (0 where it is not known); or another -errno. */
int lock_open(struct lock *lock, const char *run, pid_t *holderp);

/* Takes over `fd`, the descriptor of a lock that this process holds already. Returns 0, or -EBADF
 * where it is none; the caller has it then. */
int lock_adopt(struct lock *lock, const char *run, int fd);

/* Gives the descriptor, and with it the lock, to the caller, and lets it outlive an exec. Returns
 * it, or -errno with the lock as it was. */
int lock_lend(struct lock *lock);

/* Removes the file, then lets go. */
void lock_close(struct lock *lock);
