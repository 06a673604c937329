// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

enum { FILE_CHUNK = 65536 }; /* bytes */

int file_read(const char *path, size_t max, char **textp, size_t *sizep)
{
    CLEANUP(cleanup_free) char *text = NULL;
    CLEANUP(cleanup_fclose) FILE *opened = NULL;
    FILE *file = stdin;
    size_t size = 0;
    size_t got;

    if (strcmp(path, "-") != 0) {
        opened = fopen(path, "re");
        file = opened;
    }
    if (file == NULL)
        return err_new(-errno);
    do {
        char *larger = realloc(text, size + FILE_CHUNK + 1);

        if (larger == NULL)
            return err_new(-ENOMEM);
        text = larger;
        got = fread(text + size, 1, FILE_CHUNK, file);
        size += got;
        if (size > max)
            return err_new(-EFBIG);
    } while (got > 0);
    if (ferror(file))
        return err_new(errno != 0 ? -errno : -EIO);
    text[size] = '\0';
    *sizep = size;
    *textp = text;
    text = NULL;
    return 0;
}

int file_write_new(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "wxe");
    bool is_whole;

    if (file == NULL)
        return err_new(-errno);
    is_whole = fwrite(text, 1, size, file) == size;
    if (fclose(file) != 0 || !is_whole)
        return err_new(errno != 0 ? -errno : -EIO);
    return 0;
}

static int file_write_durably(const char *path, const char *text, size_t size)
{
    CLEANUP(cleanup_fclose) FILE *file = fopen(path, "we");

    if (file == NULL)
        return err_new(-errno);
    if (fwrite(text, 1, size, file) != size || fflush(file) != 0 || fsync(fileno(file)) < 0)
        return err_new(errno != 0 ? -errno : -EIO);
    return 0;
}

/* A name is on the disk once its folder is. */
static int file_sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX];
    CLEANUP(cleanup_close) int fd = -1;

    snprintf(folder, sizeof(folder), "%.*s", slash != NULL ? (int)(slash - path) : 1,
            slash != NULL ? path : ".");
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0 ? 0 : err_new(-errno);
}

int file_replace(const char *path, const char *text, size_t size)
{
    char draft[PATH_MAX];
    int error;

    if (snprintf(draft, sizeof(draft), "%s~", path) >= (int)sizeof(draft))
        return err_new(-ENAMETOOLONG);
    error = file_write_durably(draft, text, size);
    if (error == 0 && rename(draft, path) < 0)
        error = err_new(-errno);
    if (error == 0)
        return file_sync_folder(path);
    unlink(draft);
    return err_trace(error);
}

int file_reserve(const char *path, int *fdp)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return err_new(-errno);
    *fdp = fd;
    return 0;
}

int file_fill(int fd, const char *path, const void *data, size_t size)
{
    const char *at = data;

    while (size > 0) {
        ssize_t count = write(fd, at, size);

        if (count < 0 && errno != EINTR)
            return err_new(-errno);
        at += count > 0 ? count : 0;
        size -= count > 0 ? (size_t)count : 0;
    }
    return fsync(fd) < 0 ? err_new(-errno) : file_sync_folder(path);
}
