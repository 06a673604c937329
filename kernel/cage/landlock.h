/* kernel/cage/landlock.h - what a view allows, and nothing else, for the process and all that comes
 * of it. The same bounds as its mounts give, drawn once more by another part of the kernel; where
 * there can be no mounts, the only ones. */
#pragma once

#include "kernel/cage/view.h"

/* The newest ABI of this kernel that is made use of; 0: there is none. */
int landlock_abi(void);

/* Restricts the process, which can gain no privileges any more. Returns 0 or -errno. */
int landlock_restrict(const struct view *view, const struct cage *cage);
