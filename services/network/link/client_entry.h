/* services/network/link/client_entry.h - how a client gets in: who came with a client token says
 * which key it has, and is let in or told why not. */
#pragma once

#include "mu/link/v1/link.pb-c.h"
#include "services/network/link/mesh.h"

/* The only message that a client's link brings. With the mesh's lock. */
void client_entry_ask(
        struct mesh *mesh, const struct inbox_item *item, const Mu__Link__V1__ClientAsk *ask);
