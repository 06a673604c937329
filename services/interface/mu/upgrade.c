// SPDX-License-Identifier: Apache-2.0
/* mu upgrade - gives the node to programs that were newly installed, while calls wait. The node
 * tries them before it stops anything; what is said here is what it answers. */
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/comeback.h"
#include "services/interface/mu/failure.h"
#include "mu/node/v1/node.pb-c.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/seed.h"
#include "services/interface/mu/status.h"

/* Has the node try the programs, and take them. */
static int upgrade_ask(
        struct cli *cli, const char *from, uint32_t drain_ms, Mu__Node__V1__UpgradeReply **replyp)
{
    Mu__Node__V1__UpgradeRequest request = MU__NODE__V1__UPGRADE_REQUEST__INIT;
    struct mu_status status;

    request.from = (char *)(uintptr_t)from;
    request.drain_ms = drain_ms;
    if (bus_ask(cli, "node.Upgrade", &request.base, &mu__node__v1__upgrade_reply__descriptor, 0,
                (ProtobufCMessage **)replyp, &status) == MU_OK)
        return EXIT_OK;
    if (status.code == MU_FAILED_PRECONDITION)
        return (int)failure_say(cli, EXIT_CONFLICT, "nothing was stopped, and nothing changed",
                "%s", status.message);
    return (int)failure_of_call(cli, "node.Upgrade", &status, bus_fix(cli, &status));
}

/* What is said of a node that was given away. */
static int upgrade_show(const struct cli *cli, const Mu__Node__V1__UpgradeReply *reply,
        const Mu__Node__V1__StatusReply *now, uint64_t took_ms, unsigned count_new)
{
    if (output_is_json(cli))
        return output_json(cli,
                json_pack("{s:s, s:s, s:s, s:i, s:i, s:i}", "before", reply->before, "after",
                        now->version, "programDir", now->program_dir, "pauseMs", (int)now->pause_ms,
                        "tookMs", (int)took_ms, "registered", (int)count_new));
    printf("version   %s, before %s\n", now->version, reply->before);
    printf("programs  %s\n", now->program_dir);
    printf("calls     waited for %u ms\n", now->pause_ms);
    if (count_new > 0)
        printf("services  %u registered, as they are new or changed\n", count_new);
    printf("took      %llu ms\n", (unsigned long long)took_ms);
    return EXIT_OK;
}

/* The node is back: is it the one that was wanted? */
static int upgrade_look(
        struct cli *cli, const Mu__Node__V1__UpgradeReply *reply, uint64_t started_ms, bool bare)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__StatusReply *now = NULL;
    uint64_t took_ms = clock_ms() - started_ms;
    unsigned count_new = 0;
    int refused = EXIT_OK;
    int code = status_ask(cli, &now);

    if (code != EXIT_OK)
        return code;
    if (strcmp(now->program_dir, reply->program_dir) != 0 ||
            strcmp(now->version, reply->after) != 0)
        return (int)failure_say(cli, EXIT_INTERNAL, "see why: mu logs node",
                "the node runs, but as version %s of %s still: the new mu-node did not start",
                now->version, now->program_dir);
    if (!bare)
        refused = seed_shipped(cli, now->state_dir, &count_new);
    code = upgrade_show(cli, reply, now, took_ms, count_new);
    return code != EXIT_OK ? code : refused;
}

static int upgrade_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__UpgradeReply *reply = NULL;
    const char *from = arguments_flag(arguments, "from");
    uint64_t started_ms = clock_ms();
    char path[PATH_MAX] = "";
    uint64_t before = 0;
    uint32_t drain_ms;
    int code = comeback_drain(cli, arguments, &drain_ms);

    if (code != EXIT_OK)
        return code;
    if (from != NULL && realpath(from, path) == NULL)
        return (int)failure_say(cli, EXIT_NOT_FOUND,
                "name the prefix that Mu was installed to: mu upgrade --from /usr/local",
                "--from %s: there is no such folder", from);
    code = comeback_look(cli, "router", &before);
    if (code == EXIT_OK)
        code = upgrade_ask(cli, path, drain_ms, &reply);
    if (code != EXIT_OK)
        return code;
    output_talk(cli, "%s runs: version %s takes over from %s", reply->program_dir, reply->after,
            reply->before);
    code = comeback_wait(cli, "router", before, drain_ms);
    if (code != EXIT_OK)
        return code;
    return upgrade_look(cli, reply, started_ms, arguments_flag(arguments, "bare") != NULL);
}

const struct command upgrade_command = {
    .as_owner = true,
    .name = "upgrade",
    .is_local = true,
    .group = "Daily",
    .summary = "give the node to newly installed programs; no call fails",
    .details =
            "The node tries the programs, finishes the calls under way, stops everything in order, "
            "and starts\n"
            "it again as the new version, in the same process. Calls that come meanwhile wait, as "
            "long as their\n"
            "own time allows. Services that came with Mu are registered as by mu up. Where the "
            "programs do not\n"
            "run, nothing is stopped.",
    .flags =
            (const struct flag[]){
                    { .name = "from",
                            .value = "DIR",
                            .help = "the prefix they were installed to; else where the node's are",
                            .complete = COMPLETE_FILE },
                    COMEBACK_DRAIN_FLAG,
                    { .name = "bare", .help = "register nothing" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu upgrade", "after the files were replaced, by a package say" },
                    { "mu upgrade --from /opt/mu-0.2", "another installation takes over" },
                    { "mu upgrade --drain 10s -o json", "for long calls; for programs" },
                    { NULL, NULL },
            },
    .run = upgrade_run,
};
