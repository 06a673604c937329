// SPDX-License-Identifier: Apache-2.0
#include "kernel/grants.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "kernel/limits.h"
#include "kernel/shelf.h"
#include "mu/router/v1/router.pb-c.h"
#include "mu/schema.h"

static const struct shelf grants_shelf = { "grants", GRANT_SIZE_MAX };

void grants_init(struct grants *grants)
{
    *grants = (struct grants){ 0 };
    list_init(&grants->list);
}

static void grants_free(struct grants *grants, struct granted *granted)
{
    grants->patterns -= (uint32_t)granted->message->n_endpoints;
    list_remove(&granted->link);
    mu__node__v1__granted__free_unpacked(granted->message, NULL);
    free(granted);
}

void grants_deinit(struct grants *grants)
{
    while (!list_is_empty(&grants->list))
        grants_free(grants, list_entry(grants->list.next, struct granted, link));
}

static int grants_write(const struct folders *folders, const Mu__Node__V1__Granted *message)
{
    size_t size = mu__node__v1__granted__get_packed_size(message);
    CLEANUP(cleanup_free) uint8_t *packed = malloc(size + 1);

    if (packed == NULL)
        return err_new(-ENOMEM);
    mu__node__v1__granted__pack(message, packed);
    return err_trace(
            shelf_write(&grants_shelf, folders, message->handle, (struct span){ packed, size }));
}

/* ---- the list ---- */

/* Takes `message` over. Returns 0 or -ENOMEM. */
static int grants_push(struct grants *grants, Mu__Node__V1__Granted *message)
{
    struct granted *granted = calloc(1, sizeof(*granted));

    if (granted == NULL) {
        mu__node__v1__granted__free_unpacked(message, NULL);
        return err_new(-ENOMEM);
    }
    granted->message = message;
    grants->patterns += (uint32_t)message->n_endpoints;
    list_push(&grants->list, &granted->link);
    return 0;
}

static bool grants_is_over(const Mu__Node__V1__Granted *message, uint64_t now_s)
{
    return message->ends_s != 0 && message->ends_s <= now_s;
}

/* A load under way. */
struct grants_load {
    struct grants *grants;
    uint64_t now_s;
};

static int grants_take(void *user, struct span record)
{
    const struct grants_load *load = user;
    Mu__Node__V1__Granted *message = NULL;

    if (mu_body_check(&mu__node__v1__granted__descriptor,
                (struct mu_bytes){ record.data, record.size }, NULL) == 0)
        message = mu__node__v1__granted__unpack(NULL, record.size, record.data);
    if (message == NULL)
        return SHELF_BAD;
    if (!grants_is_over(message, load->now_s))
        return err_trace(grants_push(load->grants, message));
    mu__node__v1__granted__free_unpacked(message, NULL);
    return SHELF_OVER;
}

int grants_load(struct grants *grants, const struct folders *folders, uint64_t now_s)
{
    struct grants_load load = { grants, now_s };

    return err_trace(shelf_load(&grants_shelf, folders, grants_take, &load));
}

int grants_add(struct grants *grants, const struct folders *folders, Mu__Node__V1__Granted *granted)
{
    int r = 0;

    if (grants->patterns + granted->n_endpoints > GRANTS_MAX)
        r = err_new(-ENOSPC);
    if (r == 0)
        r = grants_write(folders, granted);
    if (r == 0)
        return err_trace(grants_push(grants, granted));
    mu__node__v1__granted__free_unpacked(granted, NULL);
    return err_trace(r);
}

int grants_remove(struct grants *grants, const struct folders *folders, uint64_t handle)
{
    list_for_each_safe (node, &grants->list) {
        struct granted *granted = list_entry(node, struct granted, link);
        int r;

        if (granted->message->handle != handle)
            continue;
        r = shelf_remove(&grants_shelf, folders, handle);
        if (r < 0)
            return err_trace(r);
        grants_free(grants, granted);
        return err_trace(shelf_sync(&grants_shelf, folders));
    }
    return -ENOENT;
}

/* ---- for the router ---- */

static void grants_describe(const Mu__Node__V1__Granted *message, uint64_t now_s,
        Mu__Router__V1__OperatorGrant *grants, Mu__Router__V1__GrantsRequest *request)
{
    for (size_t i = 0; i < message->n_endpoints && !grants_is_over(message, now_s); i++) {
        Mu__Router__V1__OperatorGrant *grant = &grants[request->n_grants];

        mu__router__v1__operator_grant__init(grant);
        grant->handle = message->handle;
        grant->service = message->service;
        grant->endpoints = message->endpoints[i];
        grant->left_ms = message->ends_s == 0 ? 0 : (message->ends_s - now_s) * 1000;
        request->grants[request->n_grants++] = grant;
    }
}

int grants_pack(const struct grants *grants, uint64_t now_s, struct span *packedp)
{
    Mu__Router__V1__GrantsRequest request = MU__ROUTER__V1__GRANTS_REQUEST__INIT;
    CLEANUP(cleanup_free) Mu__Router__V1__OperatorGrant *each =
            calloc(grants->patterns + 1, sizeof(*each));
    CLEANUP(cleanup_free) Mu__Router__V1__OperatorGrant **links =
            calloc(grants->patterns + 1, sizeof(*links));
    uint8_t *packed;

    if (each == NULL || links == NULL)
        return err_new(-ENOMEM);
    request.grants = links;
    list_for_each (node, &grants->list)
        grants_describe(list_entry(node, struct granted, link)->message, now_s, each, &request);
    packed = malloc(mu__router__v1__grants_request__get_packed_size(&request) + 1);
    if (packed == NULL)
        return err_new(-ENOMEM);
    *packedp = (struct span){ packed, mu__router__v1__grants_request__pack(&request, packed) };
    return 0;
}
