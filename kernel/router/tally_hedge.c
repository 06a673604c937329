// SPDX-License-Identifier: Apache-2.0
/* What is noted of a call that two instances were sent: it is one call, noted once, with the one
 * that answered; the other one stands among those that were considered for it. */
#include <string.h>

#include "kernel/router/tally_record.h"

void tally_hedged(
        struct router *router, const struct call *call, const struct peer *other, enum cause cause)
{
    struct tally *note = tally_of(router, call);
    struct tally_detail *detail = tally_detail(router, call);

    if (!note->detailed) {
        detail->caller_instance = 0;
        detail->caller_size = 0;
        detail->endpoint_size = 0;
    }
    note->detailed = true;
    detail->decisions = (struct decisions){ .considered = 1, .count = 1 };
    detail->decisions.each[0] = (struct decision){
        .id = other->instance, .pid = other->pid, .party = PARTY_PROCESS, .cause = (uint8_t)cause
    };
}

void tally_moved(struct router *router, const struct call *from, const struct call *to)
{
    struct tally *note = tally_of(router, to);

    list_remove(&tally_of(router, from)->waiting);
    *note = *tally_of(router, from);
    tally_of(router, from)->method = NULL;
    list_init(&note->waiting);
    if (note->detailed)
        *tally_detail(router, to) = *tally_detail(router, from);
}
