// SPDX-License-Identifier: Apache-2.0
#include "kernel/cage/owner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

static bool owner_is_one(uint32_t uid)
{
    return uid >= OWNER_FIRST && uid < OWNER_FIRST + OWNER_COUNT;
}

/* FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv): where two nodes begin to look. Each knows its
 * own folders only, so that both find the same number is made unlikely, not impossible. */
static uint32_t owner_first_guess(const char *data, const char *name)
{
    uint32_t hash = 2166136261u;

    for (const char *at = data; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    for (const char *at = name; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    return hash % OWNER_COUNT;
}

/* Marks which uids the folders in `data` have. */
static int owner_mark_used(const char *data, bool used[OWNER_COUNT])
{
    DIR *folder = opendir(data);
    const struct dirent *entry;
    struct stat about;

    if (folder == NULL)
        return err_new(-errno);
    while ((entry = readdir(folder)) != NULL) {
        if (fstatat(dirfd(folder), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
                owner_is_one(about.st_uid))
            used[about.st_uid - OWNER_FIRST] = true;
    }
    closedir(folder);
    return 0;
}

static int owner_pick(const char *data, const char *name, uint32_t *uidp)
{
    CLEANUP(cleanup_free) bool *used = calloc(OWNER_COUNT, sizeof(*used));
    uint32_t guess = owner_first_guess(data, name);
    int r = used != NULL ? owner_mark_used(data, used) : err_new(-ENOMEM);

    if (r < 0)
        return r;
    for (uint32_t i = 0; i < OWNER_COUNT; i++) {
        uint32_t number = (guess + i) % OWNER_COUNT;

        if (used[number])
            continue;
        *uidp = OWNER_FIRST + number;
        return 0;
    }
    return err_new(-ENOSPC);
}

int owner_find(const char *data, const char *name, uint32_t *uidp)
{
    char folder[OWNER_PATH_MAX];
    struct stat about;
    int r;

    if ((size_t)snprintf(folder, sizeof(folder), "%s/%s", data, name) >= sizeof(folder))
        return err_new(-ENAMETOOLONG);
    if (stat(folder, &about) < 0)
        return err_new(-errno);
    if (owner_is_one(about.st_uid)) {
        *uidp = about.st_uid;
        return 0;
    }
    r = owner_pick(data, name, uidp);
    return r == 0 ? owner_give(folder, *uidp) : r;
}

/* The folder itself comes last: it is the record that the rest was done. */
int owner_give(const char *folder, uint32_t uid)
{
    char *paths[] = { (char *)folder, NULL };
    struct stat about;
    const FTSENT *entry;
    FTS *walk;
    int r = 0;

    if (stat(folder, &about) < 0)
        return err_new(-errno);
    if (about.st_uid == uid)
        return 0;
    walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
    if (walk == NULL)
        return err_new(-errno);
    while (r == 0 && (entry = fts_read(walk)) != NULL) {
        if (entry->fts_info == FTS_D)
            continue;
        if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR || entry->fts_info == FTS_NS)
            r = -entry->fts_errno;
        else if (lchown(entry->fts_path, uid, uid) < 0)
            r = -errno;
    }
    fts_close(walk);
    return r == 0 ? 0 : err_new(r);
}
