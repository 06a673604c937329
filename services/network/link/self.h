/* services/network/link/self.h - this node, as it is shown to people (mu.link.v1.Self), and where
 * they say that it is. */
#pragma once

#include "services/network/link/mesh.h"
#include "transport/secure/node_id.h"

/* The message with what it points to. */
struct self {
    Mu__Link__V1__Self message;
    char id[NODE_ID_SIZE + 1];
    char network[2 * NETWORK_ID_SIZE + 1];
    char *addresses[TOKEN_ADDRESSES_MAX];
};

/* Fills it from the mesh, with its lock; it borrows from both until the lock is let go. */
void self_fill(struct self *self, struct mesh *mesh);

/* Takes over where this node is to be found. Where that is nowhere, `call` is answered: false. */
bool self_take_whereabouts(struct mu_call *call, struct whereabouts *whereabouts,
        const char *listen, char *const *addresses, size_t address_count);
