// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/users.h"

#include <stdio.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/failure.h"
#include "mu/auth/v1/auth.mu.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/standing.h"

/* Nobody took the call: the service does not run here. */
static int users_away(struct cli *cli, const char *endpoint, const struct mu_status *status)
{
    char why[STANDING_WHY_MAX];
    enum standing standing = standing_of(cli, USERS_SERVICE, why);
    char fix[256];

    if (standing == STANDING_UNKNOWN)
        return (int)failure_say(cli, EXIT_UNAVAILABLE,
                "register the services that came with Mu: "
                "mu up",
                "this node has no service " USERS_SERVICE);
    standing_fix(standing, USERS_SERVICE, fix, sizeof(fix));
    return (int)failure_of_call(cli, endpoint, status, fix);
}

static const char *users_fix(const struct cli *cli, const struct mu_status *status)
{
    switch (status->code) {
    case MU_PERMISSION_DENIED:
        return "as the node's owner: mu logout      as another account: mu login NAME\n"
               "see who you are: mu whoami";
    case MU_UNAUTHENTICATED:
        return "mu login NAME      or as the node's owner: mu logout";
    case MU_DATA_LOSS:
        return "see where: mu audit --verify";
    case MU_OK:
    case MU_CANCELLED:
    case MU_UNKNOWN:
    case MU_INVALID_ARGUMENT:
    case MU_DEADLINE_EXCEEDED:
    case MU_NOT_FOUND:
    case MU_ALREADY_EXISTS:
    case MU_RESOURCE_EXHAUSTED:
    case MU_FAILED_PRECONDITION:
    case MU_ABORTED:
    case MU_OUT_OF_RANGE:
    case MU_UNIMPLEMENTED:
    case MU_INTERNAL:
    case MU_UNAVAILABLE:
        break;
    }
    return status->code == MU_RESOURCE_EXHAUSTED ? NULL : bus_fix(cli, status);
}

int users_failure(struct cli *cli, const char *endpoint, const struct mu_status *status)
{
    if ((status->code == MU_NOT_FOUND || status->code == MU_UNAVAILABLE) &&
            strcmp(status->origin, "router") == 0)
        return users_away(cli, endpoint, status);
    return (int)failure_of_call(cli, endpoint, status, users_fix(cli, status));
}

int users_call(struct cli *cli, const char *endpoint, const ProtobufCMessage *request,
        const ProtobufCMessageDescriptor *reply_type, ProtobufCMessage **replyp)
{
    struct mu_status status;
    int code = bus_need(cli);

    if (code != EXIT_OK)
        return code;
    if (bus_ask(cli, endpoint, request, reply_type, 0, replyp, &status) == MU_OK)
        return EXIT_OK;
    return users_failure(cli, endpoint, &status);
}

int users_print_json(const struct cli *cli, const ProtobufCMessage *message)
{
    return output_message(cli, auth_type.types, message);
}

void users_flag(const struct arguments *arguments, const char *name, struct users_list *list)
{
    const char *value;

    list->count = 0;
    while (list->count < USERS_LIST_MAX &&
            (value = arguments_flag_again(arguments, name, (int)list->count)) != NULL)
        list->each[list->count++] = (char *)(uintptr_t)value;
}

int users_seconds(const struct cli *cli, const struct arguments *arguments, const char *name,
        uint32_t max_s, uint32_t *secondsp)
{
    const char *text = arguments_flag(arguments, name);
    char fix[64];
    char most[DURATION_TEXT_MAX];
    uint32_t ms;

    if (text == NULL)
        return EXIT_OK;
    if (duration_parse(text, &ms) == 0 && ms >= 1000 && ms / 1000 <= max_s) {
        *secondsp = ms / 1000;
        return EXIT_OK;
    }
    snprintf(fix, sizeof(fix), "write e.g. --%s 5m; %s at most", name,
            duration_print((uint64_t)max_s * 1000, most));
    return (int)failure_say(
            cli, EXIT_USAGE, fix, "--%s: `%.40s` is no time that can be had", name, text);
}

char *users_join(char *const *texts, size_t count, char *text, size_t size)
{
    size_t used = 0;

    snprintf(text, size, "-");
    for (size_t i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i > 0 ? " " : "", texts[i]);
    return text;
}
