// SPDX-License-Identifier: Apache-2.0
/* mu start, stop, restart - a service of the node; three requests of the same shape. */
#include <stdio.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/builtin.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/catalog.h"
#include "services/interface/mu/comeback.h"
#include "services/interface/mu/failure.h"
#include "mu/node/v1/node.pb-c.h"
#include "services/interface/mu/output.h"

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

static int restart_run(struct cli *cli, const struct arguments *arguments)
{
    Mu__Node__V1__RestartRequest request = MU__NODE__V1__RESTART_REQUEST__INIT;
    uint64_t before = 0;
    int code = comeback_drain(cli, arguments, &request.drain_ms);

    request.service = arguments->words[0];
    if (code == EXIT_OK)
        code = comeback_look(cli, request.service, &before);
    if (code == EXIT_OK)
        code = lifecycle_send(cli, request.service, "node.Restart", &request.base,
                &mu__node__v1__restart_reply__descriptor, before == 0 ? "restarts" : NULL);
    if (code != EXIT_OK || before == 0)
        return code;
    code = comeback_wait(cli, request.service, before, request.drain_ms);
    if (code == EXIT_OK)
        output_talk(cli, "%s restarted, and the node is back", request.service);
    return code;
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
    .details = "It finishes its calls first, and those that come meanwhile wait. Of the router and "
               "the "
               "registry it\n"
               "returns when the node is back; with the router everything starts again.",
    .words = "SERVICE",
    .words_min = 1,
    .words_max = 1,
    .first = COMPLETE_MANAGED,
    .flags =
            (const struct flag[]){
                    COMEBACK_DRAIN_FLAG,
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu restart greeter", "after its program was replaced" },
                    { "mu restart router --drain 10s", "where calls may take so long" },
                    { NULL, NULL },
            },
    .run = restart_run,
};
