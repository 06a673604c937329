// SPDX-License-Identifier: Apache-2.0
/* Services stand in an array sorted by name: a few thousand at most, looked up by halving, listed
 * in order, and a prefix is a range. Instances can be many: they are found by number in an index,
 * and are otherwise only linked. Each event first takes all the memory it needs and then changes
 * things, so that it cannot fail halfway. */
#include "registry/catalog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "registry/import.h"
#include "registry/listing.h"
#include "registry/name.h"
#include "registry/space.h"

struct catalog_config catalog_defaults(uint64_t revision, uint64_t seed)
{
    return (struct catalog_config){
        .services_max = REGISTRY_SERVICES_MAX,
        .instances_max = REGISTRY_INSTANCES_MAX,
        .watchers_max = REGISTRY_WATCHERS_MAX,
        .changes_max = REGISTRY_CHANGES_MAX,
        .imports_max = REGISTRY_IMPORTS_MAX,
        .import_instances_max = REGISTRY_IMPORT_INSTANCES_MAX,
        .imported_instances_max = REGISTRY_IMPORTED_INSTANCES_MAX,
        .imported_services_max = REGISTRY_IMPORTED_SERVICES_MAX,
        .imported_bytes_max = REGISTRY_IMPORTED_BYTES_MAX,
        .revision = revision,
        .seed = seed,
    };
}

int catalog_init(struct catalog *catalog, const struct catalog_config *config)
{
    CHECK(config->revision > 0);

    *catalog = (struct catalog){ .config = *config };
    list_init(&catalog->facts);
    list_init(&catalog->watchers);
    list_init(&catalog->imports);
    index_init(&catalog->instances, config->seed);
    return changes_init(&catalog->changes, config->changes_max, config->revision);
}

void catalog_deinit(struct catalog *catalog)
{
    CHECK(catalog->watcher_count == 0);

    for (uint32_t i = 0; i < catalog->service_count; i++) {
        struct service *service = catalog->services[i];

        list_for_each_safe (node, &service->instances) {
            struct instance *instance = list_entry(node, struct instance, sibling);

            list_remove(&instance->sibling);
            list_remove(&instance->fact.link);
            if (instance->import != NULL)
                import_lose(instance->import, instance);
            instance_unref(instance);
        }
        service_free(service);
    }
    if (catalog->import_count > 0)
        list_for_each_safe (node, &catalog->imports)
            import_free(list_entry(node, struct import, link));
    free(catalog->services);
    index_deinit(&catalog->instances);
    leases_deinit(&catalog->leases);
    sets_deinit(&catalog->sets);
    sets_deinit(&catalog->imported_sets);
    changes_deinit(&catalog->changes);
    *catalog = (struct catalog){ 0 };
}

uint32_t catalog_lower_bound(const struct catalog *catalog, const char *name)
{
    uint32_t low = 0;
    uint32_t high = catalog->service_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (strcmp(catalog->services[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct service *catalog_find(const struct catalog *catalog, const char *name)
{
    uint32_t at = catalog_lower_bound(catalog, name);

    if (at == catalog->service_count || strcmp(catalog->services[at]->name, name) != 0)
        return NULL;
    return catalog->services[at];
}

const struct service *catalog_nearest(
        const struct catalog *catalog, const char *name, const char *space)
{
    const struct service *nearest = NULL;
    size_t least = SIZE_MAX;

    for (uint32_t i = 0; i < catalog->service_count; i++) {
        size_t distance = name_distance(name, catalog->services[i]->name);

        if (distance < least && space_shows_service(space, catalog->services[i])) {
            least = distance;
            nearest = catalog->services[i];
        }
    }
    return nearest != NULL && name_is_near(name, least) ? nearest : NULL;
}

struct instance *catalog_instance(const struct catalog *catalog, uint64_t number)
{
    return index_get(&catalog->instances, number);
}

/* Services that are known here for what other nodes offer, or for anything else. */
static uint32_t catalog_count(const struct catalog *catalog, bool imported)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < catalog->service_count; i++)
        count += service_is_imported(catalog->services[i]) == imported;
    return count;
}

bool catalog_has_room(const struct catalog *catalog, const char *name, bool imported)
{
    const struct service *service = catalog_find(catalog, name);
    uint32_t most = imported ? catalog->config.imported_services_max : catalog->config.services_max;

    if (service != NULL && (imported || !service_is_imported(service)))
        return true;
    return catalog->service_count < most || catalog_count(catalog, imported) < most;
}

/* What is attached goes, and what it lent goes with it. */
static void catalog_remove(struct catalog *catalog, struct instance *instance)
{
    uint64_t number = instance->number;

    listing_remove(catalog, instance);
    import_return(catalog, number);
}

/* Lists an instance in place of the one that has its number, if any. Returns OK, UNCHANGED, FULL or
 * -ENOMEM. */
static int catalog_put(struct catalog *catalog, const struct description *description,
        uint32_t lease_ms, uint64_t expires_ms)
{
    struct instance *old = catalog_instance(catalog, description->number);
    struct instance *instance = instance_new(description);
    struct service *service = NULL;
    uint32_t count = catalog->instances.count - catalog->imported_count;
    int r;

    if (instance == NULL)
        return err_new(-ENOMEM);
    instance->lease_ms = lease_ms;
    instance->expires_ms = expires_ms;
    instance->round = catalog->round;

    if ((old == NULL || old->import != NULL) && count >= catalog->config.instances_max)
        r = CATALOG_FULL;
    else
        r = listing_obtain(catalog, description->service, false, &service);
    if (r == 0)
        r = index_reserve(&catalog->instances, 1);
    if (r == 0 && lease_ms > 0)
        r = leases_reserve(&catalog->leases);
    if (r == 0 && old != NULL && old->import == NULL && old->service == service &&
            old->lease_ms == lease_ms && instance_is_same(old, instance)) {
        old->round = catalog->round;
        if (lease_ms > 0)
            leases_renew(&catalog->leases, old, expires_ms);
        r = CATALOG_UNCHANGED;
    }
    if (r != 0) {
        instance_unref(instance);
        listing_drop_empty(catalog, service);
        return r;
    }
    listing_put(catalog, service, instance, old);
    return CATALOG_OK;
}

int catalog_attach(struct catalog *catalog, const struct description *description)
{
    return catalog_put(catalog, description, 0, 0);
}

enum catalog_outcome catalog_detach(struct catalog *catalog, uint64_t number)
{
    struct instance *instance = catalog_instance(catalog, number);

    if (instance == NULL || instance->lease_ms > 0 || instance->import != NULL)
        return CATALOG_NONE;
    catalog_remove(catalog, instance);
    return CATALOG_OK;
}

void catalog_reset_begin(struct catalog *catalog)
{
    catalog->round += 1;
}

void catalog_reset_end(struct catalog *catalog)
{
    list_for_each_safe (node, &catalog->facts) {
        struct fact *fact = list_entry(node, struct fact, link);
        struct instance *instance;

        if (fact->kind != FACT_INSTANCE)
            continue;
        instance = list_entry(fact, struct instance, fact);
        if (instance->lease_ms == 0 && instance->import == NULL &&
                instance->round != catalog->round)
            listing_remove(catalog, instance);
    }
    import_return_lost(catalog);
}

int catalog_announce(struct catalog *catalog, const struct description *description,
        uint32_t lease_ms, uint64_t now_ms)
{
    const struct instance *old = catalog_instance(catalog, description->number);

    if (lease_ms == 0)
        lease_ms = REGISTRY_LEASE_DEFAULT_MS;
    if (lease_ms < REGISTRY_LEASE_MIN_MS)
        lease_ms = REGISTRY_LEASE_MIN_MS;
    if (lease_ms > REGISTRY_LEASE_MAX_MS)
        lease_ms = REGISTRY_LEASE_MAX_MS;
    if (old != NULL &&
            (old->lease_ms == 0 || strcmp(old->service->name, description->service) != 0))
        return CATALOG_TAKEN;
    return catalog_put(catalog, description, lease_ms, now_ms + lease_ms);
}

enum catalog_outcome catalog_renew(struct catalog *catalog, uint64_t number, uint64_t now_ms)
{
    struct instance *instance = catalog_instance(catalog, number);

    if (instance == NULL || instance->lease_ms == 0)
        return CATALOG_NONE;
    leases_renew(&catalog->leases, instance, now_ms + instance->lease_ms);
    return CATALOG_OK;
}

void catalog_expire(struct catalog *catalog, uint64_t now_ms)
{
    while (catalog_next_expiry(catalog) <= now_ms)
        listing_remove(catalog, leases_first(&catalog->leases));
}

uint64_t catalog_next_expiry(const struct catalog *catalog)
{
    const struct instance *first = leases_first(&catalog->leases);

    return first != NULL ? first->expires_ms : UINT64_MAX;
}

int catalog_register(
        struct catalog *catalog, const char *name, const uint8_t *manifest, size_t size)
{
    struct service *service = catalog_find(catalog, name);
    uint8_t *copy;
    int r;

    CHECK(size > 0);

    if (service != NULL && service->manifest_size == size &&
            memcmp(service->manifest, manifest, size) == 0)
        return CATALOG_UNCHANGED;
    copy = malloc(size);
    if (copy == NULL)
        return err_new(-ENOMEM);
    r = listing_obtain(catalog, name, false, &service);
    if (r != 0) {
        free(copy);
        return r;
    }
    memcpy(copy, manifest, size);
    free(service->manifest);
    catalog->bytes += size;
    catalog->bytes -= service->manifest_size;
    service->manifest = copy;
    service->manifest_size = size;
    space_of_manifest(service->space, manifest, size);
    listing_assert(catalog, &service->registration, CHANGE_REGISTERED, service, NULL);
    return CATALOG_OK;
}

enum catalog_outcome catalog_deregister(struct catalog *catalog, const char *name)
{
    struct service *service = catalog_find(catalog, name);

    if (service == NULL || !service_is_registered(service))
        return CATALOG_NONE;
    free(service->manifest);
    catalog->bytes -= service->manifest_size;
    service->manifest = NULL;
    service->manifest_size = 0;
    list_remove(&service->registration.link);
    changes_add(&catalog->changes, CHANGE_DEREGISTERED, service, NULL);
    listing_drop_empty(catalog, service);
    return CATALOG_OK;
}

/* Makes the version of a publication, and room for it in all that will hold it. Returns OK,
 * UNCHANGED, FULL or -ENOMEM. */
static int catalog_prepare(struct catalog *catalog, struct service *service,
        const struct publication *publication, struct version **versionp)
{
    struct version *old = service_version(service, publication->version);
    int r;

    if (old != NULL && version_is_same(old, publication))
        return CATALOG_UNCHANGED;
    if ((old == NULL || old->imported) &&
            service_own_version_count(service) >= REGISTRY_VERSIONS_MAX)
        return CATALOG_FULL;
    r = service_reserve_version(service);
    if (r == 0)
        r = sets_reserve(&catalog->sets);
    if (r < 0)
        return err_trace(r);
    *versionp = version_new(publication);
    return *versionp != NULL ? 0 : err_new(-ENOMEM);
}

int catalog_publish(struct catalog *catalog, const struct publication *publication,
        uint8_t freed[TYPES_HASH_SIZE], bool *freedp)
{
    struct service *service = NULL;
    struct version *version = NULL;
    struct version *old;
    int r;

    *freedp = false;
    memset(freed, 0, TYPES_HASH_SIZE);
    r = listing_obtain(catalog, publication->service, false, &service);
    if (r == 0)
        r = catalog_prepare(catalog, service, publication, &version);
    if (r != 0) {
        listing_drop_empty(catalog, service);
        return r;
    }

    catalog->bytes += version->texts_size;
    catalog->bytes += sets_ref(&catalog->sets, version->types, version->types_size);
    old = service_put_version(service, version);
    if (publication->space != NULL && !service_is_registered(service))
        snprintf(service->space, sizeof(service->space), "%s", publication->space);
    listing_assert(catalog, &version->fact, CHANGE_TYPES, service, NULL);
    if (old != NULL && old->imported) {
        listing_release(catalog, old);
    } else if (old != NULL) {
        memcpy(freed, old->types, TYPES_HASH_SIZE);
        *freedp = listing_release(catalog, old);
    }
    return CATALOG_OK;
}

bool catalog_forget(struct catalog *catalog, struct service *service, struct version *version)
{
    bool freed;

    service_take_version(service, version);
    freed = listing_release(catalog, version);
    listing_drop_empty(catalog, service);
    return freed;
}

struct service *catalog_idle_service(const struct catalog *catalog)
{
    struct service *idle = NULL;
    uint64_t oldest = UINT64_MAX;

    for (uint32_t i = 0; i < catalog->service_count; i++) {
        struct service *service = catalog->services[i];
        uint64_t latest = 0;

        if (!service_is_idle(service) || service_is_imported(service))
            continue;
        for (uint32_t k = 0; k < service_own_version_count(service); k++)
            if (service->versions[k]->fact.revision > latest)
                latest = service->versions[k]->fact.revision;
        if (latest < oldest) {
            oldest = latest;
            idle = service;
        }
    }
    return idle;
}
