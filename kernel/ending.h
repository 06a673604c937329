/* kernel/ending.h - how a process ended, for the decision what comes next and for people. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ENDING_TEXT_MAX = 160, /* bytes with the final NUL */
    EXIT_DONE = 0,         /* nothing more to do */
    EXIT_FOR_GOOD = 100,   /* a restart would not help */
    EXIT_TRY_AGAIN = 111   /* a restart may help */
};

/* What led to it. */
enum ending_cause {
    ENDING_NONE,      /* it never ended */
    ENDING_BY_ITSELF, /* nobody asked it to */
    ENDING_ASKED,     /* stopped in time */
    ENDING_SLOW_STOP, /* killed: it did not stop in time */
    ENDING_HURRIED,   /* killed: the node had no time for it */
    ENDING_UNREADY,   /* killed: it was not ready in time */
    ENDING_CUT,       /* killed: its channel closed, and it did not exit */
    ENDING_DENIED,    /* killed: the router did not admit it */
    ENDING_UNSTARTED  /* it could not even be started */
};

struct ending {
    enum ending_cause cause;
    bool signalled;    /* `code` is a signal, not an exit status */
    int code;          /* exit status, signal, or the errno of ENDING_UNSTARTED */
    uint32_t limit_ms; /* the time it was given, where that was the cause */
};

/* "exit 111"; "signal 9 (Killed)"; "not ready within 10 s, signal 9 (Killed)"; "" for ENDING_NONE.
 */
void ending_print(const struct ending *ending, char *text, size_t size);
