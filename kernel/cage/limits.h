/* kernel/cage/limits.h - the limits of what a process is shut into. docs/limits.md quotes them. */
#pragma once

enum {
    CAGE_PATHS_MAX = 64,       /* paths that a manifest shows to its service */
    CAGE_TMP_MAX = 67108864,   /* bytes that a process may keep in its own /tmp */
    CAGE_TASKS_MAX = 512,      /* threads and programs of one process, where there is a cgroup */
    CAGE_LOCKED_MAX = 1048576, /* bytes of memory that a process may lock */
    CAGE_STACK_MAX = 8388608,  /* bytes of its first thread's stack */
    LOADER_FILES_MAX = 64,     /* libraries of a program outside of the system's folders */
    OWNER_FIRST = 1900000000,  /* the first uid that a node of root's gives to a service */
    OWNER_COUNT = 65536        /* such uids, each with a gid of the same number */
};
