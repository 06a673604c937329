// SPDX-License-Identifier: Apache-2.0
#include "registry/listing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "registry/import.h"

enum { LISTING_ROOM_FIRST = 16 };

void listing_assert(struct catalog *catalog, struct fact *fact, enum change_kind kind,
        const struct service *service, struct instance *instance)
{
    fact->revision = changes_add(&catalog->changes, kind, service, instance);
    list_remove(&fact->link);
    list_push(&catalog->facts, &fact->link);
}

/* ---- services ---- */

static int listing_reserve_service(struct catalog *catalog)
{
    uint32_t room = catalog->service_room > 0 ? catalog->service_room * 2 : LISTING_ROOM_FIRST;
    struct service **services;

    if (catalog->service_count < catalog->service_room)
        return 0;
    services = realloc(catalog->services, room * sizeof(struct service *));
    if (services == NULL)
        return err_new(-ENOMEM);
    catalog->services = services;
    catalog->service_room = room;
    return 0;
}

int listing_obtain(
        struct catalog *catalog, const char *name, bool imported, struct service **servicep)
{
    struct service *service = catalog_find(catalog, name);
    uint32_t at;
    int r;

    if (!catalog_has_room(catalog, name, imported))
        return CATALOG_FULL;
    if (service == NULL) {
        r = listing_reserve_service(catalog);
        if (r < 0)
            return err_trace(r);
        service = service_new(name);
        if (service == NULL)
            return err_new(-ENOMEM);
        at = catalog_lower_bound(catalog, name);
        memmove(&catalog->services[at + 1], &catalog->services[at],
                (catalog->service_count - at) * sizeof(struct service *));
        catalog->services[at] = service;
        catalog->service_count += 1;
    }
    *servicep = service;
    return CATALOG_OK;
}

void listing_drop_empty(struct catalog *catalog, struct service *service)
{
    uint32_t at;

    if (service == NULL || !service_is_empty(service))
        return;
    at = catalog_lower_bound(catalog, service->name);
    catalog->service_count -= 1;
    memmove(&catalog->services[at], &catalog->services[at + 1],
            (catalog->service_count - at) * sizeof(struct service *));
    service_free(service);
}

/* ---- versions ---- */

bool listing_release(struct catalog *catalog, struct version *version)
{
    bool imported = version->imported;
    uint32_t freed =
            sets_unref(imported ? &catalog->imported_sets : &catalog->sets, version->types);

    if (imported) {
        catalog->imported_bytes -= freed + version->texts_size;
    } else {
        catalog->bytes -= freed;
        catalog->bytes -= version->texts_size;
    }
    free(version);
    return freed > 0;
}

void listing_forget_types(struct catalog *catalog, struct service *service, const char *only)
{
    for (uint32_t i = service->version_count; i > service_own_version_count(service); i--) {
        struct version *version = service->versions[i - 1];

        if ((only != NULL && strcmp(version->text, only) != 0) ||
                service_imports(service, version->text, version->types))
            continue;
        service_take_version(service, version);
        listing_release(catalog, version);
    }
}

/* ---- instances ---- */

/* Takes an instance out of all but the changes. Its service may be empty after that. */
static void listing_unlink(struct catalog *catalog, struct instance *instance)
{
    struct service *service = instance->service;

    index_take(&catalog->instances, instance->number);
    list_remove(&instance->fact.link);
    list_remove(&instance->sibling);
    service->instance_count -= 1;
    instance->service = NULL;
    if (instance->lease_ms > 0)
        leases_remove(&catalog->leases, instance);
    if (instance->import != NULL) {
        import_lose(instance->import, instance);
        catalog->imported_count -= 1;
        service->imported_instance_count -= 1;
        if (service->pins == 0) /* else the event that counts on it does so at its end */
            listing_forget_types(catalog, service, instance->version);
    }
    instance_unref(instance);
}

void listing_put(struct catalog *catalog, struct service *service, struct instance *instance,
        struct instance *old)
{
    instance->service = service;
    if (instance->import == NULL) /* the router's word, or that of who has announced it */
        snprintf(service->space, sizeof(service->space), "%s", instance->space);
    list_push(&service->instances, &instance->sibling);
    service->instance_count += 1;
    if (instance->import != NULL) {
        list_push(&instance->import->instances, &instance->fellow);
        instance->import->instance_count += 1;
        catalog->imported_count += 1;
        service->imported_instance_count += 1;
    }
    if (old != NULL && old->service == service)
        listing_unlink(catalog, old);
    else if (old != NULL)
        listing_remove(catalog, old);
    index_put(&catalog->instances, instance->number, instance);
    if (instance->lease_ms > 0)
        leases_add(&catalog->leases, instance);
    listing_assert(catalog, &instance->fact, CHANGE_INSTANCE_UP, service, instance);
}

void listing_remove(struct catalog *catalog, struct instance *instance)
{
    struct service *service = instance->service;

    changes_add(&catalog->changes, CHANGE_INSTANCE_DOWN, service, instance);
    listing_unlink(catalog, instance);
    listing_drop_empty(catalog, service);
}
