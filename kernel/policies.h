/* kernel/policies.h - what operators set for calls on their way: STATE/policies/<handle>, a packed
 * mu.node.v1.PolicySet each. They outlive the node; the router is told of them whenever it starts
 * and whenever they change. */
#pragma once

#include <stdint.h>

#include "base/list.h"
#include "kernel/folder.h"
#include "mu/node/v1/node.pb-c.h"
#include "transport/envelope.h"

struct policies_kept {
    struct list list; /* owned: struct policy_kept */
    uint32_t count;
};

struct policy_kept {
    struct list link;
    Mu__Node__V1__PolicySet *message; /* owned */
};

void policies_init(struct policies_kept *policies);

/* Frees them. Safe twice. */
void policies_deinit(struct policies_kept *policies);

/* Reads what is on the disk, and removes what ended before `now_s` (unix time), or is no policy.
 * Returns 0 or -errno. */
int policies_load(struct policies_kept *policies, const struct folders *folders, uint64_t now_s);

/* Puts one in the place of the one with its scope: the same endpoints and caller, and lasting as
 * that or not. It is on the disk when this returns, with that one's handle, or with its own where
 * there was none. Takes `set` over in any case. `*replacedp`: there was one. Returns 0, -ENOSPC
 * over POLICIES_MAX, or another -errno; then nothing changed. */
int policies_set(struct policies_kept *policies, const struct folders *folders,
        Mu__Node__V1__PolicySet *set, bool *replacedp);

/* Removes what the scope has, as durably; `*removedp`: how many. Returns 0 or -errno. */
int policies_remove(struct policies_kept *policies, const struct folders *folders,
        const Mu__Node__V1__RemovePolicyRequest *scope, uint32_t *removedp);

/* Forgets and removes what has ended. */
void policies_sweep(struct policies_kept *policies, const struct folders *folders, uint64_t now_s);

/* Writes into each how long it still holds: `left_ms`. */
void policies_tell_left(struct policies_kept *policies, uint64_t now_s);

/* Packs a mu.router.v1.PoliciesRequest of those that have not ended, for the caller to free.
 * Returns 0 or -ENOMEM. */
int policies_pack(struct policies_kept *policies, uint64_t now_s, struct span *packedp);
