// SPDX-License-Identifier: Apache-2.0
/* mu account rights, password, disable, enable, remove. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "services/interface/mu/account.h"
#include "services/interface/mu/arguments.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/confirm.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/password.h"

/* ---- rights ---- */

static int account_rights_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__AccountReply *reply = NULL;
    Mu__Auth__V1__SetRightsRequest request = MU__AUTH__V1__SET_RIGHTS_REQUEST__INIT;
    struct users_list scopes;
    struct users_list roles;
    int code;

    users_flag(arguments, "scope", &scopes);
    users_flag(arguments, "role", &roles);
    request.name = arguments->words[0];
    request.scopes = scopes.each;
    request.n_scopes = scopes.count;
    request.roles = roles.each;
    request.n_roles = roles.count;
    code = users_call(cli, "auth.SetRights", &request.base,
            &mu__auth__v1__account_reply__descriptor, (ProtobufCMessage **)&reply);
    return code == EXIT_OK ? account_print(cli, reply->account) : code;
}

const struct command account_rights_command = {
    .name = "rights",
    .summary = "replace what an account may do",
    .words = "NAME",
    .words_min = 1,
    .words_max = 1,
    .first = COMPLETE_ACCOUNT,
    .details = "All scopes and all roles: those that are not said are taken away. Its access "
               "tokens are void\nwithin a second; its sessions go on with the new rights.",
    .flags =
            (const struct flag[]){
                    { .name = "scope",
                            .value = "ENDPOINT",
                            .help = "what it may call; several times for several",
                            .complete = COMPLETE_ENDPOINT },
                    { .name = "role",
                            .value = "ROLE",
                            .help = "admin or auditor; several times for several",
                            .complete = COMPLETE_CHOICE,
                            .choices = "admin|auditor" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu account rights alice --scope 'shop.*'", "that, and no role" },
                    { NULL, NULL },
            },
    .run = account_rights_run,
};

/* ---- password ---- */

static int account_ask_old(struct cli *cli, Mu__Auth__V1__SetPasswordRequest *request,
        const struct arguments *arguments, char old[PASSWORD_TEXT_MAX])
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__WhoamiReply *reply = NULL;
    Mu__Auth__V1__WhoamiRequest whoami = MU__AUTH__V1__WHOAMI_REQUEST__INIT;
    int code = users_call(cli, "auth.Whoami", &whoami.base, &mu__auth__v1__whoami_reply__descriptor,
            (ProtobufCMessage **)&reply);

    if (code != EXIT_OK || reply->account == NULL ||
            strcmp(reply->account->name, request->name) != 0)
        return code;
    code = password_get(cli, arguments, "The old password: ", false, old);
    request->old_password = old;
    return code;
}

static int account_password_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(password_wipe) char password[PASSWORD_TEXT_MAX] = "";
    CLEANUP(password_wipe) char old[PASSWORD_TEXT_MAX] = "";
    CLEANUP(bus_reply_free) Mu__Auth__V1__SetPasswordReply *reply = NULL;
    Mu__Auth__V1__SetPasswordRequest request = MU__AUTH__V1__SET_PASSWORD_REQUEST__INIT;
    int code;

    request.name = arguments->words[0];
    request.generate = arguments_flag(arguments, "generate") != NULL;
    code = account_ask_old(cli, &request, arguments, old);
    if (code == EXIT_OK && !request.generate)
        code = password_get(cli, arguments, "The new password: ", true, password);
    if (code != EXIT_OK)
        return code;
    request.password = password;
    code = users_call(cli, "auth.SetPassword", &request.base,
            &mu__auth__v1__set_password_reply__descriptor, (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return users_print_json(cli, &reply->base);
    if (request.generate)
        account_print_secret(cli, request.name, reply->secret);
    else
        output_talk(cli, "%s has a new password; its sessions are over", request.name);
    return EXIT_OK;
}

const struct command account_password_command = {
    .name = "password",
    .summary = "give an account a new password",
    .words = "NAME",
    .words_min = 1,
    .words_max = 1,
    .first = COMPLETE_ACCOUNT,
    .details = "Its sessions end, and its access tokens are void within a second. Who is logged in "
               "as the account\nis asked for the old one, too; with --password-stdin that is the "
               "first line, and the new one the\nsecond.",
    .flags =
            (const struct flag[]){
                    { .name = "generate", .help = "make one, and print it this once" },
                    PASSWORD_FLAG,
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu account password alice", "asks for it twice" },
                    { "mu account password admin --generate", "where the first one was lost" },
                    { NULL, NULL },
            },
    .run = account_password_run,
};

/* ---- disable, enable ---- */

static int account_set_disabled(struct cli *cli, const struct arguments *arguments, bool disabled)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__AccountReply *reply = NULL;
    Mu__Auth__V1__SetDisabledRequest request = MU__AUTH__V1__SET_DISABLED_REQUEST__INIT;
    int code;

    request.name = arguments->words[0];
    request.disabled = disabled;
    code = users_call(cli, "auth.SetDisabled", &request.base,
            &mu__auth__v1__account_reply__descriptor, (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    output_talk(cli, "%s is %s", reply->account->name,
            disabled ? "disabled; its sessions are over, and its tokens void" : "enabled");
    return output_is_json(cli) ? users_print_json(cli, &reply->account->base) : EXIT_OK;
}

static int account_disable_run(struct cli *cli, const struct arguments *arguments)
{
    return account_set_disabled(cli, arguments, true);
}

static int account_enable_run(struct cli *cli, const struct arguments *arguments)
{
    return account_set_disabled(cli, arguments, false);
}

const struct command account_disable_command = {
    .name = "disable",
    .summary = "shut an account out: nobody logs in, and its tokens are void within a second",
    .words = "NAME",
    .words_min = 1,
    .words_max = 1,
    .first = COMPLETE_ACCOUNT,
    .examples =
            (const struct example[]){
                    { "mu account disable alice", "until: mu account enable alice" },
                    { NULL, NULL },
            },
    .run = account_disable_run,
};

const struct command account_enable_command = {
    .name = "enable",
    .summary = "let an account in again that was disabled",
    .words = "NAME",
    .words_min = 1,
    .words_max = 1,
    .first = COMPLETE_ACCOUNT,
    .examples =
            (const struct example[]){
                    { "mu account enable alice", "with her old password; sessions begin anew" },
                    { NULL, NULL },
            },
    .run = account_enable_run,
};

/* ---- remove ---- */

static int account_remove_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__RemoveAccountReply *reply = NULL;
    Mu__Auth__V1__RemoveAccountRequest request = MU__AUTH__V1__REMOVE_ACCOUNT_REQUEST__INIT;
    int code = confirm(cli, arguments, "Remove the account %s", arguments->words[0]);

    if (code != EXIT_OK)
        return code;
    request.name = arguments->words[0];
    code = users_call(cli, "auth.RemoveAccount", &request.base,
            &mu__auth__v1__remove_account_reply__descriptor, (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    output_talk(cli, "%s is removed", request.name);
    return output_is_json(cli) ? users_print_json(cli, &reply->base) : EXIT_OK;
}

const struct command account_remove_command = {
    .name = "remove",
    .alias = "rm",
    .summary = "remove an account, its sessions and tokens",
    .words = "NAME",
    .words_min = 1,
    .words_max = 1,
    .first = COMPLETE_ACCOUNT,
    .details = "Rules that name it stay, and so does what the audit log says of it.",
    .flags = (const struct flag[]){ CONFIRM_FLAG, { .name = NULL } },
    .examples =
            (const struct example[]){
                    { "mu account remove alice", "asks once" },
                    { "mu account remove alice --yes", "from a script" },
                    { NULL, NULL },
            },
    .run = account_remove_run,
};
