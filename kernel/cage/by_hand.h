/* kernel/cage/by_hand.h - a sandbox for a process that no supervisor starts. */
#pragma once

#include "kernel/cage/cage.h"

/* Finds out what this machine offers, plans the steps of `cage` for that, and takes the namespaces
 * among them; the rest is the caller's to take. It keeps the user it is, and the process's number,
 * which it was given before; so it is the first of no pid namespace, and sees no /proc. Returns 0;
 * -ENOTSUP where all that can be had is grade D, with `*lacksp` (static) saying why; -errno. */
int by_hand_enter(struct cage *cage, const char **lacksp);
