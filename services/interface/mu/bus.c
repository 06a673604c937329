// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/bus.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "services/interface/mu/builtin.h"
#include "services/interface/mu/failure.h"
#include "base/life.h"
#include "services/interface/mu/session.h"

enum { BUS_PAUSE_MS = 10 }; /* from one look whether the node is back to the next */

/* Connects once, presenting `user` ("": nobody's token); to a node elsewhere within `open_ms`.
 * Returns 0 or -errno. */
static int bus_dial(struct cli *cli, const char *user, uint32_t open_ms, struct mu_client **clientp)
{
    struct mu_client_options options = { .dir = cli->dir, .user_token = user, .why = cli->why };

    if (cli->node != NULL) {
        options = (struct mu_client_options){ .node = cli->node,
            .token = cli->token,
            .user_token = user,
            .open_ms = open_ms,
            .why = cli->why };
        return mu_client_open(clientp, &options);
    }
    if (access(cli->place.bus, F_OK) < 0) /* which nng does not tell from one that is left over */
        return -errno;
    return mu_client_open(clientp, &options);
}

/* All else, from no socket to a connection that was reset, a router may do that starts or ends. */
static bool bus_is_final(int error)
{
    return error == -EKEYREJECTED || error == -EACCES || error == -EINVAL ||
           error == -ENAMETOOLONG || error == -ENOMEM;
}

/* Connects with the token of cli->user. Returns 0 or -errno. */
static int bus_dial_user(struct cli *cli, uint64_t deadline_ms)
{
    uint64_t now_ms = clock_ms();

    return bus_dial(cli, cli->user, now_ms < deadline_ms ? (uint32_t)(deadline_ms - now_ms) : 1,
            &cli->client);
}

static int bus_connect(struct cli *cli, uint64_t deadline_ms)
{
    bool renewed = false;
    int error = cli->client == NULL ? session_settle(cli) : 0;

    if (error < 0)
        return error;
    while (cli->client == NULL) {
        error = bus_dial_user(cli, deadline_ms);
        if (error == -EKEYREJECTED && !renewed) {
            renewed = true;
            error = session_again(cli);
            if (error == 0)
                continue;
        }
        if (error == 0 || cli->node != NULL || bus_is_final(error) || !life_of(cli->place.run))
            break;
        if (clock_ms() >= deadline_ms)
            return -ETIMEDOUT;
        poll(NULL, 0, BUS_PAUSE_MS);
    }
    return error;
}

/* When to give up; `timeout_ms` 0: --timeout, else the default. */
static uint64_t bus_deadline_ms(const struct cli *cli, uint32_t timeout_ms)
{
    if (timeout_ms == 0)
        timeout_ms = cli->timeout_ms != 0 ? cli->timeout_ms : MU_TIMEOUT_DEFAULT_MS;
    return clock_ms() + timeout_ms;
}

int bus_open(struct cli *cli)
{
    return bus_connect(cli, bus_deadline_ms(cli, 0));
}

int bus_need(struct cli *cli)
{
    int error = bus_open(cli);

    return error < 0 ? (int)failure_of_open(cli, error) : EXIT_OK;
}

void bus_close(struct cli *cli)
{
    cli->client = mu_client_close(cli->client);
    cli->nobody = mu_client_close(cli->nobody);
}

/* The connection for a call: what a service's types are is asked on nobody's behalf, since a user
 * need not have the right to ask, and no call can be made without. */
static struct mu_client *bus_client_for(struct cli *cli, const char *endpoint)
{
    if (cli->user[0] == '\0' || strcmp(endpoint, "registry.Describe") != 0)
        return cli->client;
    if (cli->nobody == NULL && bus_dial(cli, "", MU_TIMEOUT_DEFAULT_MS, &cli->nobody) < 0)
        return cli->client;
    return cli->nobody;
}

/* The parts that every node has: a router that does not know them has just started. */
static bool bus_is_of_node(const char *endpoint)
{
    return strncmp(endpoint, "node.", 5) == 0 || strncmp(endpoint, "registry.", 9) == 0;
}

/* May the call be made again, although it may have been executed? */
static bool bus_is_harmless(const char *endpoint)
{
    char service[MU_SERVICE_NAME_MAX];
    size_t length = strcspn(endpoint, ".");
    const struct mu_service_type *type;

    snprintf(service, sizeof(service), "%.*s", (int)length, endpoint);
    type = builtin_find(service);
    for (size_t i = 0; type != NULL && i < type->method_count; i++) {
        if (strcmp(type->methods[i].name, endpoint + length + 1) == 0)
            return type->methods[i].idempotency != MU_IDEMPOTENCY_UNKNOWN;
    }
    return false;
}

static bool bus_is_coming(
        const struct cli *cli, const char *endpoint, const struct mu_status *status)
{
    bool is_away = status->code == MU_UNAVAILABLE ||
                   (status->code == MU_NOT_FOUND && strcmp(status->origin, "router") == 0);

    return is_away && bus_is_of_node(endpoint) &&
           (status->executed == MU_EXECUTED_NO || bus_is_harmless(endpoint)) &&
           (cli->node != NULL || life_of(cli->place.run));
}

static void bus_say_absent(const struct cli *cli, struct mu_status *status, int error)
{
    *status = (struct mu_status){ .code = MU_UNAVAILABLE, .executed = MU_EXECUTED_NO };
    snprintf(status->message, sizeof(status->message), "no node: %s",
            cli->node != NULL || error == -EKEYREJECTED ? cli->why : strerror(-error));
    snprintf(status->origin, sizeof(status->origin), "client");
}

enum mu_code bus_ask(struct cli *cli, const char *endpoint, const ProtobufCMessage *request,
        const ProtobufCMessageDescriptor *reply_type, uint32_t timeout_ms,
        ProtobufCMessage **replyp, struct mu_status *status)
{
    uint64_t deadline_ms = bus_deadline_ms(cli, timeout_ms);
    int error = bus_connect(cli, deadline_ms);

    if (error < 0) {
        bus_say_absent(cli, status, error);
        return status->code;
    }
    for (;;) {
        uint64_t now_ms = clock_ms();
        struct mu_call_options options = {
            .timeout_ms = now_ms < deadline_ms ? (uint32_t)(deadline_ms - now_ms) : 1,
        };

        if (mu_call_message(bus_client_for(cli, endpoint), endpoint, request, reply_type, &options,
                    replyp, status) == MU_OK ||
                clock_ms() + BUS_PAUSE_MS >= deadline_ms || !bus_is_coming(cli, endpoint, status))
            break;
        poll(NULL, 0, BUS_PAUSE_MS);
    }
    /* Out of time on a router that knows no registry: that is no word about what there is. */
    if (status->code == MU_NOT_FOUND && bus_is_coming(cli, endpoint, status))
        status->code = MU_UNAVAILABLE;
    return status->code;
}

const char *bus_fix(const struct cli *cli, const struct mu_status *status)
{
    switch (exits_of(status->code)) {
    case EXIT_UNAVAILABLE:
        return "see the processes: mu ps";
    case EXIT_DEADLINE:
        return "wait longer: --timeout 30s      see what it does: mu logs -f";
    case EXIT_DENIED:
        if (cli->user[0] != '\0')
            return cli->node == NULL
                           ? "as the node's owner: mu logout      see what you may call: mu whoami"
                           : "see what you may call: mu whoami";
        return cli->node == NULL ? "run mu as the user who started the node"
                                 : "what changes the node is done there, by who started it";
    case EXIT_NO_CREDITS:
        return "it has no room now: try again later, run more instances of it; is the disk full? "
               "mu doctor";
    case EXIT_OK:
    case EXIT_ANSWERED_ERROR:
    case EXIT_USAGE:
    case EXIT_NOT_FOUND:
    case EXIT_CONFLICT:
    case EXIT_INTERNAL:
    case EXIT_INTERRUPTED:
        break;
    }
    return NULL;
}

int bus_call(struct cli *cli, const char *endpoint, const ProtobufCMessage *request,
        const ProtobufCMessageDescriptor *reply_type, ProtobufCMessage **replyp)
{
    struct mu_status status;
    int code = bus_need(cli);

    if (code != EXIT_OK)
        return code;
    if (bus_ask(cli, endpoint, request, reply_type, 0, replyp, &status) == MU_OK)
        return EXIT_OK;
    return (int)failure_of_call(cli, endpoint, &status, bus_fix(cli, &status));
}

void bus_reply_free(void *replyp)
{
    ProtobufCMessage *reply = *(ProtobufCMessage **)replyp;

    if (reply != NULL)
        protobuf_c_message_free_unpacked(reply, NULL);
}
