// SPDX-License-Identifier: Apache-2.0
/* Types: what a service's methods take and give, with comments. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "mu/node/v1/node.mu.h"
#include "mu/router/v1/router.mu.h"
#include "mu/schema.h"
#include "registry/handlers.h"

/* A call that waits for its types to be on the disk. */
struct publishing {
    struct mu_call *call; /* owned: to be answered */
    uint8_t types[TYPES_HASH_SIZE];
};

void publication_hash(uint8_t types[TYPES_HASH_SIZE], struct mu_bytes set)
{
    crypto_generichash(types, TYPES_HASH_SIZE, set.data, set.size, NULL, 0);
}

static void publication_answer(struct mu_call *call, const uint8_t types[TYPES_HASH_SIZE])
{
    Mu__Registry__V1__PublishReply reply = MU__REGISTRY__V1__PUBLISH_REPLY__INIT;

    reply.types.data = (uint8_t *)(uintptr_t)types;
    reply.types.len = TYPES_HASH_SIZE;
    registry_publish_reply(call, &reply);
}

static void publication_done(int outcome, void *user)
{
    struct publishing *publishing = user;

    if (outcome == CATALOG_OK || outcome == CATALOG_UNCHANGED)
        publication_answer(publishing->call, publishing->types);
    else
        shell_fail(publishing->call, outcome, "the types are not published");
    free(publishing);
}

/* Are just these types there already? Then nothing has to be looked at, nor written. */
static bool publication_is_known(
        const struct catalog *catalog, const struct publication *publication)
{
    const struct service *service = catalog_find(catalog, publication->service);
    const struct version *version = service != NULL && publication->version[0] != '\0'
                                            ? service_version(service, publication->version)
                                            : NULL;

    return version != NULL && version_is_same(version, publication);
}

bool publication_read(struct mu_call *call, struct mu_bytes set, struct publication *publication,
        const char *methods[REGISTRY_METHODS_MAX], struct mu_schema **schemap)
{
    const struct mu_schema_service *service;
    struct mu_schema_error error = { "" };
    struct mu_schema *schema = NULL;
    const char *fault;

    if (mu_schema_new(&schema, set, &error) < 0) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "descriptor_set: %s", error.text);
        return false;
    }
    service = mu_schema_find_service(schema, publication->proto_service);
    if (service == NULL) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "proto_service: the descriptor set has no service \"%.*s\"",
                REGISTRY_PROTO_NAME_MAX, publication->proto_service);
        mu_schema_free(schema);
        return false;
    }
    for (size_t i = 0; i < service->method_count && i < REGISTRY_METHODS_MAX; i++)
        methods[i] = service->methods[i].name;
    publication->methods = methods;
    publication->method_count = service->method_count;
    fault = publication_fault(publication);
    if (fault != NULL) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "%s", fault);
        mu_schema_free(schema);
        return false;
    }
    *schemap = schema;
    return true;
}

/* Publishes `set`; `publication` has no fault. */
static void publication_order(struct mu_call *call, struct shell *shell,
        const struct publication *publication, struct mu_bytes set)
{
    struct publishing *publishing = malloc(sizeof(*publishing));

    if (publishing == NULL) {
        shell_fail(call, -ENOMEM, "the types are not published");
        return;
    }
    publishing->call = call;
    memcpy(publishing->types, publication->types, TYPES_HASH_SIZE);
    batch_publish(&shell->batch, publication, set, publication_done, publishing);
}

void publication_publish(struct mu_call *call, const Mu__Registry__V1__PublishRequest *request)
{
    struct mu_bytes set = { request->descriptor_set.data, request->descriptor_set.len };
    struct shell *shell = shell_change(call);
    const char *methods[REGISTRY_METHODS_MAX];
    uint8_t types[TYPES_HASH_SIZE];
    struct publication publication = {
        .service = mu_call_caller(call)->service,
        .space = mu_call_caller(call)->space,
        .version = request->version,
        .proto_service = request->proto_service,
        .types = types,
        .types_size = (uint32_t)set.size,
    };
    struct mu_schema *schema = NULL;

    if (shell == NULL)
        return;
    if (publication.service[0] == '\0') {
        mu_call_refuse(call, MU_PERMISSION_DENIED,
                "only a service publishes types, its own; this caller is none");
        return;
    }
    publication_hash(types, set);
    if (publication_is_known(&shell->catalog, &publication)) {
        publication_answer(call, types);
        return;
    }
    if (!publication_read(call, set, &publication, methods, &schema))
        return;
    publication_order(call, shell, &publication, set);
    mu_schema_free(schema);
}

/* ---- the node's own ---- */

static void publication_own_done(int outcome, void *user)
{
    if (outcome != CATALOG_OK && outcome != CATALOG_UNCHANGED)
        log_warn("the types of %s are not published (%d)", (const char *)user, outcome);
}

void publication_publish_own(struct shell *shell)
{
    static const struct mu_service_type *const own[] = { &node_type, &registry_type, &router_type };
    const char *methods[REGISTRY_METHODS_MAX];
    uint8_t types[TYPES_HASH_SIZE];

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        struct publication publication = {
            .service = own[i]->name,
            .version = MU_VERSION,
            .proto_service = own[i]->proto_name,
            .methods = methods,
            .method_count = own[i]->method_count,
            .types = types,
            .types_size = (uint32_t)own[i]->types.size,
        };

        for (size_t k = 0; k < own[i]->method_count; k++)
            methods[k] = own[i]->methods[k].name;
        publication_hash(types, own[i]->types);
        batch_publish(&shell->batch, &publication, own[i]->types, publication_own_done,
                (void *)(uintptr_t)own[i]->name);
    }
    batch_settle(&shell->batch);
}
