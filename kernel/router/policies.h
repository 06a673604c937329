/* kernel/router/policies.h - all policies of a router: policy.c finds what holds in them,
 * policy_replace.c takes what the supervisor says. */
#pragma once

#include "kernel/router/policy.h"

enum {
    POLICY_RETRY_COST = 100,
    /* An endpoint, and behind it the caller's name and the user's, with a kind in front of each. */
    POLICY_KEY_MAX = PATTERN_SIZE_MAX + 2 * (2 + SCOPE_NAME_MAX)
};

struct known {
    size_t key_size; /* 0: the place is free */
    bool any;        /* something holds */
    struct settings settings;
    uint8_t key[POLICY_KEY_MAX];
};

struct policies {
    struct list list; /* owned: struct policy, the narrowest first */
    uint32_t count;
    uint32_t kinds;       /* of callers that policies are for: a bit for each scope_kind */
    uint64_t next_end_us; /* 0: none ends */
    struct known known[POLICY_ENDPOINTS_KEPT];
};

/* Room for one with the terms, and for its quotas; it is in no list. NULL without memory. */
struct policy *policy_new(const struct terms *terms);

/* Nothing points to it. NULL is fine. */
void policy_free(struct policy *policy);

/* The narrower the higher; by its message and terms. */
uint32_t policy_rank(const struct policy *policy);

/* Takes one off the list; it lives on while calls point to it. */
void policies_drop(struct policies *policies, struct policy *policy);

/* Finds when the next one ends and what callers are told apart by; frees everything where none is
 * left. */
void policies_settle(struct router *router);
