/* kernel/cage/cage.h - what a process is to be shut into, as the supervisor tells mu-exec.
 *
 * The supervisor decides (kernel/cage/plan.h), mu-exec obeys: it takes every step that it is told,
 * or does not run the program. So a process that runs has the grade that was planned for it. */
#pragma once

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel/cage/limits.h"

enum {
    CAGE_WORDS_MAX = 176, /* words that say a cage on mu-exec's command line */
    CAGE_TEXT_MAX = 256   /* bytes of all numbers among them */
};

/* A build with a sanitizer puts code of its own into every process, which starts a thread that
 * traces the others, reads /proc and needs all of the address space. What it needs is allowed in
 * such a build of mu-exec, and in no other. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAGE_IS_INSTRUMENTED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CAGE_IS_INSTRUMENTED 1
#endif
#endif
#ifndef CAGE_IS_INSTRUMENTED
#define CAGE_IS_INSTRUMENTED 0
#endif

/* A build for coverage has every process write files into the build's folder, whoever owns that.
 * The build says so: CAGE_BUILD_FOLDER. */
#ifdef CAGE_BUILD_FOLDER
#define CAGE_HAS_OWNERS 0
#else
#define CAGE_HAS_OWNERS 1
#endif

/* What is done to a process, as bits. In the order in which it happens. */
enum cage_step {
    CAGE_USER_NS = 1 << 0, /* a user namespace: how others than root get the rest */
    CAGE_MOUNT_NS = 1 << 1,
    CAGE_PID_NS = 1 << 2,
    CAGE_NET_NS = 1 << 3, /* an empty one: only without network */
    CAGE_IPC_NS = 1 << 4,
    CAGE_UTS_NS = 1 << 5,
    CAGE_PROC = 1 << 6,   /* a /proc of its own, with CAGE_PID_NS */
    CAGE_OWNER = 1 << 7,  /* a uid of its own */
    CAGE_POWERS = 1 << 8, /* no capabilities */
    CAGE_LANDLOCK = 1 << 9,
    CAGE_FILTER = 1 << 10, /* of system calls */
    CAGE_CGROUP = 1 << 11
};

enum cage_network {
    CAGE_NETWORK_NONE,
    CAGE_NETWORK_CLIENT, /* may connect */
    CAGE_NETWORK_SERVER  /* may listen, too */
};

/* All paths are absolute. Texts are borrowed: from whoever made it, or from the command line. */
struct cage {
    unsigned steps; /* of enum cage_step */
    uint32_t uid;   /* with CAGE_OWNER or CAGE_USER_NS: who it is, inside and outside */
    uint32_t gid;
    enum cage_network network;
    bool executable_memory; /* may make memory that it can write and then execute */
    bool processes;         /* may start other programs */
    bool router;            /* the router's profile: it sees other processes' numbers */
    const char *groups[2];  /* with CAGE_CGROUP: files it writes "0" into to join; NULL: none */
    const char *data;       /* the folder it may write; NULL: none */
    const char *channel;    /* the folder of its socket; the router's, where all are */
    const char *read[CAGE_PATHS_MAX];
    size_t read_count;
    const char *write[CAGE_PATHS_MAX];
    size_t write_count;
};

/* Writes `cage` as words for a command line; numbers among them lie in `text`. The words are
 * borrowed from both. Returns how many. */
size_t cage_write(
        const struct cage *cage, const char *words[CAGE_WORDS_MAX], char text[CAGE_TEXT_MAX]);

/* Reads one option of those words into `cage`; `value` is NULL for one that takes none. False where
 * there is no such option, or where it may not be that. */
bool cage_read(struct cage *cage, int option, const char *value);

/* The options for getopt_long; ends with zeroes. */
extern const struct option cage_options[];
