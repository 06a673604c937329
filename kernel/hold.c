// SPDX-License-Identifier: Apache-2.0
/* A name in a folder is all there is to remember, and a file system keeps names well: nothing to
 * parse, nothing to be half written. */
#include "kernel/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

enum { HOLD_MODE = 0700 };

static void hold_path(const struct folders *folders, const char *name, char path[FOLDER_PATH_MAX])
{
    snprintf(path, FOLDER_PATH_MAX, "%s/stopped%s%.63s", folders->place.state,
            name[0] != '\0' ? "/" : "", name);
}

/* A name is on the disk once its folder is. */
static int hold_sync(const char *folder)
{
    CLEANUP(cleanup_close) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 && fsync(fd) == 0 ? 0 : err_new(-errno);
}

int hold_set(const struct folders *folders, const char *service)
{
    CLEANUP(cleanup_close) int fd = -1;
    char folder[FOLDER_PATH_MAX];
    char path[FOLDER_PATH_MAX];
    int r;

    hold_path(folders, "", folder);
    hold_path(folders, service, path);
    r = place_make(folder, HOLD_MODE);
    if (r < 0)
        return err_trace(r);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_new(-errno);
    r = hold_sync(folder);
    return r == 0 ? hold_sync(folders->place.state) : err_trace(r);
}

int hold_clear(const struct folders *folders, const char *service)
{
    char folder[FOLDER_PATH_MAX];
    char path[FOLDER_PATH_MAX];

    hold_path(folders, service, path);
    if (unlink(path) < 0)
        return errno == ENOENT ? 0 : err_new(-errno);
    hold_path(folders, "", folder);
    return hold_sync(folder);
}

bool hold_is_set(const struct folders *folders, const char *service)
{
    char path[FOLDER_PATH_MAX];

    hold_path(folders, service, path);
    return access(path, F_OK) == 0;
}
