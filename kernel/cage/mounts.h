/* kernel/cage/mounts.h - a root folder that has what a view lists, and nothing else. */
#pragma once

#include "kernel/cage/view.h"

/* Makes that root and moves into it. In a mount namespace of its own, with the capabilities for it.
 * Returns 0, or -errno with the path that was the trouble in `*wherep`, borrowed from the view. */
int mounts_enter(const struct view *view, const struct cage *cage, const char **wherep);
