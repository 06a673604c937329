/* kernel/cage/loader.h - which files the kernel and the loader open to run a program. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "kernel/cage/limits.h"

enum { LOADER_PATH_MAX = 4096 };

struct loader {
    bool is_script;                    /* `#!`: an interpreter runs it */
    char interpreter[LOADER_PATH_MAX]; /* the loader's own path; "" for a static program */
    char *files[LOADER_FILES_MAX];     /* owned: libraries found by RPATH or RUNPATH */
    size_t file_count;
};

/* Looks at `program`, and at the libraries that it finds for it where the program says. Libraries
 * in the system's folders are not listed. What cannot be read is left out: the loader will say it
 * better. Returns 0 or -ENOMEM. */
int loader_look(struct loader *loader, const char *program);

/* Safe on zeroes. */
void loader_deinit(struct loader *loader);
