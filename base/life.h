/* base/life.h - does a node live, whether it takes calls or not? */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* The process that RUN/node.lock names, if it runs and is a node; else 0. That also where this user
 * may not look. */
pid_t life_find(const char *run);

/* Is there one? */
bool life_of(const char *run);
