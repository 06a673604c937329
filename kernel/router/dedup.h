/* kernel/router/dedup.h - the keys that calls came with, and what became of the calls.
 *
 * A record is found by a hash of its caller and key, and knows its call by another one, of endpoint
 * and body. Both are keyed with a secret of the table's, so that nobody who picks keys or bodies
 * picks where they meet. It is OPEN while its call is under way; behind that it stays for
 * DEDUP_KEEP_MS. It is removed before only where the call was certainly not carried out: then
 * nothing needs to be remembered.
 *
 * Room is shared by holders, those who answer for what they put in: one may have another record, or
 * another byte of answers, as long as it has no more of them than are left. So the first takes half
 * of the table at most, the next one half of what is left, and who comes late finds room. To an
 * answer that finds none the oldest ones of its own holder give way; a record never does. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "kernel/router/dedup_limits.h"
#include "transport/envelope.h"

enum {
    DEDUP_HASH_SIZE = 16,
    DEDUP_SECRET_SIZE = 32,
    DEDUP_NODE_SIZE = 32 /* bytes of a node's id */
};

struct dedup_hash {
    uint8_t bytes[DEDUP_HASH_SIZE];
};

enum dedup_state {
    DEDUP_OPEN,     /* the call is under way */
    DEDUP_ANSWERED, /* it was carried out and answered */
    DEDUP_UNKNOWN   /* it ended, and may have been carried out */
};

struct dedup_record {
    struct dedup_record *next; /* in its bucket */
    struct dedup_holder *holder;
    struct list by_end;    /* in the table's `ended` unless OPEN */
    struct list by_answer; /* in the holder's `answers` while one is kept */
    struct list waiters;   /* the user's: who wants the same answer; empty unless OPEN */
    struct dedup_hash id;
    struct dedup_hash content;
    uint64_t ended_us;
    uint8_t *answer; /* owned: status, then body; NULL: none is kept */
    uint32_t status_size;
    uint32_t body_size;
    enum dedup_state state;

    /* The user's, too: of a call that another node may have carried out. */
    bool again;                    /* it may only be asked what became of it */
    bool there;                    /* `node` is the node to ask */
    uint8_t node[DEDUP_NODE_SIZE]; /* its id */
};

struct dedup_holder {
    struct dedup_holder *next; /* in its bucket */
    struct dedup_hash id;
    struct list answers; /* struct dedup_record.by_answer, the oldest first */
    size_t answers_size; /* bytes */
    uint32_t count;      /* records; without one the holder goes */
};

struct dedup {
    struct dedup_record **records; /* owned buckets */
    struct dedup_holder **holders; /* owned buckets */
    struct list ended;             /* struct dedup_record.by_end, the oldest first */
    size_t answers_size;
    uint32_t count;
    uint8_t secret[DEDUP_SECRET_SIZE];
};

/* Returns 0 or -ENOMEM. */
int dedup_init(struct dedup *table, const uint8_t secret[DEDUP_SECRET_SIZE]);

/* Nobody waits any more. Safe on zeroes, and safe twice. */
void dedup_deinit(struct dedup *table);

/* A hash of the parts, and of where one ends and the next one begins. */
struct dedup_hash dedup_hash(const struct dedup *table, const struct span *parts, size_t count);

/* Removes some of what has been kept for its time. */
void dedup_sweep(struct dedup *table, uint64_t now_us);

/* The record of a caller's key; NULL where there is none, or none any more. Sweeps. */
struct dedup_record *dedup_find(struct dedup *table, const struct dedup_hash *id, uint64_t now_us);

/* A new record, OPEN, of a key that has none. NULL where the holder has as many as are left, or
 * without memory. */
struct dedup_record *dedup_add(struct dedup *table, const struct dedup_hash *holder,
        const struct dedup_hash *id, const struct dedup_hash *content);

/* The call of an OPEN record was carried out. Keeps the answer, if it finds room. */
void dedup_answer(struct dedup *table, struct dedup_record *record, struct span status,
        struct span body, uint64_t now_us);

/* The call of an OPEN record ended, and may have been carried out. */
void dedup_doubt(struct dedup *table, struct dedup_record *record, uint64_t now_us);

/* The call of a record in doubt is asked for once more: it is OPEN again. */
void dedup_reopen(struct dedup_record *record);

/* Forgets the key. Nobody waits for its call. */
void dedup_remove(struct dedup *table, struct dedup_record *record);

static inline struct span dedup_status(const struct dedup_record *record)
{
    return (struct span){ record->answer, record->status_size };
}

static inline struct span dedup_body(const struct dedup_record *record)
{
    return (struct span){ record->answer + record->status_size, record->body_size };
}
