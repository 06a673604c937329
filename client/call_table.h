/* client/call_table.h - the calls of one client that are in flight, by number.
 *
 * A number is a slot and that slot's generation, so that finding a call is one look and an answer
 * to a call that is over finds nothing. Numbers stay below CALL_ID_ROUTER: what the router numbers,
 * calls that this process serves, has that bit, and so an ITEM or CREDIT tells by its number whose
 * it is. Pure; its owner has the lock. */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "mu/client.h"
#include "transport/envelope.h"

enum {
    CALL_CHUNK_SLOTS = 64, /* allocated at a time */
    CALL_CHUNKS_MAX = MU_CLIENT_CALLS_MAX / CALL_CHUNK_SLOTS
};

enum pending_kind {
    PENDING_FREE,
    PENDING_WAITED,  /* a thread waits */
    PENDING_BYTES,   /* a callback takes the body */
    PENDING_MESSAGE, /* a callback takes the message */
    PENDING_STREAM
};

/* A thread that waits for an answer; on its stack. */
struct waiter {
    struct mu_result *result; /* borrowed: filled in before `done` */
    atomic_uint done;
};

struct pending {
    uint64_t id;         /* of the call, or the next call of this slot */
    uint64_t give_up_ms; /* of the coarse clock: end it here if nobody else did; 0: never */
    void *user;          /* borrowed: the callback's */
    mu_any_fn then;      /* of a PENDING_MESSAGE */
    union {
        struct waiter *waiter;    /* borrowed: the thread's, until done */
        struct mu_stream *stream; /* borrowed: alive as long as it is in the table */
        mu_result_fn bytes;
        mu_message_fn message;
    } to;
    const ProtobufCMessageDescriptor *type; /* borrowed for good: of a PENDING_MESSAGE */
    uint32_t epoch;                         /* the connection it went by; 0: none yet */
    uint32_t next_free;                     /* slot, or CALL_TABLE_END */
    uint8_t kind;                           /* of enum pending_kind */
    bool traced;
    uint8_t trace[MU_TRACE_SIZE];
};

struct call_table {
    struct pending *chunks[CALL_CHUNKS_MAX]; /* owned, each allocated when it is needed */
    uint32_t slots;                          /* allocated */
    uint32_t open;                           /* in use */
    uint32_t first_free;                     /* slot, or CALL_TABLE_END */
};

void call_table_init(struct call_table *table);

/* Frees the slots; nothing is told to anybody. Safe twice. */
void call_table_deinit(struct call_table *table);

/* A slot with a fresh `id`, for the caller to fill in. NULL when MU_CLIENT_CALLS_MAX are open, or
 * memory has run out. */
struct pending *call_table_take(struct call_table *table);

/* The call with this number, or NULL. */
struct pending *call_table_find(const struct call_table *table, uint64_t id);

/* Ends the call: its number is not found any more. */
void call_table_give(struct call_table *table, struct pending *pending);

/* The first open call from slot `*cursorp` on, and moves the cursor behind it; NULL at the end.
 * Calls may come and go between two looks. */
struct pending *call_table_next(const struct call_table *table, uint32_t *cursorp);
