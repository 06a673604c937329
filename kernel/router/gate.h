/* kernel/router/gate.h - what a policy refuses before a call is sent to anybody: faults, calls over
 * a rate, and more calls or bytes at a time than a scope may have. And how long a call may last. */
#pragma once

#include <string.h>

#include "kernel/router/policy.h"
#include "kernel/router/route.h"

/* What the functions below do where a policy holds. */
bool gate_judge(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft);
void gate_count(struct call *call, const struct draft *draft, uint64_t now_us);
void gate_discount(struct call *call);

/* Finds what holds for the call, into `draft->settings`. False where it is refused, which the
 * caller is told. */
static inline bool gate_admit(struct router *router, struct peer *peer,
        const struct envelope *envelope, struct draft *draft)
{
    draft->settings = policy_find(router, peer, draft->user, envelope->endpoint);
    return draft->settings == NULL || gate_judge(router, peer, envelope, draft);
}

/* The call's time by the policies, in ms; 0: none. */
uint64_t gate_timeout_ms(const struct settings *settings, const struct envelope *envelope);

/* The call has a slot, and counts from now on; it is over, and does no more. */
static inline void gate_enter(struct call *call, const struct draft *draft, uint64_t now_us)
{
    if (draft->settings != NULL && draft->settings->limited)
        gate_count(call, draft, now_us);
}

static inline void gate_leave(struct call *call)
{
    if (call->quota_count != 0)
        gate_discount(call);
}

/* Another slot counts in its place. */
static inline void gate_move(struct call *from, struct call *to)
{
    memcpy(to->quotas, from->quotas, sizeof(to->quotas));
    to->quota_count = from->quota_count;
    to->quota_bytes = from->quota_bytes;
    from->quota_count = 0;
}
