/* nodes_network.h - one network of several nodes on this machine. */
#pragma once

#include "services/interface/mu/nodes.h"

#define NODES_ROOT_KEY   "root.key"
#define NODES_PASSPHRASE "root.passphrase"

/* Founds a network with the first node, where none of them is in one, its root key and a generated
 * passphrase in the folder above them; and lets the others in. Says what is wrong. Returns EXIT_OK
 * or an exit status. */
int nodes_unite(struct nodes *nodes);

/* Waits until each of them reaches each other one; where one did not within a moment, has it dial
 * the first. Says who does not. Returns EXIT_OK or an exit status. */
int nodes_wait_links(struct nodes *nodes);
