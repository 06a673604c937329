/* kernel/router/hedge.h - a call that is not answered in time is sent to a second instance of this
 * node as well, and the first good answer counts.
 *
 * The hedge is a call without a caller (added.h), tied to the one that it is for by `twin`. The
 * caller's side - its id, deadline, place among the caller's calls and in a policy's in-flight
 * limit
 * - hangs on one of the two slots at any time. Where the hedge answers first, or the first callee
 * fails, that side goes over to the hedge's slot, which is from then on the call; the other slot is
 * one that was given up. So each way in which a call ends is the code that all calls have: whatever
 * ends the caller's side ends the hedge, since the call is kept (retry.h) while it has one.
 *
 * **Only what is idempotent is hedged:** by the word of the policy, or of both instances. At most
 * once a call, and at the expense of the budget that retries have; never a call with a key, which
 * one callee alone is sent (keyed.h). */
#pragma once

#include "kernel/router/policy.h"
#include "kernel/router/route.h"

/* True where the call is to be kept, since it may be hedged. */
bool hedge_may(const struct router *router, const struct envelope *envelope,
        const struct settings *settings);

/* Whose budget retries and hedges share, where either of the settings is made. */
struct policy *hedge_budget(const struct settings *settings);

/* Why the setting, which is made, does nothing for the endpoint now; NULL where it does. */
const char *hedge_idle(
        const struct router *router, const struct settings *settings, struct span endpoint);

/* A kept call was sent to an instance: it is hedged when its time has come (retry_watch). */
void hedge_watch(struct router *router, struct call *call, const struct settings *settings);
void hedge_due(struct router *router, struct call *call);

static inline void hedge_sent(
        struct router *router, struct call *call, const struct settings *settings)
{
    if (call->kept != NULL && call->keyed == NULL && settings != NULL &&
            settings->by[SETTING_HEDGE] != NULL)
        hedge_watch(router, call, settings);
}

/* The hedge was answered. True where it has become the call; else the call waits for its own callee
 * alone. */
bool hedge_answered(struct router *router, struct call *hedge, uint32_t code);

/* The hedge's callee is gone: the call waits for its own alone. */
void hedge_lost(struct router *router, struct call *hedge);

/* The call's own callee failed it: the hedge becomes the call, and the slot is given back. */
void hedge_outlive(struct router *router, struct call *call);

/* The call is over for its caller: so is its hedge. */
void hedge_drop(struct router *router, struct call *call);
