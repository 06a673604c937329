/* standing.h - how a service stands with the supervisor: will it take calls, and why not? */
#pragma once

#include <stddef.h>

#include "services/interface/mu/cli.h"
#include "mu/node/v1/node.pb-c.h"

/* From better to worse. */
enum standing {
    STANDING_UP,
    STANDING_COMING,  /* starts, or starts again after a pause, or waits for one that does */
    STANDING_STUCK,   /* waits for a service that is not coming */
    STANDING_STOPPED, /* by an operator */
    STANDING_ENDED,   /* by itself; it is not to run again */
    STANDING_FAILED,  /* ended too often, or cannot run */
    STANDING_UNKNOWN  /* the supervisor does not run it, or does not answer */
};

enum { STANDING_WHY_MAX = 320 }; /* bytes with the final NUL */

/* How `process`, one of `list`, stands. */
enum standing standing_of_process(
        const Mu__Node__V1__ListReply *list, const Mu__Node__V1__Process *process);

/* The process of `service` that stands best; NULL where there is none. */
const Mu__Node__V1__Process *standing_best(
        const Mu__Node__V1__ListReply *list, const char *service);

/* Why a process is not up, in half a sentence: "is stopped", "waits for store, which this node does
 * not know", "cannot be started: No such file or directory". Returns `text`. */
const char *standing_why(
        enum standing standing, const Mu__Node__V1__Process *process, char *text, size_t size);

/* Asks the supervisor. The best of the service's processes counts; `why` is about it, "" for one
 * that is unknown. */
enum standing standing_of(struct cli *cli, const char *service, char why[STANDING_WHY_MAX]);

/* What to do about a service that stands so and does not answer, into `text`, which it returns. */
const char *standing_fix(enum standing standing, const char *service, char *text, size_t size);
