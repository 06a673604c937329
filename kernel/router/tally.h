/* kernel/router/tally.h - what the router notes of each call: in its method's row of the meter, and
 * as a record of the journal.
 *
 * A call is noted exactly once, whatever becomes of it: where it is refused (the draft being taken
 * in is over), where it is answered, or where it is aborted. What is known of it in between stands
 * in the call itself. Nothing here allocates, locks, or asks for the time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "kernel/router/journal.h"
#include "kernel/router/meter.h"

struct call;
struct claim;
struct draft;
struct peer;
struct router;
struct verdict;

/* What is noted of a call under way. */
struct tally {
    struct method *method; /* borrowed: for good; NULL: it is noted, or not taken in */
    uint64_t began_us;     /* that it came; before it was sent, where it waited for an instance */
    struct list waiting;   /* in callee->waiting, until the system has it … */
    uint64_t round;        /* … with this round of the callee's outbox */
    uint64_t bytes_up;     /* of bodies, towards the callee */
    uint64_t bytes_down;
    uint32_t items_up;
    uint32_t items_down;
    uint32_t queued_us;
    uint16_t instances; /* that took calls when it came */
    uint8_t hops;       /* links that it came over */
    bool named;         /* `method` is its method's own row */
    bool sent;          /* to a callee, at least once */
    bool detailed;      /* there is a tally_detail */
    uint8_t parent_span[TRACE_SIZE - 16];
};

/* What is noted of few calls: of methods without a row, from other nodes, or sent to one because
 * nobody here could take them. */
struct tally_detail {
    uint64_t caller_instance;
    uint8_t endpoint_size; /* 0: its method has a row */
    uint8_t caller_size;
    char endpoint[ENDPOINT_SIZE_MAX];
    char caller[SERVICE_NAME_MAX + 1];
    struct decisions decisions;
};

struct notebook {
    struct meter meter;
    struct journal journal;
    struct tally *notes;          /* owned: one a call slot … */
    struct tally_detail *details; /* … the same */
    struct draft *draft;          /* borrowed: the call that is being taken in; NULL: none */
    enum cause blame;             /* of the next refusal or abort; CAUSE_NONE: what its code says */
    int64_t wall_us;              /* from the router's clock to that of 1970 */
    uint64_t started_us;          /* by that one: names what was noted; 0: not told yet */
};

/* Returns 0 or -ENOMEM. */
int notebook_init(struct notebook *notebook, uint64_t seed);

/* Safe on zeroes, and safe twice. */
void notebook_deinit(struct notebook *notebook);

/* A call is taken in; tally_opened, tally_refused or tally_replied follow, or it was none. `draft`
 * is borrowed until tally_end. */
void tally_begin(struct router *router, struct draft *draft);
void tally_end(struct router *router);

/* The call has a slot: the draft is taken in. */
void tally_opened(struct router *router, struct call *call);

/* It was put into the outbox of the claim's callee; once more where it is tried again. */
void tally_sent(struct router *router, const struct call *call, const struct claim *claim);

/* It is taken from its callee, to be tried again. */
void tally_taken_back(struct router *router, const struct call *call);

/* Another instance was sent it as well, and what came of that: CAUSE_CANCELLED where it did not
 * answer first, CAUSE_ANSWERED where it failed it, CAUSE_CALLEE_GONE where it was lost. */
void tally_hedged(
        struct router *router, const struct call *call, const struct peer *other, enum cause cause);

/* The call has gone over into another slot, from which it was sent before. */
void tally_moved(struct router *router, const struct call *from, const struct call *to);

/* An item of `size` bytes was sent on. */
void tally_item(struct router *router, struct call *call, size_t size, bool up);

/* A round of what waited for the peer is on its way. */
void tally_left(struct peer *peer, uint64_t now_us);

/* Why the next refusal or abort comes to be, where its code does not say it. */
void tally_blame(struct router *router, enum cause cause);

/* The callee's RESULT was put into the caller's outbox. */
void tally_answered(struct router *router, struct call *call, const struct envelope *result);

/* The same of the RESULT of an earlier call with its key. */
void tally_repeated(struct router *router, struct call *call, const struct envelope *result);

/* The router ends the call. */
void tally_aborted(struct router *router, struct call *call, const struct verdict *verdict);

/* The peer is told the verdict on its call `id`: noted where that is the call being taken in, or
 * one that waited and is not noted yet. */
void tally_refused(
        struct router *router, struct peer *peer, uint64_t id, const struct verdict *verdict);

/* The router answered the peer's call `id` of an endpoint of its own with `size` bytes. As
 * tally_refused. */
void tally_replied(struct router *router, struct peer *peer, uint64_t id, size_t size);

/* The router answered a call of an endpoint of its own that it took in at `began_us`; `verdict` is
 * NULL for OK. For those that are answered later, or not by the core. */
void tally_answered_late(struct router *router, struct peer *peer, const struct envelope *call,
        uint64_t began_us, const struct verdict *verdict);
