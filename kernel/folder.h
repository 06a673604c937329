/* kernel/folder.h - the folders of a node: RUN/i/<instance>/ for each process's private socket,
 * STATE/log for logs, STATE/data/<service> for what a service must keep. */
#pragma once

#include <stdint.h>

#include "base/place.h"

enum { FOLDER_PATH_MAX = PLACE_PATH_MAX + 96 }; /* bytes with the final NUL */

struct folders {
    struct place place;
    char instances[FOLDER_PATH_MAX]; /* RUN/i */
    char logs[FOLDER_PATH_MAX];      /* STATE/log */
};

/* Names them and makes those of `place`, RUN/i and STATE/log, for their owner alone. Returns 0, or
 * -errno with the path that was the trouble in `path`. */
int folder_open(struct folders *folders, const struct place *place, char path[FOLDER_PATH_MAX]);

/* Removes what a supervisor that was killed left in RUN/i. */
void folder_sweep(const struct folders *folders);

/* RUN/i/<instance>/bus.sock. */
void folder_socket(const struct folders *folders, uint64_t instance, char path[FOLDER_PATH_MAX]);

/* Makes RUN/i/<instance>, which group `gid` can enter besides the node. Returns 0 or -errno. */
int folder_make_instance(const struct folders *folders, uint64_t instance, uint32_t gid);

/* Removes it with its socket. */
void folder_remove_instance(const struct folders *folders, uint64_t instance);

/* Makes STATE/data/<service>, or <service>.<index> from the second instance on. Returns 0 or
 * -errno. */
int folder_make_data(const struct folders *folders, const char *service, uint32_t index,
        char path[FOLDER_PATH_MAX]);

/* Removes RUN/i, which is empty. */
void folder_close(const struct folders *folders);
