/* services/interface/mu/limits.h - the limits of the command line. docs/limits.md quotes them. */
#pragma once

enum {
    LOGS_FILES_MAX = 4096,      /* logs that `mu logs` shows; it says so where there are more */
    LOGS_LINES_MAX = 1000000,   /* lines that it begins with */
    CALL_COUNT_MAX = 10000000,  /* calls of one `mu call --count` */
    CALL_PARALLEL_MAX = 4096,   /* of them at a time */
    CALLS_PAGES_MAX = 1024,     /* pages of the router's records of calls that one command reads */
    METERS_PAGES_MAX = 1024,    /* pages of the router's meters that one command reads */
    DESCRIPTION_LATE_MS = 2000, /* for the types of a service that answers, to be known */
    REACH_NODES_MAX = 256,      /* nodes that one command with --nodes asks */
    REACH_AT_ONCE = 8,          /* of them at a time */
    REACH_NODE_MS = 2000,       /* for one node to answer all that it is asked */
    REACH_NODE_SIZE_MAX = 8388608, /* bytes of its answers above which it is asked no more */
    REACH_PAGE = 64,               /* records of calls in one answer of another node */
    TRACES_SHOWN = 20,             /* traces that `mu trace list` shows, if nobody says more */
    TRACES_SHOWN_MAX = 100000,     /* traces that it can be told to */
    WATCH_MIN_MS = 100,            /* between two looks of `mu stats -w` and `mu top` */
    TAP_PAUSE_MS = 100             /* between two looks of `mu tap` */
};
