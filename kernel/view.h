/* kernel/view.h - the node as those see it who ask: the replies of node.Status, node.List
 * and node.mu.Health. */
#pragma once

#include "kernel/node.h"
#include "mu/debug/v1/debug.pb-c.h"
#include "mu/node/v1/node.pb-c.h"

enum { VIEW_REASON_MAX = 128 }; /* bytes with the final NUL */

/* Fills `reply`; its texts are borrowed from the node. */
void view_status(const struct node *node, Mu__Node__V1__StatusReply *reply);

/* Fills `reply`, well where router and registry take calls; a service that does not is no ailment
 * of the node. Why it is not well stands in `reason`, which the reply borrows. */
void view_health(
        const struct node *node, Mu__Debug__V1__HealthReply *reply, char reason[VIEW_REASON_MAX]);

/* The reply in one block, which the caller frees with free(); its texts are the block's and the
 * node's. NULL: out of memory. */
Mu__Node__V1__ListReply *view_list(const struct node *node);
