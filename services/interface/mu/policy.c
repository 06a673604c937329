// SPDX-License-Identifier: Apache-2.0
/* mu policy list, show, set, remove, explain - what holds for calls on their way. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "mu/node/v1/node.pb-c.h"
#include "mu/router/v1/router.pb-c.h"
#include "services/interface/mu/arguments.h"
#include "services/interface/mu/builtin.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/instance.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/setting.h"
#include "services/interface/mu/size.h"
#include "services/interface/mu/table.h"

static const struct flag policy_caller_flags[] = {
    { .name = "caller",
            .value = "CALLER",
            .help = "whose calls: a service, user:alice, node:lamp, client:till, or user:* …; "
                    "default: everybody's",
            .complete = COMPLETE_SERVICE },
    { .name = NULL },
};

static char *policy_caller(const struct arguments *arguments)
{
    const char *caller = arguments_flag(arguments, "caller");

    return (char *)(uintptr_t)(caller != NULL ? caller : "");
}

/* Asks for all of them. Returns EXIT_OK or an exit status. */
static int policy_ask(struct cli *cli, Mu__Node__V1__PoliciesReply **replyp)
{
    Mu__Node__V1__PoliciesRequest request = MU__NODE__V1__POLICIES_REQUEST__INIT;

    return bus_call(cli, "node.Policies", &request.base, &mu__node__v1__policies_reply__descriptor,
            (ProtobufCMessage **)replyp);
}

/* ---- mu policy list ---- */

enum policy_column { POLICY_SCOPE, POLICY_CALLER, POLICY_SETTINGS, POLICY_ENDS, POLICY_COLUMNS };

static const struct table_column policy_columns[POLICY_COLUMNS] = {
    [POLICY_SCOPE] = { .name = "SCOPE" },
    [POLICY_CALLER] = { .name = "CALLER" },
    [POLICY_SETTINGS] = { .name = "SETTINGS", .cut = true },
    [POLICY_ENDS] = { .name = "ENDS IN", .right = true },
};

static void policy_row(struct table *table, const Mu__Router__V1__Policy *policy)
{
    char settings[SETTING_TEXT_MAX];
    char left[DURATION_TEXT_MAX];

    setting_print(policy, NULL, settings);
    table_row(table);
    table_cell(table, POLICY_SCOPE, "%s", policy->endpoints);
    table_cell(table, POLICY_CALLER, "%s", policy->caller);
    table_cell(table, POLICY_SETTINGS, "%s", settings);
    table_cell(table, POLICY_ENDS, "%s",
            policy->left_ms > 0 ? duration_print(policy->left_ms, left) : "-");
}

static int policy_list_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__PoliciesReply *reply = NULL;
    CLEANUP(table_cleanup) struct table *table = NULL;
    int code = policy_ask(cli, &reply);

    (void)arguments;
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return output_message(cli, builtin_find("node")->types, &reply->base);
    for (size_t i = 0; cli->format == OUTPUT_NAME && i < reply->n_policies; i++)
        puts(reply->policies[i]->policy->endpoints);
    if (cli->format == OUTPUT_NAME)
        return EXIT_OK;
    table = table_new(cli, policy_columns, POLICY_COLUMNS);
    if (table == NULL)
        return (int)failure_of_memory(cli);
    for (size_t i = 0; i < reply->n_policies; i++)
        policy_row(table, reply->policies[i]->policy);
    table_print(table);
    return EXIT_OK;
}

static const struct command policy_list_command = {
    .name = "list",
    .alias = "ls",
    .summary = "all policies of the node",
    .examples =
            (const struct example[]){
                    { "mu policy list", "scopes, settings, and when they end" },
                    { "mu policy list -o json", "as a mu.node.v1.PoliciesReply" },
                    { NULL, NULL },
            },
    .run = policy_list_run,
};

/* ---- mu policy show ---- */

/* Leaves those of one scope in the reply. */
static void policy_select(
        Mu__Node__V1__PoliciesReply *reply, const char *endpoints, const char *caller)
{
    size_t count = 0;

    for (size_t i = 0; i < reply->n_policies; i++) {
        Mu__Node__V1__PolicySet *set = reply->policies[i];

        if (strcmp(set->policy->endpoints, endpoints) == 0 &&
                (caller[0] == '\0' || strcmp(set->policy->caller, caller) == 0)) {
            reply->policies[i] = reply->policies[count];
            reply->policies[count++] = set;
        }
    }
    for (size_t i = count; i < reply->n_policies; i++)
        mu__node__v1__policy_set__free_unpacked(reply->policies[i], NULL);
    reply->n_policies = count;
}

/* Each setting on a line, with what it does. */
static void policy_print(const Mu__Router__V1__Policy *policy)
{
    char settings[SETTING_TEXT_MAX];
    char left[DURATION_TEXT_MAX];
    char *rest = settings;
    char *word;

    printf("%s", policy->endpoints);
    if (policy->caller[0] != '\0')
        printf("  called by %s", policy->caller);
    if (policy->left_ms > 0)
        printf("  ends in %s", duration_print(policy->left_ms, left));
    putchar('\n');
    setting_print(policy, NULL, settings);
    while ((word = strsep(&rest, " ")) != NULL) {
        char key[SETTING_PART_MAX];

        snprintf(key, sizeof(key), "%.*s", (int)strcspn(word, "="), word);
        printf("  %-24s  %s\n", word, setting_about(key));
    }
}

static int policy_show_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__PoliciesReply *reply = NULL;
    int code = policy_ask(cli, &reply);

    if (code != EXIT_OK)
        return code;
    policy_select(reply, arguments->words[0], policy_caller(arguments));
    if (reply->n_policies == 0)
        return (int)failure_say(cli, EXIT_NOT_FOUND,
                "see all: mu policy list\nwhat holds for one call: mu policy explain "
                "SERVICE.METHOD",
                "no policy has the scope `%.128s`", arguments->words[0]);
    if (output_is_json(cli))
        return output_message(cli, builtin_find("node")->types, &reply->base);
    for (size_t i = 0; i < reply->n_policies; i++)
        policy_print(reply->policies[i]->policy);
    return EXIT_OK;
}

static const struct command policy_show_command = {
    .name = "show",
    .summary = "what was set for a scope",
    .words = "SCOPE",
    .words_min = 1,
    .words_max = 1,
    .first = COMPLETE_POLICY,
    .flags = policy_caller_flags,
    .examples =
            (const struct example[]){
                    { "mu policy show shop.Pay", "each setting, and what it does" },
                    { NULL, NULL },
            },
    .run = policy_show_run,
};

/* ---- mu policy set ---- */

static int policy_set_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__SetPolicyReply *reply = NULL;
    Mu__Node__V1__SetPolicyRequest request = MU__NODE__V1__SET_POLICY_REQUEST__INIT;
    struct setting_policy policy;
    char error[SETTING_ERROR_MAX];
    int code;

    setting_begin(&policy, arguments->words[0]);
    policy.message.caller = policy_caller(arguments);
    for (int i = 1; i < arguments->word_count; i++) {
        if (!setting_take(&policy, arguments->words[i], error))
            return (int)failure_say(cli, EXIT_USAGE,
                    "see all settings: mu policy set --help\nnothing was changed", "%s", error);
    }
    request.policy = &policy.message;
    code = arguments_seconds(cli, arguments, "for", &request.for_s);
    if (code == EXIT_OK)
        code = bus_call(cli, "node.SetPolicy", &request.base,
                &mu__node__v1__set_policy_reply__descriptor, (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    output_talk(cli, "%s for %s; take it back with: mu policy remove '%s'%s%s",
            reply->replaced ? "changed" : "set", policy.message.endpoints, policy.message.endpoints,
            policy.message.caller[0] != '\0' ? " --caller " : "", policy.message.caller);
    return output_is_json(cli) ? output_message(cli, builtin_find("node")->types, &reply->base)
                               : EXIT_OK;
}

static const struct command policy_set_command = {
    .name = "set",
    .summary = "say what holds for the calls of a scope",
    .words = "SCOPE KEY=VALUE …",
    .words_min = 2,
    .words_max = COMMAND_WORDS_ANY,
    .first = COMPLETE_ENDPOINT,
    .rest = COMPLETE_CHOICE,
    .choices = setting_choices,
    .flags =
            (const struct flag[]){
                    { .name = "caller",
                            .value = "CALLER",
                            .help = "only for calls of a service, user:alice, node:lamp or "
                                    "client:till; `*` for each one by itself",
                            .complete = COMPLETE_SERVICE },
                    { .name = "for",
                            .value = "TIME",
                            .help = "how long; default: until it is removed" },
                    { .name = NULL },
            },
    .details =
            "SCOPE is service.Method; `*` stands for one part, `>` for the rest. It takes the "
            "place "
            "of what the scope had. With --for it stands above that, until it ends. A call takes "
            "each setting from the narrowest policy that has it; limits for everybody, for a "
            "service, node or "
            "client, and for a user hold beside each other.\n"
            "  timeout=2s timeout-max=10s      for calls that bring no time; no call has longer\n"
            "  in-flight=100 rate=50 burst=100 calls of the scope at a time, a second, at once\n"
            "  bytes-in-flight=8MiB            bytes that calls under way brought\n"
            "  retries=2 backoff=10ms          what was not executed is tried again\n"
            "  idempotent=yes                  the rest, too: twice does no harm\n"
            "  breaker=5 breaker-percent=50    failures in a row, or in a window, that leave an\n"
            "  breaker-window=10s eject=30s    instance out, and for how long the first time\n"
            "  weight=1.1.0:10                 a version's share of 100; may stand several times\n"
            "  label=zone:north                only instances whose metadata say so; the same\n"
            "  hedge=20ms                      then a second instance is asked, too, and the\n"
            "                                  first answer counts; idempotent calls only\n"
            "  mirror=2.0.0:10                 a version gets copies of so many of 100 calls and\n"
            "                                  carries them out; its answers are thrown away\n"
            "  abort=UNAVAILABLE delay=200ms   a fault, which needs --for (an hour at most) …\n"
            "  percent=10                      … and the part of calls that it hits\n"
            "One bad value, and nothing is changed.",
    .examples =
            (const struct example[]){
                    { "mu policy set 'shop.*' timeout=2s retries=2 breaker=5", "until removed" },
                    { "mu policy set shop.Pay weight=1.1.0:10", "a tenth to the new version" },
                    { "mu policy set 'shop.*' --caller 'user:*' rate=20 in-flight=8",
                            "what each user may do" },
                    { "mu policy set shop.Get hedge=20ms", "one slow instance is not waited for" },
                    { "mu policy set shop.List mirror=2.0.0:10 weight=2.0.0:0",
                            "a new version with real calls" },
                    { "mu policy set shop.Pay abort=UNAVAILABLE percent=10 --for 5m",
                            "does the caller cope?" },
                    { NULL, NULL },
            },
    .run = policy_set_run,
};

/* ---- mu policy remove ---- */

static int policy_remove_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__RemovePolicyReply *reply = NULL;
    Mu__Node__V1__RemovePolicyRequest request = MU__NODE__V1__REMOVE_POLICY_REQUEST__INIT;
    int code;

    request.endpoints = arguments->words[0];
    request.caller = policy_caller(arguments);
    code = bus_call(cli, "node.RemovePolicy", &request.base,
            &mu__node__v1__remove_policy_reply__descriptor, (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    output_talk(cli, "removed; calls of %s go by what else holds for them", request.endpoints);
    return output_is_json(cli) ? output_message(cli, builtin_find("node")->types, &reply->base)
                               : EXIT_OK;
}

static const struct command policy_remove_command = {
    .name = "remove",
    .alias = "rm",
    .summary = "take back all that was set for a scope",
    .words = "SCOPE",
    .words_min = 1,
    .words_max = 1,
    .first = COMPLETE_POLICY,
    .flags = policy_caller_flags,
    .details = "Also what was set with --for. Calls under way go on.",
    .examples =
            (const struct example[]){
                    { "mu policy remove 'shop.*'", "as `mu policy list` writes it" },
                    { NULL, NULL },
            },
    .run = policy_remove_run,
};

/* ---- mu policy explain ---- */

enum explain_column { EXPLAIN_SETTING, EXPLAIN_FROM, EXPLAIN_ENDS, EXPLAIN_USE, EXPLAIN_COLUMNS };

static const struct table_column explain_columns[EXPLAIN_COLUMNS] = {
    [EXPLAIN_SETTING] = { .name = "HOLDS", .cut = true },
    [EXPLAIN_FROM] = { .name = "FROM" },
    [EXPLAIN_ENDS] = { .name = "ENDS IN", .right = true },
    [EXPLAIN_USE] = { .name = "SO FAR" },
};

/* What has come of the setting. */
static void explain_use(const Mu__Router__V1__PolicyEffect *effect, char *text, size_t size)
{
    const Mu__Router__V1__PolicyUse *use = effect->use;
    char bytes[SIZE_TEXT_MAX];

    if (strcmp(effect->setting, "in-flight") == 0)
        snprintf(text, size, "%u now, %" PRIu64 " refused", use->in_flight, use->refused);
    else if (strcmp(effect->setting, "bytes-in-flight") == 0)
        snprintf(text, size, "%s now, %" PRIu64 " refused", size_print(use->bytes_in_flight, bytes),
                use->refused);
    else if (strcmp(effect->setting, "rate") == 0)
        snprintf(text, size, "%" PRIu64 " refused", use->refused);
    else if (strcmp(effect->setting, "retries") == 0)
        snprintf(text, size, "%" PRIu64 " retries, %" PRIu64 " over the budget", use->retries,
                use->retries_spared);
    else if (strcmp(effect->setting, "breaker") == 0)
        snprintf(text, size, "left out %" PRIu64 " times", use->ejections);
    else if (strcmp(effect->setting, "fault") == 0)
        snprintf(text, size, "hit %" PRIu64 " calls", use->faults);
    else if (strcmp(effect->setting, "hedge") == 0)
        snprintf(text, size, "%" PRIu64 " hedges, %" PRIu64 " won, %" PRIu64 " over the budget",
                use->hedges, use->hedges_won, use->retries_spared);
    else if (strcmp(effect->setting, "mirror") == 0)
        snprintf(text, size, "%" PRIu64 " copies, %" PRIu64 " failed, %" PRIu64 " skipped",
                use->mirrored, use->mirror_failed, use->mirror_skipped);
    else
        snprintf(text, size, "-");
}

static void explain_row(struct table *table, const Mu__Router__V1__PolicyEffect *effect)
{
    const Mu__Router__V1__Policy *policy = effect->policy;
    char settings[SETTING_TEXT_MAX];
    char left[DURATION_TEXT_MAX];
    char use[96];

    setting_print(policy, effect->setting, settings);
    explain_use(effect, use, sizeof(use));
    table_row(table);
    table_cell(table, EXPLAIN_SETTING, "%s", settings);
    table_cell(table, EXPLAIN_FROM, "%s%s%s", policy->endpoints,
            policy->caller[0] != '\0' ? " called by " : "", policy->caller);
    table_cell(table, EXPLAIN_ENDS, "%s",
            policy->left_ms > 0 ? duration_print(policy->left_ms, left) : "-");
    table_cell(table, EXPLAIN_USE, "%s", use);
}

/* Settings that hold and do nothing. */
static void explain_idle(const Mu__Router__V1__ExplainReply *reply)
{
    for (size_t i = 0; i < reply->n_effects; i++) {
        if (reply->effects[i]->idle[0] != '\0')
            printf("%s does nothing now: %s\n", reply->effects[i]->setting,
                    reply->effects[i]->idle);
    }
}

static void explain_instances(const Mu__Router__V1__ExplainReply *reply)
{
    char instance[INSTANCE_TEXT_MAX];
    char left[DURATION_TEXT_MAX];

    for (size_t i = 0; i < reply->n_instances; i++) {
        const Mu__Router__V1__PolicyInstance *each = reply->instances[i];

        if (each->ejected_ms > 0)
            printf("instance %s (version %s) is left out for %s\n",
                    instance_short(each->instance, instance), each->version,
                    duration_print(each->ejected_ms, left));
    }
}

static int policy_explain_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Router__V1__ExplainReply *reply = NULL;
    CLEANUP(table_cleanup) struct table *table = NULL;
    Mu__Router__V1__ExplainRequest request = MU__ROUTER__V1__EXPLAIN_REQUEST__INIT;
    int code;

    request.endpoint = arguments->words[0];
    request.caller = policy_caller(arguments);
    code = bus_call(cli, "router.Explain", &request.base,
            &mu__router__v1__explain_reply__descriptor, (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return output_message(cli, builtin_find("router")->types, &reply->base);
    if (reply->n_effects == 0) {
        output_talk(cli, "no policy holds for %s", request.endpoint);
        return EXIT_OK;
    }
    table = table_new(cli, explain_columns, EXPLAIN_COLUMNS);
    if (table == NULL)
        return (int)failure_of_memory(cli);
    for (size_t i = 0; i < reply->n_effects; i++)
        explain_row(table, reply->effects[i]);
    table_print(table);
    explain_idle(reply);
    explain_instances(reply);
    return EXIT_OK;
}

static const struct command policy_explain_command = {
    .name = "explain",
    .summary = "what holds for a call, and why",
    .words = "SERVICE.METHOD",
    .words_min = 1,
    .words_max = 1,
    .first = COMPLETE_ENDPOINT,
    .flags = policy_caller_flags,
    .details =
            "Each setting with the policy that it comes from and what came of it so far, what does "
            "nothing and why, and the instances that are left out for their failures. Retries and "
            "hedges share one budget, a tenth of the scope's calls.",
    .examples =
            (const struct example[]){
                    { "mu policy explain shop.Pay", "for a call of yours" },
                    { "mu policy explain shop.Pay --caller web", "for one of web's" },
                    { NULL, NULL },
            },
    .run = policy_explain_run,
};

const struct command policy_command = {
    .name = "policy",
    .group = "Services",
    .summary = "timeouts, retries, hedges, limits, canaries, copies and faults of calls",
    .words = "COMMAND …",
    .children =
            (const struct command *const[]){
                    &policy_list_command,
                    &policy_show_command,
                    &policy_set_command,
                    &policy_remove_command,
                    &policy_explain_command,
                    NULL,
            },
};
