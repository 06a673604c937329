// SPDX-License-Identifier: Apache-2.0
/* mu passkey add, list, remove. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "services/interface/mu/arguments.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/confirm.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/instant.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/passkey_sign.h"
#include "services/interface/mu/password.h"
#include "services/interface/mu/table.h"
#include "services/interface/mu/users.h"

/* ---- whose, and who asks ---- */

struct passkey_user {
    Mu__Auth__V1__WhoamiReply *whoami; /* owned */
    const char *account;               /* whose passkeys: borrowed */
};

static void passkey_user_drop(struct passkey_user *user)
{
    bus_reply_free(&user->whoami);
}

/* The account that was named as word number `index`, else the one that is logged in. */
static int passkey_user_find(
        struct cli *cli, const struct arguments *arguments, int index, struct passkey_user *user)
{
    Mu__Auth__V1__WhoamiRequest request = MU__AUTH__V1__WHOAMI_REQUEST__INIT;
    int code = users_call(cli, "auth.Whoami", &request.base,
            &mu__auth__v1__whoami_reply__descriptor, (ProtobufCMessage **)&user->whoami);

    if (code != EXIT_OK)
        return code;
    if (index < arguments->word_count)
        user->account = arguments->words[index];
    else if (user->whoami->account != NULL)
        user->account = user->whoami->account->name;
    else
        return (int)failure_say(cli, EXIT_USAGE, "say whose: mu passkey … ACCOUNT, or mu login",
                "nobody is logged in");
    return EXIT_OK;
}

/* What shows that it is still the user who is logged in: his password, or a passkey of his. */
struct passkey_proof {
    char password[PASSWORD_TEXT_MAX];
    struct passkey_signed made;
    Mu__Auth__V1__PasskeyAnswer *answer; /* NULL: the password, "" for the node's owner */
};

static void passkey_proof_wipe(struct passkey_proof *proof)
{
    password_wipe(proof->password);
}

static int passkey_prove(struct cli *cli, const struct arguments *arguments,
        const struct passkey_user *user, const char *device, struct passkey_proof *proof)
{
    const Mu__Auth__V1__Account *self = user->whoami->account;
    char question[FAILURE_WORD_MAX + 32];
    int code;

    proof->password[0] = '\0';
    proof->answer = NULL;
    if (self == NULL)
        return EXIT_OK;
    if (arguments_flag(arguments, "passkey") == NULL) {
        snprintf(question, sizeof(question), "Password of %s: ", self->name);
        return password_get(cli, arguments, question, false, proof->password);
    }
    code = passkey_sign_again(cli, device, self->name, "prove", &proof->made);
    proof->answer = &proof->made.answer;
    return code;
}

#define PASSKEY_PROOF_FLAG                                                                         \
    {                                                                                              \
        .name = "passkey",                                                                         \
        .help = "who is logged in shows by a passkey that it is still he, not by his password"     \
    }

/* ---- add ---- */

static int passkey_keep(struct cli *cli, const struct arguments *arguments, const char *account,
        struct passkey_signed *made)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__PasskeyReply *reply = NULL;
    Mu__Auth__V1__PasskeyAddRequest request = MU__AUTH__V1__PASSKEY_ADD_REQUEST__INIT;
    const char *label = arguments_flag(arguments, "label");
    int code;

    request.account = (char *)(uintptr_t)account;
    request.label = (char *)(uintptr_t)(label != NULL ? label : "");
    request.public_key = made->public_key;
    request.answer = &made->answer;
    code = users_call(cli, "auth.PasskeyAdd", &request.base,
            &mu__auth__v1__passkey_reply__descriptor, (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return users_print_json(cli, &reply->passkey->base);
    if (cli->format == OUTPUT_NAME)
        puts(reply->passkey->label);
    output_talk(cli, "%s has the passkey %s now; then: mu login %s --passkey", account,
            reply->passkey->label, account);
    return EXIT_OK;
}

static int passkey_add_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(passkey_user_drop) struct passkey_user user = { .whoami = NULL };
    CLEANUP(passkey_proof_wipe) struct passkey_proof proof = { .answer = NULL };
    CLEANUP(bus_reply_free) Mu__Auth__V1__PasskeyBeginReply *reply = NULL;
    Mu__Auth__V1__PasskeyBeginRequest request = MU__AUTH__V1__PASSKEY_BEGIN_REQUEST__INIT;
    const char *device = arguments_flag(arguments, "device");
    const char *other = arguments_flag(arguments, "proof-device");
    struct passkey_signed made;
    int code = passkey_user_find(cli, arguments, 0, &user);

    if (code == EXIT_OK)
        code = passkey_prove(cli, arguments, &user, other != NULL ? other : device, &proof);
    if (code != EXIT_OK)
        return code;
    request.account = (char *)(uintptr_t)user.account;
    request.password = proof.password;
    request.proof = proof.answer;
    code = users_call(cli, "auth.PasskeyBegin", &request.base,
            &mu__auth__v1__passkey_begin_reply__descriptor, (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    output_talk(cli, "the key makes a passkey first, and then signs with it: touch it twice");
    code = passkey_sign(cli, device,
            &(struct passkey_sign_order){ .challenge = reply->challenge,
                    .purpose = "add",
                    .account = user.account,
                    .fresh = true },
            &made);
    return code == EXIT_OK ? passkey_keep(cli, arguments, user.account, &made) : code;
}

static const struct command passkey_add_command = {
    .name = "add",
    .summary = "let a security key log in to an account",
    .words = "[ACCOUNT]",
    .words_max = 1,
    .first = COMPLETE_ACCOUNT,
    .details =
            "Without ACCOUNT: the one that is logged in. The security key (FIDO2) makes a passkey "
            "for it, whose\nprivate half never leaves the key; the key verifies who touches it, by "
            "a PIN or a finger. Who is\nlogged in is asked for the password again, since a token "
            "may be another's by now; the node's owner\nis not. An account may have 8.",
    .flags =
            (const struct flag[]){
                    { .name = "label",
                            .value = "TEXT",
                            .help = "what the passkey is called; without: key-1, key-2, …" },
                    PASSKEY_DEVICE_FLAG,
                    PASSKEY_PROOF_FLAG,
                    { .name = "proof-device",
                            .value = "PATH",
                            .help = "with --passkey: the key that shows it, beside the new one",
                            .complete = COMPLETE_FILE },
                    PASSWORD_FLAG,
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu passkey add --label 'blue key'", "to the account that is logged in" },
                    { "mu passkey add alice", "as the node's owner" },
                    { "mu passkey add --passkey --proof-device /dev/hidraw0 --device /dev/hidraw1",
                            "a second key, shown by the first" },
                    { NULL, NULL },
            },
    .run = passkey_add_run,
};

/* ---- list ---- */

enum passkey_column {
    PASSKEY_LABEL,
    PASSKEY_ALGORITHM,
    PASSKEY_MADE,
    PASSKEY_USED,
    PASSKEY_COUNTER,
    PASSKEY_COLUMNS
};

static const struct table_column passkey_columns[PASSKEY_COLUMNS] = {
    [PASSKEY_LABEL] = { .name = "PASSKEY" },
    [PASSKEY_ALGORITHM] = { .name = "KIND" },
    [PASSKEY_MADE] = { .name = "ADDED" },
    [PASSKEY_USED] = { .name = "USED" },
    [PASSKEY_COUNTER] = { .name = "COUNTER", .right = true },
};

static void passkey_row(struct table *table, const Mu__Auth__V1__Passkey *passkey)
{
    uint64_t now_s = instant_now_s();
    char text[INSTANT_TEXT_MAX];

    table_row(table);
    table_cell(table, PASSKEY_LABEL, "%s", passkey->label);
    table_cell(table, PASSKEY_ALGORITHM, "%s", passkey->algorithm);
    table_cell(table, PASSKEY_MADE, "%s", instant_print(passkey->made_s, now_s, text));
    table_cell(table, PASSKEY_USED, "%s",
            passkey->used_s > 0 ? instant_print(passkey->used_s, now_s, text) : "never");
    table_cell(table, PASSKEY_COUNTER, "%u", passkey->counter);
}

static int passkey_list_print(struct cli *cli, const Mu__Auth__V1__PasskeyListReply *reply)
{
    CLEANUP(table_cleanup) struct table *table = NULL;
    int code = EXIT_OK;

    if (!output_is_json(cli) && cli->format != OUTPUT_NAME)
        table = table_new(cli, passkey_columns, PASSKEY_COLUMNS);
    for (size_t i = 0; code == EXIT_OK && i < reply->n_passkeys; i++) {
        if (output_is_json(cli))
            code = users_print_json(cli, &reply->passkeys[i]->base);
        else if (table == NULL)
            puts(reply->passkeys[i]->label);
        else
            passkey_row(table, reply->passkeys[i]);
    }
    if (table != NULL && reply->n_passkeys > 0)
        table_print(table);
    return code;
}

static int passkey_list_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(passkey_user_drop) struct passkey_user user = { .whoami = NULL };
    CLEANUP(bus_reply_free) Mu__Auth__V1__PasskeyListReply *reply = NULL;
    Mu__Auth__V1__PasskeyListRequest request = MU__AUTH__V1__PASSKEY_LIST_REQUEST__INIT;
    int code = passkey_user_find(cli, arguments, 0, &user);

    if (code != EXIT_OK)
        return code;
    request.account = (char *)(uintptr_t)user.account;
    code = users_call(cli, "auth.PasskeyList", &request.base,
            &mu__auth__v1__passkey_list_reply__descriptor, (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    if (reply->n_passkeys == 0)
        output_talk(cli, "%s has no passkey; the first: mu passkey add", user.account);
    return passkey_list_print(cli, reply);
}

static const struct command passkey_list_command = {
    .name = "list",
    .alias = "ls",
    .summary = "the passkeys of an account",
    .words = "[ACCOUNT]",
    .words_max = 1,
    .first = COMPLETE_ACCOUNT,
    .details = "Without ACCOUNT: the one that is logged in. -o json and jsonl print one "
               "mu.auth.v1.Passkey a line.",
    .examples =
            (const struct example[]){
                    { "mu passkey list", "when they were added, and used last" },
                    { "mu passkey list alice -o name", "their labels only" },
                    { NULL, NULL },
            },
    .run = passkey_list_run,
};

/* ---- remove ---- */

static int passkey_remove_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(passkey_user_drop) struct passkey_user user = { .whoami = NULL };
    CLEANUP(passkey_proof_wipe) struct passkey_proof proof = { .answer = NULL };
    CLEANUP(bus_reply_free) Mu__Auth__V1__PasskeyReply *reply = NULL;
    Mu__Auth__V1__PasskeyRemoveRequest request = MU__AUTH__V1__PASSKEY_REMOVE_REQUEST__INIT;
    int code = passkey_user_find(cli, arguments, 1, &user);

    if (code == EXIT_OK)
        code = confirm(
                cli, arguments, "Remove the passkey %s of %s", arguments->words[0], user.account);
    if (code == EXIT_OK)
        code = passkey_prove(cli, arguments, &user, arguments_flag(arguments, "device"), &proof);
    if (code != EXIT_OK)
        return code;
    request.account = (char *)(uintptr_t)user.account;
    request.label = arguments->words[0];
    request.password = proof.password;
    request.proof = proof.answer;
    code = users_call(cli, "auth.PasskeyRemove", &request.base,
            &mu__auth__v1__passkey_reply__descriptor, (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    output_talk(cli, "the passkey %s is removed; the sessions of %s are over",
            reply->passkey->label, user.account);
    return output_is_json(cli) ? users_print_json(cli, &reply->passkey->base) : EXIT_OK;
}

static const struct command passkey_remove_command = {
    .name = "remove",
    .alias = "rm",
    .summary = "let a security key log in no more",
    .words = "LABEL [ACCOUNT]",
    .words_min = 1,
    .words_max = 2,
    .rest = COMPLETE_ACCOUNT,
    .details = "Without ACCOUNT: of the one that is logged in. Its sessions end and its tokens are "
               "void, as with a\nnew password: whoever found the key may have opened some.",
    .flags =
            (const struct flag[]){
                    CONFIRM_FLAG,
                    PASSKEY_DEVICE_FLAG,
                    PASSKEY_PROOF_FLAG,
                    PASSWORD_FLAG,
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu passkey remove 'blue key'", "a key that was lost" },
                    { "mu passkey remove key-1 alice --yes", "as the node's owner" },
                    { NULL, NULL },
            },
    .run = passkey_remove_run,
};

const struct command passkey_command = {
    .name = "passkey",
    .group = "Users",
    .summary = "security keys that log in to accounts",
    .words = "COMMAND …",
    .children =
            (const struct command *const[]){
                    &passkey_add_command,
                    &passkey_list_command,
                    &passkey_remove_command,
                    NULL,
            },
};
