/* services/interface/mu/limits.h - the limits of the command line. docs/limits.md quotes them. */
#pragma once

enum {
    LOGS_FILES_MAX = 4096,     /* logs that `mu logs` shows; it says so where there are more */
    LOGS_LINES_MAX = 1000000,  /* lines that it begins with */
    CALL_COUNT_MAX = 10000000, /* calls of one `mu call --count` */
    CALL_PARALLEL_MAX = 4096   /* of them at a time */
};
