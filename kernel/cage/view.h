/* kernel/cage/view.h - the paths that a process in a cage sees, and what it may do with each.
 * Mounts and landlock are both made from it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "kernel/cage/cage.h"
#include "kernel/cage/loader.h"

enum { VIEW_PATHS_MAX = CAGE_PATHS_MAX + CAGE_PATHS_MAX + LOADER_FILES_MAX + 64 };

/* What may be done with a path and all below it, as bits. */
enum view_right {
    VIEW_READ = 1,
    VIEW_WRITE = 2,
    VIEW_EXECUTE = 4,
    VIEW_DEVICE = 8, /* it is one: /dev/null */
    VIEW_SOCKET = 16 /* nothing but to connect to sockets in it */
};

struct view_path {
    const char *path; /* borrowed: from the cage, the loader, or static */
    unsigned rights;  /* of enum view_right */
};

struct view {
    struct view_path paths[VIEW_PATHS_MAX]; /* sorted: a folder before what is in it */
    size_t count;
};

/* Lists what `cage` shows to `program`, which opens what `loader` found. Paths that are not there
 * are left out, but for those that the cage itself names. */
void view_make(struct view *view, const struct cage *cage, const char *program,
        const struct loader *loader);
