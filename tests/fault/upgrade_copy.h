/* tests/fault/upgrade_copy.h - a second installation of a node's programs, and giving a node to it.
 */
#pragma once

#include "tests/integration/supervisor/node.h"

enum { COPY_PATH_MAX = 256 };

/* Copies mu-node and what it starts to DIR/<name>/libexec/mu; `prefix` is DIR/<name> then. */
void copy_make(const struct node *node, const char *name, char prefix[COPY_PATH_MAX]);

/* node.Upgrade. */
enum mu_code copy_take_over(struct node *node, const char *prefix, struct mu_status *status);

/* True where the node's process runs a program of this installation. */
bool copy_runs(const struct node *node, const char *prefix);
