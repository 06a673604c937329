/* kernel/boot.h - from a folder and a node file to a node that can run, and back. */
#pragma once

#include "kernel/node.h"

struct boot_options {
    const char *dir;   /* absolute, borrowed until boot_close; NULL: the default places */
    const char *file;  /* the node file; NULL: CONFIG/node.yaml where that is there */
    const char *name;  /* NULL: the node file's, else the host's */
    bool daemon;       /* its own log goes to STATE/log/node.log */
    bool resumes;      /* it goes on in the place of a supervisor that ran in this process */
    int lock_fd;       /* … whose lock this is; boot_open owns it from 0 on … */
    uint64_t began_ms; /* … and for which calls have waited since then (kernel/turnover.h) */
};

/* Makes the folders, takes the lock, reads the node file, opens what the node needs. Returns 0, or
 * -errno with `error`; boot_close follows in both cases. */
int boot_open(struct node *node, const struct boot_options *options, struct node_error *error);

/* Removes the run files, frees everything, gives the lock back. */
void boot_close(struct node *node);
