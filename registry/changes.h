/* registry/changes.h - the last changes, for watchers to follow and to resume from. */
#pragma once

#include <stdint.h>

#include "registry/instance.h"
#include "registry/limits.h"
#include "registry/service.h"

/* By the numbers of mu.registry.v1.ChangeKind. */
enum change_kind {
    CHANGE_NONE,
    CHANGE_SNAPSHOT,
    CHANGE_LIVE,
    CHANGE_INSTANCE_UP,
    CHANGE_INSTANCE_DOWN,
    CHANGE_REGISTERED,
    CHANGE_DEREGISTERED,
    CHANGE_TYPES
};

struct change {
    uint64_t revision;
    enum change_kind kind;
    char service[REGISTRY_NAME_MAX + 1];
    char space[REGISTRY_NAME_MAX + 1]; /* its namespace then; "" for none */
    struct instance *instance;         /* owned reference; NULL unless an instance came or went */
};

/* A ring: the newest change takes the place of the oldest. Revisions in it are without a gap. */
struct changes {
    struct change *slots; /* owned */
    uint32_t room;
    uint64_t first; /* the oldest revision that is held */
    uint64_t next;  /* the revision that the next change gets */
};

/* Makes room for `room` (1 at least) changes; the first gets `revision`. Returns 0 or -ENOMEM. */
int changes_init(struct changes *changes, uint32_t room, uint64_t revision);

/* Frees what it holds. Safe on zeroes, and safe twice. */
void changes_deinit(struct changes *changes);

/* Notes a change and returns its revision. `instance` may be NULL; a reference is taken. */
uint64_t changes_add(struct changes *changes, enum change_kind kind, const struct service *service,
        struct instance *instance);

/* The change of that revision; NULL where it is held no more, or is yet to come. Borrowed until the
 * next one is added. */
const struct change *changes_get(const struct changes *changes, uint64_t revision);
