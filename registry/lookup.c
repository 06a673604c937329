// SPDX-License-Identifier: Apache-2.0
/* Calls that only look. */
#include <errno.h>
#include <string.h>

#include "mu/node/v1/manifest.pb-c.h"
#include "mu/schema.h"
#include "registry/handlers.h"
#include "registry/import.h"
#include "registry/message.h"
#include "registry/space.h"

enum { LOOKUP_REPLY_MAX = MU_MESSAGE_MAX - 64 }; /* bytes of services in a ListReply */

/* The bytes that a message takes as a field of another. */
static size_t lookup_size(const ProtobufCMessage *message)
{
    return protobuf_c_message_get_packed_size(message) + 8;
}

static bool lookup_has_prefix(const struct service *service, const char *prefix)
{
    return strncmp(service->name, prefix, strlen(prefix)) == 0;
}

/* Is there more to it than types, and than what other nodes offer unless these count, too? */
static bool lookup_lists(const struct service *service, bool imported)
{
    return service_is_listed(service) && (imported || !service_is_idle(service));
}

/* What of the catalog goes into a reply. */
struct lookup_filter {
    const char *prefix;
    const char *space; /* the caller's namespace; "" for who sees all */
    bool imported;     /* with what other nodes offer */
};

/* Fills the reply. Returns OK, FULL where they do not fit into one message, or -ENOMEM. */
static int lookup_fill(struct mu_arena *arena, const struct catalog *catalog,
        const struct lookup_filter *filter, Mu__Registry__V1__ListReply *reply)
{
    uint32_t first = catalog_lower_bound(catalog, filter->prefix);
    uint32_t last = first;
    size_t size = 0;

    while (last < catalog->service_count &&
            lookup_has_prefix(catalog->services[last], filter->prefix))
        last += 1;
    reply->n_services = 0;
    reply->services = mu_arena_alloc(arena, (last - first + 1) * sizeof(void *));
    if (reply->services == NULL)
        return -ENOMEM;
    for (uint32_t i = first; i < last; i++) {
        Mu__Registry__V1__Service *service;

        if (!lookup_lists(catalog->services[i], filter->imported) ||
                !space_shows_service(filter->space, catalog->services[i]))
            continue;
        if (catalog->services[i]->instance_count > LOOKUP_REPLY_MAX / 16)
            return CATALOG_FULL;
        service = message_of_service(arena, catalog->services[i], filter->imported);
        if (service == NULL)
            return -ENOMEM;
        size += lookup_size(&service->base);
        if (size > LOOKUP_REPLY_MAX)
            return CATALOG_FULL;
        reply->services[reply->n_services++] = service;
    }
    return CATALOG_OK;
}

void lookup_list(struct mu_call *call, const Mu__Registry__V1__ListRequest *request)
{
    const struct shell *shell = shell_look(call);
    Mu__Registry__V1__ListReply reply = MU__REGISTRY__V1__LIST_REPLY__INIT;
    struct lookup_filter filter = { request->prefix, mu_call_caller(call)->space, true };
    struct mu_arena arena;
    int r;

    mu_arena_init(&arena, SIZE_MAX);
    r = lookup_fill(&arena, &shell->catalog, &filter, &reply);
    if (r == CATALOG_FULL && shell->catalog.imported_count > 0) {
        reply.imported_left_out = true;
        filter.imported = false;
        mu_arena_reset(&arena, SIZE_MAX);
        r = lookup_fill(&arena, &shell->catalog, &filter, &reply);
    }
    reply.revision = catalog_revision(&shell->catalog);
    reply.journal = shell->identity;
    if (r == CATALOG_OK)
        registry_list_reply(call, &reply);
    else if (r == CATALOG_FULL)
        mu_call_refuse(call, MU_RESOURCE_EXHAUSTED,
                "more is listed than fits into one answer; use a longer prefix, or watch");
    else
        shell_fail(call, r, "the list");
    mu_arena_deinit(&arena);
}

/* Its environment and its arguments may hold secrets: a tenant reads those of its own namespace. */
static bool lookup_may_read_manifest(struct mu_call *call, const struct service *service)
{
    const char *space = mu_call_caller(call)->space;

    return space[0] == '\0' || strcmp(space, service->space) == 0;
}

void lookup_show(struct mu_call *call, const Mu__Registry__V1__ShowRequest *request)
{
    const struct shell *shell = shell_look(call);
    const struct service *service = shell_find(call, shell, request->service);
    Mu__Registry__V1__ShowReply reply = MU__REGISTRY__V1__SHOW_REPLY__INIT;
    struct mu_arena arena;

    if (service == NULL)
        return;
    mu_arena_init(&arena, SIZE_MAX);
    reply.service = message_of_service(&arena, service, true);
    if (reply.service != NULL && service->imported_instance_count > 0 &&
            lookup_size(&reply.service->base) > LOOKUP_REPLY_MAX - REGISTRY_MANIFEST_MAX) {
        reply.imported_left_out = true;
        reply.service = message_of_service(&arena, service, false);
    }
    if (reply.service != NULL && service_is_registered(service) &&
            lookup_may_read_manifest(call, service))
        reply.service->manifest = (Mu__Node__V1__Manifest *)mu_arena_unpack(&arena,
                &mu__node__v1__manifest__descriptor,
                (struct mu_bytes){ service->manifest, service->manifest_size }, NULL);
    if (reply.service == NULL)
        shell_fail(call, -ENOMEM, "the answer");
    else if (lookup_size(&reply.service->base) > LOOKUP_REPLY_MAX)
        mu_call_refuse(call, MU_RESOURCE_EXHAUSTED,
                "%s has %u instances, more than fit into one answer; watch it instead",
                service->name, service->instance_count);
    else
        registry_show_reply(call, &reply);
    mu_arena_deinit(&arena);
}

/* Answers with the types of a version. */
static void lookup_answer_types(
        struct mu_call *call, struct shell *shell, const struct version *version)
{
    Mu__Registry__V1__DescribeReply reply = MU__REGISTRY__V1__DESCRIBE_REPLY__INIT;
    struct mu_bytes set;
    int r = MU_STORE_OK;

    if (version->imported)
        set = import_set(&shell->catalog, version);
    else
        r = journal_get_set(&shell->journal, version->types, &set);
    if (r != MU_STORE_OK) {
        mu_call_fail(call, MU_DATA_LOSS,
                "the types of %s %s cannot be read from the disk (%s); "
                "restart the service to publish them anew",
                version->service->name, version->text, r < 0 ? strerror(-r) : "not there");
        return;
    }
    reply.service = version->service->name;
    reply.version = (char *)(uintptr_t)version->text;
    reply.proto_service = (char *)(uintptr_t)version->proto_service;
    reply.types.data = (uint8_t *)(uintptr_t)version->types;
    reply.types.len = TYPES_HASH_SIZE;
    reply.descriptor_set.data = (uint8_t *)(uintptr_t)set.data;
    reply.descriptor_set.len = set.size;
    registry_describe_reply(call, &reply);
}

void lookup_describe(struct mu_call *call, const Mu__Registry__V1__DescribeRequest *request)
{
    struct shell *shell = shell_look(call);
    const struct service *service = shell_find(call, shell, request->service);
    const struct version *version;

    if (service == NULL)
        return;
    version = service_version(service, request->version);
    if (version != NULL)
        lookup_answer_types(call, shell, version);
    else if (service->version_count == 0)
        mu_call_refuse(call, MU_NOT_FOUND,
                "%s has not published its types; a service does when it starts", service->name);
    else
        mu_call_refuse(call, MU_NOT_FOUND, "%s has no types of version %.*s; the newest is %s",
                service->name, REGISTRY_VERSION_MAX, request->version, service->versions[0]->text);
}
