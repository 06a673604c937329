// SPDX-License-Identifier: Apache-2.0
#include "kernel/folder.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

enum { FOLDER_MODE = 0700, FOLDER_MODE_SHARED = 0710 };

static int folder_make(const char *wanted, char path[FOLDER_PATH_MAX])
{
    int r = place_make(wanted, FOLDER_MODE);

    if (r < 0)
        snprintf(path, FOLDER_PATH_MAX, "%s", wanted);
    return r;
}

int folder_open(struct folders *folders, const struct place *place, char path[FOLDER_PATH_MAX])
{
    int r;

    folders->place = *place;
    snprintf(folders->instances, sizeof(folders->instances), "%s/i", place->run);
    snprintf(folders->logs, sizeof(folders->logs), "%s/log", place->state);
    r = folder_make(place->run, path);
    if (r == 0)
        r = folder_make(place->state, path);
    if (r == 0)
        r = folder_make(folders->instances, path);
    if (r == 0)
        r = folder_make(folders->logs, path);
    return err_trace(r);
}

void folder_socket(const struct folders *folders, uint64_t instance, char path[FOLDER_PATH_MAX])
{
    snprintf(path, FOLDER_PATH_MAX, "%.*s/%" PRIu64 "/bus.sock", PLACE_PATH_MAX, folders->instances,
            instance);
}

int folder_make_instance(const struct folders *folders, uint64_t instance, uint32_t gid)
{
    char path[FOLDER_PATH_MAX];

    snprintf(path, sizeof(path), "%.*s/%" PRIu64, PLACE_PATH_MAX, folders->instances, instance);
    if (mkdir(path, FOLDER_MODE) < 0)
        return err_new(-errno);
    if (gid == getegid())
        return 0;
    if (chown(path, (uid_t)-1, gid) < 0 || chmod(path, FOLDER_MODE_SHARED) < 0)
        return err_new(-errno);
    return 0;
}

void folder_remove_instance(const struct folders *folders, uint64_t instance)
{
    char path[FOLDER_PATH_MAX];

    folder_socket(folders, instance, path);
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
}

void folder_sweep(const struct folders *folders)
{
    DIR *folder = opendir(folders->instances);
    const struct dirent *entry;
    uint64_t instance;
    char *end;

    if (folder == NULL)
        return;
    while ((entry = readdir(folder)) != NULL) {
        instance = strtoull(entry->d_name, &end, 10);
        if (end != entry->d_name && *end == '\0')
            folder_remove_instance(folders, instance);
    }
    closedir(folder);
}

int folder_make_data(const struct folders *folders, const char *service, uint32_t index,
        char path[FOLDER_PATH_MAX])
{
    if (index == 0)
        snprintf(path, FOLDER_PATH_MAX, "%s/data/%s", folders->place.state, service);
    else
        snprintf(path, FOLDER_PATH_MAX, "%s/data/%s.%u", folders->place.state, service, index);
    return err_trace(place_make(path, FOLDER_MODE));
}

void folder_close(const struct folders *folders)
{
    rmdir(folders->instances);
}
