// SPDX-License-Identifier: Apache-2.0
/* mu rule add, list, remove, test. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "services/interface/mu/arguments.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/table.h"
#include "services/interface/mu/users.h"

enum { RULE_PRIORITY_MAX = 1000000 };

static const char *rule_effect(const Mu__Auth__V1__Rule *rule)
{
    return rule->effect == MU__AUTH__V1__EFFECT__EFFECT_ALLOW ? "allow" : "deny";
}

static void rule_print(const Mu__Auth__V1__Rule *rule)
{
    printf("rule %" PRIu64 ": %s %s %s, priority %" PRIu32 "%s%s\n", rule->id, rule_effect(rule),
            rule->who, rule->endpoints, rule->priority, rule->reason[0] != '\0' ? ": " : "",
            rule->reason);
}

/* ---- add ---- */

static int rule_add_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__RuleReply *reply = NULL;
    Mu__Auth__V1__AddRuleRequest request = MU__AUTH__V1__ADD_RULE_REQUEST__INIT;
    const char *reason = arguments_flag(arguments, "reason");
    char word[FAILURE_WORD_MAX];
    long priority = 0;
    int code = arguments_number(cli, arguments, "priority", 0, RULE_PRIORITY_MAX, &priority);

    if (code != EXIT_OK)
        return code;
    if (strcmp(arguments->words[0], "allow") == 0)
        request.effect = MU__AUTH__V1__EFFECT__EFFECT_ALLOW;
    else if (strcmp(arguments->words[0], "deny") != 0)
        return (int)failure_say(cli, EXIT_USAGE, "mu rule add deny user:alice 'shop.*'",
                "a rule allows or denies, and does not \"%s\"",
                failure_word(arguments->words[0], word));
    request.who = arguments->words[1];
    request.endpoints = arguments->words[2];
    request.priority = (uint32_t)priority;
    if (reason != NULL)
        request.reason = (char *)(uintptr_t)reason;
    code = users_call(cli, "auth.AddRule", &request.base, &mu__auth__v1__rule_reply__descriptor,
            (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return users_print_json(cli, &reply->base);
    printf("%" PRIu64 "\n", reply->rule->id);
    output_talk(
            cli, "counts from now on; take it back with: mu rule remove %" PRIu64, reply->rule->id);
    return EXIT_OK;
}

static const struct command rule_add_command = {
    .name = "add",
    .summary = "refuse calls, or let them through",
    .words = "allow|deny WHO ENDPOINTS",
    .words_min = 3,
    .words_max = 3,
    .first = COMPLETE_CHOICE,
    .rest = COMPLETE_ENDPOINT,
    .choices = "allow|deny",
    .details =
            "WHO is user:NAME, calls on behalf of an account; service:NAME, calls of a service; "
            "either with *\nat the end, for all names that begin so; or * alone, everybody but the "
            "node's owner. Of all\nrules that speak of a call, those of the highest priority "
            "count, and among them one that denies. A\nrule that allows gives no right: "
            "capabilities and tokens must cover the call all the same. Prints\nthe rule's "
            "number.",
    .flags =
            (const struct flag[]){
                    { .name = "priority", .value = "N", .help = "0 and up; without: 0" },
                    { .name = "reason", .value = "TEXT", .help = "what the refused are told" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu rule add deny '*' 'shop.*' --reason 'stocktaking until noon'",
                            "for all" },
                    { "mu rule add allow user:carol 'shop.*' --priority 1", "but not for Carol" },
                    { NULL, NULL },
            },
    .run = rule_add_run,
};

/* ---- list ---- */

enum rule_column {
    RULE_ID,
    RULE_PRIORITY,
    RULE_EFFECT,
    RULE_WHO,
    RULE_ENDPOINTS,
    RULE_REASON,
    RULE_COLUMNS
};

static const struct table_column rule_columns[RULE_COLUMNS] = {
    [RULE_ID] = { .name = "RULE", .right = true },
    [RULE_PRIORITY] = { .name = "PRIORITY", .right = true },
    [RULE_EFFECT] = { .name = "EFFECT" },
    [RULE_WHO] = { .name = "WHO" },
    [RULE_ENDPOINTS] = { .name = "ENDPOINTS" },
    [RULE_REASON] = { .name = "REASON", .cut = true },
};

static void rule_row(struct table *table, const Mu__Auth__V1__Rule *rule)
{
    table_row(table);
    table_cell(table, RULE_ID, "%" PRIu64, rule->id);
    table_cell(table, RULE_PRIORITY, "%" PRIu32, rule->priority);
    table_cell(table, RULE_EFFECT, "%s", rule_effect(rule));
    table_cell(table, RULE_WHO, "%s", rule->who);
    table_cell(table, RULE_ENDPOINTS, "%s", rule->endpoints);
    table_cell(table, RULE_REASON, "%s", rule->reason[0] != '\0' ? rule->reason : "-");
}

static int rule_list_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__ListRulesReply *reply = NULL;
    CLEANUP(table_cleanup) struct table *table = NULL;
    Mu__Auth__V1__ListRulesRequest request = MU__AUTH__V1__LIST_RULES_REQUEST__INIT;
    int code = users_call(cli, "auth.ListRules", &request.base,
            &mu__auth__v1__list_rules_reply__descriptor, (ProtobufCMessage **)&reply);

    (void)arguments;
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return users_print_json(cli, &reply->base);
    if (cli->format != OUTPUT_NAME)
        table = table_new(cli, rule_columns, RULE_COLUMNS);
    for (size_t i = 0; i < reply->n_rules; i++) {
        if (table != NULL)
            rule_row(table, reply->rules[i]);
        else
            printf("%" PRIu64 "\n", reply->rules[i]->id);
    }
    if (table != NULL && reply->n_rules > 0)
        table_print(table);
    if (reply->n_rules == 0)
        output_talk(cli, "there is no rule: capabilities and tokens alone decide");
    return EXIT_OK;
}

static const struct command rule_list_command = {
    .name = "list",
    .alias = "ls",
    .summary = "all rules, in the order in which they are asked",
    .examples =
            (const struct example[]){
                    { "mu rule list", "a table" },
                    { "mu rule list --json", "as a mu.auth.v1.ListRulesReply" },
                    { NULL, NULL },
            },
    .run = rule_list_run,
};

/* ---- remove ---- */

static int rule_remove_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__RuleReply *reply = NULL;
    Mu__Auth__V1__RemoveRuleRequest request = MU__AUTH__V1__REMOVE_RULE_REQUEST__INIT;
    const char *word = arguments->words[0];
    char shown[FAILURE_WORD_MAX];
    int code;

    if (word[0] == '\0' || strspn(word, "0123456789") != strlen(word) || strlen(word) > 18)
        return (int)failure_say(cli, EXIT_USAGE, "see the numbers: mu rule list",
                "a rule goes by its number, not by \"%s\"", failure_word(word, shown));
    request.id = strtoull(word, NULL, 10);
    code = users_call(cli, "auth.RemoveRule", &request.base, &mu__auth__v1__rule_reply__descriptor,
            (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    output_talk(cli, "rule %" PRIu64 " counts no more: %s %s %s", reply->rule->id,
            rule_effect(reply->rule), reply->rule->who, reply->rule->endpoints);
    return output_is_json(cli) ? users_print_json(cli, &reply->base) : EXIT_OK;
}

static const struct command rule_remove_command = {
    .name = "remove",
    .alias = "rm",
    .summary = "take a rule back",
    .words = "RULE",
    .words_min = 1,
    .words_max = 1,
    .first = COMPLETE_RULE,
    .examples =
            (const struct example[]){
                    { "mu rule remove 3", "its number: mu rule list" },
                    { NULL, NULL },
            },
    .run = rule_remove_run,
};

/* ---- test ---- */

static int rule_test_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__TestRulesReply *reply = NULL;
    Mu__Auth__V1__TestRulesRequest request = MU__AUTH__V1__TEST_RULES_REQUEST__INIT;
    const char *through = arguments_flag(arguments, "through");
    int code;

    request.who = arguments->words[0];
    request.endpoint = arguments->words[1];
    if (through != NULL)
        request.through = (char *)(uintptr_t)through;
    code = users_call(cli, "auth.TestRules", &request.base,
            &mu__auth__v1__test_rules_reply__descriptor, (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    code = reply->allowed ? EXIT_OK : EXIT_DENIED;
    if (output_is_json(cli)) {
        users_print_json(cli, &reply->base);
    } else if (reply->unruled) {
        puts("no rule speaks of it: capabilities and tokens alone decide");
    } else {
        printf("%s by ", reply->allowed ? "let through" : "refused");
        rule_print(reply->rule);
    }
    return code;
}

static const struct command rule_test_command = {
    .name = "test",
    .summary = "what the rules say of a call, without making it",
    .words = "WHO SERVICE.METHOD",
    .words_min = 2,
    .words_max = 2,
    .rest = COMPLETE_ENDPOINT,
    .details = "WHO is user:NAME or service:NAME. Exits with 6 where the call is refused.",
    .flags =
            (const struct flag[]){
                    { .name = "through",
                            .value = "service:NAME",
                            .help = "a call that this service makes on behalf of WHO" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu rule test user:alice shop.List", "by which rule" },
                    { "mu rule test user:alice store.Get --through service:shop",
                            "on her behalf, by a service" },
                    { NULL, NULL },
            },
    .run = rule_test_run,
};

const struct command rule_command = {
    .name = "rule",
    .group = "Users",
    .summary = "which calls are refused, besides what capabilities and tokens say",
    .words = "COMMAND …",
    .children =
            (const struct command *const[]){
                    &rule_add_command,
                    &rule_list_command,
                    &rule_remove_command,
                    &rule_test_command,
                    NULL,
            },
};
