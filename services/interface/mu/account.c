// SPDX-License-Identifier: Apache-2.0
/* mu account init, create, list, show; and the noun. */
#include "services/interface/mu/account.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "services/interface/mu/arguments.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/instant.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/password.h"
#include "services/interface/mu/table.h"

extern const struct command account_rights_command;
extern const struct command account_password_command;
extern const struct command account_disable_command;
extern const struct command account_enable_command;
extern const struct command account_remove_command;

static const char *const account_kinds[] = {
    [MU__AUTH__V1__KIND__KIND_PERSON] = "person",
    [MU__AUTH__V1__KIND__KIND_SERVICE] = "service",
    [MU__AUTH__V1__KIND__KIND_AGENT] = "agent",
};

enum { ACCOUNT_KINDS = sizeof(account_kinds) / sizeof(account_kinds[0]) };

static const char *account_kind_name(Mu__Auth__V1__Kind kind)
{
    return (unsigned)kind < ACCOUNT_KINDS ? account_kinds[kind] : "unknown";
}

/* ---- what is shared ---- */

int account_print(struct cli *cli, const Mu__Auth__V1__Account *account)
{
    uint64_t now_s = instant_now_s();
    char text[INSTANT_TEXT_MAX];
    char list[512];

    if (output_is_json(cli))
        return users_print_json(cli, &account->base);
    if (cli->format == OUTPUT_NAME) {
        puts(account->name);
        return EXIT_OK;
    }
    printf("account   %s, %s%s\n", account->name, account_kind_name(account->kind),
            account->disabled ? ", disabled" : "");
    printf("may call  %s\n", users_join(account->scopes, account->n_scopes, list, sizeof(list)));
    if (account->namespace_[0] != '\0')
        printf("namespace %s\n", account->namespace_);
    printf("roles     %s\n", users_join(account->roles, account->n_roles, list, sizeof(list)));
    printf("password  %s\n", account->no_password ? "none" : "set");
    printf("passkeys  %u\n", account->passkeys);
    printf("created   %s\n", instant_print(account->created_s, now_s, text));
    printf("login     %s\n",
            account->login_s > 0 ? instant_print(account->login_s, now_s, text) : "never");
    printf("sessions  %u\n", account->sessions);
    return EXIT_OK;
}

void account_print_secret(const struct cli *cli, const char *account, const char *secret)
{
    printf("%s\n", secret);
    fflush(stdout);
    output_talk(cli, "the password of %s, shown this once: keep it; then: mu login %s", account,
            account);
}

/* ---- init ---- */

static int account_init_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__InitReply *reply = NULL;
    Mu__Auth__V1__InitRequest request = MU__AUTH__V1__INIT_REQUEST__INIT;
    int code = users_call(cli, "auth.Init", &request.base, &mu__auth__v1__init_reply__descriptor,
            (ProtobufCMessage **)&reply);

    (void)arguments;
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return users_print_json(cli, &reply->base);
    account_print_secret(cli, reply->account->name, reply->secret);
    explicit_bzero(reply->secret, strlen(reply->secret));
    return EXIT_OK;
}

static const struct command account_init_command = {
    .name = "init",
    .summary = "make the first account, admin, with a password that is shown once",
    .details =
            "There is no password that comes with Mu. Only while there is no account; who owns "
            "the node can\nalways make others: mu account create, and a new password: mu account "
            "password.",
    .examples =
            (const struct example[]){
                    { "mu account init", "prints the password of admin" },
                    { NULL, NULL },
            },
    .run = account_init_run,
};

/* ---- create ---- */

static int account_read_kind(
        const struct cli *cli, const struct arguments *arguments, Mu__Auth__V1__Kind *kindp)
{
    const char *text = arguments_flag(arguments, "kind");
    char word[FAILURE_WORD_MAX];

    for (unsigned i = 0; text != NULL && i < ACCOUNT_KINDS; i++) {
        if (strcmp(account_kinds[i], text) == 0) {
            *kindp = (Mu__Auth__V1__Kind)i;
            return EXIT_OK;
        }
    }
    return text == NULL ? EXIT_OK
                        : (int)failure_say(cli, EXIT_USAGE, "one of: person service agent",
                                  "--kind: there is no kind \"%s\"", failure_word(text, word));
}

/* Whether a password is asked for, generated, or there is none. */
static int account_read_password(const struct cli *cli, const struct arguments *arguments,
        Mu__Auth__V1__CreateAccountRequest *request, char password[PASSWORD_TEXT_MAX])
{
    bool none = arguments_flag(arguments, "no-password") != NULL;
    bool given = arguments_flag(arguments, "password-stdin") != NULL;
    int code = EXIT_OK;

    request->generate = arguments_flag(arguments, "generate") != NULL;
    if (none + given + request->generate > 1)
        return (int)failure_say(cli, EXIT_USAGE, "leave all but one of them out",
                "--generate, --password-stdin and --no-password exclude each other");
    if (!none && !request->generate && (given || request->kind == MU__AUTH__V1__KIND__KIND_PERSON))
        code = password_get(cli, arguments, "Password: ", true, password);
    request->password = password;
    return code;
}

static int account_create_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(password_wipe) char password[PASSWORD_TEXT_MAX] = "";
    CLEANUP(bus_reply_free) Mu__Auth__V1__CreateAccountReply *reply = NULL;
    Mu__Auth__V1__CreateAccountRequest request = MU__AUTH__V1__CREATE_ACCOUNT_REQUEST__INIT;
    struct users_list scopes;
    struct users_list roles;
    int code = account_read_kind(cli, arguments, &request.kind);

    if (code == EXIT_OK)
        code = bus_need(cli);
    if (code == EXIT_OK)
        code = account_read_password(cli, arguments, &request, password);
    if (code != EXIT_OK)
        return code;
    users_flag(arguments, "scope", &scopes);
    users_flag(arguments, "role", &roles);
    request.name = arguments->words[0];
    if (arguments_flag(arguments, "namespace") != NULL)
        request.namespace_ = (char *)(uintptr_t)arguments_flag(arguments, "namespace");
    request.scopes = scopes.each;
    request.n_scopes = scopes.count;
    request.roles = roles.each;
    request.n_roles = roles.count;
    code = users_call(cli, "auth.CreateAccount", &request.base,
            &mu__auth__v1__create_account_reply__descriptor, (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return users_print_json(cli, &reply->base);
    if (request.generate)
        account_print_secret(cli, reply->account->name, reply->secret);
    else
        output_talk(cli, "there is an account %s now", reply->account->name);
    return EXIT_OK;
}

static const struct command account_create_command = {
    .name = "create",
    .summary = "make an account of a person, a service or an agent",
    .words = "NAME",
    .words_min = 1,
    .words_max = 1,
    .details =
            "An account may call what its scopes say, patterns of endpoints: greeter.Hello, "
            "store.*, >; and\nnothing without. The role admin lets it look after accounts, rules "
            "and keys; auditor, read the audit\nlog. A person's password is asked for; services "
            "and agents have none unless one is given, and get\ntokens by mu token issue.",
    .flags =
            (const struct flag[]){
                    { .name = "scope",
                            .value = "ENDPOINT",
                            .help = "what it may call; several times for several",
                            .complete = COMPLETE_ENDPOINT },
                    { .name = "namespace",
                            .value = "NAME",
                            .help = "reaches services of this namespace and the node's own alone" },
                    { .name = "role",
                            .value = "ROLE",
                            .help = "admin or auditor; several times for several",
                            .complete = COMPLETE_CHOICE,
                            .choices = "admin|auditor" },
                    { .name = "kind",
                            .value = "KIND",
                            .help = "person, which is the default; service; agent",
                            .complete = COMPLETE_CHOICE,
                            .choices = "person|service|agent" },
                    { .name = "generate", .help = "make a password, and print it this once" },
                    { .name = "no-password", .help = "nobody logs in as it" },
                    PASSWORD_FLAG,
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu account create alice --scope 'shop.*' --scope greeter.Hello",
                            "asks for her password" },
                    { "mu account create dave --namespace acme --scope '>'",
                            "what acme has, and the node's own services" },
                    { "mu account create carol --scope '>' --role admin --generate",
                            "prints her password once" },
                    { "mu account create indexer --kind agent --scope 'store.Get'",
                            "then: mu token issue indexer" },
                    { NULL, NULL },
            },
    .run = account_create_run,
};

/* ---- list ---- */

enum account_column {
    ACCOUNT_NAME,
    ACCOUNT_KIND,
    ACCOUNT_STATE,
    ACCOUNT_SCOPES,
    ACCOUNT_ROLES,
    ACCOUNT_SESSIONS,
    ACCOUNT_COLUMNS
};

static const struct table_column account_columns[ACCOUNT_COLUMNS] = {
    [ACCOUNT_NAME] = { .name = "ACCOUNT" },
    [ACCOUNT_KIND] = { .name = "KIND" },
    [ACCOUNT_STATE] = { .name = "STATE" },
    [ACCOUNT_SCOPES] = { .name = "MAY CALL", .cut = true },
    [ACCOUNT_ROLES] = { .name = "ROLES" },
    [ACCOUNT_SESSIONS] = { .name = "SESSIONS", .right = true },
};

static void account_row(struct table *table, const Mu__Auth__V1__Account *account)
{
    char list[512];

    table_row(table);
    table_cell(table, ACCOUNT_NAME, "%s", account->name);
    table_cell(table, ACCOUNT_KIND, "%s", account_kind_name(account->kind));
    table_cell(table, ACCOUNT_STATE, "%s", account->disabled ? "disabled" : "enabled");
    if (account->disabled)
        table_color(table, ACCOUNT_STATE, COLOR_BAD);
    table_cell(table, ACCOUNT_SCOPES, "%s",
            users_join(account->scopes, account->n_scopes, list, sizeof(list)));
    table_cell(table, ACCOUNT_ROLES, "%s",
            users_join(account->roles, account->n_roles, list, sizeof(list)));
    table_cell(table, ACCOUNT_SESSIONS, "%u", account->sessions);
}

/* One page behind `*after`, which becomes the last of it. */
static int account_list_page(
        struct cli *cli, struct table *table, char after[USERS_NAME_MAX], bool *morep)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__ListAccountsReply *reply = NULL;
    Mu__Auth__V1__ListAccountsRequest request = MU__AUTH__V1__LIST_ACCOUNTS_REQUEST__INIT;
    int code;

    request.after = after;
    code = users_call(cli, "auth.ListAccounts", &request.base,
            &mu__auth__v1__list_accounts_reply__descriptor, (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    for (size_t i = 0; i < reply->n_accounts; i++) {
        const Mu__Auth__V1__Account *account = reply->accounts[i];

        snprintf(after, USERS_NAME_MAX, "%s", account->name);
        if (output_is_json(cli))
            code = users_print_json(cli, &account->base);
        else if (table == NULL)
            puts(account->name);
        else
            account_row(table, account);
        if (code != EXIT_OK)
            return code;
    }
    *morep = reply->more;
    return EXIT_OK;
}

static int account_list_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(table_cleanup) struct table *table = NULL;
    char after[USERS_NAME_MAX] = "";
    bool more = true;
    int code = EXIT_OK;

    (void)arguments;
    if (!output_is_json(cli) && cli->format != OUTPUT_NAME)
        table = table_new(cli, account_columns, ACCOUNT_COLUMNS);
    while (code == EXIT_OK && more)
        code = account_list_page(cli, table, after, &more);
    if (code == EXIT_OK && table != NULL && after[0] != '\0')
        table_print(table);
    if (code == EXIT_OK && after[0] == '\0')
        output_talk(cli, "there is no account yet; the first: mu account init");
    return code;
}

static const struct command account_list_command = {
    .name = "list",
    .alias = "ls",
    .summary = "all accounts",
    .details = "-o json and jsonl print one mu.auth.v1.Account a line.",
    .examples =
            (const struct example[]){
                    { "mu account list", "a table" },
                    { "mu account list -o name", "names only, for a shell" },
                    { NULL, NULL },
            },
    .run = account_list_run,
};

/* ---- show ---- */

static int account_show_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__AccountReply *reply = NULL;
    Mu__Auth__V1__ShowAccountRequest request = MU__AUTH__V1__SHOW_ACCOUNT_REQUEST__INIT;
    int code;

    request.name = arguments->words[0];
    code = users_call(cli, "auth.ShowAccount", &request.base,
            &mu__auth__v1__account_reply__descriptor, (ProtobufCMessage **)&reply);
    return code == EXIT_OK ? account_print(cli, reply->account) : code;
}

static const struct command account_show_command = {
    .name = "show",
    .summary = "one account",
    .words = "NAME",
    .words_min = 1,
    .words_max = 1,
    .first = COMPLETE_ACCOUNT,
    .examples =
            (const struct example[]){
                    { "mu account show alice", "what she may call, when she logged in" },
                    { NULL, NULL },
            },
    .run = account_show_run,
};

const struct command account_command = {
    .name = "account",
    .group = "Users",
    .summary = "accounts of people, services and agents",
    .words = "COMMAND …",
    .children =
            (const struct command *const[]){
                    &account_init_command,
                    &account_create_command,
                    &account_list_command,
                    &account_show_command,
                    &account_rights_command,
                    &account_password_command,
                    &account_disable_command,
                    &account_enable_command,
                    &account_remove_command,
                    NULL,
            },
};
