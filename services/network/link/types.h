/* services/network/link/types.h - types of services travel over links when somebody needs them:
 * asked of the neighbour that told of them, answered from the own registry. With the mesh's lock.
 */
#pragma once

#include "mu/link/v1/link.mu.h"

struct mesh;

/* The peer of link number `link` wants a version's types. What is not here is not answered; it asks
 * again. */
void types_wanted(struct mesh *mesh, uint64_t link, const Mu__Link__V1__TypesWanted *wanted);

/* Somebody has sent types. The registry looks at them: whether it wants them, and whether they are
 * what their hash says. */
void types_take(struct mesh *mesh, const Mu__Link__V1__Types *types);
