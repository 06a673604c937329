/* kernel/cage/owner.h - the uid of a service, where the node runs as root and gives each its own.
 *
 * It is kept where it matters: as the owner of the service's data folder. So it is the same for as
 * long as there is that folder, and a backup that keeps owners keeps it. */
#pragma once

#include <stdint.h>

#include "base/place.h"
#include "kernel/cage/limits.h"

enum { OWNER_PATH_MAX = PLACE_PATH_MAX + 96 };

/* Finds the uid of the service whose data folder is `name` in folder `data`; where it has none yet,
 * an unused one becomes the owner of that folder and all in it. Returns 0, -ENOSPC where all are
 * used, or -errno. */
int owner_find(const char *data, const char *name, uint32_t *uidp);

/* Gives `folder` and all in it to `uid`, unless it has it. Returns 0 or -errno. */
int owner_give(const char *folder, uint32_t uid);
