/* exits.h - what the exit status of `mu` says. */
#pragma once

#include "mu/status.h"

enum exit_code {
    EXIT_OK = 0,
    EXIT_ANSWERED_ERROR = 1, /* the service answered an error; a check found something */
    EXIT_USAGE = 2,
    EXIT_NOT_FOUND = 3,
    EXIT_UNAVAILABLE = 4, /* no node, or nobody who serves it */
    EXIT_DEADLINE = 5,
    EXIT_DENIED = 6,
    EXIT_NO_CREDITS = 7, /* money, or room: in a queue, on a disk */
    EXIT_CONFLICT = 8,
    EXIT_INTERNAL = 9,
    EXIT_INTERRUPTED = 130
};

/* The exit status for a call that ended with `code`. */
enum exit_code exits_of(enum mu_code code);

/* "usage", "not found", … for `mu help --json`; NULL for a number that is none of them. */
const char *exits_name(int code);
