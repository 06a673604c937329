/* answer.h - what a call gave, printed. */
#pragma once

#include "services/interface/mu/request.h"

/* Prints one reply or item: as JSON (indented on a terminal), or its bytes with -o raw. Returns
 * EXIT_OK or an exit status. */
int answer_print(
        const struct cli *cli, const struct request *request, struct mu_bytes body, bool is_item);

/* With --trace or -v, says how long it took and by which trace (MU_TRACE_SIZE bytes) it went; and
 * with --trace the traceparent by which others go on with it. */
void answer_trace(const struct cli *cli, const struct request *request, uint64_t started_us,
        const uint8_t *trace);

/* Did nobody take the call, so that it may be one of the node's services that is not up? */
bool answer_is_away(const struct mu_status *status);

/* Says how the call failed, of a service that is not up why, and by `trace` (NULL: not known) how
 * to see more. Returns the exit status. */
int answer_failure(struct cli *cli, const struct request *request, const struct mu_status *status,
        const uint8_t *trace);
