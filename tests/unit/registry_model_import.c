// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/registry_model_parts.h"

#include <string.h>

#include "base/check.h"
#include "registry/import.h"

static void model_end_import(struct model *model, uint32_t node)
{
    model->imports[node] = false;
    for (uint32_t i = 0; i < NUMBERS; i++)
        if (model->entries[i].node == node)
            model->entries[i] = (struct entry){ 0 };
    model_sweep(model);
}

void model_return(struct model *model)
{
    for (uint32_t node = 1; node <= NODES; node++) {
        const struct entry *lender = &model->entries[model->lenders[node]];

        if (model->imports[node] && (!lender->there || lender->lease_ms > 0 || lender->node > 0))
            model_end_import(model, node);
    }
}

/* What replacing the import of `node` by `entries`, of which those that are there count, must come
 * to. */
static int model_expect_import(
        const struct model *model, uint32_t node, const struct entry entries[NUMBERS])
{
    uint32_t others = model_instances(model, NAMES, true);
    uint32_t imports = 0;
    uint32_t count = 0;
    uint32_t names = 0;
    bool taken = false;
    bool new[NAMES] = { false };

    for (uint32_t i = 0; i < NUMBERS; i++) {
        others -= model->entries[i].node == node;
        count += entries[i].there;
        taken |= entries[i].there && model->entries[i].there && model->entries[i].node != node;
        if (entries[i].there && !model_is_known(model, entries[i].name))
            new[entries[i].name] = true;
    }
    for (uint32_t i = 1; i <= NODES; i++)
        imports += model->imports[i];
    for (uint32_t i = 0; i < NAMES; i++)
        names += new[i] || (model_is_known(model, i) && !model_is_own(model, i));
    if (count == 0)
        return CATALOG_OK;
    if (count > IMPORT_INSTANCES_MAX || others + count > IMPORTED_INSTANCES_MAX ||
            (!model->imports[node] && imports >= IMPORTS_MAX))
        return CATALOG_FULL;
    for (uint32_t i = 0; i < NAMES && names > IMPORTED_SERVICES_MAX; i++)
        if (new[i])
            return taken ? -1 : CATALOG_FULL; /* which of the two comes first is not promised */
    return taken ? CATALOG_TAKEN : CATALOG_OK;
}

static void model_note_import(
        struct model *model, uint32_t node, uint32_t lender, const struct entry entries[NUMBERS])
{
    bool any = false;

    for (uint32_t i = 0; i < NUMBERS; i++) {
        any |= entries[i].there;
        if (entries[i].there)
            model->entries[i] = entries[i];
        else if (model->entries[i].node == node)
            model->entries[i] = (struct entry){ 0 };
    }
    model->imports[node] = any;
    model->lenders[node] = lender;
    model_sweep(model);
}

/* Mostly one that is attached. */
static uint32_t model_take_lender(struct model *model)
{
    uint32_t lender = model_take(model, NUMBERS);

    for (uint32_t i = model_take(model, NUMBERS); i > 0; i--) {
        const struct entry *entry = &model->entries[lender];

        if (entry->there && entry->lease_ms == 0 && entry->node == 0)
            break;
        lender = (lender + 1) % NUMBERS;
    }
    return lender;
}

void model_import(struct model *model)
{
    uint32_t node = 1 + model_take(model, NODES);
    uint32_t lender = model_take_lender(model);
    uint32_t mask = model_take(model, 256);
    struct import_source source = { NODE[node], "someone", lender + 1, false };
    const struct entry *lends = &model->entries[lender];
    struct entry entries[NUMBERS] = { { 0 } };
    struct description descriptions[NUMBERS];
    uint8_t types[NUMBERS][TYPES_HASH_SIZE];
    struct model copy;
    uint32_t count = 0;
    int expected;
    int r;

    mask &= model_take(model, 256); /* few of them */
    for (uint32_t i = 0; i < NUMBERS; i++) {
        if ((mask >> i & 1) == 0)
            continue;
        entries[i] = model_take_entry(model);
        entries[i].node = (uint8_t)node;
        entries[i].types = (uint8_t)model_take(model, 1 + KINDS);
    }
    copy = *model;
    memcpy(copy.entries, entries, sizeof(entries));
    for (uint32_t i = NUMBERS; i > 0; i--) {
        if (!entries[i - 1].there)
            continue;
        descriptions[count] = model_describe(&copy, i - 1);
        memset(types[count], entries[i - 1].types, TYPES_HASH_SIZE);
        descriptions[count].types = entries[i - 1].types > 0 ? types[count] : NULL;
        CHECK(import_fault(&descriptions[count]) == NULL);
        count += 1;
    }
    expected = model_expect_import(model, node, entries);
    if (!lends->there || lends->lease_ms > 0 || lends->node > 0)
        expected = CATALOG_NONE;
    r = import_replace(&model->catalog, &source, descriptions, count);
    CHECK(r == expected || (expected == -1 && (r == CATALOG_TAKEN || r == CATALOG_FULL)));
    if (r == CATALOG_OK)
        model_note_import(model, node, lender, entries);
}

void model_import_types(struct model *model)
{
    uint32_t name = model_take(model, NAMES);
    uint32_t version = model_take(model, VERSIONS);
    uint8_t kind = (uint8_t)(1 + model_take(model, KINDS));
    const struct entry *entry = &model->entries[model_take(model, NUMBERS)];
    uint8_t held;
    uint8_t types[TYPES_HASH_SIZE];
    struct publication publication = { .proto_service = "x.v1.X", .types = types };
    int expected = CATALOG_OK;

    if (entry->there && entry->types > 0) { /* what is wanted, mostly */
        name = entry->name;
        version = entry->version;
        kind = entry->types;
    }
    publication.service = NAME[name];
    publication.version = VERSION[version];
    publication.types_size = kind;
    held = model->types[name][version] > 0 ? model->types[name][version]
                                           : model->imported[name][version];
    memset(types, kind, sizeof(types));
    if (!model_imports(model, name, version, kind))
        expected = CATALOG_NONE;
    else if (held > 0)
        expected = held == kind ? CATALOG_UNCHANGED : CATALOG_TAKEN;
    CHECK(import_publish(&model->catalog, &publication, (struct mu_bytes){ types, kind }) ==
            expected);
    if (expected == CATALOG_OK)
        model->imported[name][version] = kind;
}
