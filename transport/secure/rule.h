/* transport/secure/rule.h - rules: what is refused to whom, besides what capabilities and tokens
 * say. Pure: the router decides calls by them, and whoever keeps them can tell what it will say. */
#pragma once

#include "transport/pattern.h"
#include "transport/secure/identity_limits.h"

enum { RULE_WHO_MAX = 8 + ACCESS_SUBJECT_MAX }; /* bytes: `service:` and a name */

struct rule {
    uint64_t id;       /* not 0 */
    uint32_t priority; /* of all rules that match, those of the highest count */
    bool deny;         /* among rules of one priority, one that denies counts */
    char who[RULE_WHO_MAX + 1];
    char endpoints[PATTERN_SIZE_MAX + 1];
    char reason[RULE_REASON_MAX + 1]; /* told to whom it refuses; may be empty */
};

/* A call that is to be decided. */
struct rule_call {
    const char *subject;  /* on whose behalf; "": nobody's */
    const char *service;  /* that calls; "": none */
    bool is_foreign;      /* of another node: who it is, is not known here */
    struct span endpoint; /* valid */
};

/* True for what a rule may say of who calls: `*`, everybody; `user:NAME` or `service:NAME`, with
 * `*` at the end for every name that begins so. */
bool rule_who_is_valid(const char *who);

/* True where the rule has an id, and its texts are what they should be. */
bool rule_is_valid(const struct rule *rule);

/* True where the rule speaks of the call. Calls of other nodes match `*` alone. */
bool rule_matches(const struct rule *rule, const struct rule_call *call);

/* The rule that decides the call, borrowed from `rules`, which are valid; NULL where none matches.
 * Of several of one priority and effect the first. */
const struct rule *rules_decide(
        const struct rule *rules, size_t count, const struct rule_call *call);
