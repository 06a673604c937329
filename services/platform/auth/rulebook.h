/* services/platform/auth/rulebook.h - the rules that are kept (transport/secure/rule.h says what
 * they mean).
 *
 * Puts go into the book's open transaction: the caller commits, and then reads the rules anew. */
#pragma once

#include <stdint.h>

#include "services/platform/auth/auth_limits.h"
#include "services/platform/auth/book.h"
#include "transport/secure/rule.h"

struct rulebook {
    uint32_t count;
    struct rule each[RULES_MAX]; /* the highest priority first, then those that deny, then by id */
};

enum rulebook_outcome {
    RULEBOOK_OK,
    RULEBOOK_WHO,       /* not `user:NAME`, `service:NAME`, either with `*` at the end, or `*` */
    RULEBOOK_ENDPOINTS, /* no pattern of endpoints */
    RULEBOOK_REASON     /* too long, or not one line of text */
};

/* Fills `*rule` but for its id, or says what is wrong, and `*rule` is not set. */
enum rulebook_outcome rulebook_make(
        struct rule *rule, const char *who, const char *endpoints, const char *reason);

/* Reads all. 0 or -errno. */
int rulebook_load(struct book *book, struct rulebook *rules);

/* Keeps one that has no id, and gives it one over 0 that none had before. BOOK_OK; BOOK_FULL, also
 * where there are RULES_MAX; or -errno. */
int rulebook_add(struct book *book, const struct rulebook *rules, struct rule *rule);

/* BOOK_OK, BOOK_NONE or -errno. */
int rulebook_remove(struct book *book, uint64_t id);

/* The one with this id; NULL where there is none. */
const struct rule *rulebook_find(const struct rulebook *rules, uint64_t id);
