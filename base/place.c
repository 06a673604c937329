// SPDX-License-Identifier: Apache-2.0
#include "base/place.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

/* run/i/18446744073709551615/bus.sock is the longest name made below `run`. */
enum { PLACE_SOCKET_TAIL = 32 };

static bool place_print(char path[PLACE_PATH_MAX], const char *first, const char *rest)
{
    return (size_t)snprintf(path, PLACE_PATH_MAX, "%s%s", first, rest) < PLACE_PATH_MAX;
}

/* $variable/mu, else $HOME/fallback/mu. */
static bool place_xdg(char path[PLACE_PATH_MAX], const char *variable, const char *fallback)
{
    const char *value = getenv(variable);
    const char *home = getenv("HOME");

    if (value != NULL && value[0] == '/')
        return place_print(path, value, "/mu");
    return place_print(path, home != NULL ? home : "/", fallback);
}

static bool place_default(struct place *place)
{
    char fallback[PLACE_PATH_MAX];
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    bool fits;

    if (geteuid() == 0)
        return place_print(place->run, "/run/mu", "") &&
               place_print(place->state, "/var/lib/mu", "") &&
               place_print(place->config, "/etc/mu", "");
    fits = place_xdg(place->state, "XDG_STATE_HOME", "/.local/state/mu") &&
           place_xdg(place->config, "XDG_CONFIG_HOME", "/.config/mu");
    if (runtime != NULL && runtime[0] == '/')
        return fits && place_print(place->run, runtime, "/mu");
    snprintf(fallback, sizeof(fallback), "/tmp/mu-%u", (unsigned)geteuid());
    return fits && place_print(place->run, fallback, "");
}

static bool place_below(struct place *place, const char *dir)
{
    char root[PLACE_PATH_MAX] = "";
    char here[PLACE_PATH_MAX];

    if (dir[0] == '/') {
        if (!place_print(root, dir, ""))
            return false;
    } else if (getcwd(here, sizeof(here)) == NULL ||
               (size_t)snprintf(root, sizeof(root), "%s/%s", here, dir) >= sizeof(root)) {
        return false;
    }
    return place_print(place->run, root, "/run") && place_print(place->state, root, "/state") &&
           place_print(place->config, root, "/config");
}

int place_find(struct place *place, const char *dir)
{
    struct place found = { 0 };
    bool fits;

    if (dir == NULL)
        dir = getenv("MU_DIR");
    if (dir != NULL && dir[0] == '\0') /* a variable that somebody forgot to set, as a rule */
        return err_new(-EINVAL);
    fits = dir != NULL ? place_below(&found, dir) : place_default(&found);
    if (!fits || !place_print(found.bus, found.run, "/bus.sock") ||
            strlen(found.run) + PLACE_SOCKET_TAIL >= PLACE_SOCKET_MAX)
        return err_new(-ENAMETOOLONG);
    *place = found;
    return 0;
}

int place_make(const char *path, unsigned mode)
{
    char part[PLACE_PATH_MAX];

    if ((size_t)snprintf(part, sizeof(part), "%s", path) >= sizeof(part))
        return err_new(-ENAMETOOLONG);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, (mode_t)mode) < 0 && errno != EEXIST)
            return err_new(-errno);
        *slash = '/';
    }
    if (mkdir(part, (mode_t)mode) < 0 && errno != EEXIST)
        return err_new(-errno);
    return 0;
}
