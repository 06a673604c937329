/* tests/unit/registry_model_parts.h - the naive model, for the files that it consists of. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "registry/catalog.h"
#include "registry/watcher.h"

enum {
    NAMES = 6,
    VERSIONS = 4,
    NUMBERS = 12,
    KINDS = 4, /* of sets of types */
    WATCHERS = 3,
    NODES = 3,        /* others than this one, whose node is 0 */
    SERVICES_MAX = 5, /* fewer than there are names, and so on: limits are met often */
    INSTANCES_MAX = 8,
    IMPORTS_MAX = 2,
    IMPORT_INSTANCES_MAX = 4,
    IMPORTED_INSTANCES_MAX = 5,
    IMPORTED_SERVICES_MAX = 2,
    CHANGES_MAX = 8
};

extern const char *const NAME[NAMES];
extern const char *const VERSION[VERSIONS];
extern const char *const NODE[1 + NODES]; /* the first is this one */
extern const char *const PREFIX[NAMES];   /* that are watched */

struct entry {
    bool there;
    uint8_t name;
    uint8_t version;
    uint8_t node;  /* 0: this one */
    uint8_t types; /* of an imported one; 0: none */
    uint32_t pid;
    uint32_t lease_ms;
    uint64_t expires_ms;
};

/* What one who follows the registry believes. */
struct view {
    struct watcher watcher;
    bool open;
    bool live;
    uint64_t revision;
    uint8_t prefix;
    struct entry entries[NUMBERS];
    bool registered[NAMES];
    bool typed[NAMES];
};

struct model {
    struct catalog catalog;
    uint64_t now_ms;
    struct entry entries[NUMBERS];
    uint8_t manifest[NAMES];           /* 0: not registered */
    uint8_t types[NAMES][VERSIONS];    /* 0: not published here */
    uint8_t imported[NAMES][VERSIONS]; /* types that were published elsewhere; 0: none */
    bool imports[1 + NODES];           /* of which an import is held */
    uint32_t lenders[1 + NODES];       /* index of the entry that lent it */
    struct view views[WATCHERS];
    const uint8_t *operations; /* borrowed */
    size_t left;
};

/* ---- registry_model.c: what the model holds ---- */

/* The next byte of the operations, cut to one below `below`. */
uint32_t model_take(struct model *model, uint32_t below);

bool model_follows(uint8_t prefix, uint32_t name);
uint32_t model_name(const char *text);

/* Instances of one service, or of all (NAMES), that are of this node or of others. */
uint32_t model_instances(const struct model *model, uint32_t name, bool imported);

/* Has it types that were published here? */
bool model_is_typed(const struct model *model, uint32_t name);

/* Is it a service of this node? Or else known at all? */
bool model_is_own(const struct model *model, uint32_t name);
bool model_is_known(const struct model *model, uint32_t name);

/* Would `name` be one service too many of this node? */
bool model_is_full(const struct model *model, uint32_t name);

/* How many versions point to the set of this kind. */
uint32_t model_references(const struct model *model, uint8_t kind);

/* Is there an imported instance with these types of the version? */
bool model_imports(const struct model *model, uint32_t name, uint32_t version, uint8_t kind);

/* Forgets types of which no imported instance is left. */
void model_sweep(struct model *model);

/* An entry as it is told to the registry, and one that the operations make. */
struct description model_describe(const struct model *model, uint32_t number);
struct entry model_take_entry(struct model *model);

/* ---- the operations, on both ---- */

/* registry_model_events.c */
void model_attach(struct model *model);
void model_announce(struct model *model);
void model_renew(struct model *model);
void model_detach(struct model *model);
void model_reset(struct model *model);
void model_pass(struct model *model);
void model_register(struct model *model);
void model_deregister(struct model *model);
void model_publish(struct model *model);
void model_forget(struct model *model);

/* registry_model_import.c */
void model_import(struct model *model);
void model_import_types(struct model *model);

/* What was lent by instances that are not attached is gone. */
void model_return(struct model *model);

/* registry_model_view.c */
void model_follow(struct model *model);
void model_open_or_close(struct model *model);
void model_resume(struct model *model);

/* Begins to follow. */
void view_open(struct model *model, struct view *view, uint8_t prefix, uint64_t revision);

/* Tells a watcher at most `count` things; returns true where it knows all there is. */
bool view_follow(struct model *model, struct view *view, uint32_t count);

/* Aborts where a view that knows all differs from the model. */
void view_compare(const struct model *model, const struct view *view);

/* ---- registry_model_compare.c ---- */

/* Aborts where the registry and the model differ. */
void model_compare(const struct model *model);
