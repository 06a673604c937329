/* kernel/router/mirror.h - copies of calls, for a version that is to be tried with real ones.
 *
 * A copy is a call without a caller (added.h) from its first moment: it ends with an answer that
 * nobody hears, with the time of the call that it is a copy of, with its callee, or with the caller
 * and the capability of that call; and never the other way round. It takes room only where the
 * callee has more than half of it left, so that no call finds less for it. A call with a key is not
 * copied: its key says that it is to be carried out once. */
#pragma once

#include "kernel/router/policy.h"
#include "kernel/router/route.h"

/* The draft's call was dispatched: sends a copy of it, if it was not refused and is drawn. */
void mirror_copy(struct router *router, struct policy *policy, const struct envelope *envelope,
        const struct draft *draft);

/* Why the setting, which is made, does nothing for the endpoint now; NULL where it does. */
const char *mirror_idle(
        const struct router *router, const struct settings *settings, struct span endpoint);

/* The copy was answered, or its callee is gone. */
void mirror_ended(struct router *router, struct call *copy, bool failed);

/* The time of the call that it is a copy of is over. */
void mirror_expire(struct router *router, struct call *copy);

/* The caller is gone, or the capability by which its calls were copied; NULL: whatever they were
 * made by. */
void mirror_end(struct router *router, struct peer *caller, const struct cap *cap);
