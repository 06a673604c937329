/* kernel/router/keyed.h - calls that come with a key: none is carried out twice.
 *
 * Each router on a call's way keeps a record of the key (dedup.h). A second call with it waits
 * where the first one is under way still, and is told what that was answered. **Where the first one
 * may have been carried out and no answer is known, nobody is sent the call a second time.** One
 * thing is left to do then, if the first one went to another node: its router may know more. It is
 * asked with the same call, marked KEYED_AGAIN, which no router lets come to a callee; it answers
 * from its record or says that it has none.
 *
 * A call with a key takes its slot first, in the waiting room, so that whatever becomes of it ends
 * in one place. If its caller's channel is lost it goes on: its answer is what a second call asks
 * for. */
#pragma once

#include "kernel/router/route.h"

/* The byte before a key on its way to another router. */
enum { KEYED_FIRST = 1, KEYED_AGAIN = 2 };

/* Returns 0 or -ENOMEM. */
int keyed_init(struct router *router, uint64_t seed);

/* Takes a call with a key that may be made: sends it, has it wait, answers or refuses it. */
void keyed_take(struct router *router, const struct draft *draft);

/* The callee of a call with a key said `result`; `status` is what stands in it. Notes that, tells
 * those that wait for it, and writes anew (into `room`) what the call's own caller is told, where
 * the callee knows less than the router. */
void keyed_answered(struct router *router, struct call *call, struct envelope *result,
        const struct status *status, uint8_t room[ENVELOPE_HEAD_MAX]);

/* The router ends the call for its caller, who is told `verdict`: made true where it says that
 * nothing was carried out. True where the callee is to go on with it. */
bool keyed_abort(const struct call *call, struct verdict *verdict);

/* The call is over, with its callee or its answer gone: frees what was kept of it. */
void keyed_end(struct router *router, struct call *call);

/* True where a call that may have been carried out may be sent again: its next callee is a router
 * that has it carried out no more. keyed_doubt says that this is to be done. */
bool keyed_may_ask(const struct call *call);
void keyed_doubt(struct call *call);

/* As route_find_callee, for a call with a key: one that is only to ask goes to the node that may
 * have carried it out. */
bool keyed_find_callee(struct router *router, struct call *call, const struct envelope *envelope,
        struct draft *draft, struct refusal *refusal);

/* Why nobody is sent a call that is only to ask. */
void keyed_explain(const struct peer *peer, const struct draft *draft, struct refusal *refusal);
