/* nodes.h - several nodes on this machine, each with all of its own in a folder node1, node2, …
 * below one: what a network is tried out with (mu up --nodes). */
#pragma once

#include <limits.h>

#include "services/interface/mu/arguments.h"
#include "services/interface/mu/cli.h"

enum {
    NODES_MAX = 16,
    NODES_NAME_MAX = 32 /* bytes with the final NUL: node16 */
};

struct nodes_one {
    char name[NODES_NAME_MAX];
    char dir[PATH_MAX];
    struct cli cli; /* its connection; `dir` borrowed from above */
};

struct nodes {
    char dir[PATH_MAX];    /* the folder above them */
    struct nodes_one *all; /* owned: NODES_MAX of them */
    size_t count;
};

/* Finds the folder (--dir, else $MU_DIR, else nodes/ in the state folder; where that is itself a
 * node1, node2, …, the one above it) and in it the first `count` nodes, whether they are there or
 * not; with 0 those that are there. Says what is wrong. Returns EXIT_OK or an exit status. */
int nodes_open(struct nodes *nodes, const struct cli *cli, size_t count);

/* Closes the connections. Safe on zeroes, and safe twice. */
void nodes_close(struct nodes *nodes);

/* True where --dir names a folder that holds such nodes and is none itself. */
bool nodes_are_meant(const struct cli *cli);

/* Where the first of such nodes is, where there are some and `cli` means none of them, into `path`;
 * false where there are none. */
bool nodes_hint(const struct cli *cli, char path[PATH_MAX]);

/* mu up --nodes, with the flags --bare and --wait of `arguments`; mu down --nodes. Do only what is
 * missing; say what is wrong, and what stands then. Return EXIT_OK or an exit status. */
int nodes_up(struct cli *cli, const struct arguments *arguments, size_t count);
int nodes_down(struct cli *cli);
