/* kernel/cage/filter.h - the system calls that a process may make. Everything else kills it. */
#pragma once

#include "kernel/cage/cage.h"

/* Filters the calls of this process and of whatever it executes; it can gain no privileges any
 * more. Returns 0 or -errno. */
int filter_load(const struct cage *cage);
