/* life.h - does a node live, whether it takes calls or not? */
#pragma once

#include <stdbool.h>

/* Looks whether the process that RUN/node.lock names runs, and is a node. False also where this
 * user may not look. */
bool life_of(const char *run);
