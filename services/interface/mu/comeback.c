// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/comeback.h"

#include <poll.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/ready.h"
#include "services/interface/mu/standing.h"
#include "mu/node/v1/node.pb-c.h"

enum {
    COMEBACK_WAIT_MS = 30000, /* for the node to be back, where --timeout says nothing */
    COMEBACK_PAUSE_MS = 5,    /* from one look to the next */
    COMEBACK_DRAIN_MAX_MS = 30000
};

/* As comeback_look, within `wait_ms`, saying nothing. */
static enum mu_code comeback_ask(struct cli *cli, const char *service, uint32_t wait_ms,
        uint64_t *instancep, struct mu_status *status)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__ListReply *list = NULL;
    Mu__Node__V1__ListRequest request = MU__NODE__V1__LIST_REQUEST__INIT;
    const Mu__Node__V1__Process *process;

    if (bus_ask(cli, "node.List", &request.base, &mu__node__v1__list_reply__descriptor, wait_ms,
                (ProtobufCMessage **)&list, status) != MU_OK)
        return status->code;
    process = standing_best(list, service);
    *instancep = process != NULL && process->kernel ? process->instance : 0;
    return MU_OK;
}

int comeback_look(struct cli *cli, const char *service, uint64_t *instancep)
{
    struct mu_status status;
    int code = bus_need(cli);

    if (code != EXIT_OK)
        return code;
    if (comeback_ask(cli, service, 0, instancep, &status) == MU_OK)
        return EXIT_OK;
    return (int)failure_of_call(cli, "node.List", &status, bus_fix(cli, &status));
}

int comeback_wait(struct cli *cli, const char *service, uint64_t before, uint32_t drain_ms)
{
    uint32_t wait_ms = cli->timeout_ms != 0 ? cli->timeout_ms : COMEBACK_WAIT_MS + drain_ms;
    uint64_t deadline_ms = clock_ms() + wait_ms;
    enum ready_outcome outcome;
    uint64_t now = before;

    while (now == before || now == 0) {
        struct mu_status status;
        uint64_t now_ms = clock_ms();

        if (now_ms >= deadline_ms)
            return (int)failure_say(cli, EXIT_DEADLINE, "see: mu ps      mu logs node",
                    "the %s is not back yet", service);
        if (comeback_ask(cli, service, (uint32_t)(deadline_ms - now_ms), &now, &status) != MU_OK &&
                status.code != MU_DEADLINE_EXCEEDED)
            return (int)failure_of_call(cli, "node.List", &status, bus_fix(cli, &status));
        poll(NULL, 0, COMEBACK_PAUSE_MS);
    }
    outcome = ready_wait(cli, NULL, wait_ms, false);
    return outcome == READY_GONE || outcome == READY_LATE ? ready_say(cli, NULL, outcome) : EXIT_OK;
}

int comeback_drain(const struct cli *cli, const struct arguments *arguments, uint32_t *drain_msp)
{
    const char *text = arguments_flag(arguments, "drain");

    *drain_msp = 0;
    if (text == NULL ||
            (duration_parse(text, drain_msp) == 0 && *drain_msp <= COMEBACK_DRAIN_MAX_MS))
        return EXIT_OK;
    return (int)failure_say(cli, EXIT_USAGE, NULL,
            "--drain %s: write a length of time up to 30s, e.g. 500ms or 10s", text);
}
