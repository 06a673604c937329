// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/registry_model_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void view_open(struct model *model, struct view *view, uint8_t prefix, uint64_t revision)
{
    CHECK(watcher_open(&view->watcher, &model->catalog, PREFIX[prefix], revision) == CATALOG_OK);
    view->open = true;
    view->live = false;
    view->prefix = prefix;
    view->revision = revision;
}

static void view_forget(struct view *view)
{
    view->live = false;
    memset(view->entries, 0, sizeof(view->entries));
    memset(view->registered, 0, sizeof(view->registered));
    memset(view->typed, 0, sizeof(view->typed));
}

static void view_note_instance(struct view *view, const struct news *news, bool there)
{
    struct entry *entry = &view->entries[news->instance->number - 1];

    *entry = (struct entry){ .there = there, .pid = news->instance->pid };
    entry->name = (uint8_t)model_name(news->service);
    while (strcmp(VERSION[entry->version], news->instance->version) != 0)
        entry->version += 1;
}

static void view_note(struct view *view, const struct news *news)
{
    if (news->service[0] != '\0')
        CHECK(model_follows(view->prefix, model_name(news->service)));
    if (view->live)
        CHECK(news->revision > view->revision || news->kind == CHANGE_SNAPSHOT);
    switch (news->kind) {
    case CHANGE_SNAPSHOT:
        view_forget(view);
        break;
    case CHANGE_LIVE:
        CHECK(!view->live);
        view->live = true;
        break;
    case CHANGE_INSTANCE_UP:
    case CHANGE_INSTANCE_DOWN:
        view_note_instance(view, news, news->kind == CHANGE_INSTANCE_UP);
        break;
    case CHANGE_REGISTERED:
    case CHANGE_DEREGISTERED:
        view->registered[model_name(news->service)] = news->kind == CHANGE_REGISTERED;
        break;
    case CHANGE_TYPES:
        view->typed[model_name(news->service)] = true;
        break;
    case CHANGE_NONE:
        abort();
    }
    if (view->live)
        view->revision = news->revision;
}

bool view_follow(struct model *model, struct view *view, uint32_t count)
{
    struct news news;
    struct news again;

    while (watcher_next(&view->watcher, &model->catalog, &news)) {
        if (count-- == 0)
            return false;
        CHECK(watcher_next(&view->watcher, &model->catalog, &again));
        CHECK(again.kind == news.kind && again.revision == news.revision &&
                again.instance == news.instance && strcmp(again.service, news.service) == 0);
        view_note(view, &news);
        watcher_told(&view->watcher, &model->catalog);
    }
    return true;
}

void view_compare(const struct model *model, const struct view *view)
{
    CHECK(view->live);
    for (uint32_t i = 0; i < NUMBERS; i++) {
        const struct entry *entry = &model->entries[i];
        const struct entry *seen = &view->entries[i];
        bool visible = entry->there && model_follows(view->prefix, entry->name);

        CHECK(seen->there == visible);
        if (visible)
            CHECK(seen->name == entry->name && seen->version == entry->version &&
                    seen->pid == entry->pid);
    }
    for (uint32_t i = 0; i < NAMES; i++) {
        bool visible = model_follows(view->prefix, i);

        CHECK(view->registered[i] == (visible && model->manifest[i] > 0));
        if (visible && model_is_typed(model, i))
            CHECK(view->typed[i]);
    }
}

void model_follow(struct model *model)
{
    struct view *view = &model->views[1 + model_take(model, WATCHERS - 1)];

    if (view->open && view_follow(model, view, model_take(model, 8)))
        view_compare(model, view);
}

void model_open_or_close(struct model *model)
{
    struct view *view = &model->views[1 + model_take(model, WATCHERS - 1)];
    uint8_t prefix = (uint8_t)model_take(model, NAMES);

    if (view->open) {
        watcher_close(&view->watcher, &model->catalog);
        view->open = false;
    } else {
        view_open(model, view, prefix, 0);
    }
}

void model_resume(struct model *model)
{
    struct view *view = &model->views[1 + model_take(model, WATCHERS - 1)];

    if (!view->open || !view->live)
        return;
    watcher_close(&view->watcher, &model->catalog);
    view_open(model, view, view->prefix, view->revision);
}
