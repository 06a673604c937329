/* kernel/router/policy.h - what operators set for calls on their way, and which of it holds for a
 * call.
 *
 * A call takes each setting from the narrowest policy that makes it. That is found once an endpoint
 * and caller and kept until a policy changes or ends, so that a call costs one look into a table;
 * where there are no policies, it costs the test of a pointer. */
#pragma once

#include "kernel/router/bucket.h"
#include "kernel/router/core.h"
#include "kernel/router/policy_limits.h"
#include "transport/terms.h"

enum setting {
    SETTING_TIMEOUT,
    SETTING_TIMEOUT_MAX,
    SETTING_IN_FLIGHT,
    SETTING_RATE,
    SETTING_RETRIES,
    SETTING_BREAKER,
    SETTING_WEIGHTS,
    SETTING_LABELS,
    SETTING_FAULT,
    SETTINGS
};

struct policy {
    struct list link; /* in policies.list */
    uint32_t held;    /* calls that point to it: it lives on with them */
    bool stands;      /* it is in the list */
    uint64_t ends_us; /* 0: it lasts */
    uint32_t rank;    /* the narrower the higher */
    struct terms terms;
    struct bucket rate;
    uint32_t retry_level; /* of the budget: 100 for a retry */
    uint32_t in_flight;
    uint64_t refused;
    uint64_t retries;
    uint64_t retries_spared;
    uint64_t faults;
    uint64_t ejections;
    Mu__Router__V1__Policy *message; /* owned: its scope, and what it says */
};

/* Of one endpoint and caller: where each setting comes from; NULL: it is not made. */
struct settings {
    struct policy *by[SETTINGS]; /* borrowed: until a policy changes or ends */
};

struct policies;

/* Frees them. Every call is over already. */
void policies_forget_all(struct router *router);

/* router.Policies, which is the supervisor's. */
void policies_replace(struct router *router, struct peer *peer, const struct envelope *envelope);

/* What holds for calls of the endpoint by the service `caller` ("" for none), into `*settings`.
 * False where nothing does. */
bool policies_resolve(
        struct router *router, struct span endpoint, struct span caller, struct settings *settings);

/* The same for a call of the peer's, kept for the next one; NULL where nothing holds. Borrowed
 * until the next call of either. */
const struct settings *policies_find(
        struct router *router, const struct peer *caller, struct span endpoint);

static inline const struct settings *policy_find(
        struct router *router, const struct peer *caller, struct span endpoint)
{
    return router->policies == NULL ? NULL : policies_find(router, caller, endpoint);
}

/* A call points to it, and does no more. policy_release may free it. */
struct policy *policy_hold(struct policy *policy);
void policy_release(struct policy *policy);

/* One of its calls came, which earns it POLICY_RETRY_PERCENT of a retry; one is to be tried again,
 * which costs one. False where the budget has none. */
void policy_earn(struct policy *policy);
bool policy_spend(struct policy *policy);
