// SPDX-License-Identifier: Apache-2.0
/* mu login, logout, whoami - on whose behalf this user's calls are. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "services/interface/mu/arguments.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/credentials.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/instant.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/passkey_sign.h"
#include "services/interface/mu/password.h"
#include "services/interface/mu/session.h"
#include "services/interface/mu/users.h"

static const char login_default[] = "admin";

/* ---- mu login ---- */

static int login_unkept(const struct cli *cli, int error)
{
    return (int)failure_say(cli, EXIT_INTERNAL, "is the config folder there, and this user's?",
            "the session cannot be kept: %s", strerror(-error));
}

/* What was given stays between this program and its files. */
static int login_show(struct cli *cli, Mu__Auth__V1__SessionReply *reply)
{
    char scopes[256];
    char until[INSTANT_TEXT_MAX];

    if (output_is_json(cli)) {
        explicit_bzero(reply->access_token, strlen(reply->access_token));
        explicit_bzero(reply->refresh_token, strlen(reply->refresh_token));
        return users_print_json(cli, &reply->base);
    }
    output_talk(cli, "logged in as %s until %s; may call: %s", reply->account,
            instant_print(reply->session_until_s, instant_now_s(), until),
            users_join(reply->scopes, reply->n_scopes, scopes, sizeof(scopes)));
    return EXIT_OK;
}

/* A session that was there before ends with its file. */
static void login_end_old(struct cli *cli)
{
    CLEANUP(credentials_wipe) struct credentials credentials = { .expires_s = 0 };
    CLEANUP(bus_reply_free) Mu__Auth__V1__LogoutReply *reply = NULL;
    Mu__Auth__V1__LogoutRequest request = MU__AUTH__V1__LOGOUT_REQUEST__INIT;
    struct mu_status status;

    if (credentials_read(cli, &credentials) < 0)
        return;
    request.refresh_token = credentials.refresh;
    bus_ask(cli, "auth.Logout", &request.base, &mu__auth__v1__logout_reply__descriptor, 0,
            (ProtobufCMessage **)&reply, &status);
}

static int login_by_password(struct cli *cli, const struct arguments *arguments,
        const char *account, Mu__Auth__V1__SessionReply **replyp)
{
    CLEANUP(password_wipe) char password[PASSWORD_TEXT_MAX] = "";
    Mu__Auth__V1__LoginRequest request = MU__AUTH__V1__LOGIN_REQUEST__INIT;
    char question[FAILURE_WORD_MAX + 32];
    char word[FAILURE_WORD_MAX];
    int code;

    snprintf(question, sizeof(question), "Password of %s: ", failure_word(account, word));
    code = password_get(cli, arguments, question, false, password);
    if (code != EXIT_OK)
        return code;
    request.account = (char *)(uintptr_t)account;
    request.password = password;
    return users_call(cli, "auth.Login", &request.base, &mu__auth__v1__session_reply__descriptor,
            (ProtobufCMessage **)replyp);
}

static int login_by_passkey(struct cli *cli, const struct arguments *arguments, const char *account,
        Mu__Auth__V1__SessionReply **replyp)
{
    Mu__Auth__V1__PasskeyLoginRequest request = MU__AUTH__V1__PASSKEY_LOGIN_REQUEST__INIT;
    struct passkey_signed made;
    int code =
            passkey_sign_again(cli, arguments_flag(arguments, "device"), account, "login", &made);

    if (code != EXIT_OK)
        return code;
    request.account = (char *)(uintptr_t)account;
    request.answer = &made.answer;
    return users_call(cli, "auth.PasskeyLogin", &request.base,
            &mu__auth__v1__session_reply__descriptor, (ProtobufCMessage **)replyp);
}

static int login_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__SessionReply *reply = NULL;
    CLEANUP(cleanup_close) int lock = -1;
    const char *account = arguments->word_count > 0 ? arguments->words[0] : login_default;
    int code = bus_need(cli);

    if (code != EXIT_OK)
        return code;
    code = arguments_flag(arguments, "passkey") != NULL
                   ? login_by_passkey(cli, arguments, account, &reply)
                   : login_by_password(cli, arguments, account, &reply);
    if (code != EXIT_OK)
        return code;
    code = credentials_lock(cli, &lock);
    if (code < 0)
        return login_unkept(cli, code);
    login_end_old(cli);
    code = session_keep(cli, reply);
    return code < 0 ? login_unkept(cli, code) : login_show(cli, reply);
}

const struct command login_command = {
    .name = "login",
    .as_owner = true,
    .group = "Users",
    .summary = "make calls as an account, and with no more rights than it has",
    .words = "[ACCOUNT]",
    .words_max = 1,
    .first = COMPLETE_ACCOUNT,
    .details =
            "Without ACCOUNT: admin. From then on each command of this user presents the account's "
            "token, which\nis renewed by itself, until mu logout. The tokens are kept in the "
            "config folder, for this user to\nread alone; programs of libmu's present them, too. "
            "What starts and stops a node (mu up, down,\ndoctor) is always its owner's.",
    .flags =
            (const struct flag[]){
                    { .name = "passkey", .help = "by a security key: mu passkey add" },
                    PASSKEY_DEVICE_FLAG,
                    PASSWORD_FLAG,
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu login alice", "asks for her password" },
                    { "mu login alice --passkey", "with a security key that she touches" },
                    { "pass mu/alice | mu login alice --password-stdin", "from a password store" },
                    { NULL, NULL },
            },
    .run = login_run,
};

/* ---- mu logout ---- */

/* Has `auth` end the session; false where it could not be asked, with why in `*status`. */
static bool logout_end(struct cli *cli, char *refresh, struct mu_status *status)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__LogoutReply *reply = NULL;
    Mu__Auth__V1__LogoutRequest request = MU__AUTH__V1__LOGOUT_REQUEST__INIT;

    request.refresh_token = refresh;
    bus_ask(cli, "auth.Logout", &request.base, &mu__auth__v1__logout_reply__descriptor, 0,
            (ProtobufCMessage **)&reply, status);
    return status->code == MU_OK || status->code == MU_UNAUTHENTICATED;
}

static int logout_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(credentials_wipe) struct credentials credentials = { .expires_s = 0 };
    CLEANUP(cleanup_close) int lock = -1;
    struct mu_status status;
    bool ended = true;
    int r = credentials_lock(cli, &lock);

    (void)arguments;
    if (r < 0)
        return login_unkept(cli, r);
    r = credentials_read(cli, &credentials);
    if (r == -ENOENT) {
        output_talk(cli, "nobody is logged in");
        return EXIT_OK;
    }
    if (r == 0)
        ended = logout_end(cli, credentials.refresh, &status);
    r = credentials_remove(cli);
    if (r < 0)
        return login_unkept(cli, r);
    if (!ended)
        failure_warn(cli, "as the node's owner: mu account password NAME ends all its sessions",
                "the tokens are forgotten here, but the node did not void them: %s",
                status.message);
    else
        output_talk(cli, "logged out; the tokens are void");
    return EXIT_OK;
}

const struct command logout_command = {
    .name = "logout",
    .as_owner = true,
    .group = "Users",
    .summary = "end the session of mu login, and void its tokens",
    .details = "From then on this user's calls are the node owner's again, if that is who he is.",
    .examples =
            (const struct example[]){
                    { "mu logout", "fine also where nobody is logged in" },
                    { NULL, NULL },
            },
    .run = logout_run,
};

/* ---- mu whoami ---- */

static int whoami_show(const struct cli *cli, const Mu__Auth__V1__WhoamiReply *reply)
{
    const Mu__Auth__V1__Account *account = reply->account;
    char text[256];

    if (account == NULL) {
        puts(reply->is_operator ? "the node's owner" : "nobody: log in with mu login ACCOUNT");
        return EXIT_OK;
    }
    if (cli->format == OUTPUT_NAME) {
        puts(account->name);
        return EXIT_OK;
    }
    printf("account   %s%s\n", account->name, account->disabled ? " (disabled)" : "");
    printf("may call  %s\n", users_join(account->scopes, account->n_scopes, text, sizeof(text)));
    printf("roles     %s\n", users_join(account->roles, account->n_roles, text, sizeof(text)));
    return EXIT_OK;
}

static int whoami_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__WhoamiReply *reply = NULL;
    Mu__Auth__V1__WhoamiRequest request = MU__AUTH__V1__WHOAMI_REQUEST__INIT;
    int code = users_call(cli, "auth.Whoami", &request.base,
            &mu__auth__v1__whoami_reply__descriptor, (ProtobufCMessage **)&reply);

    (void)arguments;
    if (code != EXIT_OK)
        return code;
    return output_is_json(cli) ? users_print_json(cli, &reply->base) : whoami_show(cli, reply);
}

const struct command whoami_command = {
    .name = "whoami",
    .group = "Users",
    .summary = "on whose behalf this user's calls are",
    .examples =
            (const struct example[]){
                    { "mu whoami", "the account, what it may call, its roles" },
                    { "mu whoami -o name", "the name only" },
                    { NULL, NULL },
            },
    .run = whoami_run,
};
