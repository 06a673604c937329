// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/imports.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "mu/registry/v1/registry.pb-c.h"
#include "mu/schema.h"
#include "services/network/link/mesh.h"
#include "services/network/link/routing.h"

void imports_deinit(struct imports *imports)
{
    free(imports->nodes);
    free(imports->types);
    *imports = (struct imports){ .nodes = NULL };
}

/* ---- who was told of ---- */

static struct imported *find(struct imports *imports, const struct public_key *id)
{
    for (uint32_t i = 0; i < imports->node_count; i++) {
        if (public_key_equal(&imports->nodes[i].id, id))
            return &imports->nodes[i];
    }
    return NULL;
}

static struct imported *note(struct imports *imports, const struct node *node)
{
    struct imported *imported = find(imports, &node->id);

    if (imported == NULL && (imports->nodes == NULL || imports->node_count == imports->node_room)) {
        uint32_t room = imports->node_room != 0 ? 2 * imports->node_room : 8;
        struct imported *nodes = reallocarray(imports->nodes, room, sizeof(*nodes));

        if (nodes == NULL)
            return NULL;
        imports->nodes = nodes;
        imports->node_room = room;
    }
    if (imported == NULL)
        imported = &imports->nodes[imports->node_count++];
    imported->id = node->id;
    memcpy(imported->node, node->identity.name, strlen(node->identity.name) + 1);
    memcpy(imported->owner, strchr(node->identity.name, '.') + 1,
            strlen(strchr(node->identity.name, '.') + 1) + 1);
    return imported;
}

/* ---- what is told ---- */

static void imports_forget_types(struct imports *imports, struct span types)
{
    for (uint32_t i = 0; i < imports->types_count; i++) {
        if (types.size == ADVERT_TYPES_SIZE &&
                memcmp(imports->types[i], types.data, ADVERT_TYPES_SIZE) == 0) {
            imports->types_count -= 1;
            memmove(imports->types[i], imports->types[imports->types_count], ADVERT_TYPES_SIZE);
            return;
        }
    }
}

/* What the registry lacks, whatever it once was given. */
static void hear_import(struct mesh *mesh, const struct inbox_item *item)
{
    const ProtobufCMessageDescriptor *type = &mu__registry__v1__import_reply__descriptor;
    Mu__Registry__V1__ImportReply *reply = NULL;

    if (mesh->routes != NULL &&
            mu_body_check(type, (struct mu_bytes){ item->bytes, item->size }, NULL) == 0)
        reply = mu__registry__v1__import_reply__unpack(NULL, item->size, item->bytes);
    if (reply == NULL)
        return;
    for (size_t i = 0; i < reply->n_wanted; i++) {
        const struct span types = { reply->wanted[i]->types.data, reply->wanted[i]->types.len };

        imports_forget_types(&mesh->imports, types);
        routes_lost_types(mesh->routes, types, clock_ms());
    }
    mu__registry__v1__import_reply__free_unpacked(reply, NULL);
}

/* On a thread of the client's. */
static void on_import(struct mu_result *result, void *user)
{
    struct mesh *mesh = user;
    struct inbox_item *item;

    if (result->status.code != MU_OK) {
        routing_refused(mesh, result);
        return;
    }
    item = inbox_item_new(INBOX_REPLY, (struct span){ result->body, result->size });
    if (item == NULL)
        return;
    item->reply = hear_import;
    if (inbox_put(&mesh->inbox, item) != INBOX_OK)
        free(item);
}

static void call_import(struct mesh *mesh, const Mu__Registry__V1__ImportRequest *request)
{
    size_t size = mu__registry__v1__import_request__get_packed_size(request);
    CLEANUP(cleanup_free) uint8_t *bytes = malloc(size + 1);

    if (bytes == NULL)
        return;
    mu__registry__v1__import_request__pack(request, bytes);
    mu_call_async(mesh->client, "registry.Import", (struct mu_bytes){ bytes, size }, NULL,
            on_import, mesh);
}

static void name_source(Mu__Registry__V1__ImportRequest *request, struct imported *imported)
{
    mu__registry__v1__import_request__init(request);
    request->node = imported->node;
    request->owner = imported->owner;
}

static void tell_gone(struct mesh *mesh, struct imported *imported)
{
    Mu__Registry__V1__ImportRequest request;

    name_source(&request, imported);
    call_import(mesh, &request);
}

/* The registry lists instances, and an advert says how many there are. */
struct listing {
    Mu__Registry__V1__Instance instances[IMPORT_INSTANCES_MAX];
    Mu__Registry__V1__Instance *pointers[IMPORT_INSTANCES_MAX];
    char texts[IMPORT_INSTANCES_MAX][2][SERVICE_NAME_MAX + 1];
    size_t count;
};

static void copy_text(char out[SERVICE_NAME_MAX + 1], struct span text)
{
    size_t size = text.size < SERVICE_NAME_MAX ? text.size : SERVICE_NAME_MAX;

    if (size > 0)
        memcpy(out, text.data, size);
    out[size] = '\0';
}

/* An instance keeps its number whatever else comes and goes, so that the registry does not take it
 * for another one. */
static uint64_t number_of(const struct offer *offer, uint32_t index)
{
    crypto_generichash_state state;
    uint64_t hash[2];
    const uint8_t size = (uint8_t)offer->service.size;

    crypto_generichash_init(&state, NULL, 0, sizeof(hash));
    crypto_generichash_update(&state, &size, 1);
    crypto_generichash_update(&state, offer->service.data, offer->service.size);
    crypto_generichash_update(&state, offer->version.data, offer->version.size);
    crypto_generichash_update(&state, (const uint8_t *)&index, sizeof(index));
    crypto_generichash_final(&state, (uint8_t *)hash, sizeof(hash));
    return hash[0] >> 1;
}

static void list_offer(struct listing *listing, const struct offer *offer, struct imported *source)
{
    for (uint32_t i = 0; i < offer->instances && i < IMPORT_OFFER_INSTANCES_MAX &&
                         listing->count < IMPORT_INSTANCES_MAX;
            i++) {
        Mu__Registry__V1__Instance *instance = &listing->instances[listing->count];
        char(*texts)[SERVICE_NAME_MAX + 1] = listing->texts[listing->count];

        copy_text(texts[0], offer->service);
        copy_text(texts[1], offer->version);
        mu__registry__v1__instance__init(instance);
        instance->instance = number_of(offer, i);
        instance->service = texts[0];
        instance->version = texts[1];
        instance->node = source->node;
        instance->owner = source->owner;
        instance->types.data = (uint8_t *)(uintptr_t)offer->types.data;
        instance->types.len = offer->types.size;
        listing->pointers[listing->count++] = instance;
    }
}

static void tell_offers(struct mesh *mesh, const struct node *node)
{
    struct imported *imported = note(&mesh->imports, node);
    struct listing *listing = malloc(sizeof(*listing));
    Mu__Registry__V1__ImportRequest request;
    struct fields fields;
    struct offer offer;

    if (imported == NULL || listing == NULL) {
        free(listing);
        return;
    }
    listing->count = 0;
    fields = node_offers(node);
    while (advert_next_offer(&fields, &offer))
        list_offer(listing, &offer, imported);
    name_source(&request, imported);
    request.instances = listing->pointers;
    request.n_instances = listing->count;
    call_import(mesh, &request);
    free(listing);
}

/* The registry knows nodes by their names: one whose key was replaced is there still, by the other
 * key. */
static void forget(struct mesh *mesh, struct imported *imported)
{
    struct imports *imports = &mesh->imports;
    struct imported gone = *imported;
    const struct node *other = NULL;

    *imported = imports->nodes[--imports->node_count];
    for (uint32_t i = 0; i < imports->node_count && other == NULL; i++) {
        if (strcmp(imports->nodes[i].node, gone.node) == 0)
            other = nodes_find(&mesh->routes->nodes, &imports->nodes[i].id);
    }
    if (other != NULL && other->held)
        tell_offers(mesh, other);
    else
        tell_gone(mesh, &gone);
}

void imports_tell(struct mesh *mesh, const struct public_key *id, const struct node *node)
{
    struct imported *imported = node == NULL ? find(&mesh->imports, id) : NULL;

    if (node != NULL)
        tell_offers(mesh, node);
    else if (imported != NULL)
        forget(mesh, imported);
}

void imports_sweep(struct mesh *mesh)
{
    for (uint32_t i = 0; i < mesh->imports.node_count;) {
        struct imported *imported = &mesh->imports.nodes[i];
        const struct node *node = nodes_find(&mesh->routes->nodes, &imported->id);

        if (node == NULL || !node->imported)
            forget(mesh, imported);
        else
            i += 1;
    }
}

void imports_withdraw(struct mesh *mesh)
{
    for (uint32_t i = 0; i < mesh->imports.node_count; i++)
        tell_gone(mesh, &mesh->imports.nodes[i]);
    imports_deinit(&mesh->imports);
}

bool imports_know(const struct imports *imports, struct span types)
{
    for (uint32_t i = 0; i < imports->types_count && types.size == ADVERT_TYPES_SIZE; i++) {
        if (memcmp(imports->types[i], types.data, ADVERT_TYPES_SIZE) == 0)
            return true;
    }
    return false;
}

void imports_learn(struct imports *imports, struct span types)
{
    if (types.size != ADVERT_TYPES_SIZE || imports_know(imports, types) ||
            imports->types_count == ROUTE_TYPES_MAX)
        return;
    if (imports->types_count == imports->types_room) {
        uint32_t room = imports->types_room != 0 ? 2 * imports->types_room : 16;
        void *more = reallocarray(imports->types, room, sizeof(*imports->types));

        if (more == NULL)
            return;
        imports->types = more;
        imports->types_room = room;
    }
    memcpy(imports->types[imports->types_count++], types.data, ADVERT_TYPES_SIZE);
}
