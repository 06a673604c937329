// SPDX-License-Identifier: Apache-2.0
/* mu start, stop, restart - a service of the node; three requests of the same shape. */
#include <poll.h>
#include <stdio.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/builtin.h"
#include "base/clock.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/catalog.h"
#include "services/interface/mu/failure.h"
#include "mu/node/v1/node.pb-c.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/ready.h"
#include "services/interface/mu/standing.h"
#include "services/interface/mu/status.h"

enum {
    LIFECYCLE_WAIT_MS = 30000, /* for the node to be back, where --timeout says nothing */
    LIFECYCLE_PAUSE_MS = 5     /* from one look to the next */
};

static int lifecycle_send(struct cli *cli, const char *service, const char *endpoint,
        const ProtobufCMessage *request, const ProtobufCMessageDescriptor *reply_type,
        const char *done)
{
    CLEANUP(bus_reply_free) ProtobufCMessage *reply = NULL;
    struct mu_status status;
    int code = bus_need(cli);

    if (code != EXIT_OK)
        return code;
    if (bus_ask(cli, endpoint, request, reply_type, 0, &reply, &status) == MU_NOT_FOUND)
        return catalog_unknown(cli, service);
    if (status.code != MU_OK)
        return (int)failure_of_call(cli, endpoint, &status, bus_fix(cli, &status));
    if (done != NULL)
        output_talk(cli, "%s %s", service, done);
    return output_is_json(cli) ? output_message(cli, builtin_find("node")->types, reply) : EXIT_OK;
}

static int start_run(struct cli *cli, const struct arguments *arguments)
{
    Mu__Node__V1__StartRequest request = MU__NODE__V1__START_REQUEST__INIT;

    request.service = arguments->words[0];
    return lifecycle_send(cli, request.service, "node.Start", &request.base,
            &mu__node__v1__start_reply__descriptor, "starts");
}

static int stop_run(struct cli *cli, const struct arguments *arguments)
{
    Mu__Node__V1__StopRequest request = MU__NODE__V1__STOP_REQUEST__INIT;

    request.service = arguments->words[0];
    return lifecycle_send(cli, request.service, "node.Stop", &request.base,
            &mu__node__v1__stop_reply__descriptor,
            "stops, and stays stopped: mu start brings it back");
}

/* The number of the service's first process, if it is a part of the node; 0 where it is none. */
static int lifecycle_kernel(struct cli *cli, const char *service, uint64_t *instancep)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__ListReply *list = NULL;
    const Mu__Node__V1__Process *process;
    int code = status_list(cli, &list);

    if (code != EXIT_OK)
        return code;
    process = standing_best(list, service);
    *instancep = process != NULL && process->kernel ? process->instance : 0;
    return EXIT_OK;
}

/* With the router or the registry, nothing can be called until it is back, and with the router all
 * services start again: that is waited for. */
static int lifecycle_await(struct cli *cli, const char *service, uint64_t before)
{
    uint32_t wait_ms = cli->timeout_ms != 0 ? cli->timeout_ms : LIFECYCLE_WAIT_MS;
    uint64_t deadline_ms = clock_ms() + wait_ms;
    enum ready_outcome outcome;
    uint64_t now = before;
    int code = EXIT_OK;

    while (code == EXIT_OK && now == before) {
        if (clock_ms() >= deadline_ms)
            return (int)failure_say(cli, EXIT_DEADLINE, "see: mu ps      mu logs node",
                    "the %s has not begun to restart yet", service);
        poll(NULL, 0, LIFECYCLE_PAUSE_MS);
        code = lifecycle_kernel(cli, service, &now);
    }
    if (code != EXIT_OK)
        return code;
    outcome = ready_wait(cli, NULL, wait_ms, false);
    if (outcome == READY_GONE || outcome == READY_LATE)
        return ready_say(cli, NULL, outcome);
    output_talk(cli, "%s restarted, and the node is back", service);
    return EXIT_OK;
}

static int restart_run(struct cli *cli, const struct arguments *arguments)
{
    Mu__Node__V1__RestartRequest request = MU__NODE__V1__RESTART_REQUEST__INIT;
    uint64_t before = 0;
    int code;

    request.service = arguments->words[0];
    code = lifecycle_kernel(cli, request.service, &before);
    if (code == EXIT_OK)
        code = lifecycle_send(cli, request.service, "node.Restart", &request.base,
                &mu__node__v1__restart_reply__descriptor, before == 0 ? "restarts" : NULL);
    return code == EXIT_OK && before != 0 ? lifecycle_await(cli, request.service, before) : code;
}

const struct command start_command = {
    .name = "start",
    .group = "Services",
    .summary = "start a service that is stopped or failed",
    .words = "SERVICE",
    .words_min = 1,
    .words_max = 1,
    .first = COMPLETE_MANAGED,
    .examples =
            (const struct example[]){
                    { "mu start greeter", "after mu stop, or after it failed too often" },
                    { NULL, NULL },
            },
    .run = start_run,
};

const struct command stop_command = {
    .name = "stop",
    .group = "Services",
    .summary = "stop a service, and keep it stopped",
    .details = "Until mu start or mu restart: also when it is registered anew, and when the node "
               "starts anew.",
    .words = "SERVICE",
    .words_min = 1,
    .words_max = 1,
    .first = COMPLETE_MANAGED,
    .examples =
            (const struct example[]){
                    { "mu stop greeter", "it finishes its calls first" },
                    { NULL, NULL },
            },
    .run = stop_run,
};

const struct command restart_command = {
    .name = "restart",
    .group = "Services",
    .summary = "stop a service and start it again",
    .details = "Of the router and the registry it returns when the node is back.",
    .words = "SERVICE",
    .words_min = 1,
    .words_max = 1,
    .first = COMPLETE_MANAGED,
    .examples =
            (const struct example[]){
                    { "mu restart greeter", "after its program was replaced" },
                    { NULL, NULL },
            },
    .run = restart_run,
};
