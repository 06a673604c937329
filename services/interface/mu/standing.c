// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/standing.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "services/interface/mu/bus.h"

enum { STANDING_WAIT_MS = 1000 };

/* By its own state alone; one that waits may be coming. */
static enum standing standing_of_state(const Mu__Node__V1__Process *process)
{
    switch (process->state) {
    case MU__NODE__V1__PROCESS_STATE__PROCESS_UP:
        return STANDING_UP;
    case MU__NODE__V1__PROCESS_STATE__PROCESS_WAITING:
    case MU__NODE__V1__PROCESS_STATE__PROCESS_STARTING:
    case MU__NODE__V1__PROCESS_STATE__PROCESS_BACKOFF:
        return STANDING_COMING;
    case MU__NODE__V1__PROCESS_STATE__PROCESS_FAILED:
        return STANDING_FAILED;
    case MU__NODE__V1__PROCESS_STATE__PROCESS_DOWN:
        return process->stopped ? STANDING_STOPPED : STANDING_ENDED;
    case MU__NODE__V1__PROCESS_STATE__PROCESS_STOPPING:
        return process->stopped ? STANDING_STOPPED : STANDING_COMING;
    case _MU__NODE__V1__PROCESS_STATE_IS_INT_SIZE:
        break;
    }
    return STANDING_UNKNOWN;
}

const Mu__Node__V1__Process *standing_best(const Mu__Node__V1__ListReply *list, const char *service)
{
    const Mu__Node__V1__Process *best = NULL;

    for (size_t i = 0; i < list->n_processes; i++) {
        const Mu__Node__V1__Process *process = list->processes[i];

        if (strcmp(process->service, service) == 0 &&
                (best == NULL || standing_of_state(process) < standing_of_state(best)))
            best = process;
    }
    return best;
}

enum standing standing_of_process(
        const Mu__Node__V1__ListReply *list, const Mu__Node__V1__Process *process)
{
    enum standing standing = standing_of_state(process);

    /* No service needs itself, so each step leads to another one, and there are not more of them.
     */
    for (size_t i = 0; i < list->n_processes; i++) {
        if (process->state != MU__NODE__V1__PROCESS_STATE__PROCESS_WAITING ||
                process->waits_for[0] == '\0')
            return standing;
        process = standing_best(list, process->waits_for);
        if (process == NULL || standing_of_state(process) > STANDING_COMING)
            return STANDING_STUCK;
    }
    return standing;
}

const char *standing_why(
        enum standing standing, const Mu__Node__V1__Process *process, char *text, size_t size)
{
    const char *reason = process->reason;
    const char *last = process->last_exit;

    switch (standing) {
    case STANDING_UP:
        snprintf(text, size, "is up");
        break;
    case STANDING_STUCK:
        snprintf(text, size, "%s", reason);
        break;
    case STANDING_COMING:
        if (reason[0] != '\0')
            snprintf(text, size, "%s", reason);
        else if (last[0] != '\0')
            snprintf(text, size, "starts again; its last end: %s", last);
        else
            snprintf(text, size, "starts");
        break;
    case STANDING_STOPPED:
        snprintf(text, size, "is stopped");
        break;
    case STANDING_ENDED:
        snprintf(text, size, "ended, and is not to run again: %s",
                last[0] != '\0' ? last : "it never ran");
        break;
    case STANDING_FAILED:
        /* Where the end says it all, how often it came is of no use. */
        if (process->restarts == 0)
            snprintf(text, size, "failed: %s", last);
        else
            snprintf(text, size, "%s, the last time with: %s", reason, last);
        break;
    case STANDING_UNKNOWN:
        snprintf(text, size, "is in a state that this mu does not know");
        break;
    }
    return text;
}

enum standing standing_of(struct cli *cli, const char *service, char why[STANDING_WHY_MAX])
{
    CLEANUP(bus_reply_free) Mu__Node__V1__ListReply *reply = NULL;
    Mu__Node__V1__ListRequest request = MU__NODE__V1__LIST_REQUEST__INIT;
    const Mu__Node__V1__Process *process;
    enum standing standing;
    struct mu_status status;

    why[0] = '\0';
    bus_ask(cli, "node.List", &request.base, &mu__node__v1__list_reply__descriptor,
            STANDING_WAIT_MS, (ProtobufCMessage **)&reply, &status);
    process = reply != NULL ? standing_best(reply, service) : NULL;
    if (process == NULL)
        return STANDING_UNKNOWN;
    standing = standing_of_process(reply, process);
    standing_why(standing, process, why, STANDING_WHY_MAX);
    return standing;
}

const char *standing_fix(enum standing standing, const char *service, char *text, size_t size)
{
    switch (standing) {
    case STANDING_STOPPED:
        snprintf(text, size, "it is stopped; start it: mu start %s", service);
        break;
    case STANDING_ENDED:
        snprintf(text, size, "see why: mu logs %s      run it once more: mu start %s", service,
                service);
        break;
    case STANDING_FAILED:
        snprintf(text, size, "see why: mu logs %s      when that is mended: mu start %s", service,
                service);
        break;
    case STANDING_STUCK:
        snprintf(text, size, "start or register what it waits for      see: mu ps");
        break;
    case STANDING_COMING:
        snprintf(text, size, "see how: mu logs %s -f      wait longer: --timeout 30s", service);
        break;
    case STANDING_UP:
    case STANDING_UNKNOWN:
        snprintf(text, size, "see the processes: mu ps");
        break;
    }
    return text;
}
