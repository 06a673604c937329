// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/types.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "mu/registry/v1/registry.pb-c.h"
#include "mu/schema.h"
#include "services/network/link/mesh.h"

/* What the registry was asked for, until it answers. */
struct task {
    struct mesh *mesh;   /* borrowed: it outlives the client's calls */
    uint64_t link;       /* who wants the types; 0: they are given to the registry */
    inbox_reply_fn then; /* takes the answer, on the clerk's thread */
    uint8_t types[ADVERT_TYPES_SIZE];
};

/* On a thread of the client's. An item's bytes are the types' hash, then the answer. */
static void on_answer(struct mu_result *result, void *user)
{
    struct task *task = user;
    size_t size = ADVERT_TYPES_SIZE + result->size;
    CLEANUP(cleanup_free) uint8_t *bytes = NULL;
    struct inbox_item *item = NULL;

    if (result->status.code == MU_OK)
        bytes = malloc(size);
    if (bytes != NULL) {
        memcpy(bytes, task->types, ADVERT_TYPES_SIZE);
        if (result->size > 0)
            memcpy(bytes + ADVERT_TYPES_SIZE, result->body, result->size);
        item = inbox_item_new(INBOX_REPLY, (struct span){ bytes, size });
    }
    if (item != NULL) {
        item->reply = task->then;
        item->number = task->link;
        if (inbox_put(&task->mesh->inbox, item) != INBOX_OK)
            free(item);
    }
    free(task);
}

static void ask_registry(
        struct mesh *mesh, const char *endpoint, const ProtobufCMessage *request, struct task what)
{
    size_t size = protobuf_c_message_get_packed_size(request);
    CLEANUP(cleanup_free) uint8_t *bytes = malloc(size + 1);
    struct task *task = malloc(sizeof(*task));

    if (bytes == NULL || task == NULL) {
        free(task);
        return;
    }
    *task = what;
    protobuf_c_message_pack(request, bytes);
    mu_call_async(mesh->client, endpoint, (struct mu_bytes){ bytes, size }, NULL, on_answer, task);
}

/* ---- others want them ---- */

static bool version_of_node(const struct node *node, struct span service, struct span types,
        char version[ADVERT_VERSION_MAX + 1])
{
    struct fields fields = node_offers(node);
    struct offer offer;

    while (advert_next_offer(&fields, &offer)) {
        if (offer.service.size == service.size &&
                memcmp(offer.service.data, service.data, service.size) == 0 &&
                offer.types.size == types.size &&
                memcmp(offer.types.data, types.data, types.size) == 0) {
            memcpy(version, offer.version.data, offer.version.size);
            version[offer.version.size] = '\0';
            return true;
        }
    }
    return false;
}

/* Which version has these types: one of this node's own, or one that another offers. */
static bool find_version(const struct mesh *mesh, struct span service, struct span types,
        char version[ADVERT_VERSION_MAX + 1])
{
    const char *own;

    if (offers_find_types(&mesh->offers, service, types, &own)) {
        memcpy(version, own, strlen(own) + 1);
        return true;
    }
    for (uint32_t i = 0; i < mesh->routes->nodes.slot_count; i++) {
        const struct node *node = mesh->routes->nodes.slots[i];

        if (node != NULL && node->held && version_of_node(node, service, types, version))
            return true;
    }
    return false;
}

static void send_types(struct mesh *mesh, const struct inbox_item *item)
{
    const struct mu_bytes body = { item->bytes + ADVERT_TYPES_SIZE,
        item->size - ADVERT_TYPES_SIZE };
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Types types = MU__LINK__V1__TYPES__INIT;
    Mu__Registry__V1__DescribeReply *reply = NULL;

    if (mu_body_check(&mu__registry__v1__describe_reply__descriptor, body, NULL) == 0)
        reply = mu__registry__v1__describe_reply__unpack(NULL, body.size, body.data);
    if (reply == NULL)
        return;
    if (reply->types.len == ADVERT_TYPES_SIZE &&
            memcmp(reply->types.data, item->bytes, ADVERT_TYPES_SIZE) == 0) {
        types.types = reply->types;
        types.descriptor_set = reply->descriptor_set;
        types.proto_service = reply->proto_service;
        types.service = reply->service;
        types.version = reply->version;
        message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_TYPES;
        message.types = &types;
        mesh_say(mesh, item->number, &message.base);
    }
    mu__registry__v1__describe_reply__free_unpacked(reply, NULL);
}

void types_wanted(struct mesh *mesh, uint64_t link, const Mu__Link__V1__TypesWanted *wanted)
{
    Mu__Registry__V1__DescribeRequest request = MU__REGISTRY__V1__DESCRIBE_REQUEST__INIT;
    const struct span service = { (const uint8_t *)wanted->service, strlen(wanted->service) };
    const struct span types = { wanted->types.data, wanted->types.len };
    struct task task = { .mesh = mesh, .link = link, .then = send_types };
    char version[ADVERT_VERSION_MAX + 1];

    if (mesh->routes == NULL || types.size != ADVERT_TYPES_SIZE ||
            !find_version(mesh, service, types, version))
        return;
    memcpy(task.types, types.data, ADVERT_TYPES_SIZE);
    request.service = wanted->service;
    request.version = version;
    ask_registry(mesh, "registry.Describe", &request.base, task);
}

/* ---- this node wants them ---- */

static void learn(struct mesh *mesh, const struct inbox_item *item)
{
    const struct span types = { item->bytes, ADVERT_TYPES_SIZE };

    if (mesh->routes == NULL)
        return;
    imports_learn(&mesh->imports, types);
    routes_learned(mesh->routes, types);
}

void types_take(struct mesh *mesh, const Mu__Link__V1__Types *types)
{
    Mu__Registry__V1__ImportTypesRequest request = MU__REGISTRY__V1__IMPORT_TYPES_REQUEST__INIT;
    struct task task = { .mesh = mesh, .then = learn };

    if (mesh->routes == NULL || types->types.len != ADVERT_TYPES_SIZE)
        return;
    memcpy(task.types, types->types.data, ADVERT_TYPES_SIZE);
    request.service = types->service;
    request.version = types->version;
    request.types = types->types;
    request.proto_service = types->proto_service;
    request.descriptor_set = types->descriptor_set;
    ask_registry(mesh, "registry.ImportTypes", &request.base, task);
}
