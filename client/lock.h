/* client/lock.h - connect, then lock: what only the start of a service needed is given up for good.
 */
#pragma once

#include "mu/node/v1/node.pb-c.h"

/* Gives up what `lock` says, in every thread, and lets no other process look into this one. Sockets
 * that are there stay; a new one fails with EPERM, as does memory that is executable; another
 * program ends the process. Returns 0 or -errno. */
int lock_down(const Mu__Node__V1__Lock *lock);
