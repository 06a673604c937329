// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/prefix.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

int prefix_join(char path[PATH_MAX], const char *rest)
{
    char self[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (size < 0)
        return err_new(-errno);
    self[size] = '\0';
    for (int level = 0; level < 2; level++) {
        char *slash = strrchr(self, '/');

        if (slash == NULL)
            return err_new(-ENOENT);
        *slash = '\0';
    }
    if (snprintf(path, PATH_MAX, "%s/%s", self, rest) >= PATH_MAX)
        return err_new(-ENAMETOOLONG);
    return 0;
}
