/* kernel/hold.h - which services an operator stopped: STATE/stopped/<service>, an empty file for
 * each. It outlives the node, so that what was stopped stays so until it is started. */
#pragma once

#include <stdbool.h>

#include "kernel/folder.h"

/* Writes down that `service` is to stay down; it is on the disk when this returns. Returns 0 or
 * -errno. */
int hold_set(const struct folders *folders, const char *service);

/* Forgets that, as durably. Returns 0, also where nothing was written down, or -errno. */
int hold_clear(const struct folders *folders, const char *service);

/* Is it written down? */
bool hold_is_set(const struct folders *folders, const char *service);
