// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/registry_model.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "tests/unit/registry_model_parts.h"

const char *const NAME[NAMES] = { "a", "ab", "abc", "b", "ba", "c-1" };
const char *const VERSION[VERSIONS] = { "1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1" };
const char *const NODE[1 + NODES] = { "here", "east", "west", "south" };
const char *const PREFIX[NAMES] = { "", "a", "ab", "b", "c-1", "zz" };

uint32_t model_take(struct model *model, uint32_t below)
{
    uint8_t byte = 0;

    if (model->left > 0) {
        byte = *model->operations++;
        model->left -= 1;
    }
    return byte % below;
}

bool model_follows(uint8_t prefix, uint32_t name)
{
    return strncmp(NAME[name], PREFIX[prefix], strlen(PREFIX[prefix])) == 0;
}

uint32_t model_name(const char *text)
{
    for (uint32_t i = 0; i < NAMES; i++)
        if (strcmp(NAME[i], text) == 0)
            return i;
    abort();
}

uint32_t model_instances(const struct model *model, uint32_t name, bool imported)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < NUMBERS; i++)
        count += model->entries[i].there && (model->entries[i].node > 0) == imported &&
                 (name == NAMES || model->entries[i].name == name);
    return count;
}

bool model_is_typed(const struct model *model, uint32_t name)
{
    for (uint32_t i = 0; i < VERSIONS; i++)
        if (model->types[name][i] > 0)
            return true;
    return false;
}

bool model_is_own(const struct model *model, uint32_t name)
{
    return model->manifest[name] > 0 || model_is_typed(model, name) ||
           model_instances(model, name, false) > 0;
}

bool model_is_known(const struct model *model, uint32_t name)
{
    return model_is_own(model, name) || model_instances(model, name, true) > 0;
}

bool model_is_full(const struct model *model, uint32_t name)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < NAMES; i++)
        count += model_is_own(model, i);
    return !model_is_own(model, name) && count >= SERVICES_MAX;
}

void model_sweep(struct model *model)
{
    bool needed[NAMES][VERSIONS] = { { false } };

    for (uint32_t i = 0; i < NUMBERS; i++) {
        const struct entry *entry = &model->entries[i];

        if (entry->there && entry->node > 0 && entry->types > 0 &&
                entry->types == model->imported[entry->name][entry->version])
            needed[entry->name][entry->version] = true;
    }
    for (uint32_t i = 0; i < NAMES; i++)
        for (uint32_t k = 0; k < VERSIONS; k++)
            if (!needed[i][k])
                model->imported[i][k] = 0;
}

uint32_t model_references(const struct model *model, uint8_t kind)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < NAMES; i++)
        for (uint32_t k = 0; k < VERSIONS; k++)
            count += model->types[i][k] == kind;
    return count;
}

bool model_imports(const struct model *model, uint32_t name, uint32_t version, uint8_t kind)
{
    for (uint32_t i = 0; i < NUMBERS; i++) {
        const struct entry *entry = &model->entries[i];

        if (entry->there && entry->node > 0 && entry->name == name && entry->version == version &&
                entry->types == kind)
            return true;
    }
    return false;
}

struct description model_describe(const struct model *model, uint32_t number)
{
    const struct entry *entry = &model->entries[number];
    static const struct metadata pairs[] = { { "zone", "north" }, { "empty", "" } };

    return (struct description){
        .number = number + 1,
        .service = NAME[entry->name],
        .version = VERSION[entry->version],
        .node = NODE[entry->node],
        .owner = entry->node > 0 ? "someone" : NULL,
        .pid = entry->pid,
        .metadata = pairs,
        .metadata_count = entry->pid % 3,
    };
}

struct entry model_take_entry(struct model *model)
{
    return (struct entry){
        .there = true,
        .name = (uint8_t)model_take(model, NAMES),
        .version = (uint8_t)model_take(model, VERSIONS),
        .pid = model_take(model, 3),
    };
}

/* ---- running ---- */

static void (*const OPERATIONS[])(struct model *) = {
    model_attach,
    model_attach,
    model_detach,
    model_announce,
    model_renew,
    model_reset,
    model_pass,
    model_register,
    model_deregister,
    model_publish,
    model_forget,
    model_import,
    model_import,
    model_import_types,
    model_import_types,
    model_follow,
    model_follow,
    model_open_or_close,
    model_resume,
};

void model_run(const uint8_t *operations, size_t size)
{
    struct model model = { .now_ms = 1000, .operations = operations, .left = size };
    struct catalog_config config = catalog_defaults(7, 11);

    config.services_max = SERVICES_MAX;
    config.instances_max = INSTANCES_MAX;
    config.watchers_max = WATCHERS;
    config.changes_max = CHANGES_MAX;
    config.imports_max = IMPORTS_MAX;
    config.import_instances_max = IMPORT_INSTANCES_MAX;
    config.imported_instances_max = IMPORTED_INSTANCES_MAX;
    config.imported_services_max = IMPORTED_SERVICES_MAX;
    if (catalog_init(&model.catalog, &config) < 0)
        abort();
    view_open(&model, &model.views[0], 0, 0);
    while (model.left > 0) {
        OPERATIONS[model_take(&model, sizeof(OPERATIONS) / sizeof(OPERATIONS[0]))](&model);
        model_compare(&model);
        CHECK(view_follow(&model, &model.views[0], UINT32_MAX));
        view_compare(&model, &model.views[0]);
    }
    for (uint32_t i = 0; i < WATCHERS; i++) {
        if (!model.views[i].open)
            continue;
        CHECK(view_follow(&model, &model.views[i], UINT32_MAX));
        view_compare(&model, &model.views[i]);
        watcher_close(&model.views[i].watcher, &model.catalog);
    }
    catalog_deinit(&model.catalog);
}
