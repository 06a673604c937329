// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/source_watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

static bool source_watch_skips(const char *name)
{
    size_t length = strlen(name);

    return name[0] == '.' || strcmp(name, "build") == 0 || name[0] == '#' ||
           (length > 0 && name[length - 1] == '~') || strspn(name, "0123456789") == length;
}

static void source_watch_add(int fd, const char *dir, int depth)
{
    const struct dirent *entry;
    DIR *folder = depth < SOURCE_WATCH_DEPTH_MAX ? opendir(dir) : NULL;

    if (folder == NULL)
        return;
    /* Added again, a folder keeps its one watch. */
    inotify_add_watch(
            fd, dir, IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM);
    while ((entry = readdir(folder)) != NULL) {
        char path[PATH_MAX];
        struct stat found;

        if (source_watch_skips(entry->d_name) ||
                (size_t)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) >= sizeof(path))
            continue;
        if (lstat(path, &found) == 0 && S_ISDIR(found.st_mode))
            source_watch_add(fd, path, depth + 1);
    }
    closedir(folder);
}

int source_watch_open(const char *dir)
{
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    if (fd < 0)
        return err_new(-errno);
    source_watch_add(fd, dir, 0);
    return fd;
}

bool source_watch_take(int fd, const char *dir)
{
    char events[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)]
            __attribute__((aligned(__alignof__(struct inotify_event))));
    bool is_changed = false;
    bool is_folder = false;
    ssize_t size;

    while ((size = read(fd, events, sizeof(events))) > 0) {
        for (ssize_t at = 0; at < size;) {
            const struct inotify_event *event = (const void *)(events + at);

            at += (ssize_t)(sizeof(*event) + event->len);
            if (event->len == 0 || source_watch_skips(event->name))
                continue;
            is_folder = is_folder || (event->mask & IN_ISDIR) != 0;
            /* A file that is being made says so again when it is whole. */
            is_changed = is_changed || (event->mask & IN_CREATE) == 0;
        }
    }
    if (is_folder)
        source_watch_add(fd, dir, 0);
    return is_changed;
}
