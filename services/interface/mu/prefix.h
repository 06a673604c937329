/* prefix.h - the folder that bin/mu lies in, where the rest of Mu is found: libexec/mu, share/mu.
 */
#pragma once

#include <limits.h>

/* PREFIX/`rest` into `path`, PREFIX being two levels above this program. Returns 0 or -errno. */
int prefix_join(char path[PATH_MAX], const char *rest);
