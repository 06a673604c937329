// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/catalog.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "services/interface/mu/builtin.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/calls.h"
#include "services/interface/mu/description.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/setting.h"
#include "services/interface/mu/standing.h"
#include "services/interface/mu/network_list.h"
#include "mu/auth/v1/auth.pb-c.h"
#include "mu/node/v1/node.pb-c.h"
#include "mu/registry/v1/registry.pb-c.h"
#include "services/interface/mu/suggestion.h"
#include "services/interface/mu/trace_id.h"

static Mu__Registry__V1__ListReply *catalog_list(struct cli *cli, uint32_t timeout_ms)
{
    Mu__Registry__V1__ListRequest request = MU__REGISTRY__V1__LIST_REQUEST__INIT;
    Mu__Registry__V1__ListReply *reply = NULL;
    struct mu_status status;

    bus_ask(cli, "registry.List", &request.base, &mu__registry__v1__list_reply__descriptor,
            timeout_ms, (ProtobufCMessage **)&reply, &status);
    return reply;
}

void catalog_services(struct cli *cli, uint32_t timeout_ms, catalog_fn fn, void *user)
{
    CLEANUP(bus_reply_free) Mu__Registry__V1__ListReply *reply = catalog_list(cli, timeout_ms);

    for (size_t i = 0; reply != NULL && i < reply->n_services; i++) {
        const Mu__Registry__V1__Service *service = reply->services[i];
        char about[64];

        if (builtin_find(service->name) != NULL)
            continue;
        snprintf(about, sizeof(about), "%zu instance%s", service->n_instances,
                service->n_instances == 1 ? "" : "s");
        fn(service->name, about, user);
    }
    for (size_t i = 0; builtin_types[i] != NULL; i++)
        fn(builtin_types[i]->name, "of the node itself", user);
}

const Mu__Registry__V1__Version *catalog_newest(const Mu__Registry__V1__Service *service)
{
    return service->n_versions > 0 ? service->versions[0] : NULL;
}

void catalog_endpoints(struct cli *cli, uint32_t timeout_ms, catalog_fn fn, void *user)
{
    CLEANUP(bus_reply_free) Mu__Registry__V1__ListReply *reply = catalog_list(cli, timeout_ms);
    char endpoint[MU_ENDPOINT_MAX];

    for (size_t i = 0; reply != NULL && i < reply->n_services; i++) {
        const Mu__Registry__V1__Service *service = reply->services[i];
        const Mu__Registry__V1__Version *newest = catalog_newest(service);

        if (builtin_find(service->name) != NULL)
            continue;
        for (size_t j = 0; newest != NULL && j < newest->n_methods; j++) {
            snprintf(endpoint, sizeof(endpoint), "%s.%s", service->name, newest->methods[j]);
            fn(endpoint, newest->version, user);
        }
    }
    for (size_t i = 0; builtin_types[i] != NULL; i++) {
        for (size_t j = 0; j < builtin_types[i]->method_count; j++) {
            snprintf(endpoint, sizeof(endpoint), "%s.%s", builtin_types[i]->name,
                    builtin_types[i]->methods[j].name);
            fn(endpoint, "of the node itself", user);
        }
    }
}

void catalog_debug(const char *service, catalog_fn fn, void *user)
{
    const struct mu_service_type *debug = builtin_debug();
    char endpoint[MU_ENDPOINT_MAX];

    for (size_t i = 0; i < debug->method_count; i++) {
        snprintf(endpoint, sizeof(endpoint), "%s.%s%s", service, DESCRIPTION_DEBUG,
                debug->methods[i].name);
        fn(endpoint, "of every service", user);
    }
}

void catalog_processes(
        struct cli *cli, uint32_t timeout_ms, bool own_parts, catalog_fn fn, void *user)
{
    const char *last = "";
    CLEANUP(bus_reply_free) Mu__Node__V1__ListReply *reply = NULL;
    Mu__Node__V1__ListRequest request = MU__NODE__V1__LIST_REQUEST__INIT;
    struct mu_status status;

    bus_ask(cli, "node.List", &request.base, &mu__node__v1__list_reply__descriptor, timeout_ms,
            (ProtobufCMessage **)&reply, &status);
    for (size_t i = 0; reply != NULL && i < reply->n_processes; i++) {
        const Mu__Node__V1__Process *process = reply->processes[i];

        if ((!process->kernel || own_parts) && strcmp(process->service, last) != 0)
            fn(process->service, process->version, user);
        last = process->service; /* its instances stand side by side */
    }
}

void catalog_nodes(struct cli *cli, uint32_t timeout_ms, catalog_fn fn, void *user)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__NodesReply *reply = NULL;
    Mu__Link__V1__NodesRequest request = MU__LINK__V1__NODES_REQUEST__INIT;
    char stand[NETWORK_STAND_MAX];
    struct mu_status status;

    bus_ask(cli, "link.Nodes", &request.base, &mu__link__v1__nodes_reply__descriptor, timeout_ms,
            (ProtobufCMessage **)&reply, &status);
    for (size_t i = 0; reply != NULL && i < reply->n_nodes; i++)
        fn(reply->nodes[i]->name, network_stand(reply->nodes[i], stand), user);
}

void catalog_clients(struct cli *cli, uint32_t timeout_ms, catalog_fn fn, void *user)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__ClientsReply *reply = NULL;
    Mu__Link__V1__ClientsRequest request = MU__LINK__V1__CLIENTS_REQUEST__INIT;
    struct mu_status status;

    bus_ask(cli, "link.Clients", &request.base, &mu__link__v1__clients_reply__descriptor,
            timeout_ms, (ProtobufCMessage **)&reply, &status);
    for (size_t i = 0; reply != NULL && i < reply->n_clients; i++)
        fn(reply->clients[i]->name, reply->clients[i]->revoked ? "revoked" : "", user);
}

void catalog_traces(struct cli *cli, uint32_t timeout_ms, catalog_fn fn, void *user)
{
    CLEANUP(bus_reply_free) Mu__Router__V1__CallsReply *reply = NULL;
    Mu__Router__V1__CallsRequest request = MU__ROUTER__V1__CALLS_REQUEST__INIT;
    struct mu_status status;
    char text[TRACE_ID_TEXT_MAX];

    bus_ask(cli, "router.Calls", &request.base, &mu__router__v1__calls_reply__descriptor,
            timeout_ms, (ProtobufCMessage **)&reply, &status);
    for (size_t i = reply != NULL ? reply->n_calls : 0; i > 0; i--) {
        const Mu__Router__V1__CallRecord *record = reply->calls[i - 1];

        trace_id_print(record->trace.data, record->trace.len, text);
        text[TRACE_ID_SHORT] = '\0';
        if (text[0] != '\0' && !calls_is_own(record))
            fn(text, record->endpoint, user);
    }
}

void catalog_policies(struct cli *cli, uint32_t timeout_ms, catalog_fn fn, void *user)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__PoliciesReply *reply = NULL;
    Mu__Node__V1__PoliciesRequest request = MU__NODE__V1__POLICIES_REQUEST__INIT;
    char settings[SETTING_TEXT_MAX];
    struct mu_status status;

    bus_ask(cli, "node.Policies", &request.base, &mu__node__v1__policies_reply__descriptor,
            timeout_ms, (ProtobufCMessage **)&reply, &status);
    for (size_t i = 0; reply != NULL && i < reply->n_policies; i++) {
        setting_print(reply->policies[i]->policy, NULL, settings);
        fn(reply->policies[i]->policy->endpoints, settings, user);
    }
}

void catalog_accounts(struct cli *cli, uint32_t timeout_ms, catalog_fn fn, void *user)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__ListAccountsReply *reply = NULL;
    Mu__Auth__V1__ListAccountsRequest request = MU__AUTH__V1__LIST_ACCOUNTS_REQUEST__INIT;
    struct mu_status status;

    bus_ask(cli, "auth.ListAccounts", &request.base, &mu__auth__v1__list_accounts_reply__descriptor,
            timeout_ms, (ProtobufCMessage **)&reply, &status);
    for (size_t i = 0; reply != NULL && i < reply->n_accounts; i++)
        fn(reply->accounts[i]->name, reply->accounts[i]->disabled ? "disabled" : "", user);
}

void catalog_rules(struct cli *cli, uint32_t timeout_ms, catalog_fn fn, void *user)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__ListRulesReply *reply = NULL;
    Mu__Auth__V1__ListRulesRequest request = MU__AUTH__V1__LIST_RULES_REQUEST__INIT;
    struct mu_status status;

    bus_ask(cli, "auth.ListRules", &request.base, &mu__auth__v1__list_rules_reply__descriptor,
            timeout_ms, (ProtobufCMessage **)&reply, &status);
    for (size_t i = 0; reply != NULL && i < reply->n_rules; i++) {
        const Mu__Auth__V1__Rule *rule = reply->rules[i];
        char number[24];
        char about[256];

        snprintf(number, sizeof(number), "%" PRIu64, rule->id);
        snprintf(about, sizeof(about), "%s %s %s",
                rule->effect == MU__AUTH__V1__EFFECT__EFFECT_ALLOW ? "allow" : "deny", rule->who,
                rule->endpoints);
        fn(number, about, user);
    }
}

static void catalog_offer(const char *name, const char *about, void *user)
{
    (void)about;
    suggestion_offer(user, name);
}

/* It is there after all, but who was asked knows nothing of it. */
static int catalog_known(struct cli *cli, const char *name)
{
    char why[STANDING_WHY_MAX];
    char fix[256];
    enum standing standing = standing_of(cli, name, why);

    if (standing == STANDING_UNKNOWN)
        return (int)failure_say(cli, EXIT_NOT_FOUND,
                "it was started by hand, or another node runs it: see mu registry show",
                "this node does not run \"%s\"", name);
    standing_fix(standing, name, fix, sizeof(fix));
    if (standing == STANDING_UP)
        return (int)failure_say(cli, EXIT_UNAVAILABLE, fix,
                "%s is up, but has not said what its methods are", name);
    return (int)failure_say(cli, EXIT_UNAVAILABLE, fix,
            "%s %s; it has not been up yet, so its methods are not known", name, why);
}

int catalog_unknown(struct cli *cli, const char *name)
{
    struct suggestion suggestion;
    char word[FAILURE_WORD_MAX];
    char fix[256];

    suggestion_init(&suggestion, name);
    catalog_services(cli, 0, catalog_offer, &suggestion);
    catalog_processes(cli, 0, true, catalog_offer, &suggestion);
    if (suggestion_best(&suggestion) == NULL)
        snprintf(fix, sizeof(fix), "see: mu registry list");
    else if (suggestion.distance == 0)
        return catalog_known(cli, name);
    else
        snprintf(fix, sizeof(fix), "did you mean: %s      see: mu registry list",
                suggestion_best(&suggestion));
    return (int)failure_say(
            cli, EXIT_NOT_FOUND, fix, "there is no service \"%s\"", failure_word(name, word));
}
