// SPDX-License-Identifier: Apache-2.0
/* mu caps, grant, revoke - what services may call. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/builtin.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/instance.h"
#include "mu/node/v1/node.pb-c.h"
#include "mu/router/v1/router.pb-c.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/table.h"

enum { CAPS_HANDLE_DIGITS = 16 };

/* ---- mu caps ---- */

enum caps_column {
    CAPS_SERVICE,
    CAPS_INSTANCE,
    CAPS_ENDPOINTS,
    CAPS_FROM,
    CAPS_ENDS,
    CAPS_HANDLE,
    CAPS_COLUMNS
};

static const struct table_column caps_columns[CAPS_COLUMNS] = {
    [CAPS_SERVICE] = { .name = "SERVICE" },
    [CAPS_INSTANCE] = { .name = "INSTANCE" },
    [CAPS_ENDPOINTS] = { .name = "MAY CALL", .cut = true },
    [CAPS_FROM] = { .name = "FROM" },
    [CAPS_ENDS] = { .name = "ENDS IN", .right = true },
    [CAPS_HANDLE] = { .name = "HANDLE" },
};

static void caps_row_from(struct table *table, const Mu__Router__V1__Cap *cap)
{
    char text[DURATION_TEXT_MAX];

    table_cell(table, CAPS_ENDPOINTS, "%s", cap->endpoints);
    if (cap->source == MU__ROUTER__V1__CAP_SOURCE__CAP_SOURCE_MANIFEST)
        table_cell(table, CAPS_FROM, "manifest");
    else if (cap->source == MU__ROUTER__V1__CAP_SOURCE__CAP_SOURCE_OPERATOR)
        table_cell(table, CAPS_FROM, "operator");
    else
        table_cell(table, CAPS_FROM, "%s", cap->giver);
    table_cell(table, CAPS_ENDS, "%s", cap->left_ms > 0 ? duration_print(cap->left_ms, text) : "-");
    if (cap->handle != 0)
        table_cell(table, CAPS_HANDLE, "%0*" PRIx64, CAPS_HANDLE_DIGITS, cap->handle);
    else
        table_cell(table, CAPS_HANDLE, "-");
}

static void caps_rows(struct table *table, const Mu__Router__V1__ProcessCaps *process)
{
    char instance[INSTANCE_TEXT_MAX];

    for (size_t i = 0; i == 0 || i < process->n_caps; i++) {
        table_row(table);
        table_cell(table, CAPS_SERVICE, "%s", process->service);
        table_cell(table, CAPS_INSTANCE, "%s", instance_short(process->instance, instance));
        if (i < process->n_caps) {
            caps_row_from(table, process->caps[i]);
            continue;
        }
        table_cell(table, CAPS_ENDPOINTS, "%s", process->unbound ? ">" : "");
        table_cell(table, CAPS_FROM, "%s", process->unbound ? "its owner" : "");
        table_cell(table, CAPS_ENDS, "-");
        table_cell(table, CAPS_HANDLE, "-");
    }
}

static int caps_print(struct cli *cli, const Mu__Router__V1__CapsReply *reply)
{
    CLEANUP(table_cleanup) struct table *table = table_new(cli, caps_columns, CAPS_COLUMNS);

    if (table == NULL)
        return (int)failure_of_memory(cli);
    for (size_t i = 0; i < reply->n_processes; i++)
        caps_rows(table, reply->processes[i]);
    table_print(table);
    return EXIT_OK;
}

static void caps_print_names(const Mu__Router__V1__CapsReply *reply)
{
    for (size_t i = 0; i < reply->n_processes; i++) {
        for (size_t j = 0; j < reply->processes[i]->n_caps; j++)
            puts(reply->processes[i]->caps[j]->endpoints);
    }
}

static int caps_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Router__V1__CapsReply *reply = NULL;
    Mu__Router__V1__CapsRequest request = MU__ROUTER__V1__CAPS_REQUEST__INIT;
    int code;

    if (arguments->word_count > 0)
        request.service = arguments->words[0];
    code = bus_call(cli, "router.Caps", &request.base, &mu__router__v1__caps_reply__descriptor,
            (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return output_message(cli, builtin_find("router")->types, &reply->base);
    if (reply->n_processes == 0 && arguments->word_count > 0)
        return (int)failure_say(cli, EXIT_NOT_FOUND, "see: mu ps",
                "no process of %s is on the bus now", request.service);
    if (cli->format == OUTPUT_NAME) {
        caps_print_names(reply);
        return EXIT_OK;
    }
    return caps_print(cli, reply);
}

const struct command caps_command = {
    .name = "caps",
    .group = "Services",
    .summary = "what services may call, and who said so",
    .words = "[SERVICE]",
    .words_min = 0,
    .words_max = 1,
    .first = COMPLETE_PROCESS,
    .details =
            "A service reaches the endpoints that its manifest lists in `calls`, those that were "
            "granted to it, and those that another service passed on to it; nothing else. Who owns "
            "the node needs no capability.",
    .examples =
            (const struct example[]){
                    { "mu caps shop", "of each of its processes" },
                    { "mu caps -o json", "of all, as a mu.router.v1.CapsReply" },
                    { NULL, NULL },
            },
    .run = caps_run,
};

/* ---- mu grant ---- */

static int grant_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__GrantReply *reply = NULL;
    Mu__Node__V1__GrantRequest request = MU__NODE__V1__GRANT_REQUEST__INIT;
    int code;

    request.service = arguments->words[0];
    request.endpoints = &arguments->words[1];
    request.n_endpoints = (size_t)(arguments->word_count - 1);
    code = arguments_seconds(cli, arguments, "for", &request.for_s);
    if (code == EXIT_OK)
        code = bus_call(cli, "node.Grant", &request.base, &mu__node__v1__grant_reply__descriptor,
                (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return output_message(cli, builtin_find("node")->types, &reply->base);
    printf("%0*" PRIx64 "\n", CAPS_HANDLE_DIGITS, reply->handle);
    output_talk(cli, "granted to %s; take it back with: mu revoke %0*" PRIx64, request.service,
            CAPS_HANDLE_DIGITS, reply->handle);
    return EXIT_OK;
}

const struct command grant_command = {
    .name = "grant",
    .group = "Services",
    .summary = "let a service call more than its manifest says",
    .words = "SERVICE ENDPOINT…",
    .words_min = 2,
    .words_max = COMMAND_WORDS_ANY,
    .first = COMPLETE_MANAGED,
    .rest = COMPLETE_ENDPOINT,
    .flags =
            (const struct flag[]){
                    { .name = "for", .value = "TIME", .help = "how long; default: until revoked" },
                    { 0 },
            },
    .details = "An endpoint is service.Method; `*` stands for one part, `>` for the rest: store.*, "
               "events.>. It counts at once, for every process of the service, and also after the "
               "node started anew. Prints the handle by which it is revoked.",
    .examples =
            (const struct example[]){
                    { "mu grant shop store.Get store.Put", "until it is revoked" },
                    { "mu grant shop 'store.*' --for 1h", "for an hour" },
                    { NULL, NULL },
            },
    .run = grant_run,
};

/* ---- mu revoke ---- */

/* What one service passed on to another is the router's to revoke. */
static int revoke_passed(struct cli *cli, uint64_t handle)
{
    CLEANUP(bus_reply_free) Mu__Router__V1__RevokeReply *reply = NULL;
    Mu__Router__V1__RevokeRequest request = MU__ROUTER__V1__REVOKE_REQUEST__INIT;
    struct mu_status status;

    request.handle = handle;
    if (bus_ask(cli, "router.Revoke", &request.base, &mu__router__v1__revoke_reply__descriptor, 0,
                (ProtobufCMessage **)&reply, &status) == MU_NOT_FOUND)
        return (int)failure_say(cli, EXIT_NOT_FOUND, "see the handles: mu caps",
                "nothing was granted under the handle %0*" PRIx64, CAPS_HANDLE_DIGITS, handle);
    if (status.code != MU_OK)
        return (int)failure_of_call(cli, "router.Revoke", &status, bus_fix(cli, &status));
    return EXIT_OK;
}

static int revoke_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__RevokeReply *reply = NULL;
    Mu__Node__V1__RevokeRequest request = MU__NODE__V1__REVOKE_REQUEST__INIT;
    const char *word = arguments->words[0];
    struct mu_status status;
    int code;

    if (strlen(word) != CAPS_HANDLE_DIGITS ||
            strspn(word, "0123456789abcdef") != CAPS_HANDLE_DIGITS)
        return (int)failure_say(cli, EXIT_USAGE, "see the handles: mu caps",
                "a handle is %d digits of 0-9 and a-f, as mu grant prints it", CAPS_HANDLE_DIGITS);
    request.handle = strtoull(word, NULL, 16);
    code = bus_need(cli);
    if (code != EXIT_OK)
        return code;
    if (bus_ask(cli, "node.Revoke", &request.base, &mu__node__v1__revoke_reply__descriptor, 0,
                (ProtobufCMessage **)&reply, &status) == MU_NOT_FOUND)
        code = revoke_passed(cli, request.handle);
    else if (status.code != MU_OK)
        code = (int)failure_of_call(cli, "node.Revoke", &status, bus_fix(cli, &status));
    if (code == EXIT_OK)
        output_talk(cli, "revoked, and what was made of it");
    return code;
}

const struct command revoke_command = {
    .name = "revoke",
    .group = "Services",
    .summary = "take a granted capability back",
    .words = "HANDLE",
    .words_min = 1,
    .words_max = 1,
    .details = "With it goes all that was made of it; calls that are under way by it end.",
    .examples =
            (const struct example[]){
                    { "mu revoke 9f1c22ab34de5678", "the handle is what mu grant printed" },
                    { NULL, NULL },
            },
    .run = revoke_run,
};
