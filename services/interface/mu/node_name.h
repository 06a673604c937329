/* node_name.h - what a node is called in its network: the first part of `node.owner`. */
#pragma once

#include "services/interface/mu/cli.h"

enum { NODE_NAME_MAX = 32 }; /* bytes with the final NUL: two of them and a dot fit a certificate */

/* Makes a name of `text`, a host's for instance: its first part in lower case, `-` for what a name
 * cannot hold, "node" where nothing is left. */
void node_name_make(const char *text, char name[NODE_NAME_MAX]);

/* The name in `given` (a flag's value), or where that is NULL one made of what the node is called
 * on this machine. Returns EXIT_OK, or EXIT_USAGE after saying what is wrong. */
int node_name_choose(struct cli *cli, const char *given, char name[NODE_NAME_MAX]);

/* True for lower-case letters, digits and `-`, which neither begins nor ends it. */
bool node_name_is_valid(const char *text);
