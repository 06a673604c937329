// SPDX-License-Identifier: Apache-2.0
/* mu up - from nothing to a node that answers. Every step first looks whether it is done. */
#include <stdio.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "services/interface/mu/boot.h"
#include "services/interface/mu/builtin.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/nodes.h"
#include "mu/node/v1/node.pb-c.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/ready.h"
#include "services/interface/mu/seed.h"
#include "services/interface/mu/status.h"

static int up_register(struct cli *cli, unsigned *newp)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__StatusReply *status = NULL;
    int code = status_ask(cli, &status);

    return code == EXIT_OK ? seed_shipped(cli, status->state_dir, newp) : code;
}

static bool up_runs(const Mu__Node__V1__ListReply *list, const char *service)
{
    for (size_t i = 0; i < list->n_processes; i++) {
        if (strcmp(list->processes[i]->service, service) == 0)
            return true;
    }
    return false;
}

static int up_show(struct cli *cli, uint64_t started_us, bool started, unsigned count_new)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__StatusReply *status = NULL;
    CLEANUP(bus_reply_free) Mu__Node__V1__ListReply *list = NULL;
    uint64_t took_us = clock_us() - started_us;
    int code = status_ask(cli, &status);

    if (code == EXIT_OK)
        code = status_list(cli, &list);
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return output_message(cli, builtin_find("node")->types, &status->base);
    status_print(cli, status, list);
    if (started || count_new > 0)
        printf("ready     in %.0f ms\n", (double)took_us / 1000.0);
    else
        printf("ready     it was running already\n");
    printf("next      %s\n", up_runs(list, "greeter")
                                     ? "mu call greeter.Hello name=World"
                                     : "mu new shop      mu registry register NAME.service");
    printf("          mu ps      mu logs -f      mu registry list      mu down\n");
    return EXIT_OK;
}

static int up_one(struct cli *cli, const struct arguments *arguments)
{
    uint64_t started_us = clock_us();
    enum ready_outcome outcome = READY_UP;
    unsigned count_new = 0; /* services that were registered now */
    bool started = false;
    int refused = EXIT_OK;
    int shown;
    int code = boot(cli, arguments_flag(arguments, "name"), &started);

    if (code == EXIT_OK && arguments_flag(arguments, "bare") == NULL)
        refused = up_register(cli, &count_new);
    if (code != EXIT_OK)
        return code;
    outcome = ready_wait(cli, NULL, boot_wait_ms(cli), started || count_new > 0);
    shown = up_show(cli, started_us, started, count_new);
    if (shown == EXIT_OK)
        shown = ready_say(cli, NULL, outcome);
    if (shown != EXIT_OK || refused != EXIT_OK)
        return shown != EXIT_OK ? shown : refused;
    if (outcome == READY_UP || arguments_flag(arguments, "wait") == NULL)
        return EXIT_OK;
    return (int)failure_say(cli, outcome == READY_LATE ? EXIT_DEADLINE : EXIT_ANSWERED_ERROR, NULL,
            "the node is up, but not all of its services");
}

static int up_run(struct cli *cli, const struct arguments *arguments)
{
    long count = 0;
    int code = arguments_number(cli, arguments, "nodes", 1, NODES_MAX, &count);

    if (code != EXIT_OK)
        return code;
    if (count == 0)
        return up_one(cli, arguments);
    if (arguments_flag(arguments, "name") != NULL)
        return (int)failure_say(cli, EXIT_USAGE, NULL, "--nodes names its nodes itself: node1, …");
    return nodes_up(cli, arguments, (size_t)count);
}

const struct command up_command = {
    .as_owner = true,
    .name = "up",
    .is_local = true,
    .group = "Daily",
    .summary = "start the node, with the services that came with Mu",
    .details =
            "Starts mu-node in the background, waits until it takes calls, registers the "
            "services in\n"
            "share/mu/services, and says what runs. Run again, it does only what is missing: a "
            "service that was\n"
            "deregistered, changed or stopped since stays so. The node is up when its own "
            "processes are; a\n"
            "service that is not is a warning.\n"
            "\n"
            "With --nodes it starts several on this machine, in folders node1, node2, … of --dir "
            "(or "
            "below the\n"
            "state folder), makes a network of them and spreads the services over them: what two "
            "machines\n"
            "would be, to try out.",
    .flags =
            (const struct flag[]){
                    { .name = "bare", .help = "only the node, without those services" },
                    { .name = "wait", .help = "fail where a service that should be up is not" },
                    { .name = "name",
                            .value = "NAME",
                            .help = "the node's name, instead of the host's" },
                    { .name = "nodes",
                            .value = "N",
                            .help = "N nodes on this machine, linked to each other" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu up", "then: mu call greeter.Hello name=World" },
                    { "mu --dir /tmp/second up", "another node, in a folder of its own" },
                    { "mu up --nodes 3", "then: mu down --nodes" },
                    { NULL, NULL },
            },
    .run = up_run,
};
