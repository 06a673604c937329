/* kernel/router/rules.h - the node's rules, and what they said of calls lately. */
#pragma once

#include "transport/secure/rule.h"

enum { RULES_KEY_SIZE = 16, RULES_VERDICTS = 1024 };

/* What was decided of one kind of call. */
struct rules_verdict {
    uint8_t key[RULES_KEY_SIZE]; /* a keyed hash of who and what */
    const struct rule *rule;     /* borrowed; NULL: none matches */
    bool known;
};

struct rules {
    uint64_t number;    /* of times that they were replaced */
    struct rule *rules; /* owned */
    size_t count;
    struct rules_verdict *verdicts; /* owned: RULES_VERDICTS, while there are rules */
    uint8_t secret[RULES_KEY_SIZE];
};

/* Replaces all rules by `rules`, which are valid and the table's from success on; with none NULL.
 * Returns 0 or -ENOMEM. */
int rules_set(struct rules *table, struct rule *rules, size_t count);

/* Safe on zeroes, and safe twice. */
void rules_deinit(struct rules *table);

/* The rule that decides the call, until the next rules_set; NULL where none does. */
const struct rule *rules_find(struct rules *table, const struct rule_call *call);
