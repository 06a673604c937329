// SPDX-License-Identifier: Apache-2.0
/* mu client invite, list, revoke. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/confirm.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/instant.h"
#include "services/interface/mu/network.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/table.h"

enum { CLIENT_USES_MAX = 1000 /* of one token */, CLIENT_DAYS_MAX = 365 };

/* ---- invite ---- */

/* Reads "90d", "12h" or "30m" into seconds; without a letter they are days. False where it is none
 * of them, or longer than a year. */
static bool client_read_life(const char *text, uint32_t *life_sp)
{
    static const struct {
        const char *unit;
        uint64_t seconds;
    } units[] = { { "", 86400 }, { "d", 86400 }, { "h", 3600 }, { "m", 60 } };
    char *end;
    unsigned long long count = strtoull(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || count == 0 || count > CLIENT_DAYS_MAX * UINT64_C(1440))
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(end, units[i].unit) != 0)
            continue;
        *life_sp = (uint32_t)(count * units[i].seconds);
        return count * units[i].seconds <= CLIENT_DAYS_MAX * UINT64_C(86400);
    }
    return false;
}

static void client_print_more(const struct cli *cli, const Mu__Link__V1__InviteClientReply *reply)
{
    const char *address = reply->n_addresses > 0 ? reply->addresses[0] : "HOST:PORT";
    char until[INSTANT_TEXT_MAX];

    output_talk(cli,
            "\nOn the other machine, until %s:\n"
            "  export MU_NODE=%s\n"
            "  mu --token %.24s… registry list      the token once; then without it",
            instant_print(reply->until_s, instant_now_s(), until), address, reply->token);
}

static int client_invite_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__InviteClientReply *reply = NULL;
    Mu__Link__V1__InviteClientRequest request = MU__LINK__V1__INVITE_CLIENT_REQUEST__INIT;
    const char *name = arguments_flag(arguments, "name");
    const char *life = arguments_flag(arguments, "for");
    char word[FAILURE_WORD_MAX];
    long uses = 1;
    int code = arguments_number(cli, arguments, "uses", 1, CLIENT_USES_MAX, &uses);

    if (code != EXIT_OK)
        return code;
    if (life != NULL && !client_read_life(life, &request.life_s))
        return (int)failure_say(cli, EXIT_USAGE, "write it as 90d, 12h or 30m, a year at most",
                "--for: \"%s\" is no length of time", failure_word(life, word));
    request.uses = (uint32_t)uses;
    if (name != NULL)
        request.name = (char *)name;
    code = network_call(cli, "link.InviteClient", &request.base,
            &mu__link__v1__invite_client_reply__descriptor, 0, (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return network_print_json(cli, &reply->base);
    puts(reply->token);
    if (cli->format == OUTPUT_DEFAULT && !cli->quiet && isatty(STDOUT_FILENO) == 1) {
        fflush(stdout);
        client_print_more(cli, reply);
    }
    return EXIT_OK;
}

static const struct command client_invite_command = {
    .name = "invite",
    .summary = "make a client token: one line by which a program elsewhere calls services here",
    .details = "The machine that it is for needs no node: mu --node HOST:PORT --token TOKEN call "
               "…, or "
               "any\n"
               "program of libmu's with MU_NODE and MU_TOKEN. The first that comes with it has it "
               "from "
               "then on,\n"
               "with a key of its own, until it ends or is revoked. Such a client may call "
               "services and "
               "look at\n"
               "this node, and not control it. Send the token as you would a password.",
    .flags =
            (const struct flag[]){
                    { .name = "name",
                            .value = "NAME",
                            .help = "what the client is called here; without: by its key" },
                    { .name = "uses",
                            .value = "N",
                            .help = "how many clients it lets in; without: 1" },
                    { .name = "for",
                            .value = "TIME",
                            .help = "how long they may come: 90d, 12h; without: 90d" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu client invite --name laptop", "for one program's user, for 90 days" },
                    { "mu client invite --uses 20 --for 1d", "for a class of twenty, for a day" },
                    { NULL, NULL },
            },
    .run = client_invite_run,
};

/* ---- list ---- */

enum client_column {
    CLIENT_NAME,
    CLIENT_STATE,
    CLIENT_SINCE,
    CLIENT_UNTIL,
    CLIENT_ID,
    CLIENT_COLUMNS
};

static const struct table_column client_columns[CLIENT_COLUMNS] = {
    [CLIENT_NAME] = { .name = "CLIENT" },
    [CLIENT_STATE] = { .name = "STATE" },
    [CLIENT_SINCE] = { .name = "SINCE" },
    [CLIENT_UNTIL] = { .name = "UNTIL" },
    [CLIENT_ID] = { .name = "ID", .cut = true },
};

static int client_compare(const void *a, const void *b)
{
    const Mu__Link__V1__Client *const *left = a;
    const Mu__Link__V1__Client *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

static int client_ask(struct cli *cli, Mu__Link__V1__ClientsReply **replyp)
{
    Mu__Link__V1__ClientsRequest request = MU__LINK__V1__CLIENTS_REQUEST__INIT;
    int code = network_call(cli, "link.Clients", &request.base,
            &mu__link__v1__clients_reply__descriptor, 0, (ProtobufCMessage **)replyp);

    if (code == EXIT_OK && (*replyp)->n_clients > 1)
        qsort((*replyp)->clients, (*replyp)->n_clients, sizeof((*replyp)->clients[0]),
                client_compare);
    return code;
}

static void client_fill(struct table *table, const Mu__Link__V1__Client *client)
{
    uint64_t now_s = instant_now_s();
    char text[INSTANT_TEXT_MAX];

    table_row(table);
    table_cell(table, CLIENT_NAME, "%s", client->name);
    if (client->revoked)
        table_cell(table, CLIENT_STATE, "revoked");
    else if (client->until_s < now_s)
        table_cell(table, CLIENT_STATE, "ended");
    else if (client->connections > 0)
        table_cell(table, CLIENT_STATE, "here, %u connection%s", client->connections,
                client->connections == 1 ? "" : "s");
    else
        table_cell(table, CLIENT_STATE, "away");
    if (client->revoked)
        table_color(table, CLIENT_STATE, COLOR_BAD);
    table_cell(table, CLIENT_SINCE, "%s", instant_print(client->since_s, now_s, text));
    table_cell(table, CLIENT_UNTIL, "%s", instant_print(client->until_s, now_s, text));
    table_cell(table, CLIENT_ID, "%s", client->id);
}

static int client_list_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__ClientsReply *reply = NULL;
    CLEANUP(table_cleanup) struct table *table = NULL;
    int code = client_ask(cli, &reply);

    (void)arguments;
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return network_print_json(cli, &reply->base);
    if (cli->format != OUTPUT_NAME)
        table = table_new(cli, client_columns, CLIENT_COLUMNS);
    for (size_t i = 0; i < reply->n_clients; i++) {
        if (table != NULL)
            client_fill(table, reply->clients[i]);
        else
            puts(reply->clients[i]->name);
    }
    if (table != NULL && reply->n_clients > 0)
        table_print(table);
    if (cli->format == OUTPUT_NAME)
        return EXIT_OK;
    if (reply->n_clients == 0)
        output_talk(cli, "no client has come yet");
    if (reply->tokens > 0)
        output_talk(cli, "%u token%s still let%s somebody new in", reply->tokens,
                reply->tokens == 1 ? "" : "s", reply->tokens == 1 ? "s" : "");
    return EXIT_OK;
}

static const struct command client_list_command = {
    .name = "list",
    .alias = "ls",
    .summary = "clients that came with tokens of this node",
    .examples =
            (const struct example[]){
                    { "mu client list", "a table: who is here, since when, until when" },
                    { "mu client list -o name", "names only, for a shell" },
                    { NULL, NULL },
            },
    .run = client_list_run,
};

/* ---- revoke ---- */

static int client_revoke_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__RevokeClientReply *reply = NULL;
    Mu__Link__V1__RevokeClientRequest request = MU__LINK__V1__REVOKE_CLIENT_REQUEST__INIT;
    int code = confirm(cli, arguments,
            "Revoke %s: it is not let in any more, nor anybody new with "
            "its token",
            arguments->words[0]);

    if (code != EXIT_OK)
        return code;
    request.client = arguments->words[0];
    code = network_call(cli, "link.RevokeClient", &request.base,
            &mu__link__v1__revoke_client_reply__descriptor, 0, (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    output_talk(cli, "%s is revoked; %u connection%s ended", reply->client->name, reply->ended,
            reply->ended == 1 ? "" : "s");
    return output_is_json(cli) ? network_print_json(cli, &reply->base) : EXIT_OK;
}

static const struct command client_revoke_command = {
    .name = "revoke",
    .summary = "shut a client out: its connections end at once",
    .words = "CLIENT",
    .words_min = 1,
    .words_max = 1,
    .details = "CLIENT is a name, an id, or the beginning of an id. Its token lets nobody new in "
               "any more;\n"
               "others that came with the same token stay.",
    .flags = (const struct flag[]){ CONFIRM_FLAG, { .name = NULL } },
    .examples =
            (const struct example[]){
                    { "mu client revoke laptop", "asks once" },
                    { "mu client revoke mu:5vesrrri2 --yes", "by its id, from a script" },
                    { NULL, NULL },
            },
    .first = COMPLETE_CLIENT,
    .run = client_revoke_run,
};

const struct command client_command = {
    .name = "client",
    .group = "Network",
    .summary = "programs elsewhere that call services here, without a node of their own",
    .words = "COMMAND …",
    .children =
            (const struct command *const[]){
                    &client_invite_command,
                    &client_list_command,
                    &client_revoke_command,
                    NULL,
            },
};
