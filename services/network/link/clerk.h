/* services/network/link/clerk.h - the thread that deals with what happened and with what is due. */
#pragma once

#include "services/network/link/mesh.h"

/* What links call: it puts everything into the inbox. */
extern const struct links_events clerk_events;

/* Returns 0 or -errno. */
int clerk_start(struct mesh *mesh);

/* Has it look again at what is due. */
void clerk_wake(struct mesh *mesh);

/* Waits for the end of the thread. Fine where it does not run. */
void clerk_stop(struct mesh *mesh);
