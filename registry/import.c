// SPDX-License-Identifier: Apache-2.0
/* Replacing happens in three steps: all that is new is made and checked, all memory is taken, and
 * only then does anything change. So an import that is refused leaves the one before it whole. */
#include "registry/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "registry/listing.h"
#include "registry/name.h"

const char *import_source_fault(const struct import_source *source)
{
    if (!name_is_word(source->node, REGISTRY_NODE_MAX))
        return "a node's name is 1 to 63 printable characters without space";
    if (!name_is_valid(source->owner))
        return "an owner's name is a lower-case letter, then lower-case letters, digits and `-`; "
               "63 at most";
    return NULL;
}

static bool import_is_reserved(const char *service)
{
    static const char *const names[] = { "node", "router", "registry", "link", "etcd", "auth" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(service, names[i]) == 0)
            return true;
    return false;
}

const char *import_fault(const struct description *description)
{
    const char *fault = description_fault(description);

    if (fault != NULL)
        return fault;
    if (import_is_reserved(description->service))
        return "node, router, registry, link and etcd are parts of a node, and are not offered to "
               "others";
    if (description_metadata_size(description) > REGISTRY_IMPORT_METADATA_MAX)
        return "metadata of an imported instance takes at most 256 bytes";
    return NULL;
}

/* ---- imports ---- */

static struct import *import_find(const struct catalog *catalog, const struct import_source *source)
{
    list_for_each (node, &catalog->imports) {
        struct import *import = list_entry(node, struct import, link);

        if (strcmp(import->node, source->node) == 0 && strcmp(import->owner, source->owner) == 0)
            return import;
    }
    return NULL;
}

static struct import *import_new(const struct import_source *source)
{
    struct import *import = calloc(1, sizeof(*import));

    if (import == NULL)
        return NULL;
    snprintf(import->node, sizeof(import->node), "%s", source->node);
    snprintf(import->owner, sizeof(import->owner), "%s", source->owner);
    list_init(&import->link);
    list_init(&import->instances);
    return import;
}

struct import *import_free(struct import *import)
{
    CHECK(import->instance_count == 0);
    list_remove(&import->link);
    free(import);
    return NULL;
}

void import_lose(struct import *import, struct instance *instance)
{
    list_remove(&instance->fellow);
    import->instance_count -= 1;
    instance->import = NULL;
}

/* Ends an import with all its instances. */
static void import_end(struct catalog *catalog, struct import *import)
{
    list_for_each_safe (node, &import->instances)
        listing_remove(catalog, list_entry(node, struct instance, fellow));
    catalog->import_count -= 1;
    import_free(import);
}

static bool import_has_lender(const struct catalog *catalog, uint64_t lender)
{
    const struct instance *instance = catalog_instance(catalog, lender);

    return instance != NULL && instance->import == NULL && instance->lease_ms == 0;
}

void import_return(struct catalog *catalog, uint64_t lender)
{
    list_for_each_safe (node, &catalog->imports) {
        struct import *import = list_entry(node, struct import, link);

        if (import->lender == lender)
            import_end(catalog, import);
    }
}

void import_return_lost(struct catalog *catalog)
{
    list_for_each_safe (node, &catalog->imports) {
        struct import *import = list_entry(node, struct import, link);

        if (!import_has_lender(catalog, import->lender))
            import_end(catalog, import);
    }
}

/* ---- replacing ---- */

/* What is about to replace an import. */
struct draft {
    struct catalog *catalog;
    const struct description *descriptions;
    struct import *import;       /* owned by the catalog once it has instances */
    struct instance **instances; /* owned array; NULL for those that stay as they are */
    struct service **services;   /* owned array: where each belongs, pinned */
    uint32_t count;
};

static int draft_compare_numbers(const void *left, const void *right)
{
    const uint64_t *a = left;
    const uint64_t *b = right;

    return (*a > *b) - (*a < *b);
}

/* Is no number there twice? Returns OK, TAKEN or -ENOMEM. */
static int draft_check_numbers(const struct draft *draft)
{
    uint64_t *numbers = calloc(draft->count + 1, sizeof(*numbers));
    int r = CATALOG_OK;

    if (numbers == NULL)
        return err_new(-ENOMEM);
    for (uint32_t i = 0; i < draft->count; i++)
        numbers[i] = draft->descriptions[i].number;
    qsort(numbers, draft->count, sizeof(*numbers), draft_compare_numbers);
    for (uint32_t i = 1; i < draft->count; i++)
        if (numbers[i] == numbers[i - 1])
            r = CATALOG_TAKEN;
    free(numbers);
    return r;
}

/* Makes an instance, and marks the one of its number as staying. Returns OK, TAKEN, FULL or
 * -ENOMEM. */
static int draft_add(struct draft *draft, uint32_t index)
{
    const struct description *description = &draft->descriptions[index];
    struct instance *old = catalog_instance(draft->catalog, description->number);
    struct service *service;
    struct instance *instance;
    int r;

    if (old != NULL && old->import != draft->import)
        return CATALOG_TAKEN;
    r = listing_obtain(draft->catalog, description->service, true, &service);
    if (r != 0)
        return r;
    service->pins += 1;
    draft->services[index] = service;
    instance = instance_new(description);
    if (instance == NULL)
        return err_new(-ENOMEM);
    if (old != NULL && old->service == service && instance_is_same(old, instance)) {
        old->round = draft->catalog->round;
        instance_unref(instance);
        return CATALOG_OK;
    }
    instance->import = draft->import;
    instance->round = draft->catalog->round;
    draft->instances[index] = instance;
    return CATALOG_OK;
}

/* Makes all of it. Returns OK, TAKEN, FULL or -ENOMEM. */
static int draft_make(struct draft *draft)
{
    int r = draft_check_numbers(draft);

    if (r != 0)
        return r;
    draft->instances = calloc(draft->count + 1, sizeof(struct instance *));
    draft->services = calloc(draft->count + 1, sizeof(struct service *));
    if (draft->instances == NULL || draft->services == NULL)
        return err_new(-ENOMEM);
    draft->catalog->round += 1;
    for (uint32_t i = 0; r == 0 && i < draft->count; i++)
        r = draft_add(draft, i);
    return r == 0 ? index_reserve(&draft->catalog->instances, draft->count) : r;
}

/* Frees what it holds, and drops the types and the services that are not needed after all. */
static void draft_deinit(struct draft *draft)
{
    for (uint32_t i = 0; draft->instances != NULL && draft->services != NULL && i < draft->count;
            i++) {
        instance_unref(draft->instances[i]);
        if (draft->services[i] == NULL)
            continue;
        draft->services[i]->pins -= 1;
        if (draft->services[i]->pins > 0)
            continue;
        listing_forget_types(draft->catalog, draft->services[i], NULL);
        listing_drop_empty(draft->catalog, draft->services[i]);
    }
    free(draft->instances);
    free(draft->services);
}

static void draft_commit(struct draft *draft)
{
    struct catalog *catalog = draft->catalog;

    for (uint32_t i = 0; i < draft->count; i++) {
        if (draft->instances[i] == NULL)
            continue;
        listing_put(catalog, draft->services[i], draft->instances[i],
                catalog_instance(catalog, draft->instances[i]->number));
        draft->instances[i] = NULL;
    }
    list_for_each_safe (node, &draft->import->instances) {
        struct instance *instance = list_entry(node, struct instance, fellow);

        if (instance->round != catalog->round)
            listing_remove(catalog, instance);
    }
}

/* Are there limits for `count` instances in place of those that `import` (may be NULL) has? */
static bool import_fits(const struct catalog *catalog, const struct import *import, uint32_t count)
{
    const struct catalog_config *config = &catalog->config;
    uint32_t others = catalog->imported_count - (import != NULL ? import->instance_count : 0);

    return count <= config->import_instances_max &&
           others + count <= config->imported_instances_max &&
           (import != NULL || catalog->import_count < config->imports_max);
}

int import_replace(struct catalog *catalog, const struct import_source *source,
        const struct description *descriptions, uint32_t count)
{
    struct import *import = import_find(catalog, source);
    struct draft draft = { .catalog = catalog, .descriptions = descriptions, .count = count };
    bool is_new = import == NULL;
    int r;

    if (!import_has_lender(catalog, source->lender))
        return CATALOG_NONE;
    if (source->hearsay && import != NULL && !import->hearsay)
        return CATALOG_UNCHANGED;
    if (count == 0) {
        if (import != NULL)
            import_end(catalog, import);
        return CATALOG_OK;
    }
    if (!import_fits(catalog, import, count))
        return CATALOG_FULL;
    draft.import = is_new ? import_new(source) : import;
    if (draft.import == NULL)
        return err_new(-ENOMEM);
    r = draft_make(&draft);
    if (r == CATALOG_OK) {
        if (is_new) {
            list_push(&catalog->imports, &draft.import->link);
            catalog->import_count += 1;
        }
        draft.import->lender = source->lender;
        draft.import->hearsay = source->hearsay;
        draft_commit(&draft);
    }
    draft_deinit(&draft);
    if (r != CATALOG_OK && is_new)
        import_free(draft.import);
    return r;
}

/* ---- types ---- */

/* May these types be taken? Returns OK, UNCHANGED, NONE, TAKEN or FULL. */
static int import_judge_types(const struct catalog *catalog, const struct service *service,
        const struct publication *publication)
{
    const struct version *version;
    uint64_t bytes = publication_texts_size(publication);

    if (service == NULL || !service_imports(service, publication->version, publication->types))
        return CATALOG_NONE;
    version = service_version(service, publication->version);
    if (version != NULL)
        return memcmp(version->types, publication->types, TYPES_HASH_SIZE) == 0 ? CATALOG_UNCHANGED
                                                                                : CATALOG_TAKEN;
    if (!sets_has(&catalog->imported_sets, publication->types))
        bytes += publication->types_size;
    if (service->imported_version_count >= REGISTRY_VERSIONS_MAX ||
            catalog->imported_bytes + bytes > catalog->config.imported_bytes_max)
        return CATALOG_FULL;
    return CATALOG_OK;
}

int import_publish(
        struct catalog *catalog, const struct publication *publication, struct mu_bytes set)
{
    struct service *service = catalog_find(catalog, publication->service);
    struct version *version;
    uint8_t *data = NULL;
    int r = import_judge_types(catalog, service, publication);

    if (r != CATALOG_OK)
        return r;
    r = service_reserve_version(service);
    if (r == 0)
        r = sets_reserve(&catalog->imported_sets);
    if (r < 0)
        return err_trace(r);
    version = version_new(publication);
    data = malloc(set.size);
    if (version == NULL || data == NULL) {
        free(version);
        free(data);
        return err_new(-ENOMEM);
    }

    memcpy(data, set.data, set.size);
    version->imported = true;
    if (sets_has(&catalog->imported_sets, publication->types)) {
        sets_ref(&catalog->imported_sets, publication->types, publication->types_size);
        free(data);
    } else {
        catalog->imported_bytes +=
                sets_ref(&catalog->imported_sets, publication->types, publication->types_size);
        sets_keep(&catalog->imported_sets, publication->types, data);
    }
    catalog->imported_bytes += version->texts_size;
    service_put_version(service, version);
    listing_assert(catalog, &version->fact, CHANGE_TYPES, service, NULL);
    return CATALOG_OK;
}

struct mu_bytes import_set(const struct catalog *catalog, const struct version *version)
{
    const struct set *set = sets_get(&catalog->imported_sets, version->types);

    CHECK(set != NULL);
    return (struct mu_bytes){ .data = set->data, .size = set->size };
}

/* Is that version of the same service among those asked for already? */
static bool import_is_asked(const struct instance *instance,
        const struct instance *const wanted[REGISTRY_WANTED_MAX], uint32_t count)
{
    for (uint32_t i = count; i > 0 && wanted[i - 1]->service == instance->service; i--)
        if (strcmp(wanted[i - 1]->version, instance->version) == 0)
            return true;
    return false;
}

uint32_t import_wanted(
        const struct catalog *catalog, const struct instance *wanted[REGISTRY_WANTED_MAX])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < catalog->service_count; i++) {
        const struct service *service = catalog->services[i];

        if (service->imported_instance_count == 0 ||
                service->imported_version_count >= REGISTRY_VERSIONS_MAX)
            continue;
        list_for_each (node, &service->instances) {
            const struct instance *instance = list_entry(node, struct instance, sibling);

            if (instance->import == NULL || !instance->typed ||
                    service_version(service, instance->version) != NULL ||
                    import_is_asked(instance, wanted, count))
                continue;
            wanted[count++] = instance;
            if (count == REGISTRY_WANTED_MAX)
                return count;
        }
    }
    return count;
}

bool import_conflicts(const struct instance *instance)
{
    const struct version *version;

    if (instance->import == NULL || !instance->typed)
        return false; /* also one that is gone */
    version = service_version(instance->service, instance->version);
    return version != NULL && memcmp(version->types, instance->types, TYPES_HASH_SIZE) != 0;
}
