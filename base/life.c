// SPDX-License-Identifier: Apache-2.0
/* The lock itself is not tried: held for a moment only, it would keep a node that just starts from
 * starting. */
#include "base/life.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char life_name[] = "mu-node";

/* The first line of a file. False where there is none. */
static bool life_read(const char *path, char *line, int size)
{
    FILE *file = fopen(path, "re");
    bool is_there;

    if (file == NULL)
        return false;
    is_there = fgets(line, size, file) != NULL;
    fclose(file);
    if (is_there)
        line[strcspn(line, "\n")] = '\0';
    return is_there;
}

pid_t life_find(const char *run)
{
    char path[PATH_MAX];
    char pid[16];
    char name[16]; /* as much as the kernel keeps of it */

    snprintf(path, sizeof(path), "%s/node.lock", run);
    if (!life_read(path, pid, sizeof(pid)) || pid[0] == '\0' ||
            strspn(pid, "0123456789") != strlen(pid))
        return 0;
    snprintf(path, sizeof(path), "/proc/%s/comm", pid);
    if (!life_read(path, name, sizeof(name)) || strcmp(name, life_name) != 0)
        return 0;
    return (pid_t)strtol(pid, NULL, 10);
}

bool life_of(const char *run)
{
    return life_find(run) != 0;
}
