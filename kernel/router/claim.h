/* kernel/router/claim.h - how much of an instance each of its callers has: the calls of one channel
 * at another that are under way there, also those that the caller gave up and the callee is still
 * busy with.
 *
 * An instance takes calls_max calls at a time, whoever comes first. The last CLAIM_KEPT'th part of
 * them is kept for callers that have less than an even share, so that one who takes all it can get
 * leaves room for the others: of n callers each has what it needs, or at least an nth of it.
 *
 * Bytes that wait for an instance are charged to who sent them, by the rule of dbus-broker
 * (src/util/user.c): one of n senders may have c bytes more wait where
 *
 *     (n + 1) * (share + c) - share <= free
 *
 * so that the nth gets an (n + 1)th of what is free when it comes, whatever the others do. One that
 * has nothing waiting there may always send what finds room; and as long as less than
 * ROUTER_SHARE_FREE bytes wait, so may all: who sends much where nobody else does is no flooder.
 *
 * In which order they leave is the outbox's business, where each caller has its turn. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "transport/outbox.h"

struct peer;
struct router;

struct claim {
    struct list link;    /* in caller->claims, or router.spare_claims */
    struct peer *callee; /* borrowed: its calls go before it does */
    uint32_t calls;
    struct turn turn; /* in the callee's outbox */
};

/* True where the caller may have one more call at `callee`, which has room for one. */
bool claim_may_grow(const struct peer *caller, const struct peer *callee);

/* True where `size` bytes more of the caller's may wait for `callee`. */
bool claim_may_wait(const struct peer *caller, const struct peer *callee, size_t size);

/* Counts one more call of the caller's at `callee`. NULL: out of memory. */
struct claim *claim_take(struct router *router, struct peer *caller, struct peer *callee);

/* The callee is done with one of the calls; with the last of them the claim goes. */
void claim_give(struct router *router, struct claim *claim);

/* The caller is gone; what is under way still counts until it is done. */
void claim_orphan(struct peer *caller);

/* Frees what is kept for later use. */
void claim_free_spares(struct router *router);
