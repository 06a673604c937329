// SPDX-License-Identifier: Apache-2.0
#include "kernel/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "kernel/limits.h"

static int logfile_begin(struct logfile *log)
{
    struct stat stat;
    int fd = open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return -errno;
    log->size = fstat(fd, &stat) == 0 ? (uint64_t)stat.st_size : 0;
    if (log->fd >= 0)
        close(log->fd);
    log->fd = fd;
    return 0;
}

int logfile_open(struct logfile **logp, struct list *logs, const char *folder, const char *name)
{
    struct logfile *log;
    int r;

    list_for_each (link, logs) {
        log = list_entry(link, struct logfile, link);
        if (strcmp(log->name, name) == 0) {
            log->users += 1;
            *logp = log;
            return 0;
        }
    }
    log = calloc(1, sizeof(*log));
    if (log == NULL)
        return err_new(-ENOMEM);
    log->fd = -1;
    log->users = 1;
    snprintf(log->name, sizeof(log->name), "%s", name);
    snprintf(log->path, sizeof(log->path), "%s/%s.log", folder, name);
    r = logfile_begin(log);
    if (r < 0) {
        free(log);
        return err_new(r);
    }
    list_push(logs, &log->link);
    *logp = log;
    return 0;
}

struct logfile *logfile_close(struct logfile *log)
{
    if (log == NULL || --log->users > 0)
        return NULL;
    list_remove(&log->link);
    close(log->fd);
    free(log);
    return NULL;
}

/* NAME.log.2 becomes NAME.log.3, and so on down to NAME.log, which is begun anew. */
static void logfile_rotate(struct logfile *log)
{
    char from[sizeof(log->path) + 16];
    char to[sizeof(log->path) + 16];
    int r;

    for (int number = LOG_FILES_OLD; number >= 1; number--) {
        if (number > 1)
            snprintf(from, sizeof(from), "%s.%d", log->path, number - 1);
        else
            snprintf(from, sizeof(from), "%s", log->path);
        snprintf(to, sizeof(to), "%s.%d", log->path, number);
        if (rename(from, to) < 0 && errno != ENOENT)
            log_warn("cannot rename %s: %s", from, strerror(errno));
    }
    r = logfile_begin(log);
    if (r < 0)
        log_warn("cannot begin %s anew: %s", log->path, strerror(-r));
    log->size = 0; /* also then: the next try is due after another LOG_FILE_MAX bytes */
}

void logfile_write(struct logfile *log, const struct iovec *pieces, int count)
{
    size_t size = 0;
    ssize_t written;

    for (int i = 0; i < count; i++)
        size += pieces[i].iov_len;
    if (log->size > 0 && log->size + size > LOG_FILE_MAX)
        logfile_rotate(log);
    written = writev(log->fd, pieces, count);
    if (written >= 0)
        log->size += (uint64_t)written;
    if (written >= 0 && (size_t)written == size) {
        log->failing = false;
    } else if (!log->failing) {
        log->failing = true;
        log_warn("cannot write %s, lines are lost: %s", log->path,
                strerror(written < 0 ? errno : ENOSPC));
    }
}

bool logfile_trim(struct logfile *log)
{
    struct stat stat;

    if (fstat(log->fd, &stat) < 0 || stat.st_size <= LOG_FILE_MAX)
        return false;
    logfile_rotate(log);
    return true;
}
