/* kernel/router/added.h - calls that the router adds by itself, by a policy: a hedge (hedge.h) or a
 * copy (mirror.h) of a call that it was sent.
 *
 * Such a call has a slot of its own and no caller: nobody finds it by an id, it counts in no limit
 * of the caller's calls and in no policy's calls in flight, and it is in no figure of its method.
 * Towards its callee it is a call like any other: stamped as the same caller's, with what is left
 * of the same time, at the expense of the same claim, and it counts there until it is answered.
 * While `added` stands, calls may be made on its behalf; without it, it is one that was given up.
 */
#pragma once

#include "kernel/router/policy.h"
#include "kernel/router/route.h"

/* Sends the draft's callee what `like` was made of, once more, by the policy. NULL where there is
 * no room for it; nothing has happened then. */
struct call *added_open(struct router *router, const struct call *like, struct policy *policy,
        const struct envelope *envelope, const struct draft *draft);

/* From here on it is one that was given up. */
void added_forget(struct call *call);

/* Its callee answered. True where it is a hedge that has become the call: its caller waits for it.
 * Else nobody does, and the slot is the caller's to give back. */
bool added_answered(struct router *router, struct call *call, const struct status *status);

/* Its callee is gone: the same. */
void added_lost(struct router *router, struct call *call);
