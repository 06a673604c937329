// SPDX-License-Identifier: Apache-2.0
/* What other nodes offer, as the link process tells it. */
#include <sodium.h>
#include <string.h>

#include "mu/schema.h"
#include "registry/handlers.h"
#include "registry/import.h"
#include "registry/message.h"

/* Who the caller is to an import. */
enum foreign_lender { FOREIGN_NOBODY, FOREIGN_LINK, FOREIGN_ETCD };

/* The node's own link process, or its messenger to etcd, where it has one; anyone else is answered.
 * Only the supervisor starts processes of these names, and a caller from another node has no
 * process here. */
static enum foreign_lender foreign_lender(struct mu_call *call)
{
    const struct shell *shell = mu_call_state(call);
    const struct mu_caller *caller = mu_call_caller(call);
    bool here = caller->instance != 0 && caller->pid != 0 && caller->hops == 0;

    if (here && strcmp(caller->service, "link") == 0)
        return FOREIGN_LINK;
    if (here && shell->etcd && strcmp(caller->service, "etcd") == 0)
        return FOREIGN_ETCD;
    mu_call_refuse(call, MU_PERMISSION_DENIED,
            "only the link process says what other nodes offer; see `mu network nodes`");
    return FOREIGN_NOBODY;
}

/* The number under which an instance of another node is listed. It is this registry's own making,
 * so that no node can take the number of an instance that is not its own. */
static uint64_t foreign_number(const struct import_source *source, uint64_t number)
{
    uint8_t bytes[crypto_generichash_BYTES_MIN];
    crypto_generichash_state hash;
    uint64_t listed;

    crypto_generichash_init(&hash, NULL, 0, sizeof(bytes));
    crypto_generichash_update(&hash, (const uint8_t *)source->node, strlen(source->node) + 1);
    crypto_generichash_update(&hash, (const uint8_t *)source->owner, strlen(source->owner) + 1);
    crypto_generichash_update(&hash, (const uint8_t *)&number, sizeof(number));
    crypto_generichash_final(&hash, bytes, sizeof(bytes));
    memcpy(&listed, bytes, sizeof(listed));
    return listed >> 1 | 1;
}

/* Reads one instance. Returns NULL, or what is wrong with it (static text). */
static const char *foreign_describe(struct mu_arena *arena, const struct import_source *source,
        const Mu__Registry__V1__Instance *instance, struct description *description)
{
    const char *fault = message_to_description(arena, instance, description);

    if (fault != NULL)
        return fault;
    if (instance->node[0] != '\0' && strcmp(instance->node, source->node) != 0)
        return "an instance is of the node that is imported";
    description->node = source->node;
    description->owner = source->owner;
    description->space = ""; /* namespaces are each node's own */
    description->local = false;
    description->number = foreign_number(source, description->number);
    return import_fault(description);
}

/* Reads all of the request, which has no more instances than may be. Returns NULL, or what is wrong
 * with it (static text). */
static const char *foreign_read(struct mu_arena *arena,
        const Mu__Registry__V1__ImportRequest *request, const struct import_source *source,
        struct description **descriptionsp)
{
    const char *fault = import_source_fault(source);
    struct description *descriptions;

    descriptions = mu_arena_alloc(arena, (request->n_instances + 1) * sizeof(*descriptions));
    if (descriptions == NULL)
        return "the registry has no memory for this many instances";
    for (size_t i = 0; fault == NULL && i < request->n_instances; i++)
        fault = foreign_describe(arena, source, request->instances[i], &descriptions[i]);
    *descriptionsp = descriptions;
    return fault;
}

static void foreign_answer_import(struct mu_call *call, const struct catalog *catalog)
{
    Mu__Registry__V1__ImportReply reply = MU__REGISTRY__V1__IMPORT_REPLY__INIT;
    const struct instance *wanted[REGISTRY_WANTED_MAX];
    Mu__Registry__V1__WantedTypes messages[REGISTRY_WANTED_MAX];
    Mu__Registry__V1__WantedTypes *each[REGISTRY_WANTED_MAX];

    reply.revision = catalog_revision(catalog);
    reply.n_wanted = import_wanted(catalog, wanted);
    reply.wanted = each;
    for (size_t i = 0; i < reply.n_wanted; i++) {
        mu__registry__v1__wanted_types__init(&messages[i]);
        messages[i].service = wanted[i]->service->name;
        messages[i].version = (char *)(uintptr_t)wanted[i]->version;
        messages[i].types.data = (uint8_t *)(uintptr_t)wanted[i]->types;
        messages[i].types.len = TYPES_HASH_SIZE;
        each[i] = &messages[i];
    }
    registry_import_reply(call, &reply);
}

void foreign_import(struct mu_call *call, const Mu__Registry__V1__ImportRequest *request)
{
    enum foreign_lender lender = foreign_lender(call);
    const struct import_source source = {
        .node = request->node,
        .owner = request->owner,
        .lender = lender != FOREIGN_NOBODY ? mu_call_caller(call)->instance : 0,
        .hearsay = lender == FOREIGN_ETCD,
    };
    struct description *descriptions = NULL;
    struct shell *shell;
    struct mu_arena arena;
    const char *fault;
    int r;

    if (lender == FOREIGN_NOBODY)
        return;
    if (request->n_instances > REGISTRY_IMPORT_INSTANCES_MAX) {
        mu_call_refuse(call, MU_RESOURCE_EXHAUSTED, "of one node at most %d instances are listed",
                REGISTRY_IMPORT_INSTANCES_MAX);
        return;
    }
    shell = shell_change(call);
    if (shell == NULL)
        return;
    mu_arena_init(&arena, SIZE_MAX);
    fault = foreign_read(&arena, request, &source, &descriptions);
    r = fault == NULL ? import_replace(&shell->catalog, &source, descriptions,
                                (uint32_t)request->n_instances)
                      : CATALOG_NONE;
    if (fault != NULL)
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "%s", fault);
    else if (r == CATALOG_OK || r == CATALOG_UNCHANGED)
        foreign_answer_import(call, &shell->catalog);
    else if (r == CATALOG_NONE)
        mu_call_refuse(call, MU_FAILED_PRECONDITION,
                "the link process takes no calls yet: nothing would end what it lends");
    else if (r == CATALOG_TAKEN)
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "instance: the instances of a node have numbers of their own");
    else
        shell_fail(call, r, "what the other node offers is not listed");
    mu_arena_deinit(&arena);
}

/* ---- types ---- */

static void foreign_answer_types(
        struct mu_call *call, int outcome, const struct publication *publication)
{
    Mu__Registry__V1__ImportTypesReply reply = MU__REGISTRY__V1__IMPORT_TYPES_REPLY__INIT;

    if (outcome == CATALOG_OK || outcome == CATALOG_UNCHANGED)
        registry_import_types_reply(call, &reply);
    else if (outcome == CATALOG_NONE)
        mu_call_refuse(call, MU_NOT_FOUND, "no imported instance of %s %s has these types",
                publication->service, publication->version);
    else if (outcome == CATALOG_TAKEN)
        mu_call_refuse(call, MU_ALREADY_EXISTS, "%s %s has other types here, and keeps them",
                publication->service, publication->version);
    else
        shell_fail(call, outcome, "the types are not taken");
}

void foreign_import_types(struct mu_call *call, const Mu__Registry__V1__ImportTypesRequest *request)
{
    struct mu_bytes set = { request->descriptor_set.data, request->descriptor_set.len };
    const char *methods[REGISTRY_METHODS_MAX];
    uint8_t types[TYPES_HASH_SIZE];
    struct publication publication = {
        .service = request->service,
        .version = request->version,
        .proto_service = request->proto_service,
        .types = types,
        .types_size = (uint32_t)set.size,
    };
    struct mu_schema *schema = NULL;
    struct shell *shell;

    if (foreign_lender(call) == FOREIGN_NOBODY)
        return;
    shell = shell_change(call);
    if (shell == NULL)
        return;
    publication_hash(types, set);
    if (request->types.len != TYPES_HASH_SIZE ||
            memcmp(request->types.data, types, TYPES_HASH_SIZE) != 0) {
        mu_call_refuse(
                call, MU_INVALID_ARGUMENT, "types: it is not the BLAKE2b-256 of descriptor_set");
        return;
    }
    if (!publication_read(call, set, &publication, methods, &schema))
        return;
    foreign_answer_types(call, import_publish(&shell->catalog, &publication, set), &publication);
    mu_schema_free(schema);
}
