/* services/network/link/tell.h - what a neighbour is told. */
#pragma once

#include "services/network/link/routes.h"

/* The next message for a neighbour, in `*messagep`, borrowed from routes until the next one. False
 * where there is none now. */
bool tell_next(
        struct routes *routes, struct neighbour *neighbour, struct span *messagep, uint64_t now_ms);

/* When there will be one; UINT64_MAX for not before something happens. */
uint64_t tell_due(struct neighbour *neighbour, uint64_t now_ms);

/* Everything that the neighbour did not confirm is told once more. */
void tell_again(struct routes *routes, struct neighbour *neighbour);

/* Everything is told from the beginning, in mentions; not more often than digests may ask for it.
 */
void tell_anew(struct routes *routes, struct neighbour *neighbour, uint64_t now_ms);
