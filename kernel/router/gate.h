/* kernel/router/gate.h - what a policy refuses before a call is sent to anybody: faults, calls over
 * a rate, and more calls at a time than a scope may have. And how long a call may last. */
#pragma once

#include "kernel/router/policy.h"
#include "kernel/router/route.h"

/* Finds what holds for the call, into `draft->rules`. False where it is refused, which the caller
 * is told. */
bool gate_admit(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft);

/* The call's time by the policies, in ms; 0: none. */
uint64_t gate_timeout_ms(const struct rules *rules, const struct envelope *envelope);

/* The call has a slot, and counts from now on; it is over, and does no more. */
void gate_enter(struct call *call, const struct rules *rules);
void gate_leave(struct call *call);
