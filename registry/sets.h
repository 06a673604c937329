/* registry/sets.h - which FileDescriptorSets are referred to, how often, and how large they are.
 * Those of this node's own services are on the disk only; those of other nodes are in memory only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "registry/instance.h"

struct set {
    uint8_t types[TYPES_HASH_SIZE];
    uint32_t size;       /* bytes, 1 at least */
    uint32_t references; /* versions that point to it */
    uint8_t *data;       /* owned; NULL: it is on the disk */
};

struct sets {
    struct set *slots; /* owned; sorted by hash */
    uint32_t count;
    uint32_t room;
};

/* Safe on zeroes, and safe twice. */
void sets_deinit(struct sets *sets);

/* Makes room for one more, so that the next ref cannot fail. Returns 0 or -ENOMEM. */
int sets_reserve(struct sets *sets);

bool sets_has(const struct sets *sets, const uint8_t types[TYPES_HASH_SIZE]);

/* Gives a set that is there its bytes: `data`, which is owned from here on. */
void sets_keep(struct sets *sets, const uint8_t types[TYPES_HASH_SIZE], uint8_t *data);

/* The set of that hash, or NULL. Borrowed until the next ref or unref. */
const struct set *sets_get(const struct sets *sets, const uint8_t types[TYPES_HASH_SIZE]);

/* Counts one version more that points to this set of `size` bytes. Room must have been reserved.
 * Returns how many bytes that adds: `size`, or 0 for a set that was there. */
uint32_t sets_ref(struct sets *sets, const uint8_t types[TYPES_HASH_SIZE], uint32_t size);

/* Counts one version less. Returns how many bytes that takes away: the set's size where it was the
 * last and the set can go, else 0. A set is never empty. */
uint32_t sets_unref(struct sets *sets, const uint8_t types[TYPES_HASH_SIZE]);
