/* kernel/cage/offer.h - what this machine lets this node do to a process, found out by doing it. */
#pragma once

#include "kernel/cage/plan.h"

/* Tries it, with the help of the program `exec` (mu-exec), in processes that end at once. Takes
 * some milliseconds. `cgroup` is left to the caller. */
void offer_find(struct cage_offer *offer, const char *exec);
