// SPDX-License-Identifier: Apache-2.0
/* A draft is written, synced and renamed. One that was not renamed was never acknowledged, and is
 * not a record: else what was taken back could come again from it. */
#include "kernel/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"

enum { SHELF_MODE = 0700, SHELF_DIGITS = 16 };

static const char shelf_draft[] = ".new";

static void shelf_folder(
        const struct shelf *shelf, const struct folders *folders, char path[FOLDER_PATH_MAX])
{
    snprintf(path, FOLDER_PATH_MAX, "%s/%s", folders->place.state, shelf->name);
}

static void shelf_path(const struct shelf *shelf, const struct folders *folders, uint64_t handle,
        const char *suffix, char path[FOLDER_PATH_MAX])
{
    snprintf(path, FOLDER_PATH_MAX, "%s/%s/%016" PRIx64 "%s", folders->place.state, shelf->name,
            handle, suffix);
}

static int shelf_sync_folder(const char *path)
{
    CLEANUP(cleanup_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 && fsync(fd) == 0 ? 0 : err_new(-errno);
}

int shelf_sync(const struct shelf *shelf, const struct folders *folders)
{
    char path[FOLDER_PATH_MAX];

    shelf_folder(shelf, folders, path);
    return err_trace(shelf_sync_folder(path));
}

/* A file takes part of what is written where the disk has room for no more. */
static int shelf_fill(const char *path, struct span record)
{
    CLEANUP(cleanup_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t size = fd >= 0 ? write(fd, record.data, record.size) : -1;

    if (size < 0)
        return err_new(-errno);
    if ((size_t)size < record.size)
        return err_new(-ENOSPC);
    return fsync(fd) == 0 ? 0 : err_new(-errno);
}

int shelf_write(const struct shelf *shelf, const struct folders *folders, uint64_t handle,
        struct span record)
{
    char folder[FOLDER_PATH_MAX];
    char draft[FOLDER_PATH_MAX];
    char path[FOLDER_PATH_MAX];
    int r;

    if (record.size > shelf->size_max)
        return err_new(-EMSGSIZE);
    shelf_folder(shelf, folders, folder);
    shelf_path(shelf, folders, handle, shelf_draft, draft);
    shelf_path(shelf, folders, handle, "", path);
    r = place_make(folder, SHELF_MODE);
    if (r == 0)
        r = shelf_sync_folder(folders->place.state);
    if (r < 0)
        return err_trace(r);
    r = shelf_fill(draft, record);
    if (r == 0 && rename(draft, path) < 0)
        r = err_new(-errno);
    if (r < 0)
        unlink(draft);
    return r == 0 ? err_trace(shelf_sync_folder(folder)) : err_trace(r);
}

int shelf_remove(const struct shelf *shelf, const struct folders *folders, uint64_t handle)
{
    char path[FOLDER_PATH_MAX];

    shelf_path(shelf, folders, handle, "", path);
    return unlink(path) == 0 || errno == ENOENT ? 0 : err_new(-errno);
}

/* ---- reading ---- */

static void shelf_close_folder(DIR **folderp)
{
    if (*folderp != NULL)
        closedir(*folderp);
}

/* True for a name that a record has, with `suffix` behind it. */
static bool shelf_is_name(const char *name, const char *suffix)
{
    return strspn(name, "0123456789abcdef") == SHELF_DIGITS &&
           strcmp(name + SHELF_DIGITS, suffix) == 0;
}

static int shelf_load_file(const struct shelf *shelf, const char *path, shelf_fn fn, void *user)
{
    CLEANUP(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    CLEANUP(cleanup_free) uint8_t *bytes = malloc(shelf->size_max + 1);
    ssize_t size;
    int outcome = SHELF_BAD;

    if (bytes == NULL)
        return err_new(-ENOMEM);
    size = fd >= 0 ? read(fd, bytes, shelf->size_max + 1) : -1;
    if (size > 0 && (size_t)size <= shelf->size_max)
        outcome = fn(user, (struct span){ bytes, (size_t)size });
    if (outcome == SHELF_BAD)
        log_warn("%s is not of the %s: removed", path, shelf->name);
    if (outcome > SHELF_KEPT)
        unlink(path);
    return outcome < 0 ? err_trace(outcome) : 0;
}

int shelf_load(const struct shelf *shelf, const struct folders *folders, shelf_fn fn, void *user)
{
    CLEANUP(shelf_close_folder) DIR *folder = NULL;
    char path[FOLDER_PATH_MAX];
    const struct dirent *entry;
    int r = 0;

    shelf_folder(shelf, folders, path);
    folder = opendir(path);
    if (folder == NULL)
        return errno == ENOENT ? 0 : err_new(-errno);
    while (r == 0 && (entry = readdir(folder)) != NULL) {
        snprintf(path, sizeof(path), "%s/%s/%.24s", folders->place.state, shelf->name,
                entry->d_name);
        if (shelf_is_name(entry->d_name, shelf_draft))
            unlink(path);
        else if (shelf_is_name(entry->d_name, ""))
            r = shelf_load_file(shelf, path, fn, user);
    }
    return err_trace(r);
}
