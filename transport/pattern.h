/* transport/pattern.h - sets of endpoints: `service.Method` with wildcards for parts.
 *
 * A pattern is parts divided by dots. `*` stands for any one part, `>` at the end for one or more:
 * `store.*` is every method of store but those of its sub-services (`store.mu.Health`), `store.>`
 * is those too, `>` is everything. */
#pragma once

#include "transport/envelope.h"

enum { PATTERN_SIZE_MAX = 127 }; /* bytes, as of an endpoint */

/* True where `text` is a pattern: what could match an endpoint at all. */
bool pattern_is_valid(struct span text);

/* True where the endpoint, which is valid, is in the set. */
bool pattern_matches(struct span pattern, struct span endpoint);

/* True where each endpoint of `narrow` is one of `wide`. Both are valid. */
bool pattern_covers(struct span wide, struct span narrow);
