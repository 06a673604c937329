/* base/place.h - where a node keeps its things.
 *
 *            root           others                                    --dir DIR
 *   run      /run/mu        $XDG_RUNTIME_DIR/mu, else /tmp/mu-UID     DIR/run
 *   state    /var/lib/mu    $XDG_STATE_HOME/mu (~/.local/state/mu)    DIR/state
 *   config   /etc/mu        $XDG_CONFIG_HOME/mu (~/.config/mu)        DIR/config
 *
 * The environment variable MU_DIR stands for --dir. */
#pragma once

enum {
    PLACE_PATH_MAX = 256,  /* bytes with the final NUL, for the three folders */
    PLACE_SOCKET_MAX = 108 /* bytes with the final NUL: sun_path */
};

struct place {
    char run[PLACE_PATH_MAX];
    char state[PLACE_PATH_MAX];
    char config[PLACE_PATH_MAX];
    char bus[PLACE_PATH_MAX]; /* the public socket: run/bus.sock */
};

/* Finds the folders; `dir` may be NULL. A relative `dir` is taken from the current folder. Makes
 * none of them. Returns 0; -EINVAL where `dir`, or else MU_DIR, is there and empty; or
 * -ENAMETOOLONG where the path of a socket below run would not fit. */
int place_find(struct place *place, const char *dir);

/* Makes `path` and the folders above it, `mode` for those that are new. Returns 0 or -errno. */
int place_make(const char *path, unsigned mode);
