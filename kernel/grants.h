/* kernel/grants.h - what operators granted to services: STATE/grants/<handle>, a packed
 * mu.node.v1.Granted each. They outlive the node; the router is told of them whenever it starts
 * and whenever they change. */
#pragma once

#include <stdint.h>

#include "base/list.h"
#include "kernel/folder.h"
#include "mu/node/v1/node.pb-c.h"
#include "transport/envelope.h"

struct grants {
    struct list list;  /* owned: struct granted */
    uint32_t patterns; /* of all of them */
};

struct granted {
    struct list link;
    Mu__Node__V1__Granted *message; /* owned */
};

void grants_init(struct grants *grants);

/* Frees them. Safe twice. */
void grants_deinit(struct grants *grants);

/* Reads what is on the disk, and removes what ended before `now_s` (unix time), or is no grant.
 * Returns 0 or -errno. */
int grants_load(struct grants *grants, const struct folders *folders, uint64_t now_s);

/* Adds one, which is on the disk when this returns. Takes `granted` over in any case. Returns 0,
 * -ENOSPC over GRANTS_MAX patterns, or another -errno; then nothing changed. */
int grants_add(
        struct grants *grants, const struct folders *folders, Mu__Node__V1__Granted *granted);

/* Removes one, as durably. Returns 0, -ENOENT or another -errno. */
int grants_remove(struct grants *grants, const struct folders *folders, uint64_t handle);

/* Packs a mu.router.v1.GrantsRequest of those that have not ended, for the caller to free. Returns
 * 0 or -ENOMEM. */
int grants_pack(const struct grants *grants, uint64_t now_s, struct span *packedp);
