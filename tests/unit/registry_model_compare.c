// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/registry_model_parts.h"

#include <string.h>

#include "base/check.h"
#include "registry/import.h"

static uint32_t model_services(const struct model *model)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < NAMES; i++)
        count += model_is_known(model, i);
    return count;
}

static void model_compare_service(const struct model *model, uint32_t name)
{
    const struct service *service = catalog_find(&model->catalog, NAME[name]);
    uint32_t versions = 0;

    CHECK((service != NULL) == model_is_known(model, name));
    if (service == NULL)
        return;
    CHECK(service->imported_instance_count == model_instances(model, name, true));
    CHECK(service->instance_count - service->imported_instance_count ==
            model_instances(model, name, false));
    CHECK(service_is_imported(service) == !model_is_own(model, name));
    CHECK(service_is_registered(service) == (model->manifest[name] > 0));
    if (service_is_registered(service))
        CHECK(service->manifest[0] == model->manifest[name]);
    for (uint32_t i = 0; i < VERSIONS; i++) {
        const struct version *version = service_version(service, VERSION[i]);
        bool imported = version != NULL && version->imported;
        uint8_t kind = imported ? model->imported[name][i] : model->types[name][i];

        CHECK((version != NULL) == (model->types[name][i] > 0 || model->imported[name][i] > 0));
        CHECK(version == NULL || version->types[0] == kind);
        CHECK(!imported || import_set(&model->catalog, version).data[0] == kind);
        versions += version != NULL;
    }
    if (model_is_typed(model, name))
        CHECK(!service_version(service, "")->imported);
    CHECK(service->version_count == versions);
}

/* Manifests have one byte; a set has as many as its kind says, and each version has its
 * texts. */
static uint64_t model_bytes(const struct model *model)
{
    uint64_t bytes = 0;

    for (uint32_t kind = 1; kind <= KINDS; kind++)
        bytes += model_references(model, (uint8_t)kind) > 0 ? kind : 0;
    for (uint32_t i = 0; i < NAMES; i++) {
        bytes += model->manifest[i] > 0;
        for (uint32_t k = 0; k < VERSIONS; k++)
            if (model->types[i][k] > 0)
                bytes += strlen(VERSION[k]) + 1 + sizeof("x.v1.X") + sizeof("Get") + sizeof("Put");
    }
    return bytes;
}

/* Asked for are just the versions of which an imported instance has types, and that have none. */
static void model_compare_wanted(const struct model *model)
{
    const struct instance *wanted[REGISTRY_WANTED_MAX];
    uint32_t count = import_wanted(&model->catalog, wanted);
    uint32_t expected = 0;

    for (uint32_t i = 0; i < NAMES; i++) {
        for (uint32_t k = 0; k < VERSIONS; k++) {
            bool any = false;

            for (uint32_t kind = 1; kind <= KINDS; kind++)
                any |= model_imports(model, i, k, (uint8_t)kind);
            expected += any && model->types[i][k] == 0 && model->imported[i][k] == 0;
        }
    }
    CHECK(count == expected);
    for (uint32_t i = 0; i < count; i++)
        CHECK(wanted[i]->typed && service_version(wanted[i]->service, wanted[i]->version) == NULL);
}

static uint64_t model_imported_bytes(const struct model *model)
{
    bool held[1 + KINDS] = { false };
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < NAMES; i++) {
        for (uint32_t k = 0; k < VERSIONS; k++) {
            held[model->imported[i][k]] = true;
            if (model->imported[i][k] > 0)
                bytes += strlen(VERSION[k]) + 1 + sizeof("x.v1.X");
        }
    }
    for (uint32_t kind = 1; kind <= KINDS; kind++)
        bytes += held[kind] ? kind : 0;
    return bytes;
}

void model_compare(const struct model *model)
{
    const struct catalog *catalog = &model->catalog;
    uint64_t next = UINT64_MAX;
    uint64_t revision = 0;

    CHECK(catalog->service_count == model_services(model));
    CHECK(catalog->imported_count == model_instances(model, NAMES, true));
    CHECK(catalog->instances.count - catalog->imported_count ==
            model_instances(model, NAMES, false));
    CHECK(catalog->imported_bytes == model_imported_bytes(model));
    model_compare_wanted(model);
    for (uint32_t i = 0; i < NAMES; i++)
        model_compare_service(model, i);
    for (uint32_t i = 1; i < catalog->service_count; i++)
        CHECK(strcmp(catalog->services[i - 1]->name, catalog->services[i]->name) < 0);
    for (uint32_t i = 0; i < NUMBERS; i++) {
        const struct entry *entry = &model->entries[i];
        const struct instance *instance = catalog_instance(catalog, i + 1);

        CHECK((instance != NULL) == entry->there);
        if (instance == NULL)
            continue;
        CHECK(strcmp(instance->service->name, NAME[entry->name]) == 0);
        CHECK(instance->lease_ms == entry->lease_ms);
        CHECK((instance->import != NULL) == (entry->node > 0));
        CHECK(strcmp(instance->node, NODE[entry->node]) == 0);
        if (entry->lease_ms > 0 && entry->expires_ms < next)
            next = entry->expires_ms;
    }
    CHECK(catalog_next_expiry(catalog) == next);
    CHECK(catalog->bytes == model_bytes(model));
    list_for_each (node, &catalog->facts) {
        const struct fact *fact = list_entry(node, struct fact, link);

        if (fact->kind == FACT_PLACE)
            continue;
        CHECK(fact->revision > revision);
        revision = fact->revision;
    }
}
