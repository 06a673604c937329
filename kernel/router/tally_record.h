/* kernel/router/tally_record.h - what the files of the tally share: the notes beside a call's slot,
 * and the parts of which a record in the journal is made. */
#pragma once

#include <string.h>

#include "kernel/router/core.h"

/* How a call ended. */
struct tally_ending {
    uint32_t code;
    uint32_t executed;
    enum cause cause;
    struct span message;
    struct span origin;
};

static inline struct tally *tally_of(const struct router *router, const struct call *call)
{
    return &router->notebook.notes[call - router->calls.slots];
}

static inline struct tally_detail *tally_detail(
        const struct router *router, const struct call *call)
{
    return &router->notebook.details[call - router->calls.slots];
}

static inline enum side tally_side(const struct peer *callee)
{
    return callee->neighbour != NULL ? SIDE_THERE : SIDE_HERE;
}

static inline struct span tally_text(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

/* How the router ends a call, and why where nobody was blamed. */
struct tally_ending tally_judge(struct router *router, const struct verdict *verdict, bool refused);

/* The span in which a call is made. */
void tally_parent_span(const struct draft *draft, uint8_t span[TRACE_SIZE - 16]);

/* Who calls; `service` and `instance` are what another node says of it. */
void tally_caller(struct journal_record *record, const struct router *router,
        const struct peer *caller, struct span service, uint64_t instance);

/* Who was called. Behind tally_caller, as their texts share one room. */
void tally_callee(struct journal_record *record, const struct peer *callee);

/* By what right, NULL for none. */
void tally_cap(struct journal_record *record, const struct cap *cap);

/* What there is to say of few records. Borrowed: the journal's. */
struct journal_detail *tally_details(const struct router *router, struct journal_record *record,
        const struct tally_ending *ending);
