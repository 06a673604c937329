/* kernel/successor.h - the programs that are to take over from those that run: are they there, and
 * do they run? Asked before anything is stopped for them. */
#pragma once

#include "kernel/folder.h"

enum { SUCCESSOR_VERSION_MAX = 64, SUCCESSOR_TEXT_MAX = 512 };

struct successor {
    char libexec[FOLDER_PATH_MAX];       /* the folder of its programs */
    char version[SUCCESSOR_VERSION_MAX]; /* of its mu-node */
    char text[SUCCESSOR_TEXT_MAX];       /* where it will not do: why, and what helps */
};

/* Finds them below `from`, a prefix or the folder of mu-node; where `from` is "", in `libexec`.
 * Each says its version, which takes some ms. Returns 0, or -errno with a text. */
int successor_find(struct successor *successor, const char *from, const char *libexec);
