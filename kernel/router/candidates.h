/* kernel/router/candidates.h - who could have been sent a call, and why each was not. Asked for
 * what was refused, or went further than it had to, and never for a call that went well. */
#pragma once

#include "kernel/router/journal.h"

struct draft;
struct peer;
struct router;

/* Writes down all who offer the draft's service but the one that it was sent to (NULL: nobody):
 * instances here, then ways to other nodes. The first JOURNAL_DECISIONS_MAX of them, and how many
 * there were in all. */
void candidates_list(const struct router *router, const struct draft *draft,
        const struct peer *sent_to, struct decisions *decisions);
