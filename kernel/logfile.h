/* kernel/logfile.h - a log on disk that does not grow for ever: NAME.log, and NAME.log.1 … .3
 * behind it (LOG_FILE_MAX, LOG_FILES_OLD). Processes of one service share one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/list.h"
#include "base/place.h"

enum { LOGFILE_NAME_MAX = 64 }; /* bytes with the final NUL */

struct logfile {
    struct list link;
    char name[LOGFILE_NAME_MAX];
    char path[PLACE_PATH_MAX + LOGFILE_NAME_MAX + 16];
    uint32_t users;
    uint64_t size; /* bytes of the present file */
    int fd;        /* owned */
    bool failing;  /* the last write failed, and that was said */
};

/* The open log called `name` in `folder`, from `logs` or newly opened; the caller is one more user
 * of it. Returns 0 or -errno. */
int logfile_open(struct logfile **logp, struct list *logs, const char *folder, const char *name);

/* One user less; the last one closes it. NULL is fine. Returns NULL. */
struct logfile *logfile_close(struct logfile *log);

/* Appends the pieces with one write, to a new file where this one would become too large. What
 * cannot be written is lost, and that is logged once. */
void logfile_write(struct logfile *log, const struct iovec *pieces, int count);

/* Begins a new file where this one, written to by others, is too large. True where it did. */
bool logfile_trim(struct logfile *log);
