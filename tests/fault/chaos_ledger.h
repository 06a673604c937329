/* tests/fault/chaos_ledger.h - what became of each addition that a campaign asked for, and whether
 * the counter's own books agree. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "mu/client.h"

enum { LEDGER_MAX = 4000000 }; /* additions of one campaign */

/* What the caller was told. */
enum ledger_word {
    LEDGER_NOTHING, /* not made, or not ended */
    LEDGER_DONE,    /* answered with OK */
    LEDGER_NO,      /* failed, executed NO */
    LEDGER_UNKNOWN  /* failed, executed UNKNOWN */
};

struct ledger {
    _Atomic uint8_t *words; /* owned: LEDGER_MAX of enum ledger_word */
    atomic_uint made;       /* additions that were numbered so far */
    atomic_uint twice;      /* ends told a second time */
};

struct ledger_sum {
    uint64_t done;
    uint64_t no;
    uint64_t unknown;
    uint64_t unknown_executed; /* of those, how many the counter knows */
};

void ledger_init(struct ledger *ledger);
void ledger_deinit(struct ledger *ledger);

/* The next addition's number, from 0. */
unsigned ledger_take(struct ledger *ledger);

/* Writes down how it ended. */
void ledger_write(struct ledger *ledger, unsigned number, const struct mu_status *status);

/* Asks the counter about every addition: what was DONE was carried out once, what was NO never,
 * what is UNKNOWN at most once, and the counter holds just as many. */
struct ledger_sum ledger_check(struct ledger *ledger, struct mu_client *client);
