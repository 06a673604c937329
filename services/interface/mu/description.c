// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/description.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "mu/debug/v1/debug.pb-c.h"
#include "services/interface/mu/limits.h"
#include "services/interface/mu/builtin.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/catalog.h"
#include "services/interface/mu/failure.h"
#include "mu/registry/v1/registry.pb-c.h"
#include "services/interface/mu/suggestion.h"

enum {
    DESCRIPTION_LISTED_MAX = 8, /* methods that are named in an error */
    DESCRIPTION_PAUSE_MS = 20   /* between two looks for types that are on their way */
};

bool endpoint_split(struct endpoint *endpoint, const char *text)
{
    size_t length = strcspn(text, ".");
    const char *method = text[length] == '.' ? text + length + 1 : "";

    if (length == 0 || length >= sizeof(endpoint->service) ||
            strlen(method) >= sizeof(endpoint->method))
        return false;
    snprintf(endpoint->service, sizeof(endpoint->service), "%.*s", (int)length, text);
    snprintf(endpoint->method, sizeof(endpoint->method), "%s", method);
    return true;
}

/* Fills `description` from a set; the bytes are borrowed, and copied. */
static int description_fill(struct description *description, const char *name, const char *version,
        const char *proto_service, struct mu_bytes set, struct mu_schema_error *error)
{
    int code;

    *description = (struct description){ .set_size = set.size, .prefix = "" };
    snprintf(description->name, sizeof(description->name), "%s", name);
    description->version = strdup(version);
    description->set = malloc(set.size + 1);
    if (description->version == NULL || description->set == NULL)
        return -ENOMEM;
    if (set.size > 0)
        memcpy(description->set, set.data, set.size);
    code = mu_schema_new(&description->schema, set, error);
    if (code < 0)
        return code;
    description->service = mu_schema_find_service(description->schema, proto_service);
    if (description->service != NULL)
        return 0;
    snprintf(error->text, sizeof(error->text), "they hold no service %s", proto_service);
    return -EINVAL;
}

static enum mu_code description_ask(struct cli *cli, const char *service, uint32_t timeout_ms,
        Mu__Registry__V1__DescribeReply **replyp, struct mu_status *status)
{
    Mu__Registry__V1__DescribeRequest request = MU__REGISTRY__V1__DESCRIBE_REQUEST__INIT;

    request.service = (char *)service;
    return bus_ask(cli, "registry.Describe", &request.base,
            &mu__registry__v1__describe_reply__descriptor, timeout_ms, (ProtobufCMessage **)replyp,
            status);
}

static int description_fill_reply(struct description *description,
        const Mu__Registry__V1__DescribeReply *reply, struct mu_schema_error *error)
{
    struct mu_bytes set = { reply->descriptor_set.data, reply->descriptor_set.len };

    return description_fill(
            description, reply->service, reply->version, reply->proto_service, set, error);
}

static enum mu_code description_broken(
        struct mu_status *status, const char *service, const struct mu_schema_error *error)
{
    *status = (struct mu_status){ .code = MU_INTERNAL, .executed = MU_EXECUTED_YES };
    snprintf(status->origin, sizeof(status->origin), "client");
    snprintf(status->message, sizeof(status->message), "the types of %s are of no use: %.400s",
            service, error->text);
    return status->code;
}

enum mu_code description_try(struct cli *cli, const char *service, uint32_t timeout_ms,
        struct description *description, struct mu_status *status)
{
    CLEANUP(bus_reply_free) Mu__Registry__V1__DescribeReply *reply = NULL;
    const struct mu_service_type *builtin = builtin_find(service);
    struct mu_schema_error error = { "" };
    int code;

    *description = (struct description){ 0 };
    *status = (struct mu_status){ .code = MU_OK };
    if (builtin != NULL) {
        code = description_fill(
                description, service, "", builtin->proto_name, builtin->types, &error);
    } else {
        if (description_ask(cli, service, timeout_ms, &reply, status) != MU_OK)
            return status->code;
        code = description_fill_reply(description, reply, &error);
    }
    return code < 0 ? description_broken(status, service, &error) : MU_OK;
}

/* True where somebody answers for the service. The router waits for one that is on its way, also
 * for a link to another node which is being restarted, and says at once that a name is nobody's. */
static bool description_is_there(struct cli *cli, const char *service)
{
    CLEANUP(bus_reply_free) ProtobufCMessage *reply = NULL;
    Mu__Debug__V1__HealthRequest request = MU__DEBUG__V1__HEALTH_REQUEST__INIT;
    struct mu_status status;
    char endpoint[MU_ENDPOINT_MAX];

    snprintf(endpoint, sizeof(endpoint), "%s.mu.Health", service);
    return bus_ask(cli, endpoint, &request.base, &mu__debug__v1__health_reply__descriptor, 0,
                   &reply, &status) == MU_OK;
}

/* The registry knows no such service: it may have lost sight of it for a moment. */
static void description_try_again(struct cli *cli, const char *service,
        struct description *description, struct mu_status *status)
{
    uint64_t until_ms;

    if (!description_is_there(cli, service))
        return;
    until_ms = clock_ms() + DESCRIPTION_LATE_MS;
    while (description_try(cli, service, 0, description, status) == MU_NOT_FOUND &&
            clock_ms() < until_ms)
        poll(NULL, 0, DESCRIPTION_PAUSE_MS);
}

int description_get(struct cli *cli, const char *service, struct description *description)
{
    struct mu_status status;
    int code = builtin_find(service) != NULL ? EXIT_OK : bus_need(cli);

    *description = (struct description){ 0 };
    if (code != EXIT_OK)
        return code;
    if (description_try(cli, service, 0, description, &status) == MU_NOT_FOUND)
        description_try_again(cli, service, description, &status);
    if (status.code == MU_OK)
        return EXIT_OK;
    if (status.code == MU_NOT_FOUND)
        return catalog_unknown(cli, service);
    return (int)failure_of_call(cli, "registry.Describe", &status, bus_fix(cli, &status));
}

int description_get_debug(struct cli *cli, const char *service, struct description *description)
{
    const struct mu_service_type *type = builtin_debug();
    struct mu_schema_error error = { "" };

    if (description_fill(description, service, "", type->proto_name, type->types, &error) < 0)
        return (int)failure_say(cli, EXIT_INTERNAL, NULL,
                "the types of %s, built into mu, are broken: %s", type->proto_name, error.text);
    description->prefix = DESCRIPTION_DEBUG;
    return EXIT_OK;
}

const char *description_endpoint(const struct description *description,
        const struct mu_schema_method *method, char text[MU_ENDPOINT_MAX])
{
    snprintf(
            text, MU_ENDPOINT_MAX, "%s.%s%s", description->name, description->prefix, method->name);
    return text;
}

void description_deinit(struct description *description)
{
    mu_schema_free(description->schema);
    free(description->version);
    free(description->set);
    *description = (struct description){ 0 };
}

/* Names the methods there are, where that takes little room; else says where to look. */
static void description_list(const struct description *description, char *fix, size_t size)
{
    const struct mu_schema_service *service = description->service;
    char endpoint[MU_ENDPOINT_MAX];
    size_t length = (size_t)snprintf(fix, size, "it has:");

    for (size_t i = 0; i < service->method_count && length < size; i++)
        length += (size_t)snprintf(fix + length, size - length, " %s",
                description_endpoint(description, &service->methods[i], endpoint));
    if (service->method_count > DESCRIPTION_LISTED_MAX || length >= size)
        snprintf(fix, size, "see: mu registry describe %s", description->name);
}

/* Whoever knows gRPC writes greeter.v1.Greeter/Hello: what counts here is the last part. */
static int description_no_method(
        struct cli *cli, const struct description *description, const char *method)
{
    const struct mu_schema_service *service = description->service;
    const char *last = method + strlen(method);
    struct suggestion suggestion;
    char fix[FAILURE_TEXT_MAX];

    while (last > method && last[-1] != '.' && last[-1] != '/')
        last -= 1;
    suggestion_init(&suggestion, last);
    for (size_t i = 0; i < service->method_count; i++)
        suggestion_offer(&suggestion, service->methods[i].name);
    if (suggestion_best(&suggestion) != NULL)
        snprintf(fix, sizeof(fix), "did you mean: %s.%s%s", description->name, description->prefix,
                suggestion_best(&suggestion));
    else
        description_list(description, fix, sizeof(fix));
    return (int)failure_say(
            cli, EXIT_NOT_FOUND, fix, "%s has no method \"%s\"", description->name, method);
}

int description_find(struct cli *cli, const struct endpoint *endpoint,
        struct description *description, const struct mu_schema_method **methodp)
{
    size_t prefix_size = strlen(DESCRIPTION_DEBUG);
    bool is_debug = strncmp(endpoint->method, DESCRIPTION_DEBUG, prefix_size) == 0;
    const char *method = endpoint->method + (is_debug ? prefix_size : 0);
    int code = is_debug ? description_get_debug(cli, endpoint->service, description)
                        : description_get(cli, endpoint->service, description);

    if (code != EXIT_OK)
        return code;
    *methodp = mu_schema_find_method(description->service, method);
    return *methodp != NULL ? EXIT_OK : description_no_method(cli, description, endpoint->method);
}
