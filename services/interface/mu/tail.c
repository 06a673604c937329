// SPDX-License-Identifier: Apache-2.0
/* A rotation renames the file and makes a new one. What is behind the old descriptor is read to its
 * end before the new one is opened, so no line is lost or told twice. */
#include "services/interface/mu/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

enum { TAIL_BLOCK = 16384 /* bytes */ };

/* Where the last `*linesp` lines begin; takes from `*linesp` those that are there. */
static off_t tail_find(int fd, size_t *linesp)
{
    char block[TAIL_BLOCK];
    off_t end = lseek(fd, 0, SEEK_END);
    off_t at = end;

    while (at > 0 && *linesp > 0) {
        size_t want = at < TAIL_BLOCK ? (size_t)at : TAIL_BLOCK;
        ssize_t got = pread(fd, block, want, at - (off_t)want);

        if (got != (ssize_t)want)
            return at;
        for (size_t i = want; i > 0; i--) {
            /* The newline at the very end closes a line, it does not begin one. */
            if (block[i - 1] == '\n' && at - (off_t)want + (off_t)i != end) {
                *linesp -= 1;
                if (*linesp == 0)
                    return at - (off_t)want + (off_t)i;
            }
        }
        at -= (off_t)want;
    }
    if (end > 0 && *linesp > 0)
        *linesp -= 1; /* the first line has no newline in front */
    return at;
}

static void tail_take(struct tail *tail, tail_fn fn, void *user)
{
    char *begin = tail->buffer;
    size_t left = tail->size;
    char *end;

    while ((end = memchr(begin, '\n', left)) != NULL) {
        *end = '\0';
        fn(begin, (size_t)(end - begin), user);
        left -= (size_t)(end - begin) + 1;
        begin = end + 1;
    }
    if (left == TAIL_LINE_MAX) {
        begin[left] = '\0';
        fn(begin, left, user);
        left = 0;
    }
    memmove(tail->buffer, begin, left);
    tail->size = left;
}

static void tail_drain(struct tail *tail, tail_fn fn, void *user)
{
    ssize_t got;

    do {
        got = read(tail->fd, tail->buffer + tail->size, TAIL_LINE_MAX - tail->size);
        if (got > 0) {
            tail->size += (size_t)got;
            tail_take(tail, fn, user);
        }
    } while (got > 0 || (got < 0 && errno == EINTR));
}

static void tail_attach(struct tail *tail)
{
    struct stat found;

    tail->fd = open(tail->path, O_RDONLY | O_CLOEXEC);
    if (tail->fd >= 0 && fstat(tail->fd, &found) == 0)
        tail->inode = found.st_ino;
}

/* The lines before the last rotation. */
static void tail_old(struct tail *tail, size_t lines, tail_fn fn, void *user)
{
    char path[PATH_MAX + 2];
    int fd = tail->fd;

    snprintf(path, sizeof(path), "%s.1", tail->path);
    tail->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (tail->fd >= 0) {
        lseek(tail->fd, tail_find(tail->fd, &lines), SEEK_SET);
        tail_drain(tail, fn, user);
        close(tail->fd);
        tail->size = 0;
    }
    tail->fd = fd;
}

int tail_open(struct tail *tail, const char *path, size_t lines, tail_fn fn, void *user)
{
    off_t start = 0;

    *tail = (struct tail){ .fd = -1, .buffer = malloc(TAIL_LINE_MAX + 1) };
    if (tail->buffer == NULL)
        return err_new(-ENOMEM);
    snprintf(tail->path, sizeof(tail->path), "%s", path);
    tail_attach(tail);
    if (tail->fd >= 0)
        start = lines > 0 ? tail_find(tail->fd, &lines) : lseek(tail->fd, 0, SEEK_END);
    if (lines > 0)
        tail_old(tail, lines, fn, user);
    if (tail->fd >= 0) {
        lseek(tail->fd, start, SEEK_SET);
        tail_drain(tail, fn, user);
    }
    return 0;
}

void tail_read(struct tail *tail, tail_fn fn, void *user)
{
    struct stat found;
    bool is_there = stat(tail->path, &found) == 0;

    if (tail->fd >= 0)
        tail_drain(tail, fn, user);
    if (!is_there || (tail->fd >= 0 && found.st_ino == tail->inode))
        return;
    if (tail->fd >= 0) {
        tail_drain(tail, fn, user); /* what came between the look and the rename */
        close(tail->fd);
        tail->size = 0;
    }
    tail_attach(tail);
    if (tail->fd >= 0)
        tail_drain(tail, fn, user);
}

void tail_close(struct tail *tail)
{
    cleanup_close(&tail->fd);
    free(tail->buffer);
    tail->fd = -1;
    tail->buffer = NULL;
}
