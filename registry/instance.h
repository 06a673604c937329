/* registry/instance.h - one process that serves one version of a service, as it was announced.
 *
 * Its description never changes; an instance that describes itself anew becomes a new struct. So it
 * can be shared, by reference, between the registry and the changes that tell of it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "registry/fact.h"

enum { TYPES_HASH_SIZE = 32 }; /* bytes: BLAKE2b-256 */

struct service;
struct import;

struct metadata {
    const char *key;
    const char *value;
};

/* What somebody says of an instance; all of it borrowed. */
struct description {
    uint64_t number;
    const char *service;
    const char *version;
    const char *node;
    const char *owner; /* of another node; NULL or "" for this one */
    const char *space; /* the namespace of its service; NULL or "" for none */
    bool local;        /* other nodes are not told of it */
    uint32_t pid;
    const struct metadata *metadata;
    size_t metadata_count;
    const uint8_t *types; /* TYPES_HASH_SIZE bytes, or NULL */
};

struct instance {
    struct fact fact;
    struct list sibling;     /* in service->instances */
    struct service *service; /* borrowed from the catalog; NULL once the instance is gone */
    uint32_t references;
    uint32_t pid;
    uint64_t number;
    uint64_t round;      /* of the last Reset or Import that named it */
    uint64_t expires_ms; /* of leases only */
    uint32_t lease_ms;   /* 0: it ends with its channel, or with its import */
    uint32_t lease_index;
    struct import *import; /* borrowed from the catalog: of another node; NULL once it is gone */
    struct list fellow;    /* in import->instances */
    uint32_t metadata_size;
    bool typed;
    bool local;
    uint8_t types[TYPES_HASH_SIZE]; /* zeroes unless `typed` */
    const char *node;               /* borrowed: all five point into `text` */
    const char *owner;              /* "" where it is not imported */
    const char *space;              /* "" for none */
    const char *version;
    const char *metadata; /* key, NUL, value, NUL, …: metadata_size bytes */
    char text[];
};

/* Bytes of its metadata: keys and values, each with a NUL. */
size_t description_metadata_size(const struct description *description);

/* Why a description cannot be taken, in a sentence for its author (static text); NULL where it can.
 */
const char *description_fault(const struct description *description);

/* A copy of a faultless description with one reference. Returns NULL without memory. */
struct instance *instance_new(const struct description *description);

struct instance *instance_ref(struct instance *instance);

/* Gives one reference back; the last one frees it. NULL is fine. Returns NULL. */
struct instance *instance_unref(struct instance *instance);

/* Do both describe the same, apart from leases? */
bool instance_is_same(const struct instance *left, const struct instance *right);

/* Walks the metadata: start with `*cursor` 0; false after the last pair. */
bool instance_metadata(const struct instance *instance, size_t *cursor, struct metadata *pair);
