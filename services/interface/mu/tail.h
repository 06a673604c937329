/* tail.h - a log file that grows and is rotated, read line by line. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { TAIL_LINE_MAX = 65536 }; /* bytes; longer lines come in parts */

struct tail {
    char path[PATH_MAX];
    int fd;       /* owned; -1: the file is not there */
    ino_t inode;  /* of the file behind fd */
    char *buffer; /* owned: what came after the last newline */
    size_t size;
};

/* Takes one line, without its newline; borrowed for the length of this function. */
typedef void (*tail_fn)(const char *line, size_t size, void *user);

/* Begins with the last `lines` of the file (and of `path`.1, from before the last rotation, where
 * the file itself has fewer) and tells `fn` each. Returns 0 or -ENOMEM; a file that is not there
 * yet is fine. */
int tail_open(struct tail *tail, const char *path, size_t lines, tail_fn fn, void *user);

/* Tells `fn` the lines that came since, those of a file that took the place of this one, too. */
void tail_read(struct tail *tail, tail_fn fn, void *user);

/* Safe on zeroes only after tail_open; safe twice. */
void tail_close(struct tail *tail);
