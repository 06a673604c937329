// SPDX-License-Identifier: Apache-2.0
/* A tmpfs is mounted over a folder that every system has, and becomes the root; the old root hangs
 * below it until all that the view lists was bound from there. Binds keep the paths that things
 * have outside, so that a program needs to know of nothing. */
#include "kernel/cage/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

#define MOUNTS_STAGE "/usr" /* covered for a moment */
#define MOUNTS_OLD   "/.old"

enum { MOUNTS_PATH_MAX = 4096 + 16, MOUNTS_FOLDER_MODE = 0755 };

/* Makes the folders above `path`. */
static int mounts_make_way(const char *path)
{
    char part[MOUNTS_PATH_MAX];

    if ((size_t)snprintf(part, sizeof(part), "%s", path) >= sizeof(part))
        return -ENAMETOOLONG;
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, MOUNTS_FOLDER_MODE) < 0 && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return 0;
}

/* Makes something to mount `path` on, a folder or a file, where there is nothing yet. */
static int mounts_make_point(const char *path, bool is_folder)
{
    CLEANUP(cleanup_close) int fd = -1;
    struct stat about;
    int r = stat(path, &about) < 0 ? mounts_make_way(path) : 1;

    if (r != 0)
        return r < 0 ? r : 0;
    if (is_folder)
        return mkdir(path, MOUNTS_FOLDER_MODE) < 0 ? -errno : 0;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 ? -errno : 0;
}

static int mounts_restrict(const char *path, uint64_t flags)
{
    struct mount_attr attr = { .attr_set = flags };

    return syscall(SYS_mount_setattr, AT_FDCWD, path, AT_RECURSIVE, &attr, sizeof(attr)) < 0
                   ? -errno
                   : 0;
}

/* /bin is a link to usr/bin on most systems, and stays one. */
static int mounts_copy_link(const char *old, const char *path)
{
    char target[MOUNTS_PATH_MAX];
    ssize_t size = readlink(old, target, sizeof(target) - 1);
    int r = mounts_make_way(path);

    if (size < 0)
        return -errno;
    target[size] = '\0';
    if (r == 0 && symlink(target, path) < 0 && errno != EEXIST)
        r = -errno;
    return r;
}

static bool mounts_is_root_link(const char *path)
{
    struct stat about;

    return strchr(path + 1, '/') == NULL && lstat(path, &about) == 0 && S_ISLNK(about.st_mode);
}

static uint64_t mounts_flags(unsigned rights)
{
    return MOUNT_ATTR_NOSUID | ((rights & VIEW_WRITE) == 0 ? MOUNT_ATTR_RDONLY : 0) |
           ((rights & VIEW_DEVICE) == 0 ? MOUNT_ATTR_NODEV : 0) |
           ((rights & (VIEW_WRITE | VIEW_SOCKET)) != 0 ? MOUNT_ATTR_NOEXEC : 0);
}

/* A folder further up brings it along, with the same flags. */
static bool mounts_is_covered(const struct view *view, size_t index)
{
    const struct view_path *path = &view->paths[index];

    for (size_t i = index; i-- > 0;) {
        const struct view_path *above = &view->paths[i];
        size_t size = strlen(above->path);

        if (strncmp(path->path, above->path, size) == 0 && path->path[size] == '/')
            return mounts_flags(above->rights) == mounts_flags(path->rights);
    }
    return false;
}

/* What is behind a path before the root changes. The array is the caller's to free. */
static int mounts_resolve(char *real[VIEW_PATHS_MAX], const struct view *view, const char **wherep)
{
    for (size_t i = 0; i < view->count; i++) {
        const char *path = view->paths[i].path;

        *wherep = path;
        real[i] = mounts_is_covered(view, i) || mounts_is_root_link(path) ? strdup(path)
                                                                          : realpath(path, NULL);
        if (real[i] == NULL)
            return -errno;
    }
    return 0;
}

static int mounts_bind(const struct view_path *path, const char *real)
{
    char old[MOUNTS_PATH_MAX];
    struct stat about;
    int r;

    if ((size_t)snprintf(old, sizeof(old), MOUNTS_OLD "%s", real) >= sizeof(old))
        return -ENAMETOOLONG;
    if (lstat(old, &about) < 0)
        return -errno;
    if (S_ISLNK(about.st_mode))
        return mounts_copy_link(old, path->path);
    r = mounts_make_point(path->path, S_ISDIR(about.st_mode));
    if (r == 0 && mount(old, path->path, NULL, MS_BIND | MS_REC, NULL) < 0)
        r = -errno;
    return r == 0 ? mounts_restrict(path->path, mounts_flags(path->rights)) : r;
}

/* The folders of its own: they come before what is bound into them. */
static int mounts_make_own(const struct cage *cage)
{
    static const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    char options[64];

    snprintf(options, sizeof(options), "mode=1777,size=%d", CAGE_TMP_MAX);
    if (mkdir("/tmp", MOUNTS_FOLDER_MODE) < 0 ||
            mount("tmpfs", "/tmp", "tmpfs", flags, options) < 0 ||
            mkdir("/dev", MOUNTS_FOLDER_MODE) < 0 || symlink("/proc/self/fd", "/dev/fd") < 0 ||
            mkdir("/proc", MOUNTS_FOLDER_MODE) < 0)
        return -errno;
    if ((cage->steps & CAGE_PROC) == 0)
        return CAGE_IS_INSTRUMENTED &&
                               mount(MOUNTS_OLD "/proc", "/proc", NULL, MS_BIND | MS_REC, NULL) < 0
                       ? -errno
                       : 0;
    /* Only processes, where the kernel can leave the rest away (Linux 5.8). */
    if (mount("proc", "/proc", "proc", flags | MS_RDONLY, "subset=pid") < 0 &&
            mount("proc", "/proc", "proc", flags | MS_RDONLY, NULL) < 0)
        return -errno;
    return 0;
}

static int mounts_change_root(void)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("tmpfs", MOUNTS_STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") < 0 ||
            mkdir(MOUNTS_STAGE MOUNTS_OLD, 0700) < 0 ||
            syscall(SYS_pivot_root, MOUNTS_STAGE, MOUNTS_STAGE MOUNTS_OLD) < 0 || chdir("/") < 0)
        return -errno;
    return 0;
}

static int mounts_leave_old(void)
{
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

    if (umount2(MOUNTS_OLD, MNT_DETACH) < 0 || rmdir(MOUNTS_OLD) < 0 ||
            syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &attr, sizeof(attr)) < 0)
        return -errno;
    return 0;
}

static int mounts_fill(const struct view *view, const struct cage *cage,
        char *const real[VIEW_PATHS_MAX], const char **wherep)
{
    int r = mounts_make_own(cage);

    *wherep = "/";
    for (size_t i = 0; i < view->count && r == 0; i++) {
        *wherep = view->paths[i].path;
        if (!mounts_is_covered(view, i))
            r = mounts_bind(&view->paths[i], real[i]);
    }
    return r == 0 ? mounts_leave_old() : r;
}

int mounts_enter(const struct view *view, const struct cage *cage, const char **wherep)
{
    char *real[VIEW_PATHS_MAX] = { NULL };
    mode_t mask = umask(0);
    int r = mounts_resolve(real, view, wherep);

    if (r == 0) {
        *wherep = "/";
        r = mounts_change_root();
    }
    if (r == 0)
        r = mounts_fill(view, cage, real, wherep);
    umask(mask);
    for (size_t i = 0; i < view->count; i++)
        free(real[i]);
    return r;
}
