/* kernel/router/candidates.h - who could have been sent a call, and why each was not. Asked for
 * what was refused, or went further than it had to, and never for a call that went well. */
#pragma once

#include "kernel/router/journal.h"

struct draft;
struct envelope;
struct peer;
struct router;

/* Why `peer` is not sent the caller's call; CAUSE_FIT where it could be. */
enum cause candidates_room(
        const struct peer *caller, const struct peer *peer, const struct envelope *envelope);

/* Writes down all who offer the draft's service but the one that it was sent to (NULL: nobody):
 * instances here, then ways to other nodes. The first JOURNAL_DECISIONS_MAX of them, and how many
 * there were in all. */
void candidates_list(const struct router *router, const struct draft *draft,
        const struct peer *sent_to, struct decisions *decisions);
