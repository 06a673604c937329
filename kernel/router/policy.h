/* kernel/router/policy.h - what operators set for calls on their way, and which of it holds for a
 * call.
 *
 * A call takes each setting from the narrowest policy that makes it. That is found once an endpoint
 * and caller and kept until a policy changes or ends, so that a call costs one look into a table;
 * where there are no policies, it costs the test of a pointer. */
#pragma once

#include "kernel/router/core.h"
#include "kernel/router/policy_limits.h"
#include "kernel/router/quota.h"
#include "transport/terms.h"

enum setting {
    SETTING_TIMEOUT,
    SETTING_TIMEOUT_MAX,
    SETTING_IN_FLIGHT, /* the first limit */
    SETTING_BYTES,
    SETTING_RATE, /* the last one */
    SETTING_RETRIES,
    SETTING_BREAKER,
    SETTING_WEIGHTS,
    SETTING_LABELS,
    SETTING_FAULT,
    SETTING_HEDGE,
    SETTING_MIRROR,
    SETTINGS
};

enum { LIMITS = SETTING_RATE - SETTING_IN_FLIGHT + 1 };

/* Limits hold beside each other: a call keeps to those for everybody, for who makes it, and for
 * whom it is made, the narrowest of each level. */
enum level {
    LEVEL_ALL,
    LEVEL_CALLER, /* a service, another node, a client */
    LEVEL_USER,
    LEVELS
};

struct policy {
    struct list link; /* in policies.list */
    uint32_t held;    /* calls that point to it: it lives on with them */
    bool stands;      /* it is in the list */
    uint64_t ends_us; /* 0: it lasts */
    uint32_t rank;    /* the narrower the higher */
    struct terms terms;
    struct quota quota;       /* of its calls; of those of callers who found no place in `each` */
    struct quota_table *each; /* owned; NULL unless each caller is counted by itself */
    uint32_t retry_level;     /* of the budget: 100 for a retry or a hedge */
    uint64_t refused;
    uint64_t retries;
    uint64_t retries_spared;
    uint64_t faults;
    uint64_t ejections;
    uint64_t hedges;
    uint64_t hedges_won;
    uint64_t mirrored;
    uint64_t mirror_failed;
    uint64_t mirror_skipped;
    Mu__Router__V1__Policy *message; /* owned: its scope, and what it says */
};

/* Of one endpoint and caller: where each setting comes from; NULL: it is not made. All borrowed
 * until a policy changes or ends. */
struct settings {
    struct policy *by[SETTINGS];           /* of those that are no limits */
    struct policy *limits[LEVELS][LIMITS]; /* of those that are */
    bool limited;                          /* there is such a one */
};

static inline bool setting_is_limit(enum setting setting)
{
    return setting >= SETTING_IN_FLIGHT && setting <= SETTING_RATE;
}

/* The place of a limit. */
static inline struct policy **settings_limit(
        struct settings *settings, enum level level, enum setting setting)
{
    return &settings->limits[level][setting - SETTING_IN_FLIGHT];
}

struct policies;

/* Frees them. Every call is over already. */
void policies_forget_all(struct router *router);

/* router.Policies, which is the supervisor's. */
void policies_replace(struct router *router, struct peer *peer, const struct envelope *envelope);

/* What holds for calls of the endpoint by such a caller, into `*settings`. False where nothing
 * does. */
bool policies_resolve(struct router *router, struct span endpoint, const struct scope_call *whose,
        struct settings *settings);

/* Whose a call of the peer's on behalf of `user` (NULL: nobody's) is. Borrows their names. */
void policy_whose(struct scope_call *whose, const struct peer *caller, const struct user *user);

/* What holds for such a call, kept for the next one; NULL where nothing does. Borrowed until the
 * next call of either. */
const struct settings *policies_find(struct router *router, const struct peer *caller,
        const struct user *user, struct span endpoint);

static inline const struct settings *policy_find(struct router *router, const struct peer *caller,
        const struct user *user, struct span endpoint)
{
    return router->policies == NULL ? NULL : policies_find(router, caller, user, endpoint);
}

/* A call points to it, and does no more. policy_release may free it. */
struct policy *policy_hold(struct policy *policy);
void policy_release(struct policy *policy);

/* One of its calls came, which earns it POLICY_RETRY_PERCENT of a retry; one is to be sent once
 * more, as a retry or as a hedge, which costs one. False where the budget has none. */
void policy_earn(struct policy *policy);
bool policy_spend(struct policy *policy);
