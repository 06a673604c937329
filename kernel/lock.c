// SPDX-License-Identifier: Apache-2.0
#include "kernel/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"

enum {
    LOCK_LEFT_MS = 2000, /* for what is left of a node that was killed */
    LOCK_LOOK_MS = 5
};

static pid_t lock_read(int fd)
{
    char text[32];
    ssize_t size = pread(fd, text, sizeof(text) - 1, 0);

    text[size > 0 ? size : 0] = '\0';
    return (pid_t)strtol(text, NULL, 10);
}

/* The holder before may have removed the file between open and flock: then the lock is on nothing.
 */
static bool lock_is_of(int fd, const char *path)
{
    struct stat held;
    struct stat named;

    return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_dev == named.st_dev &&
           held.st_ino == named.st_ino;
}

/* True where the holder is gone, and only a child that it had just forked holds on still: that ends
 * with it, a moment later. */
static bool lock_is_left(pid_t holder)
{
    return holder > 0 && kill(holder, 0) < 0 && errno == ESRCH;
}

int lock_open(struct lock *lock, const char *run, pid_t *holderp)
{
    uint64_t until_ms = clock_ms() + LOCK_LEFT_MS;

    snprintf(lock->path, sizeof(lock->path), "%s/node.lock", run);
    for (;;) {
        CLEANUP(cleanup_close)
        int fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0)
            return err_new(-errno);
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
            int error = errno;

            *holderp = lock_read(fd);
            if (error == EWOULDBLOCK && lock_is_left(*holderp) && clock_ms() < until_ms) {
                poll(NULL, 0, LOCK_LOOK_MS);
                continue;
            }
            return err_new(error == EWOULDBLOCK ? -EBUSY : -error);
        }
        if (!lock_is_of(fd, lock->path))
            continue;
        if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
            return err_new(-errno);
        lock->fd = fd;
        fd = -1;
        return 0;
    }
}

int lock_adopt(struct lock *lock, const char *run, int fd)
{
    snprintf(lock->path, sizeof(lock->path), "%s/node.lock", run);
    if (!lock_is_of(fd, lock->path) || flock(fd, LOCK_EX | LOCK_NB) < 0 ||
            fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return err_new(-EBADF);
    lock->fd = fd;
    return 0;
}

int lock_lend(struct lock *lock)
{
    int fd = lock->fd;

    if (fcntl(fd, F_SETFD, 0) < 0)
        return err_new(-errno);
    lock->fd = -1;
    return fd;
}

void lock_close(struct lock *lock)
{
    if (lock->fd < 0)
        return;
    unlink(lock->path);
    close(lock->fd);
    lock->fd = -1;
}
