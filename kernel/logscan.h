/* kernel/logscan.h - what services wrote about one trace, found in their logs a part at a time: one
 * look reads LOG_SCAN_MAX bytes at most, so that the supervisor is back at its other work soon. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/logfile.h"

/* Where to go on: services by name, of each the newest file first, in it from the front. */
struct logscan_place {
    char service[LOGFILE_NAME_MAX]; /* "": at the first one */
    uint32_t file;                  /* 0: NAME.log; else NAME.log.<file> */
    uint64_t offset;                /* in bytes: of the begin of a line */
};

struct logscan {
    const char *folder;  /* borrowed, as the next two: where the logs are */
    const char *trace;   /* what the lines' `trace_id` begins with */
    const char *service; /* whose; "": everybody's */
    struct logscan_place place;
};

/* Takes one line, without its newline; borrowed for the length of this function. False: it has no
 * room for it, and wants it the next time. */
typedef bool (*logscan_fn)(const char *service, const char *line, size_t size, void *user);

/* True for what may stand in `trace`: 4 to 32 digits of 0-9 and a-f. */
bool logscan_is_trace(const char *text);

/* True where `line` says that it belongs to such a trace. */
bool logscan_is_of(const char *line, size_t size, const char *trace);

/* Looks through the next part, from `scan->place` on, and moves that. Returns false when it has
 * come to the end. A file that is rotated meanwhile may be told twice, and is not left out. */
bool logscan_step(struct logscan *scan, logscan_fn fn, void *user);
