// SPDX-License-Identifier: Apache-2.0
/* There is no index: it would cost each line that is written, and one is looked for once in a
 * while. A log of 32 MiB is 32 looks of about a millisecond each. */
#include "kernel/logscan.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kernel/limits.h"
#include "transport/envelope.h"

enum {
    LOGSCAN_BLOCK = 65536, /* bytes read at a time: longer than any line */
    LOGSCAN_DIGITS_MIN = 4,
    LOGSCAN_DIGITS_MAX = 32
};

bool logscan_is_trace(const char *text)
{
    size_t size = strlen(text);

    return size >= LOGSCAN_DIGITS_MIN && size <= LOGSCAN_DIGITS_MAX &&
           strspn(text, "0123456789abcdef") == size;
}

/* What stands behind `at` and the blanks there. */
static const char *logscan_skip(const char *at, const char *end)
{
    while (at < end && *at == ' ')
        at += 1;
    return at;
}

bool logscan_is_of(const char *line, size_t size, const char *trace)
{
    static const char key[] = "\"trace_id\"";
    const char *end = line + size;
    size_t length = strlen(trace);

    while ((line = memmem(line, (size_t)(end - line), key, sizeof(key) - 1)) != NULL) {
        const char *at = logscan_skip(line + sizeof(key) - 1, end);

        line += sizeof(key) - 1;
        if (at == end || *at != ':')
            continue;
        at = logscan_skip(at + 1, end);
        if (at < end && *at == '"' && (size_t)(end - at - 1) >= length &&
                memcmp(at + 1, trace, length) == 0)
            return true;
    }
    return false;
}

/* ---- which file ---- */

/* The service of a file called NAME.log, into `service`; false for any other file. */
static bool logscan_service_of(const char *name, char service[LOGFILE_NAME_MAX])
{
    size_t size = strlen(name);

    if (size < 5 || size - 4 >= LOGFILE_NAME_MAX || strcmp(name + size - 4, ".log") != 0)
        return false;
    memcpy(service, name, size - 4);
    service[size - 4] = '\0';
    return service_name_is_valid((struct span){ (const uint8_t *)service, size - 4 });
}

/* Moves to the service behind the present one, by name. False where there is none. */
static bool logscan_next_service(struct logscan *scan)
{
    char found[LOGFILE_NAME_MAX] = "";
    char service[LOGFILE_NAME_MAX];
    const struct dirent *entry;
    DIR *dir;

    if (scan->service[0] != '\0') {
        if (scan->place.service[0] == '\0')
            snprintf(found, sizeof(found), "%s", scan->service);
    } else {
        dir = opendir(scan->folder);
        while (dir != NULL && (entry = readdir(dir)) != NULL) {
            if (logscan_service_of(entry->d_name, service) &&
                    strcmp(service, scan->place.service) > 0 &&
                    (found[0] == '\0' || strcmp(service, found) < 0))
                memcpy(found, service, sizeof(found));
        }
        if (dir != NULL)
            closedir(dir);
    }
    if (found[0] == '\0')
        return false;
    scan->place = (struct logscan_place){ .offset = 0 };
    memcpy(scan->place.service, found, sizeof(found));
    return true;
}

/* Moves to the file behind the present one. False where there is none. */
static bool logscan_next_file(struct logscan *scan)
{
    if (scan->place.service[0] == '\0' || scan->place.file >= LOG_FILES_OLD)
        return logscan_next_service(scan);
    scan->place.file += 1;
    scan->place.offset = 0;
    return true;
}

/* A file that is shorter than it was has been begun anew: it is read from the front. */
static int logscan_open(struct logscan *scan)
{
    char path[PATH_MAX];
    int size = snprintf(path, sizeof(path), "%s/%s.log", scan->folder, scan->place.service);
    struct stat stat;
    int fd;

    if (scan->place.file > 0)
        snprintf(path + size, sizeof(path) - (size_t)size, ".%u", scan->place.file);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &stat) == 0 && (uint64_t)stat.st_size < scan->place.offset)
        scan->place.offset = 0;
    return fd;
}

/* ---- what is in it ---- */

enum logscan_outcome { LOGSCAN_GOES_ON, LOGSCAN_AT_END, LOGSCAN_NO_ROOM };

/* Looks at the lines of a block, and moves behind them. */
static enum logscan_outcome logscan_block(
        struct logscan *scan, const char *text, size_t size, logscan_fn fn, void *user)
{
    const char *at = text;
    const char *end;

    while ((end = memchr(at, '\n', (size_t)(text + size - at))) != NULL) {
        if (logscan_is_of(at, (size_t)(end - at), scan->trace) &&
                !fn(scan->place.service, at, (size_t)(end - at), user))
            return LOGSCAN_NO_ROOM;
        scan->place.offset += (size_t)(end - at) + 1;
        at = end + 1;
    }
    if (at == text && size < LOGSCAN_BLOCK)
        return LOGSCAN_AT_END; /* but for a line that is just being written */
    if (at == text)
        scan->place.offset += size; /* no line of ours */
    return LOGSCAN_GOES_ON;
}

/* Reads on in the present file while `*budgetp` lasts. */
static enum logscan_outcome logscan_file(
        struct logscan *scan, uint64_t *budgetp, logscan_fn fn, void *user)
{
    CLEANUP(cleanup_close) int fd = logscan_open(scan);
    enum logscan_outcome outcome = LOGSCAN_GOES_ON;
    char text[LOGSCAN_BLOCK];

    while (fd >= 0 && outcome == LOGSCAN_GOES_ON && *budgetp > 0) {
        ssize_t got = pread(fd, text, sizeof(text), (off_t)scan->place.offset);

        if (got <= 0)
            return LOGSCAN_AT_END;
        *budgetp -= (uint64_t)got < *budgetp ? (uint64_t)got : *budgetp;
        outcome = logscan_block(scan, text, (size_t)got, fn, user);
    }
    return fd >= 0 ? outcome : LOGSCAN_AT_END;
}

bool logscan_step(struct logscan *scan, logscan_fn fn, void *user)
{
    uint64_t budget = LOG_SCAN_MAX;

    if (scan->place.service[0] == '\0' && !logscan_next_service(scan))
        return false;
    while (budget > 0) {
        enum logscan_outcome outcome = logscan_file(scan, &budget, fn, user);

        if (outcome == LOGSCAN_NO_ROOM)
            return true;
        if (outcome == LOGSCAN_AT_END && !logscan_next_file(scan))
            return false;
    }
    return true;
}
