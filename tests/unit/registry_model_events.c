// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/registry_model_parts.h"

#include <string.h>

#include "base/check.h"

static bool model_same(const struct entry *left, const struct entry *right)
{
    return left->there && left->name == right->name && left->version == right->version &&
           left->pid == right->pid && left->lease_ms == right->lease_ms &&
           left->node == right->node && left->types == right->types;
}

/* What listing `entry` in the place of `old` must come to. */
static int model_expect(
        const struct model *model, const struct entry *old, const struct entry *entry)
{
    bool new = !old->there || old->node > 0;

    if (entry->lease_ms > 0 && old->there && (old->lease_ms == 0 || old->name != entry->name))
        return CATALOG_TAKEN;
    if (new &&model_instances(model, NAMES, false) >= INSTANCES_MAX)
        return CATALOG_FULL;
    if (model_is_full(model, entry->name))
        return CATALOG_FULL;
    return model_same(old, entry) ? CATALOG_UNCHANGED : CATALOG_OK;
}

static void model_list(struct model *model, uint32_t number, struct entry entry)
{
    struct entry old = model->entries[number];
    int expected = model_expect(model, &old, &entry);
    uint64_t before = catalog_revision(&model->catalog);
    struct description description;
    int r;

    model->entries[number] = entry;
    description = model_describe(model, number);
    CHECK(description_fault(&description) == NULL);
    if (entry.lease_ms > 0)
        r = catalog_announce(&model->catalog, &description, entry.lease_ms, model->now_ms);
    else
        r = catalog_attach(&model->catalog, &description);
    CHECK(r == expected);
    if (r != CATALOG_OK)
        CHECK(catalog_revision(&model->catalog) == before);
    if (r == CATALOG_FULL || r == CATALOG_TAKEN)
        model->entries[number] = old;
    model_sweep(model);
}

void model_attach(struct model *model)
{
    uint32_t number = model_take(model, NUMBERS);

    model_list(model, number, model_take_entry(model));
}

void model_announce(struct model *model)
{
    uint32_t number = model_take(model, NUMBERS);
    struct entry entry = model_take_entry(model);

    entry.lease_ms = REGISTRY_LEASE_MIN_MS * (1 + model_take(model, 3));
    entry.expires_ms = model->now_ms + entry.lease_ms;
    model_list(model, number, entry);
}

void model_renew(struct model *model)
{
    uint32_t number = model_take(model, NUMBERS);
    struct entry *entry = &model->entries[number];
    bool leased = entry->there && entry->lease_ms > 0;

    CHECK(catalog_renew(&model->catalog, number + 1, model->now_ms) ==
            (leased ? CATALOG_OK : CATALOG_NONE));
    if (leased)
        entry->expires_ms = model->now_ms + entry->lease_ms;
}

void model_detach(struct model *model)
{
    uint32_t number = model_take(model, NUMBERS);
    struct entry *entry = &model->entries[number];
    bool attached = entry->there && entry->lease_ms == 0 && entry->node == 0;

    CHECK(catalog_detach(&model->catalog, number + 1) == (attached ? CATALOG_OK : CATALOG_NONE));
    if (attached)
        entry->there = false;
    model_return(model);
}

/* Names those of the attached again that the next two bytes say, as they are. */
void model_reset(struct model *model)
{
    uint32_t mask = model_take(model, 256) | model_take(model, 256) << 8;

    catalog_reset_begin(&model->catalog);
    for (uint32_t i = 0; i < NUMBERS; i++) {
        struct entry *entry = &model->entries[i];

        if (entry->node > 0)
            continue;
        if (entry->there && entry->lease_ms == 0 && (mask >> i & 1) != 0)
            model_list(model, i, *entry);
        else if (entry->lease_ms == 0)
            entry->there = false;
    }
    catalog_reset_end(&model->catalog);
    model_return(model);
}

void model_pass(struct model *model)
{
    model->now_ms += UINT64_C(250) * model_take(model, 16);
    catalog_expire(&model->catalog, model->now_ms);
    for (uint32_t i = 0; i < NUMBERS; i++)
        if (model->entries[i].lease_ms > 0 && model->entries[i].expires_ms <= model->now_ms)
            model->entries[i] = (struct entry){ 0 };
}

void model_register(struct model *model)
{
    uint32_t name = model_take(model, NAMES);
    uint8_t manifest = (uint8_t)(1 + model_take(model, 3));
    int expected = CATALOG_OK;

    if (model->manifest[name] == manifest)
        expected = CATALOG_UNCHANGED;
    else if (model_is_full(model, name))
        expected = CATALOG_FULL;
    CHECK(catalog_register(&model->catalog, NAME[name], &manifest, 1) == expected);
    if (expected == CATALOG_OK)
        model->manifest[name] = manifest;
}

void model_deregister(struct model *model)
{
    uint32_t name = model_take(model, NAMES);

    CHECK(catalog_deregister(&model->catalog, NAME[name]) ==
            (model->manifest[name] > 0 ? CATALOG_OK : CATALOG_NONE));
    model->manifest[name] = 0;
}

void model_publish(struct model *model)
{
    uint32_t name = model_take(model, NAMES);
    uint32_t version = model_take(model, VERSIONS);
    uint8_t kind = (uint8_t)(1 + model_take(model, KINDS));
    uint8_t old = model->types[name][version];
    static const char *const methods[] = { "Get", "Put" };
    uint8_t freed[TYPES_HASH_SIZE];
    uint8_t types[TYPES_HASH_SIZE];
    int expected = old == kind ? CATALOG_UNCHANGED : CATALOG_OK;
    struct publication publication = {
        .service = NAME[name],
        .version = VERSION[version],
        .proto_service = "x.v1.X",
        .methods = methods,
        .method_count = 2,
        .types = types,
        .types_size = kind,
    };
    bool was_freed;

    memset(types, kind, sizeof(types));
    if (model_is_full(model, name))
        expected = CATALOG_FULL;
    CHECK(publication_fault(&publication) == NULL);
    CHECK(catalog_publish(&model->catalog, &publication, freed, &was_freed) == expected);
    if (expected == CATALOG_OK) {
        model->types[name][version] = kind;
        model->imported[name][version] = 0;
    }
    CHECK(was_freed == (expected == CATALOG_OK && old > 0 && model_references(model, old) == 0));
    if (was_freed)
        CHECK(freed[0] == old && freed[TYPES_HASH_SIZE - 1] == old);
}

void model_forget(struct model *model)
{
    uint32_t name = model_take(model, NAMES);
    uint32_t version = model_take(model, VERSIONS);
    struct service *service = catalog_find(&model->catalog, NAME[name]);
    uint8_t kind = model->types[name][version];
    bool freed;

    if (service == NULL || kind == 0)
        return;
    model->types[name][version] = 0;
    freed = catalog_forget(&model->catalog, service, service_version(service, VERSION[version]));
    CHECK(freed == (model_references(model, kind) == 0));
}
