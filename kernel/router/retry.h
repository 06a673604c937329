/* kernel/router/retry.h - calls that are sent again, and calls that wait before they are sent.
 *
 * Such a call keeps its slot and its deadline all the time; between two tries its callee is the
 * waiting room, a peer that nobody is behind. Towards each callee it has an id of its own, so what
 * an earlier one still says of it finds nothing.
 *
 * **A call is sent a second time only if it was certainly not executed (executed NO), or if once
 * more does no harm (the policy or its service says that the method is idempotent).** One with a
 * key that another node may have executed is sent there again as a question (keyed.h), whatever
 * else is said of its method. */
#pragma once

#include "kernel/router/policy.h"
#include "kernel/router/route.h"

/* Keeps what a call is sent as, which has its callee already, where a policy may want it sent
 * again. Where there is no room for that, it is a call like any other. */
void retry_keep(struct router *router, struct call *call, const struct envelope *envelope,
        const struct draft *draft);

/* A kept call is on its way: where it can only have been kept for what came before, it is not any
 * more. */
void retry_sent(struct router *router, struct call *call);

/* Opens the call by itself where it is to begin in the waiting room: it is there, or a policy
 * delays it. False where nothing wants it kept, or where there is no room: it is opened as any
 * other. */
bool retry_begin(struct router *router, struct peer *peer, const struct envelope *envelope,
        const struct draft *draft);

/* Nobody takes the call now, for the reason in `refusal`: has it wait for an instance or a next try
 * where a policy wants that. False where none does: its caller is to be told. */
bool retry_later(struct router *router, struct peer *peer, const struct envelope *envelope,
        const struct draft *draft, const struct refusal *refusal);

/* The callee answered with an error, or is gone. True where the call is tried again: the caller is
 * not told. Fine for a call that nobody kept. */
bool retry_answered(struct router *router, struct call *call, const struct status *status);
bool retry_lost(struct router *router, struct call *call);

/* The same of one that the router itself has nobody for. */
bool retry_refused(struct router *router, struct call *call, const struct verdict *verdict);

/* What its caller is told of whether it was executed, where it ends with `executed`: NO only if
 * that holds of every try. Fine for a call that nobody kept. */
enum executed retry_executed(const struct call *call, enum executed executed);

/* The call is not sent again any more: its caller is done with it, or has an item of it. Fine for a
 * call that nobody kept. */
void retry_drop(struct router *router, struct call *call);

static inline void retry_forget(struct router *router, struct call *call)
{
    if (call->kept != NULL)
        retry_drop(router, call);
}

/* ---- for hedge.c ---- */

/* True for an end of one try behind which another may end better. */
bool retry_is_worthwhile(uint32_t code);

/* True where the callee's service says that the method does no harm when it is carried out twice.
 */
bool retry_is_declared(const struct peer *callee, struct span endpoint);

/* What a kept call is sent as, borrowed while it is kept. */
struct envelope retry_envelope(const struct call *call);

/* A kept call that is under way is told to hedge_due at `due_us`, once; where that was, it is not
 * any more. */
void retry_watch(struct router *router, struct call *call, uint64_t due_us);

/* The kept call has gone over into another slot. */
void retry_move(struct call *from, struct call *to);

/* Sends what has waited long enough. */
void retry_tick(struct router *router);

/* Frees what is kept for later use. */
void retry_free_spares(struct router *router);
