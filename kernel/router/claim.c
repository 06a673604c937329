// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/claim.h"

#include <stdlib.h>

#include "kernel/router/core.h"

enum { CLAIM_KEPT = 8 };

/* NULL where it has none. */
static struct claim *claim_find(const struct peer *caller, const struct peer *callee)
{
    list_for_each (node, &caller->claims) {
        struct claim *claim = list_entry(node, struct claim, link);

        if (claim->callee == callee)
            return claim;
    }
    return NULL;
}

bool claim_may_grow(const struct peer *caller, const struct peer *callee)
{
    const struct claim *claim;

    if (callee->calls_taken_count < callee->calls_max - callee->calls_max / CLAIM_KEPT)
        return true;
    claim = claim_find(caller, callee);
    return claim == NULL || claim->calls < callee->calls_max / (callee->claimants + 1);
}

bool claim_may_wait(const struct peer *caller, const struct peer *callee, size_t size)
{
    size_t queued = outbox_queued(&callee->out);
    const struct claim *claim;
    size_t share;

    if (queued + size > OUTBOX_HARD_MAX)
        return false;
    if (outbox_waiting(&callee->out) + size <= ROUTER_SHARE_FREE)
        return true;
    claim = claim_find(caller, callee);
    share = claim != NULL ? outbox_share(&callee->out, &claim->turn) : 0;
    return share == 0 ||
           (callee->out.senders + UINT64_C(1)) * (share + size) - share <= OUTBOX_HARD_MAX - queued;
}

/* ---- calls ---- */

static struct claim *claim_new(struct router *router)
{
    struct claim *claim;

    if (list_is_empty(&router->spare_claims))
        return malloc(sizeof(*claim));
    claim = list_entry(router->spare_claims.next, struct claim, link);
    list_remove(&claim->link);
    return claim;
}

struct claim *claim_take(struct router *router, struct peer *caller, struct peer *callee)
{
    struct claim *claim = claim_find(caller, callee);

    if (claim == NULL) {
        claim = claim_new(router);
        if (claim == NULL)
            return NULL;
        *claim = (struct claim){ .callee = callee };
        list_init(&claim->link);
        list_push(caller->claims.next, &claim->link);
        callee->claimants += 1;
    }
    claim->calls += 1;
    return claim;
}

void claim_give(struct router *router, struct claim *claim)
{
    claim->calls -= 1;
    if (claim->calls > 0)
        return;
    claim->callee->claimants -= 1;
    list_remove(&claim->link);
    list_push(router->spare_claims.next, &claim->link);
}

void claim_orphan(struct peer *caller)
{
    while (!list_is_empty(&caller->claims))
        list_remove(caller->claims.next);
}

void claim_free_spares(struct router *router)
{
    while (!list_is_empty(&router->spare_claims)) {
        struct claim *claim = list_entry(router->spare_claims.next, struct claim, link);

        list_remove(&claim->link);
        free(claim);
    }
}
