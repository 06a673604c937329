/* registry/leases.h - instances that end by themselves, the next one first: a binary heap. */
#pragma once

#include <stdint.h>

#include "registry/instance.h"

struct leases {
    struct instance **slots; /* owned array of borrowed instances: the catalog's */
    uint32_t count;
    uint32_t room;
};

/* Frees the array, not the instances. Safe on zeroes, and safe twice. */
void leases_deinit(struct leases *leases);

/* Makes room for one more, so that the next add cannot fail. Returns 0 or -ENOMEM. */
int leases_reserve(struct leases *leases);

/* Adds an instance, which ends at its `expires_ms`. Room must have been reserved. */
void leases_add(struct leases *leases, struct instance *instance);

/* Takes an instance out. */
void leases_remove(struct leases *leases, struct instance *instance);

/* Moves an instance to when it ends now. */
void leases_renew(struct leases *leases, struct instance *instance, uint64_t expires_ms);

/* The one that ends first, or NULL. */
struct instance *leases_first(const struct leases *leases);
