/* kernel/router/journal.h - the last calls, one by one.
 *
 * Two rings of fixed records, one for calls that ended with OK and one for the others, so that a
 * flood of good calls does not push out the one that somebody will ask about. Numbers count up over
 * both. What most calls do not need (messages, decisions) stands in a second array beside each
 * ring, whose pages are touched only where it is needed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/router/cause.h"
#include "kernel/router/limits.h"
#include "transport/envelope.h"

struct method;

enum {
    JOURNAL_RINGS = 2,      /* OK, and not OK */
    JOURNAL_TEXT_SIZE = 88, /* bytes of the names in one record; what does not fit is cut */
    DECISION_NODE_SIZE = 33 /* bytes of a node's name in a decision */
};

/* One who could have been sent the call, and was not. */
struct decision {
    uint64_t id; /* an instance, or a node channel */
    uint32_t pid;
    uint8_t party; /* enum party */
    uint8_t cause; /* enum cause */
    uint8_t hops;
    char node[DECISION_NODE_SIZE]; /* cut where it is longer; ends in a NUL */
};

struct decisions {
    uint32_t considered;
    uint32_t count;
    struct decision each[JOURNAL_DECISIONS_MAX];
};

struct journal_record {
    uint64_t seq;
    uint64_t began_us; /* of the router's clock */
    uint64_t took_us;
    uint64_t timeout_us;
    uint64_t id;
    uint64_t call;
    uint64_t caller_instance;
    uint64_t callee_instance;
    uint64_t cap_handle;
    uint64_t bytes_up;
    uint64_t bytes_down;
    const struct method *method; /* borrowed: for good */
    uint32_t queued_us;
    uint32_t items_up;
    uint32_t items_down;
    uint32_t caller_pid;
    uint32_t callee_pid;
    uint8_t trace[TRACE_SIZE];
    uint8_t parent_span[TRACE_SIZE - 16];
    uint16_t instances;
    uint8_t caller_party; /* enum party */
    uint8_t side;         /* enum side */
    uint8_t shape;        /* enum envelope_shape */
    uint8_t code;
    uint8_t executed;
    uint8_t cause;      /* enum cause */
    uint8_t cap_source; /* mu.router.v1.CapSource */
    uint8_t hops;
    bool refused;
    bool detailed; /* journal_detail has more */
    /* Sizes of the names in `text`, one behind the other. */
    uint8_t caller_size;
    uint8_t caller_node_size;
    uint8_t callee_node_size;
    char text[JOURNAL_TEXT_SIZE];
};

struct journal_detail {
    uint8_t endpoint_size; /* 0: it is the method's */
    uint8_t origin_size;
    uint16_t message_size;
    char endpoint[ENDPOINT_SIZE_MAX];
    char origin[SERVICE_NAME_MAX];
    char message[JOURNAL_MESSAGE_MAX];
    struct decisions decisions;
};

struct journal_ring {
    struct journal_record *records; /* owned */
    struct journal_detail *details; /* owned */
    uint32_t size;
    uint64_t written; /* ever */
};

struct journal {
    struct journal_ring rings[JOURNAL_RINGS];
    uint64_t last; /* number of the newest record; 0: none */
};

/* Returns 0 or -ENOMEM. */
int journal_init(struct journal *journal);

/* Safe on zeroes, and safe twice. */
void journal_deinit(struct journal *journal);

/* The place of a new record, of a call that ended with `code`: `seq` and `code` are set, all else
 * is the caller's to write. */
struct journal_record *journal_add(struct journal *journal, uint32_t code);

/* Room for what else there is to say of a record that is in the journal. */
struct journal_detail *journal_detail(
        const struct journal *journal, const struct journal_record *record);

/* The first `max` bytes of a text that is UTF-8, or a few less, so that it still is. */
struct span journal_cut(struct span text, size_t max);

/* Appends to the record's names, cut where there is no room. Returns how many bytes it took. */
uint8_t journal_put_text(struct journal_record *record, size_t used, struct span text);

/* A place between two records. */
struct journal_cursor {
    uint64_t at[JOURNAL_RINGS]; /* records of each ring that lie before it */
};

/* The place before the first record with a number above `since`. */
struct journal_cursor journal_seek(const struct journal *journal, uint64_t since);

/* The record behind the cursor, and the one before it, which is then on the other side of it. NULL
 * at the end. */
const struct journal_record *journal_next(
        const struct journal *journal, struct journal_cursor *cursor);
const struct journal_record *journal_previous(
        const struct journal *journal, struct journal_cursor *cursor);

/* How many records with a number above `since` were forgotten. */
uint64_t journal_missed(const struct journal *journal, uint64_t since);
