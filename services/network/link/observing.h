/* services/network/link/observing.h - questions to other nodes (observer.h) are carried: over
 * links, to this node's own router and supervisor, back to who asked. With the mesh's lock. */
#pragma once

#include "mu/link/v1/link.pb-c.h"
#include "services/network/link/inbox.h"
#include "services/network/link/linked.h"

struct mesh;

/* A linked node asks, or answers. */
void observing_hear_question(
        struct mesh *mesh, const struct linked_node *node, const Mu__Link__V1__Question *question);
void observing_hear_answer(
        struct mesh *mesh, const struct linked_node *node, const Mu__Link__V1__Answer *answer);

/* Link number `link` is down. */
void observing_down(struct mesh *mesh, uint64_t link);

/* Nobody is asked any more, because of `why`: answers all that wait. */
void observing_stop(struct mesh *mesh, const char *why);

/* Answers what waited in vain. Returns when to come again (base/clock.h). */
uint64_t observing_due(struct mesh *mesh, uint64_t now_ms);
