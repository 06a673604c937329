/* kernel/cage/filter_rules.h - which system calls a process may make, written down for libseccomp.
 * For the build alone: see kernel/cage/filter.h. */
#pragma once

/* Writes the BPF program of `kind` (of enum filter_allowance, below FILTER_KINDS) to `fd`, as an
 * array of struct sock_filter with FILTER_SELF where the process's own number belongs. Returns 0
 * or -errno. */
int filter_export(unsigned kind, int fd);
