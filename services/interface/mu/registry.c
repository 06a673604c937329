// SPDX-License-Identifier: Apache-2.0
/* mu registry register, deregister, list, show. */
#include "services/interface/mu/registry.h"

#include <stdio.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/builtin.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/catalog.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/instance.h"
#include "services/interface/mu/listing.h"
#include "services/interface/mu/manifest.h"
#include "services/interface/mu/namespace.h"
#include "mu/registry/v1/registry.pb-c.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/ready.h"
#include "services/interface/mu/table.h"

extern const struct command registry_watch_command;
extern const struct command registry_describe_command;

int registry_send(struct cli *cli, const Mu__Node__V1__Manifest *manifest,
        Mu__Registry__V1__RegisterReply **replyp)
{
    Mu__Registry__V1__RegisterRequest request = MU__REGISTRY__V1__REGISTER_REQUEST__INIT;

    request.manifest = (Mu__Node__V1__Manifest *)manifest;
    return bus_call(cli, "registry.Register", &request.base,
            &mu__registry__v1__register_reply__descriptor, (ProtobufCMessage **)replyp);
}

uint32_t registry_wait_ms(const struct cli *cli, const Mu__Node__V1__Manifest *manifest)
{
    if (cli->timeout_ms != 0)
        return cli->timeout_ms;
    return manifest->ready_timeout_ms != 0 ? manifest->ready_timeout_ms : REGISTRY_WAIT_MS;
}

int registry_bring_up(struct cli *cli, const Mu__Node__V1__Manifest *manifest, uint32_t wait_ms)
{
    CLEANUP(bus_reply_free) Mu__Registry__V1__RegisterReply *reply = NULL;
    int code = registry_send(cli, manifest, &reply);

    if (code == EXIT_OK && wait_ms > 0)
        code = ready_say(cli, manifest->name, ready_wait(cli, manifest->name, wait_ms, false));
    if (code != EXIT_OK)
        return code;
    output_talk(cli, "%s %s%s", manifest->name,
            reply->unchanged ? "was registered so already" : "registered",
            wait_ms > 0 ? ", and is up" : "");
    return output_is_json(cli) ? output_message(cli, builtin_find("registry")->types, &reply->base)
                               : EXIT_OK;
}

static int registry_register_file(
        struct cli *cli, const struct arguments *arguments, const char *path)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__Manifest *manifest = NULL;
    const char *program = arguments_flag(arguments, "program");
    bool wait = arguments_flag(arguments, "no-wait") == NULL;
    int code = manifest_read(cli, path, &manifest);

    if (code == EXIT_OK && program != NULL)
        code = manifest_set_program(cli, manifest, program);
    if (code != EXIT_OK)
        return code;
    return registry_bring_up(cli, manifest, wait ? registry_wait_ms(cli, manifest) : 0);
}

static int registry_register_run(struct cli *cli, const struct arguments *arguments)
{
    if (arguments_flag(arguments, "program") != NULL && arguments->word_count != 1)
        return (int)failure_say(cli, EXIT_USAGE, NULL, "--program is for one manifest at a time");
    for (int i = 0; i < arguments->word_count; i++) {
        int code = registry_register_file(cli, arguments, arguments->words[i]);

        if (code != EXIT_OK)
            return code;
    }
    return EXIT_OK;
}

static const struct command registry_register_command = {
    .name = "register",
    .summary = "make a service known, and run it, for good",
    .words = "FILE …",
    .words_min = 1,
    .words_max = COMMAND_WORDS_ANY,
    .details = "FILE is a manifest, NAME.service, in YAML or JSON. The node runs the service from "
               "now on, also\n"
               "after a restart of the node. Registering it again, changed, restarts it.",
    .flags =
            (const struct flag[]){
                    { .name = "program",
                            .value = "PATH",
                            .help = "run this program, instead of the manifest's",
                            .complete = COMPLETE_FILE },
                    { .name = "no-wait", .help = "do not wait until it takes calls" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu registry register greeter.service",
                            "then: mu call greeter.Hello name=World" },
                    { NULL, NULL },
            },
    .first = COMPLETE_FILE,
    .rest = COMPLETE_FILE,
    .run = registry_register_run,
};

static int registry_deregister_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Registry__V1__DeregisterReply *reply = NULL;
    Mu__Registry__V1__DeregisterRequest request = MU__REGISTRY__V1__DEREGISTER_REQUEST__INIT;
    struct mu_status status;
    int code = bus_need(cli);

    if (code != EXIT_OK)
        return code;
    request.service = arguments->words[0];
    bus_ask(cli, "registry.Deregister", &request.base,
            &mu__registry__v1__deregister_reply__descriptor, 0, (ProtobufCMessage **)&reply,
            &status);
    if (status.code == MU_NOT_FOUND)
        return catalog_unknown(cli, request.service);
    if (status.code != MU_OK)
        return (int)failure_of_call(cli, "registry.Deregister", &status, bus_fix(cli, &status));
    output_talk(cli, "%s stopped and forgotten", request.service);
    return output_is_json(cli) ? output_message(cli, builtin_find("registry")->types, &reply->base)
                               : EXIT_OK;
}

static const struct command registry_deregister_command = {
    .name = "deregister",
    .summary = "stop a registered service, and forget it",
    .words = "SERVICE",
    .words_min = 1,
    .words_max = 1,
    .examples =
            (const struct example[]){
                    { "mu registry deregister greeter", "its calls are finished first" },
                    { NULL, NULL },
            },
    .first = COMPLETE_SERVICE,
    .run = registry_deregister_run,
};

enum registry_column {
    LIST_SERVICE,
    LIST_NAMESPACE, /* only where some service has one */
    LIST_VERSION,
    LIST_INSTANCES,
    LIST_REGISTERED,
    LIST_NODES, /* only where there is more than one */
    LIST_METHODS,
    LIST_COLUMNS
};

static const struct table_column registry_columns[LIST_COLUMNS] = {
    [LIST_SERVICE] = { .name = "SERVICE" },
    [LIST_NAMESPACE] = { .name = "NAMESPACE" },
    [LIST_VERSION] = { .name = "VERSION" },
    [LIST_INSTANCES] = { .name = "INSTANCES", .right = true },
    [LIST_REGISTERED] = { .name = "REGISTERED" },
    [LIST_NODES] = { .name = "NODES" },
    [LIST_METHODS] = { .name = "METHODS", .cut = true },
};

static void registry_row(struct table *table, const void *item)
{
    const Mu__Registry__V1__Service *service = item;
    const Mu__Registry__V1__Version *newest = catalog_newest(service);
    char methods[TABLE_CELL_MAX] = "";
    char nodes[TABLE_CELL_MAX];
    size_t length = 0;

    for (size_t i = 0; newest != NULL && i < newest->n_methods && length < sizeof(methods); i++)
        length += (size_t)snprintf(methods + length, sizeof(methods) - length, "%s%s",
                i > 0 ? " " : "", newest->methods[i]);
    table_cell(table, LIST_SERVICE, "%s", service->name);
    table_cell(table, LIST_NAMESPACE, "%s", service->namespace_);
    table_cell(table, LIST_VERSION, "%s", newest != NULL ? newest->version : "");
    table_cell(table, LIST_INSTANCES, "%zu", service->n_instances);
    table_cell(table, LIST_REGISTERED, "%s", service->registered ? "yes" : "no");
    table_cell(table, LIST_NODES, "%s", instance_nodes(service, nodes, sizeof(nodes)));
    table_cell(table, LIST_METHODS, "%s", methods);
}

static const char *registry_name(const void *item)
{
    const Mu__Registry__V1__Service *service = item;

    return service->name;
}

static int registry_list_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Registry__V1__ListReply *reply = NULL;
    Mu__Registry__V1__ListRequest request = MU__REGISTRY__V1__LIST_REQUEST__INIT;
    struct listing listing;
    int code;

    if (arguments->word_count > 0)
        request.prefix = arguments->words[0];
    code = bus_call(cli, "registry.List", &request.base, &mu__registry__v1__list_reply__descriptor,
            (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    namespace_keep_services(reply, arguments_flag(arguments, "namespace"));
    listing = (struct listing){
        .types = builtin_find("registry")->types,
        .reply = &reply->base,
        .items = reply->services,
        .item_count = reply->n_services,
        .columns = registry_columns,
        .column_count = LIST_COLUMNS,
        .hidden = { instance_some_are_elsewhere(reply) ? NULL : &registry_columns[LIST_NODES],
                namespace_is_used_by_services(reply) ? NULL : &registry_columns[LIST_NAMESPACE] },
        .name = registry_name,
        .row = registry_row,
    };
    if (reply->imported_left_out)
        output_talk(cli, "only this node's own: with those of other nodes it would not fit; ask by "
                         "PREFIX, or mu network routes");
    return listing_print(cli, &listing);
}

static const struct command registry_list_command = {
    .name = "list",
    .alias = "ls",
    .summary = "services, with versions, instances and methods",
    .words = "[PREFIX]",
    .words_max = 1,
    .flags = (const struct flag[]){ NAMESPACE_FLAG, { .name = NULL } },
    .examples =
            (const struct example[]){
                    { "mu registry list", "all of them" },
                    { "mu registry list --namespace acme", "those of one namespace" },
                    { "mu registry list -o name", "names only, for a shell" },
                    { NULL, NULL },
            },
    .first = COMPLETE_SERVICE,
    .run = registry_list_run,
};

static void registry_print_instance(const Mu__Registry__V1__Instance *instance)
{
    char text[INSTANCE_TEXT_MAX];

    printf("  %-8s  version %s  node %s", instance_short(instance->instance, text),
            instance->version, instance->node);
    if (instance->pid != 0) /* of another node there is none */
        printf("  pid %u", instance->pid);
    if (instance->lease_ms > 0)
        printf("  by lease");
    if (instance->hearsay)
        printf("  as etcd has it");
    if (instance->types_conflict)
        printf("  its types differ from those here");
    for (size_t i = 0; i < instance->n_metadata; i++)
        printf("  %s=%s", instance->metadata[i]->key, instance->metadata[i]->value);
    putchar('\n');
}

/* What keeps a service known, for people. */
static const char *registry_standing(const Mu__Registry__V1__Service *service)
{
    if (service->registered)
        return "registered for good";
    for (size_t i = 0; i < service->n_instances; i++)
        if (service->instances[i]->owner[0] == '\0')
            return "there for as long as it runs";
    return service->n_instances > 0 ? "offered by other nodes" : "known by its types alone";
}

static void registry_print_service(const Mu__Registry__V1__Service *service)
{
    printf("%s, %s\n", service->name, registry_standing(service));
    if (service->namespace_[0] != '\0')
        printf("namespace %s\n", service->namespace_);
    for (size_t i = 0; i < service->n_versions; i++) {
        const Mu__Registry__V1__Version *version = service->versions[i];

        printf("version %s\n ", version->version);
        for (size_t j = 0; j < version->n_methods; j++)
            printf(" %s.%s", service->name, version->methods[j]);
        putchar('\n');
    }
    printf("instances %zu\n", service->n_instances);
    for (size_t i = 0; i < service->n_instances; i++)
        registry_print_instance(service->instances[i]);
    if (service->manifest != NULL && service->manifest->program[0] != '\0')
        printf("program %s\n", service->manifest->program);
}

static int registry_show_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Registry__V1__ShowReply *reply = NULL;
    Mu__Registry__V1__ShowRequest request = MU__REGISTRY__V1__SHOW_REQUEST__INIT;
    struct mu_status status;
    int code = bus_need(cli);

    if (code != EXIT_OK)
        return code;
    request.service = arguments->words[0];
    bus_ask(cli, "registry.Show", &request.base, &mu__registry__v1__show_reply__descriptor, 0,
            (ProtobufCMessage **)&reply, &status);
    if (status.code == MU_NOT_FOUND)
        return catalog_unknown(cli, request.service);
    if (status.code != MU_OK)
        return (int)failure_of_call(cli, "registry.Show", &status, bus_fix(cli, &status));
    if (output_is_json(cli))
        return output_message(cli, builtin_find("registry")->types, &reply->base);
    if (reply->service != NULL)
        registry_print_service(reply->service);
    return EXIT_OK;
}

static const struct command registry_show_command = {
    .name = "show",
    .summary = "one service, whole",
    .words = "SERVICE",
    .words_min = 1,
    .words_max = 1,
    .examples =
            (const struct example[]){
                    { "mu registry show greeter", "versions, instances, manifest" },
                    { NULL, NULL },
            },
    .first = COMPLETE_SERVICE,
    .run = registry_show_run,
};

const struct command registry_command = {
    .name = "registry",
    .alias = "services",
    .group = "Services",
    .summary = "who is there, and what they offer",
    .words = "COMMAND …",
    .children =
            (const struct command *const[]){
                    &registry_register_command,
                    &registry_deregister_command,
                    &registry_list_command,
                    &registry_show_command,
                    &registry_watch_command,
                    &registry_describe_command,
                    NULL,
            },
};
