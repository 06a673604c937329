/* services/platform/auth/audit.h - the audit log: what was done about rights, in order, for good.
 *
 * Each entry's hash is BLAKE2b-256("mu.audit.v1" ‖ 0 ‖ the hash before ‖ the entry), so none can be
 * changed, left out or put between without all hashes behind it; who noted the last hash elsewhere
 * knows whether anything before it was. An entry lasts with the change that it is about, in one
 * commit. The oldest go when there are AUDIT_ENTRIES_MAX; the hash before the first that stays is
 * kept. Time is an argument. */
#pragma once

#include <stdint.h>

#include "services/platform/auth/auth_limits.h"
#include "services/platform/auth/book.h"

enum { AUDIT_HASH_SIZE = 32 };

/* What is appended; longer texts are cut at AUDIT_TEXT_MAX, where a character ends. */
struct audit_event {
    const char *event; /* borrowed, as all of them */
    const char *by;
    const char *about;
    const char *detail; /* or NULL */
};

struct audit_entry {
    uint64_t number; /* from 1 on */
    uint64_t time_ms;
    char event[AUDIT_TEXT_MAX + 1];
    char by[AUDIT_TEXT_MAX + 1];
    char about[AUDIT_TEXT_MAX + 1];
    char detail[AUDIT_TEXT_MAX + 1];
    uint8_t hash[AUDIT_HASH_SIZE];
};

/* Where the log begins and ends. */
struct audit_chain {
    uint64_t first;
    uint8_t before[AUDIT_HASH_SIZE]; /* the hash before the first */
    uint64_t last;                   /* 0: it is empty */
    uint8_t hash[AUDIT_HASH_SIZE];   /* of the last */
};

struct audit_verdict {
    uint64_t verified; /* entries that fit */
    uint64_t broken;   /* the first that does not; 0: none */
    const char *why;   /* of the broken one, static */
    uint64_t last;     /* the last that fits, and its hash */
    uint8_t hash[AUDIT_HASH_SIZE];
    uint64_t next; /* where to go on; 0: this was the end */
};

/* Puts an entry at the end, into the book's open transaction. BOOK_OK, BOOK_FULL or -errno. */
int audit_append(struct book *book, const struct audit_event *event, uint64_t now_ms);

/* BOOK_OK or -errno. */
int audit_chain(struct book *book, struct audit_chain *chain);

/* BOOK_OK; BOOK_NONE where there is no such entry (any more); or -errno, -EBADMSG for one that is
 * damaged. */
int audit_get(struct book *book, uint64_t number, struct audit_entry *entry);

/* Computes the hashes of `count` entries anew, the first of them number `from` (0: the first that
 * is kept; else from the one before it is believed, if that is there). BOOK_OK, BOOK_NONE where
 * there is no number `from`, or -errno. */
int audit_verify(struct book *book, uint64_t from, uint64_t count, struct audit_verdict *verdict);
