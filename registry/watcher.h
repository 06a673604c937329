/* registry/watcher.h - one who follows the registry: a snapshot, then each change.
 *
 * A watcher pulls, so its pace is its own: news waits in the catalog, not in a queue of the
 * watcher's. One that falls behind by more changes than are held gets a new snapshot. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "registry/changes.h"
#include "registry/fact.h"
#include "registry/limits.h"
#include "registry/catalog.h"

enum watcher_stage {
    WATCHER_BEHIND,   /* a snapshot comes next */
    WATCHER_SNAPSHOT, /* in the midst of one */
    WATCHER_RESUMED,  /* needs none: what comes next is that it is live */
    WATCHER_LIVE
};

struct watcher {
    struct list link;  /* in catalog->watchers */
    struct fact place; /* in the ring of facts, behind the last one told, during a snapshot */
    enum watcher_stage stage;
    uint64_t revision; /* the last it was told of; during a snapshot, the one that ends it */
    char prefix[REGISTRY_NAME_MAX + 1];
    char space[REGISTRY_NAME_MAX +
               1]; /* it hears of that namespace and of what has none; "": of all
                    */
};

/* What a watcher is told; borrowed until the next event or watcher_told. */
struct news {
    uint64_t revision;
    enum change_kind kind;
    const char *service;             /* "" for CHANGE_SNAPSHOT and _LIVE */
    const struct instance *instance; /* NULL unless one came or went */
};

/* Begins to follow all services whose name starts with `prefix`: after `revision`, or with a
 * snapshot where it is 0, was given out by an earlier process, or is no longer held. Returns OK,
 * NONE (no service can have such a prefix) or FULL. After OK the catalog holds `watcher` until
 * watcher_close. */
enum catalog_outcome watcher_open(
        struct watcher *watcher, struct catalog *catalog, const char *prefix, uint64_t revision);

/* From now on it hears of the namespace `space` alone, and of what has none. */
void watcher_confine(struct watcher *watcher, const char *space);

void watcher_close(struct watcher *watcher, struct catalog *catalog);

/* The next thing to tell. False where there is nothing. Asked again it says the same, unless
 * something changed meanwhile. */
bool watcher_next(struct watcher *watcher, struct catalog *catalog, struct news *news);

/* What watcher_next gave last was told. No event lies between the two. */
void watcher_told(struct watcher *watcher, struct catalog *catalog);
