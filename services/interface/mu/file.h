/* file.h - whole files, read and written. */
#pragma once

#include <stddef.h>

/* Reads `path` ("-": standard input) into a text that the caller frees, with a NUL after its
 * `*sizep` bytes. Returns 0; -EFBIG for more than `max` bytes; -errno. */
int file_read(const char *path, size_t max, char **textp, size_t *sizep);

/* Puts a file with this text at `path`, in place of one that is there; it is on the disk, and
 * whole, when this returns. Returns 0 or -errno, with the old one as it was. */
int file_replace(const char *path, const char *text, size_t size);

/* Writes a new file at `path`. Returns 0; -EEXIST where there is one; -errno. */
int file_write_new(const char *path, const char *text, size_t size);

/* Makes a new, empty file at `path` that only its owner may read, and keeps it open in `*fdp`,
 * which the caller owns: what comes later finds its place taken. Returns 0; -EEXIST where there is
 * one; -errno. */
int file_reserve(const char *path, int *fdp);

/* Writes `data` into such a file and returns when it is on the disk, with its name: 0 or -errno. */
int file_fill(int fd, const char *path, const void *data, size_t size);
