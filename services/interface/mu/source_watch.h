/* source_watch.h - tells when the sources in a folder, and in the folders of it, change. */
#pragma once

#include <stdbool.h>

enum { SOURCE_WATCH_DEPTH_MAX = 8 };

/* Watches `dir`, without its build folder and what begins with a dot. Returns a descriptor to poll,
 * or -errno. */
int source_watch_open(const char *dir);

/* Takes all that happened. Returns whether a source was among it: no editor's own files. Folders
 * made meanwhile below `dir` are watched from then on. */
bool source_watch_take(int fd, const char *dir);
