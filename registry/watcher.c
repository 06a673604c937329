// SPDX-License-Identifier: Apache-2.0
#include "registry/watcher.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "registry/space.h"

enum catalog_outcome watcher_open(
        struct watcher *watcher, struct catalog *catalog, const char *prefix, uint64_t revision)
{
    bool held = revision + 1 >= catalog->changes.first && revision < catalog->changes.next;

    if (strlen(prefix) > REGISTRY_NAME_MAX)
        return CATALOG_NONE;
    if (catalog->watcher_count >= catalog->config.watchers_max)
        return CATALOG_FULL;
    *watcher = (struct watcher){
        .stage = revision > 0 && held ? WATCHER_RESUMED : WATCHER_BEHIND,
        .revision = revision,
    };
    snprintf(watcher->prefix, sizeof(watcher->prefix), "%s", prefix);
    fact_init(&watcher->place, FACT_PLACE);
    list_init(&watcher->link);
    list_push(&catalog->watchers, &watcher->link);
    catalog->watcher_count += 1;
    return CATALOG_OK;
}

void watcher_confine(struct watcher *watcher, const char *space)
{
    snprintf(watcher->space, sizeof(watcher->space), "%s", space);
}

void watcher_close(struct watcher *watcher, struct catalog *catalog)
{
    CHECK(catalog->watcher_count > 0);
    catalog->watcher_count -= 1;
    list_remove(&watcher->link);
    list_remove(&watcher->place.link);
}

static bool watcher_follows(const struct watcher *watcher, const char *service)
{
    return strncmp(service, watcher->prefix, strlen(watcher->prefix)) == 0;
}

/* Are there changes it was not told of and that are no longer held? */
static bool watcher_is_overtaken(const struct watcher *watcher, const struct catalog *catalog)
{
    return watcher->revision + 1 < catalog->changes.first;
}

/* Puts the place right before `node`, which is another. */
static void watcher_move(struct watcher *watcher, struct list *node)
{
    list_remove(&watcher->place.link);
    list_push(node, &watcher->place.link);
}

/* A fact as it would be told. */
static struct news news_of(const struct fact *fact)
{
    struct news news = { .revision = fact->revision };

    switch (fact->kind) {
    case FACT_REGISTRATION:
        news.kind = CHANGE_REGISTERED;
        news.service = list_entry(fact, struct service, registration)->name;
        break;
    case FACT_TYPES:
        news.kind = CHANGE_TYPES;
        news.service = list_entry(fact, struct version, fact)->service->name;
        break;
    case FACT_INSTANCE:
        news.kind = CHANGE_INSTANCE_UP;
        news.instance = list_entry(fact, struct instance, fact);
        news.service = news.instance->service->name;
        break;
    case FACT_PLACE:
        CHECK(fact->kind != FACT_PLACE);
    }
    return news;
}

/* Of a fact it is the service as it is now that counts. */
static bool watcher_may_see(
        const struct watcher *watcher, const struct catalog *catalog, const struct news *news)
{
    return watcher->space[0] == '\0' ||
           space_shows_service(watcher->space, catalog_find(catalog, news->service));
}

/* The next fact of the snapshot, or that it is complete. */
static struct news watcher_next_fact(struct watcher *watcher, struct catalog *catalog)
{
    struct list *node = watcher->place.link.next;

    for (; node != &catalog->facts; node = node->next) {
        struct fact *fact = list_entry(node, struct fact, link);
        struct news news;

        if (fact->kind == FACT_PLACE)
            continue;
        if (fact->revision > watcher->revision)
            break;
        news = news_of(fact);
        if (watcher_follows(watcher, news.service) && watcher_may_see(watcher, catalog, &news)) {
            watcher_move(watcher, node);
            return news;
        }
    }
    watcher_move(watcher, node);
    return (struct news){ .revision = watcher->revision, .kind = CHANGE_LIVE, .service = "" };
}

/* The next change that it follows; false where it was told of all. */
static bool watcher_next_change(
        struct watcher *watcher, const struct catalog *catalog, struct news *news)
{
    const struct change *change = changes_get(&catalog->changes, watcher->revision + 1);

    while (change != NULL && !(watcher_follows(watcher, change->service) &&
                                     space_shows(watcher->space, change->space))) {
        watcher->revision += 1;
        change = changes_get(&catalog->changes, watcher->revision + 1);
    }
    if (change == NULL)
        return false;
    *news = (struct news){
        .revision = change->revision,
        .kind = change->kind,
        .service = change->service,
        .instance = change->instance,
    };
    return true;
}

bool watcher_next(struct watcher *watcher, struct catalog *catalog, struct news *news)
{
    if (watcher->stage != WATCHER_BEHIND && watcher_is_overtaken(watcher, catalog)) {
        list_remove(&watcher->place.link);
        watcher->stage = WATCHER_BEHIND;
    }
    *news = (struct news){ .kind = CHANGE_LIVE, .revision = watcher->revision, .service = "" };
    switch (watcher->stage) {
    case WATCHER_BEHIND:
        news->kind = CHANGE_SNAPSHOT;
        news->revision = catalog_revision(catalog);
        return true;
    case WATCHER_SNAPSHOT:
        *news = watcher_next_fact(watcher, catalog);
        return true;
    case WATCHER_RESUMED:
        return true;
    case WATCHER_LIVE:
        break;
    }
    return watcher_next_change(watcher, catalog, news);
}

void watcher_told(struct watcher *watcher, struct catalog *catalog)
{
    struct list *node = watcher->place.link.next;

    switch (watcher->stage) {
    case WATCHER_BEHIND:
        watcher->revision = catalog_revision(catalog);
        watcher_move(watcher, catalog->facts.next);
        watcher->stage = WATCHER_SNAPSHOT;
        break;
    case WATCHER_SNAPSHOT:
        if (node != &catalog->facts &&
                list_entry(node, struct fact, link)->revision <= watcher->revision) {
            watcher_move(watcher, node->next);
        } else {
            list_remove(&watcher->place.link);
            watcher->stage = WATCHER_LIVE;
        }
        break;
    case WATCHER_RESUMED:
        watcher->stage = WATCHER_LIVE;
        break;
    case WATCHER_LIVE:
        watcher->revision += 1;
        break;
    }
}
