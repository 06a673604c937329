/* kernel/router/report.h - router.Meter and router.Calls: what the router noted, as messages. Who
 * may ask is decided before: whoever owns the node, and processes with a capability for them. */
#pragma once

#include "kernel/router/core.h"
#include "kernel/router/say.h"

void report_meter(struct router *router, struct peer *peer, const struct envelope *envelope);
void report_calls(struct router *router, struct peer *peer, const struct envelope *envelope);

/* What both share: the refusal, a time of the router's in us since 1970, and whether `size` bytes
 * are the text. */
extern const struct verdict report_no_memory;
uint64_t report_wall(const struct router *router, uint64_t time_us);
bool report_is(const char *name, size_t size, const char *wanted);
