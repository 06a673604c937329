/* kernel/router/call.h - the calls under way: a fixed table of slots, and an index by caller and
 * id.
 *
 * Towards the callee a call's id is CALL_ID_ROUTER, the slot's generation and its index, so that
 * finding it costs no search and an id of a call that is over finds nothing. Callers pick ids of
 * their own, below CALL_ID_ROUTER; those are found through a hash table of the caller's own, with
 * linear probing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "kernel/router/limits.h"
#include "kernel/router/wheel.h"
#include "transport/envelope.h"

struct cap;
struct claim;
struct kept;
struct keyed;
struct peer;
struct policy;
struct quota;
struct user;
struct waiter;

/* Limits of calls and of bytes that one call may be under, two on each of three levels. */
enum { CALL_QUOTAS_MAX = 6 };

struct call {
    struct peer *caller;    /* borrowed: until it detaches; NULL: nobody waits for the answer: its
                               caller    gave up, or the router added the call itself (added.h) */
    struct peer *callee;    /* borrowed: until it detaches; NULL: the slot is free */
    const struct cap *cap;  /* borrowed: it let the call through and goes after it; NULL: of one who
                               needs none */
    struct claim *claim;    /* borrowed: of its caller at its callee */
    struct user *on_behalf; /* held: whose call it is; NULL: nobody's */
    struct policy *watched; /* held: whose breaker is told how it ends */
    struct quota *quotas[CALL_QUOTAS_MAX]; /* borrowed: of policies that are held */
    uint32_t quota_count;                  /* of those in which it counts … */
    uint32_t quota_bytes;                  /* … with so many bytes */
    struct policy *added;  /* held: the policy by which the router added it; NULL: it did not */
    struct call *twin;     /* of a hedge the call that it is for, and the other way round */
    struct kept *kept;     /* owned: while it may be sent again */
    struct keyed *keyed;   /* owned: of a call that came with a key; else NULL */
    struct waiter *waiter; /* owned: while it waits for an instance; else NULL */
    uint64_t caller_id;
    uint64_t origin;       /* the node channel or client's by which it came, or that on whose behalf
                              it is; 0: none */
    struct list by_caller; /* in caller->calls_made */
    struct list by_callee; /* in callee->calls_taken */
    struct list by_parent; /* in parent's children */
    struct list children;  /* calls that the callee makes on behalf of this one */
    struct wheel_timer timer;
    uint64_t deadline_us; /* 0: none */
    uint64_t started_us;
    int64_t window_up;   /* bytes of items that the caller may send */
    int64_t window_down; /* bytes of items that the callee may send */
    enum envelope_shape shape;
    uint32_t generation;
    uint32_t next_free; /* index, while the slot is free */
    bool ended_up;      /* the caller said END */
    bool probe;         /* by its end an instance that was left out is judged */
    bool trace_made;    /* the caller gave none: the result tells it */
    uint8_t trace[TRACE_SIZE];
};

/* One place of an index. The hash stands here, so that looking along them touches no calls. */
struct call_place {
    uint32_t slot; /* the call's number + 1; 0: the place is free */
    uint32_t hash; /* of its id */
};

/* The open calls of one caller, by the ids that it picked. Ids are taken as they are, since most
 * callers count or number slots, and neighbours in the table share cache lines; a caller whose ids
 * collide is mixed from then on. */
struct call_index {
    struct call_place *places; /* owned; NULL while there was no call */
    uint32_t size;             /* a power of two, never over half full */
    uint32_t count;
    bool mixed;
};

/* Safe on zeroes, and safe twice. */
void call_index_deinit(struct call_index *index);

struct call_table {
    struct call *slots; /* owned: ROUTER_CALLS_MAX, touched from the low end */
    uint64_t seed;      /* what ids are mixed with */
    uint32_t used;      /* slots that were ever taken */
    uint32_t free_head; /* index of the last slot given back; UINT32_MAX for none */
    uint32_t count;
};

/* Returns 0 or -ENOMEM. */
int call_table_init(struct call_table *table, uint64_t seed);

/* Safe on zeroes, and safe twice. */
void call_table_deinit(struct call_table *table);

/* A free slot with its generation and lists set, without a caller. NULL where all are taken. */
struct call *call_take_added(struct call_table *table, struct peer *callee);

/* The same with its id pair set, and found by call_find_by_caller from now on. NULL also where no
 * memory is left for the caller's index. */
struct call *call_take(struct call_table *table, struct peer *caller, struct call_index *index,
        uint64_t caller_id, struct peer *callee);

/* Takes the call out of the index: its caller asks for it no more. */
void call_forget_caller(struct call_table *table, struct call_index *index, struct call *call);

/* Has the caller of `from` wait for `to` instead, which has none: by its id it finds that one. */
void call_move_caller(
        struct call_table *table, struct call_index *index, struct call *from, struct call *to);

/* Gives the slot back; it is in no list and no wheel any more. */
void call_give(struct call_table *table, struct call *call);

/* Gives it another id towards its callee. */
void call_renew(struct call *call);

/* The id by which the callee knows it. */
uint64_t call_id(const struct call_table *table, const struct call *call);

/* NULL where there is none. */
struct call *call_find(struct call_table *table, uint64_t id);
struct call *call_find_by_caller(
        const struct call_table *table, const struct call_index *index, uint64_t caller_id);
