/* client/call_plan.h - what a call is made of, before it has a number. */
#pragma once

#include "client/call_table.h"
#include "mu/client.h"
#include "transport/envelope.h"

enum {
    GRACE_MS = 25 /* how long behind a deadline the router's word is waited for */
};

struct call_plan {
    struct envelope envelope;     /* CALL; its spans are borrowed as the caller's arguments are */
    const struct mu_call *parent; /* borrowed: whom it is made for, or NULL */
    uint32_t wait_ms;             /* how long the caller waits; UINT32_MAX: for ever */
    uint8_t trace[MU_TRACE_SIZE]; /* a copy of the parent's, where it needs one */
};

/* Fills in `plan` for a call of `client`, or says in `*status` why there will be none. `options`
 * may be NULL. Without a parent in them, the call that this thread is handling is the parent.
 * `plan` must not be moved. */
bool call_plan_make(struct call_plan *plan, const struct mu_client *client, const char *endpoint,
        enum mu_shape shape, struct mu_bytes body, const struct mu_call_options *options,
        struct mu_status *status);

/* Says that a request of `size` bytes is over MU_MESSAGE_MAX. */
void call_plan_refuse_size(size_t size, struct mu_status *status);

/* Keeps the trace in `call`, for its result, where there is one. */
void call_plan_keep_trace(const struct call_plan *plan, struct pending *call);
