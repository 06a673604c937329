// SPDX-License-Identifier: Apache-2.0
/* The node is asked again and again, a little later each time: a question costs 50 us and nothing
 * waits for it, while what is started needs a few milliseconds at least. */
#include "services/interface/mu/ready.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/standing.h"

enum {
    READY_SAID_MAX = 64, /* processes that are said to be up, one by one */
    READY_FIX_MAX = 256, /* bytes with the final NUL */
    READY_PAUSE_MIN_MS = 2,
    READY_PAUSE_MAX_MS = 50
};

struct ready {
    struct cli *cli;
    const char *service;
    uint64_t started_ms;
    uint64_t said[READY_SAID_MAX]; /* instances */
    size_t said_count;
    bool talk;
};

static void ready_talk(struct ready *ready, const Mu__Node__V1__Process *process)
{
    const struct cli *cli = ready->cli;

    if (!ready->talk || process->kernel || cli->quiet || ready->said_count == READY_SAID_MAX)
        return;
    for (size_t i = 0; i < ready->said_count; i++) {
        if (ready->said[i] == process->instance)
            return;
    }
    ready->said[ready->said_count++] = process->instance;
    fprintf(stderr, "  %sup%s  %s\n", color_on(cli, stderr, COLOR_GOOD), color_off(cli, stderr),
            process->service);
}

/* Of a node, what is stopped or done is as it should be. */
static bool ready_is_about(
        const struct ready *ready, const Mu__Node__V1__Process *process, enum standing standing)
{
    if (ready->service == NULL)
        return standing != STANDING_STOPPED && standing != STANDING_ENDED;
    return strcmp(ready->service, process->service) == 0;
}

static enum ready_outcome ready_look(struct ready *ready, const Mu__Node__V1__ListReply *list)
{
    enum ready_outcome outcome = READY_UP;
    bool is_late = false;
    bool is_known = ready->service == NULL;

    for (size_t i = 0; i < list->n_processes; i++) {
        const Mu__Node__V1__Process *process = list->processes[i];
        enum standing standing = standing_of_process(list, process);
        bool pauses = process->state == MU__NODE__V1__PROCESS_STATE__PROCESS_BACKOFF;

        if (!ready_is_about(ready, process, standing))
            continue;
        is_known = true;
        if (standing == STANDING_UP)
            ready_talk(ready, process);
        else if (standing == STANDING_COMING && (ready->service != NULL || !pauses))
            is_late = true;
        else
            outcome = READY_NEVER;
    }
    /* Of one service, one process that never will is enough; of a node, all have their chance. */
    if (!is_known || (is_late && (ready->service == NULL || outcome == READY_UP)))
        return READY_LATE;
    return outcome;
}

static enum mu_code ready_list(struct cli *cli, Mu__Node__V1__ListReply **listp)
{
    Mu__Node__V1__ListRequest request = MU__NODE__V1__LIST_REQUEST__INIT;
    struct mu_status status;

    return bus_ask(cli, "node.List", &request.base, &mu__node__v1__list_reply__descriptor, 0,
            (ProtobufCMessage **)listp, &status);
}

static enum ready_outcome ready_ask(struct ready *ready)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__ListReply *list = NULL;

    return ready_list(ready->cli, &list) == MU_OK ? ready_look(ready, list) : READY_GONE;
}

enum ready_outcome ready_wait(struct cli *cli, const char *service, uint32_t wait_ms, bool talk)
{
    struct ready ready = { .cli = cli, .service = service, .started_ms = clock_ms(), .talk = talk };
    long pause_ms = READY_PAUSE_MIN_MS;
    enum ready_outcome outcome;

    for (;;) {
        struct timespec pause = { .tv_nsec = pause_ms * 1000000 };

        outcome = ready_ask(&ready);
        if (outcome == READY_UP || outcome == READY_NEVER ||
                clock_ms() - ready.started_ms >= wait_ms)
            return outcome;
        nanosleep(&pause, NULL);
        pause_ms = pause_ms * 2 < READY_PAUSE_MAX_MS ? pause_ms * 2 : READY_PAUSE_MAX_MS;
    }
}

/* One line for each service of the node that should be up, and is not. What an operator stopped is
 * as it should be. */
static void ready_warn(const struct cli *cli, const Mu__Node__V1__ListReply *list)
{
    for (size_t i = 0; i < list->n_processes; i++) {
        const Mu__Node__V1__Process *process = list->processes[i];
        enum standing standing = standing_of_process(list, process);
        char why[STANDING_WHY_MAX];
        char fix[READY_FIX_MAX];

        if (standing == STANDING_UP || standing == STANDING_STOPPED || standing == STANDING_ENDED ||
                standing_best(list, process->service) != process)
            continue;
        failure_warn(cli, standing_fix(standing, process->service, fix, sizeof(fix)), "%s %s",
                process->service, standing_why(standing, process, why, sizeof(why)));
    }
}

static enum exit_code ready_exit(enum standing standing)
{
    switch (standing) {
    case STANDING_FAILED:
    case STANDING_ENDED:
        return EXIT_ANSWERED_ERROR;
    case STANDING_STOPPED:
    case STANDING_STUCK:
    case STANDING_UNKNOWN:
        return EXIT_UNAVAILABLE;
    case STANDING_UP:
    case STANDING_COMING:
        break;
    }
    return EXIT_DEADLINE;
}

int ready_say(struct cli *cli, const char *service, enum ready_outcome outcome)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__ListReply *list = NULL;
    const Mu__Node__V1__Process *worst = NULL;
    enum standing standing = STANDING_COMING;
    char why[STANDING_WHY_MAX] = "is not known to the node yet";
    char hint[READY_FIX_MAX];
    char fix[2 * READY_FIX_MAX];

    if (outcome == READY_UP)
        return EXIT_OK;
    if (outcome == READY_GONE || ready_list(cli, &list) != MU_OK)
        return (int)failure_say(cli, EXIT_UNAVAILABLE, "see what is wrong: mu doctor",
                "the node at %s does not answer", cli->place.run);
    if (service == NULL) {
        ready_warn(cli, list);
        return EXIT_OK;
    }
    for (size_t i = 0; i < list->n_processes; i++) {
        const Mu__Node__V1__Process *process = list->processes[i];

        if (strcmp(process->service, service) == 0 &&
                (worst == NULL || standing_of_process(list, process) > standing)) {
            worst = process;
            standing = standing_of_process(list, process);
        }
    }
    if (worst != NULL)
        standing_why(standing, worst, why, sizeof(why));
    standing_fix(standing, service, hint, sizeof(hint));
    snprintf(fix, sizeof(fix),
            "%s\nit stays registered; take it out again: mu registry deregister %s", hint, service);
    return (int)failure_say(cli, ready_exit(standing), fix,
            standing == STANDING_COMING ? "%s is not ready yet: it %s" : "%s %s", service, why);
}
