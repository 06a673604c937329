/* kernel/router/claim.h - how much of an instance each of its callers has: the calls of one channel
 * at another that are under way there, also those that the caller gave up and the callee is still
 * busy with.
 *
 * An instance takes calls_max calls at a time, whoever comes first. The last CLAIM_KEPT'th part of
 * them is kept for callers that have less than an even share, so that one who takes all it can get
 * leaves room for the others: of n callers each has what it needs, or at least an nth of it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct peer;
struct router;

struct claim {
    struct list link;    /* in caller->claims, or router.spare_claims */
    struct peer *callee; /* borrowed: its calls go before it does */
    uint32_t calls;
};

/* True where the caller may have one more call at `callee`, which has room for one. */
bool claim_may_grow(const struct peer *caller, const struct peer *callee);

/* Counts one more call of the caller's at `callee`. NULL: out of memory. */
struct claim *claim_take(struct router *router, struct peer *caller, struct peer *callee);

/* The callee is done with one of the calls; with the last of them the claim goes. */
void claim_give(struct router *router, struct claim *claim);

/* The caller is gone; what is under way still counts until it is done. */
void claim_orphan(struct peer *caller);

/* Frees what is kept for later use. */
void claim_free_spares(struct router *router);
