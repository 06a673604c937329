/* kernel/output.h - what a process writes to its standard output and error, on its way to a log:
 * whole lines, so that those of several processes do not mix, each with its time and the service's
 * name: a line that does not bring them becomes one of base/log.h. No process is read faster than
 * OUTPUT_RATE_MAX allows; one that writes more waits in its write(2), and nobody else does. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/limits.h"
#include "kernel/logfile.h"
#include "kernel/loop.h"

struct output {
    struct loop_source source;
    struct loop *loop;      /* borrowed for good */
    struct logfile *log;    /* owned: one of its users */
    uint64_t window_end_ms; /* of the present OUTPUT_RATE_MS */
    size_t window_size;     /* bytes read within it */
    bool watched;           /* by the loop */
    size_t held;            /* bytes of an unfinished line */
    char line[OUTPUT_LINE_MAX];
};

/* Takes over `fd`, the reading end of a pipe, and one user's part of `log`, from success on.
 * Returns 0 or -errno. */
int output_open(struct output *output, struct loop *loop, int fd, struct logfile *log);

/* Reads what is left (up to OUTPUT_LAST_MAX), finishes the line, closes pipe and log. Safe on
 * zeroes. */
void output_close(struct output *output);

/* When a pause is over; UINT64_MAX where there is none. */
uint64_t output_due(const struct output *output);

/* Ends a pause that is over. */
void output_tick(struct output *output, uint64_t now_ms);
