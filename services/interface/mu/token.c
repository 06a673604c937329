// SPDX-License-Identifier: Apache-2.0
/* mu token issue, revoke, rotate-key, keys; and the noun. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "services/interface/mu/arguments.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/exits.h"
#include "services/interface/mu/instant.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/table.h"
#include "services/interface/mu/token_bearer.h"
#include "services/interface/mu/users.h"

enum { TOKEN_LIFE_MAX_S = 900, TOKEN_CALLS_MAX = 1000000000 };

/* ---- issue ---- */

static int token_issue_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__IssueReply *reply = NULL;
    Mu__Auth__V1__IssueRequest request = MU__AUTH__V1__ISSUE_REQUEST__INIT;
    const char *audience = arguments_flag(arguments, "audience");
    char until[INSTANT_TEXT_MAX];
    struct users_list scopes;
    long calls = 0;
    int code = arguments_number(cli, arguments, "calls", 1, TOKEN_CALLS_MAX, &calls);

    if (code == EXIT_OK)
        code = users_seconds(cli, arguments, "for", TOKEN_LIFE_MAX_S, &request.life_s);
    if (code != EXIT_OK)
        return code;
    users_flag(arguments, "scope", &scopes);
    request.account = arguments->words[0];
    request.scopes = scopes.each;
    request.n_scopes = scopes.count;
    request.calls = (uint32_t)calls;
    if (audience != NULL)
        request.audience = (char *)(uintptr_t)audience;
    code = users_call(cli, "auth.Issue", &request.base, &mu__auth__v1__issue_reply__descriptor,
            (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return users_print_json(cli, &reply->base);
    puts(reply->access_token);
    fflush(stdout);
    output_talk(cli, "%s, until %s", reply->id,
            instant_print(reply->expires_s, instant_now_s(), until));
    explicit_bzero(reply->access_token, strlen(reply->access_token));
    return EXIT_OK;
}

static const struct command token_issue_command = {
    .name = "issue",
    .summary = "make an access token of an account's, without its password",
    .words = "ACCOUNT",
    .words_min = 1,
    .words_max = 1,
    .first = COMPLETE_ACCOUNT,
    .details =
            "Of a service or an agent, say, which has no password. A token is as good as one: pass "
            "it on with\ncare, and narrow it first.",
    .flags =
            (const struct flag[]){
                    { .name = "scope",
                            .value = "ENDPOINT",
                            .help = "only this of what the account may call; several times",
                            .complete = COMPLETE_ENDPOINT },
                    { .name = "for",
                            .value = "TIME",
                            .help = "how long; 15m at most, and without" },
                    { .name = "calls", .value = "N", .help = "good for so many calls" },
                    { .name = "audience",
                            .value = "NODE",
                            .help = "only at this node: a name, with * and >" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu token issue indexer", "for all that indexer may call, for 15 minutes" },
                    { "mu token issue indexer --scope store.Get --calls 10 --for 1m", "for less" },
                    { NULL, NULL },
            },
    .run = token_issue_run,
};

/* ---- revoke ---- */

static int token_revoke_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__RevokeReply *reply = NULL;
    CLEANUP(token_wipe) char token[MU_TOKEN_TEXT_SIZE] = "";
    Mu__Auth__V1__RevokeRequest request = MU__AUTH__V1__REVOKE_REQUEST__INIT;
    int code = token_read(cli, arguments, token);

    if (code != EXIT_OK)
        return code;
    cli->as_owner = strncmp(token, "mut1.", 5) == 0; /* who has it needs no other right */
    request.token = token;
    code = users_call(cli, "auth.Revoke", &request.base, &mu__auth__v1__revoke_reply__descriptor,
            (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    output_talk(cli, "%s of %s is void, and all that were made of it", reply->id, reply->account);
    return output_is_json(cli) ? users_print_json(cli, &reply->base) : EXIT_OK;
}

static const struct command token_revoke_command = {
    .name = "revoke",
    .summary = "void an access token, within a second",
    .words = "TOKEN|ID|-",
    .words_min = 1,
    .words_max = 1,
    .details = "Also whatever was narrowed from it. Who has a token may void it; by its id, who "
               "may look after\naccounts. `-` is the first line of standard input.",
    .examples =
            (const struct example[]){
                    { "mu token revoke 5f0c66a1d24e4ac3b3a86c6a1e2d9f80", "the id: mu token show" },
                    { "mu token revoke - < token", "the token itself" },
                    { NULL, NULL },
            },
    .run = token_revoke_run,
};

/* ---- rotate-key, keys ---- */

enum key_column { KEY_ID, KEY_STATE, KEY_CREATED, KEY_COLUMNS };

static const struct table_column key_columns[KEY_COLUMNS] = {
    [KEY_ID] = { .name = "KEY" },
    [KEY_STATE] = { .name = "STATE" },
    [KEY_CREATED] = { .name = "CREATED" },
};

static void key_row(struct table *table, const Mu__Auth__V1__SigningKey *key)
{
    uint64_t now_s = instant_now_s();
    char text[INSTANT_TEXT_MAX];

    table_row(table);
    table_cell(table, KEY_ID, "%s", key->id);
    if (key->until_s == 0)
        table_cell(table, KEY_STATE, "signs");
    else
        table_cell(table, KEY_STATE, "believed until %s", instant_print(key->until_s, now_s, text));
    table_cell(table, KEY_CREATED, "%s", instant_print(key->created_s, now_s, text));
}

static int token_keys_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__KeysReply *reply = NULL;
    CLEANUP(table_cleanup) struct table *table = NULL;
    Mu__Auth__V1__KeysRequest request = MU__AUTH__V1__KEYS_REQUEST__INIT;
    int code = users_call(cli, "auth.Keys", &request.base, &mu__auth__v1__keys_reply__descriptor,
            (ProtobufCMessage **)&reply);

    (void)arguments;
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return users_print_json(cli, &reply->base);
    if (cli->format != OUTPUT_NAME)
        table = table_new(cli, key_columns, KEY_COLUMNS);
    for (size_t i = 0; i < reply->n_keys; i++) {
        if (table != NULL)
            key_row(table, reply->keys[i]);
        else
            puts(reply->keys[i]->id);
    }
    if (table != NULL)
        table_print(table);
    return EXIT_OK;
}

static const struct command token_keys_command = {
    .name = "keys",
    .summary = "the keys whose tokens are believed",
    .examples =
            (const struct example[]){
                    { "mu token keys --json", "with their public halves" },
                    { NULL, NULL },
            },
    .run = token_keys_run,
};

static int token_rotate_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__RotateKeyReply *reply = NULL;
    Mu__Auth__V1__RotateKeyRequest request = MU__AUTH__V1__ROTATE_KEY_REQUEST__INIT;
    int code = users_call(cli, "auth.RotateKey", &request.base,
            &mu__auth__v1__rotate_key_reply__descriptor, (ProtobufCMessage **)&reply);

    (void)arguments;
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return users_print_json(cli, &reply->base);
    puts(reply->key->id);
    output_talk(cli, "signs from now on; tokens of the key before it are good until they end");
    return EXIT_OK;
}

static const struct command token_rotate_command = {
    .name = "rotate-key",
    .summary = "sign access tokens with a new key from now on",
    .details =
            "Nobody is logged out: the old key is believed until the last token of it has ended.",
    .examples =
            (const struct example[]){
                    { "mu token rotate-key", "then: mu token keys" },
                    { NULL, NULL },
            },
    .run = token_rotate_run,
};

const struct command token_command = {
    .name = "token",
    .group = "Users",
    .summary = "access tokens: make, narrow, look at and void them",
    .words = "COMMAND …",
    .children =
            (const struct command *const[]){
                    &token_issue_command,
                    &token_narrow_command,
                    &token_show_command,
                    &token_revoke_command,
                    &token_rotate_command,
                    &token_keys_command,
                    NULL,
            },
};
