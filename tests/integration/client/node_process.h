/* tests/integration/client/node_process.h - what node.c and node_remote.c share. */
#pragma once

#include "tests/integration/client/node.h"

/* Starts a process that does not outlive this one. */
pid_t node_spawn(char *const *argv);

/* Ends the probes, and checks that each exits with 0. */
void node_stop_probes(struct node *node);

/* Removes the node's folder. */
void node_remove(const struct node *node);
