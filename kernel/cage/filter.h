/* kernel/cage/filter.h - the system calls that a process may make. Everything else kills it.
 *
 * The rules are written for libseccomp (kernel/cage/filter_rules.c), which takes a millisecond and
 * a library to make BPF of them. So the build does that, once for each kind of filter that there
 * is (kernel/cage/filter_write.c), and a start only loads the program of its kind. */
#pragma once

#include <linux/filter.h>

#include "kernel/cage/cage.h"

/* What a kind of filter allows besides what all do, as bits. */
enum filter_allowance {
    FILTER_INET = 1 << 0,    /* sockets of IPv4 and IPv6 */
    FILTER_LISTENS = 1 << 1, /* sockets that wait for others */
    FILTER_PROCESSES = 1 << 2,
    FILTER_EXECUTABLE_MEMORY = 1 << 3
};

enum {
    FILTER_KINDS = 1 << 4,
    FILTER_SELF = 0x4d755069 /* stands in a program for the process's own number; no process has it
                                and no system call either */
};

struct filter_program {
    const struct sock_filter *code;
    unsigned short size; /* instructions */
};

/* Made by the build. */
extern const struct filter_program filter_programs[FILTER_KINDS];

/* Filters the calls of this process and of whatever it executes. It has given up new privileges
 * before. Returns 0 or -errno. */
int filter_load(const struct cage *cage);
