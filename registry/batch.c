// SPDX-License-Identifier: Apache-2.0
/* An order keeps the very record that stands in the journal, and making the change reads that
 * record: what is in memory is what a restart would load.
 *
 * Between an order and its commit other events go on. So that they cannot take the room that the
 * order counts on, a service has one order at a time, and one that is new, or must go, is settled
 * at once. */
#include "registry/batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/log.h"
#include "registry/record.h"

enum order_kind { ORDER_PUBLISH, ORDER_REGISTER, ORDER_DEREGISTER };

struct order {
    struct list link;
    enum order_kind kind;
    batch_fn fn;
    void *user; /* borrowed until fn ran */
    char service[REGISTRY_NAME_MAX + 1];
    char version[REGISTRY_VERSION_MAX + 1];
    size_t size;
    uint8_t value[]; /* a record's value, or a manifest */
};

void batch_init(struct batch *batch, struct catalog *catalog, struct journal *journal)
{
    *batch = (struct batch){
        .catalog = catalog, .journal = journal, .bytes_max = REGISTRY_BYTES_MAX
    };
    list_init(&batch->orders);
    list_init(&batch->loose);
}

/* Moves what waits to `orders`: whoever is answered may order anew. */
static void batch_take(struct batch *batch, struct list *orders)
{
    list_push(&batch->orders, orders);
    list_remove(&batch->orders);
    batch->order_count = 0;
    batch->bytes = 0;
}

/* Answers all orders with the same outcome, and drops them. */
static void batch_drop(struct batch *batch, int outcome)
{
    struct list orders;

    batch_take(batch, &orders);
    list_for_each_safe (node, &orders) {
        struct order *order = list_entry(node, struct order, link);

        list_remove(&order->link);
        order->fn(outcome, order->user);
        free(order);
    }
}

void batch_deinit(struct batch *batch)
{
    if (batch->journal != NULL) {
        journal_abort(batch->journal);
        batch_drop(batch, -ECANCELED);
    }
    *batch = (struct batch){ 0 };
}

static struct order *order_new(enum order_kind kind, const char *service, const char *version,
        size_t size, batch_fn fn, void *user)
{
    struct order *order = malloc(sizeof(*order) + size);

    if (order == NULL)
        return NULL;
    *order = (struct order){ .kind = kind, .size = size, .fn = fn, .user = user };
    snprintf(order->service, sizeof(order->service), "%s", service);
    snprintf(order->version, sizeof(order->version), "%s", version);
    return order;
}

/* ---- making what was committed ---- */

/* A set that may have lost its last reference. */
struct loose {
    struct list link;
    uint8_t types[TYPES_HASH_SIZE];
};

/* Remembers it for batch_sweep. What is forgotten here goes at the next start. */
static void batch_loosen(struct batch *batch, const uint8_t types[TYPES_HASH_SIZE])
{
    struct loose *loose = malloc(sizeof(*loose));

    if (loose == NULL)
        return;
    memcpy(loose->types, types, TYPES_HASH_SIZE);
    list_push(&batch->loose, &loose->link);
}

/* Deletes the loose sets that no order made since then refers to. The commit that makes this last
 * is the next one. */
static void batch_sweep(struct batch *batch)
{
    list_for_each_safe (node, &batch->loose) {
        struct loose *loose = list_entry(node, struct loose, link);

        if (!sets_has(&batch->catalog->sets, loose->types))
            journal_delete_set(batch->journal, loose->types);
        list_remove(&loose->link);
        free(loose);
    }
}

static void batch_forget(struct batch *batch, struct service *service, struct version *version)
{
    batch_loosen(batch, version->types);
    catalog_forget(batch->catalog, service, version);
}

static int batch_make_publication(struct batch *batch, const struct order *order)
{
    struct mu_bytes value = { .data = order->value, .size = order->size };
    uint8_t types[TYPES_HASH_SIZE];
    char key[RECORD_KEY_MAX];
    struct record record;
    bool freed;
    int r;

    record_key(key, order->service, order->version);
    r = record_read(
            &record, (struct mu_bytes){ .data = (const uint8_t *)key, .size = strlen(key) }, value);
    if (r == 0)
        r = catalog_publish(batch->catalog, &record.publication, types, &freed);
    if (r == 0 && freed)
        batch_loosen(batch, types);
    return r;
}

static int batch_make_deregistration(struct batch *batch, const struct order *order)
{
    struct service *service = catalog_find(batch->catalog, order->service);
    struct version *version = service_unused_version(service);

    while (version != NULL) {
        bool last = !service_is_listed(service) && service->version_count == 1;

        batch_forget(batch, service, version);
        version = last ? NULL : service_unused_version(service);
    }
    catalog_deregister(batch->catalog, order->service);
    return CATALOG_OK;
}

static int batch_make(struct batch *batch, const struct order *order)
{
    switch (order->kind) {
    case ORDER_PUBLISH:
        return batch_make_publication(batch, order);
    case ORDER_REGISTER:
        return catalog_register(batch->catalog, order->service, order->value, order->size);
    case ORDER_DEREGISTER:
        return batch_make_deregistration(batch, order);
    }
    return err_new(-EINVAL);
}

void batch_settle(struct batch *batch)
{
    struct list orders;
    int r = journal_commit(batch->journal);

    if (list_is_empty(&batch->orders))
        return;
    if (r != 0) {
        batch_drop(batch, r == MU_STORE_FULL ? CATALOG_FULL : r);
        return;
    }
    batch_take(batch, &orders);
    list_for_each_safe (node, &orders) {
        struct order *order = list_entry(node, struct order, link);

        list_remove(&order->link);
        r = batch_make(batch, order);
        if (r != CATALOG_OK && r != CATALOG_UNCHANGED) {
            log_error("%s: on the disk, but not in memory (%d): starting anew loads it",
                    order->service, r);
            abort();
        }
        order->fn(r, order->user);
        free(order);
    }
    batch_sweep(batch);
}

/* ---- taking orders ---- */

/* Nothing of `service` waits after this, and there is room for one order more. */
static void batch_clear(struct batch *batch, const char *service)
{
    bool wait = batch->order_count >= BATCH_ORDERS_MAX;

    list_for_each (node, &batch->orders) {
        if (strcmp(list_entry(node, struct order, link)->service, service) == 0)
            wait = true;
    }
    if (wait)
        batch_settle(batch);
}

/* Takes an order whose writes came to `r`. What was written together with it is not to be had
 * apart, so if they failed, all that waits fails. */
static void batch_add(struct batch *batch, struct order *order, int r, uint64_t bytes)
{
    const struct service *service = catalog_find(batch->catalog, order->service);
    bool urgent =
            order->kind == ORDER_DEREGISTER || service == NULL || service_is_imported(service);

    list_push(&batch->orders, &order->link);
    batch->order_count += 1;
    batch->bytes += bytes;
    if (r != 0) {
        journal_abort(batch->journal);
        batch_drop(batch, r == MU_STORE_FULL ? CATALOG_FULL : r);
    } else if (urgent) {
        batch_settle(batch);
    }
}

/* Does `service` (may be NULL) have as many own versions as it may, and `version` is none of them?
 */
static bool batch_has_too_many_versions(const struct service *service, const char *version)
{
    const struct version *old;

    if (service == NULL || version == NULL ||
            service_own_version_count(service) < REGISTRY_VERSIONS_MAX)
        return false;
    old = service_version(service, version);
    return old == NULL || old->imported;
}

static bool batch_fits(const struct batch *batch, uint64_t bytes)
{
    return batch->catalog->bytes + batch->bytes + bytes <= batch->bytes_max;
}

/* Forgets a version for good, with a commit of its own. */
static int batch_evict(struct batch *batch, struct service *service, struct version *version)
{
    int r;

    log_info("forgetting the types of %s %s to make room", service->name, version->text);
    r = journal_delete_version(batch->journal, service->name, version->text);
    if (r == 0)
        r = journal_commit(batch->journal);
    if (r != 0) {
        journal_abort(batch->journal);
        return r;
    }
    batch_forget(batch, service, version);
    batch_sweep(batch);
    return 0;
}

/* Makes room for `bytes` more of a service, and for one version more of it if `version` is none
 * that it has. Returns OK, FULL or -errno. */
static int batch_make_room(
        struct batch *batch, const char *name, const char *version, uint64_t bytes)
{
    for (;;) {
        const struct catalog *catalog = batch->catalog;
        struct service *service = catalog_find(catalog, name);
        struct service *victim = NULL;
        struct version *unused;
        int r;

        if (batch_has_too_many_versions(service, version))
            victim = service;
        else if (!batch_fits(batch, bytes) || !catalog_has_room(catalog, name, false))
            victim = catalog_idle_service(catalog);
        else
            return CATALOG_OK;
        if (batch->order_count > 0) {
            batch_settle(batch);
            continue;
        }
        unused = victim != NULL ? service_unused_version(victim) : NULL;
        if (unused == NULL)
            return CATALOG_FULL;
        r = batch_evict(batch, victim, unused);
        if (r != 0)
            return r;
    }
}

void batch_publish(struct batch *batch, const struct publication *publication, struct mu_bytes set,
        batch_fn fn, void *user)
{
    uint64_t bytes = publication_texts_size(publication) + set.size;
    const struct service *service;
    const struct version *old;
    struct order *order;
    int r;

    CHECK(publication->types_size == set.size && set.size > 0);

    batch_clear(batch, publication->service);
    service = catalog_find(batch->catalog, publication->service);
    old = service != NULL ? service_version(service, publication->version) : NULL;
    if (old != NULL && version_is_same(old, publication)) {
        fn(CATALOG_UNCHANGED, user);
        return;
    }
    r = batch_make_room(batch, publication->service, publication->version, bytes);
    order = order_new(
            ORDER_PUBLISH, publication->service, publication->version, RECORD_VALUE_MAX, fn, user);
    if (r != 0 || order == NULL) {
        free(order);
        fn(r != 0 ? r : -ENOMEM, user);
        return;
    }
    order->size = record_write(order->value, publication);
    r = journal_put_version(batch->journal, publication);
    if (r == 0 && !sets_has(&batch->catalog->sets, publication->types))
        r = journal_put_set(batch->journal, publication->types, set);
    batch_add(batch, order, r, bytes);
}

void batch_register(struct batch *batch, const char *name, const uint8_t *manifest, size_t size,
        batch_fn fn, void *user)
{
    const struct service *service;
    struct order *order;
    int r;

    CHECK(size > 0);

    batch_clear(batch, name);
    service = catalog_find(batch->catalog, name);
    if (service != NULL && service->manifest_size == size &&
            memcmp(service->manifest, manifest, size) == 0) {
        fn(CATALOG_UNCHANGED, user);
        return;
    }
    r = batch_make_room(batch, name, NULL, size);
    order = order_new(ORDER_REGISTER, name, "", size, fn, user);
    if (r != 0 || order == NULL) {
        free(order);
        fn(r != 0 ? r : -ENOMEM, user);
        return;
    }
    memcpy(order->value, manifest, size);
    r = journal_put_manifest(batch->journal, name, manifest, size);
    batch_add(batch, order, r, size);
}

void batch_deregister(struct batch *batch, const char *name, batch_fn fn, void *user)
{
    const struct service *service;
    struct order *order;
    int r;

    batch_clear(batch, name);
    service = catalog_find(batch->catalog, name);
    if (service == NULL || service_is_imported(service) ||
            (!service_is_registered(service) && !service_is_idle(service))) {
        fn(CATALOG_NONE, user);
        return;
    }
    order = order_new(ORDER_DEREGISTER, name, "", 0, fn, user);
    if (order == NULL) {
        fn(-ENOMEM, user);
        return;
    }
    r = journal_delete_manifest(batch->journal, name);
    for (uint32_t i = 0; r == 0 && i < service_own_version_count(service); i++)
        if (!service_runs(service, service->versions[i]->text))
            r = journal_delete_version(batch->journal, name, service->versions[i]->text);
    batch_add(batch, order, r, 0);
}
