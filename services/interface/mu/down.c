// SPDX-License-Identifier: Apache-2.0
/* mu down - stops the node, and waits until its process is gone. */
#include "services/interface/mu/down.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/failure.h"
#include "base/life.h"
#include "services/interface/mu/nodes.h"
#include "mu/node/v1/node.pb-c.h"
#include "services/interface/mu/output.h"

enum { DOWN_WAIT_MS = 30000 };

/* A supervisor that stops may be gone before its answer is. */
static int down_ask(struct cli *cli)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__ShutdownReply *reply = NULL;
    Mu__Node__V1__ShutdownRequest request = MU__NODE__V1__SHUTDOWN_REQUEST__INIT;
    struct mu_status status;

    bus_ask(cli, "node.Shutdown", &request.base, &mu__node__v1__shutdown_reply__descriptor,
            DOWN_WAIT_MS, (ProtobufCMessage **)&reply, &status);
    if (status.code == MU_OK || status.code == MU_UNAVAILABLE || status.code == MU_CANCELLED)
        return EXIT_OK;
    return (int)failure_of_call(cli, "node.Shutdown", &status, bus_fix(cli, &status));
}

static int down_wait(const struct cli *cli, int fd, uint32_t pid)
{
    struct pollfd gone = { .fd = fd, .events = POLLIN };
    int wait_ms = cli->timeout_ms != 0 ? (int)cli->timeout_ms : DOWN_WAIT_MS;
    char fix[64];
    int count;

    do {
        count = poll(&gone, 1, wait_ms);
    } while (count < 0 && errno == EINTR);
    if (count > 0)
        return EXIT_OK;
    snprintf(fix, sizeof(fix), "see what it waits for: mu ps\nend it: kill -9 %u", pid);
    return (int)failure_say(cli, EXIT_DEADLINE, fix, "the node (pid %u) is still stopping", pid);
}

static int down_watch(const struct cli *cli, uint32_t pid, int *fdp)
{
    int fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);

    if (fd < 0)
        return (int)failure_say(cli, EXIT_INTERNAL, NULL, "cannot watch the node (pid %u): %s", pid,
                strerror(errno));
    *fdp = fd;
    return EXIT_OK;
}

/* A node that lives and takes no calls: its supervisor is told by a signal, which is the same
 * order.
 */
static int down_signal(const struct cli *cli, uint32_t pid)
{
    CLEANUP(cleanup_close) int fd = -1;
    int code = down_watch(cli, pid, &fd);

    if (code != EXIT_OK)
        return code;
    if (syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0) < 0)
        return (int)failure_say(cli, EXIT_DENIED, "stop it as the user who started it",
                "cannot stop the node (pid %u): %s", pid, strerror(errno));
    output_talk(cli, "the node (pid %u) takes no calls: it was told by a signal", pid);
    return down_wait(cli, fd, pid);
}

/* No node answers. */
static int down_without_bus(const struct cli *cli)
{
    pid_t pid = life_find(cli->place.run);

    if (pid != 0)
        return down_signal(cli, (uint32_t)pid);
    output_talk(cli, "no node is running at %s", cli->place.run);
    return EXIT_OK;
}

/* The node's answer to who it is. `*replyp` stays NULL where it is so far gone that it gives none.
 */
static int down_ask_who(struct cli *cli, Mu__Node__V1__StatusReply **replyp)
{
    Mu__Node__V1__StatusRequest request = MU__NODE__V1__STATUS_REQUEST__INIT;
    struct mu_status status;

    bus_ask(cli, "node.Status", &request.base, &mu__node__v1__status_reply__descriptor, 0,
            (ProtobufCMessage **)replyp, &status);
    if (status.code == MU_OK || status.code == MU_UNAVAILABLE || status.code == MU_CANCELLED ||
            status.code == MU_DEADLINE_EXCEEDED)
        return EXIT_OK;
    return (int)failure_of_call(cli, "node.Status", &status, bus_fix(cli, &status));
}

static int down_with_bus(struct cli *cli, char **namep)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__StatusReply *status = NULL;
    CLEANUP(cleanup_close) int fd = -1;
    int code = down_ask_who(cli, &status);

    if (code == EXIT_OK && status == NULL)
        return down_without_bus(cli);
    if (code == EXIT_OK)
        code = down_watch(cli, status->pid, &fd);
    if (code == EXIT_OK)
        code = down_ask(cli);
    if (code == EXIT_OK)
        code = down_wait(cli, fd, status->pid);
    if (code != EXIT_OK)
        return code;
    *namep = strdup(status->node);
    return *namep != NULL ? EXIT_OK : (int)failure_of_memory(cli);
}

int down(struct cli *cli, char **namep)
{
    uint64_t started_us = clock_us();
    int error = bus_open(cli);
    int code;

    if (error == -ENOENT || error == -ECONNREFUSED || error == -ETIMEDOUT)
        return down_without_bus(cli);
    code = down_with_bus(cli, namep);
    if (code == EXIT_OK && *namep != NULL)
        output_talk(
                cli, "%s stopped in %.0f ms", *namep, (double)(clock_us() - started_us) / 1000.0);
    return code;
}

static int down_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(cleanup_free) char *name = NULL;
    int code;

    if (arguments_flag(arguments, "nodes") != NULL || nodes_are_meant(cli))
        return nodes_down(cli);
    code = down(cli, &name);
    if (code != EXIT_OK || !output_is_json(cli))
        return code;
    return output_json(cli, json_pack("{s:s?}", "stopped", name));
}

const struct command down_command = {
    .as_owner = true,
    .name = "down",
    .is_local = true,
    .group = "Daily",
    .summary = "stop the node",
    .details =
            "Services finish their calls and stop in reverse order of need; then the node's own "
            "processes.\n"
            "What was registered is there again with the next mu up. With --nodes, or a --dir that "
            "holds nodes\n"
            "and is none, it stops all that mu up --nodes started there.",
    .flags =
            (const struct flag[]){
                    { .name = "nodes", .help = "all nodes that mu up --nodes started" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu down", "returns when the last process is gone" },
                    { "mu down --nodes", "all of mu up --nodes 3" },
                    { NULL, NULL },
            },
    .run = down_run,
};
