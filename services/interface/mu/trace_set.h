/* trace_set.h - records of calls, sorted into traces. */
#pragma once

#include "services/interface/mu/calls.h"
#include "services/interface/mu/span_tree.h"

struct trace {
    char id[33]; /* digits */
    struct span_tree tree;
};

struct trace_set {
    struct trace *list; /* owned: the one that began first comes first */
    size_t count;
};

/* Sorts `calls`, which stay borrowed. Records without a trace are left out. Returns 0 or -ENOMEM.
 */
int trace_set_init(struct trace_set *set, const struct calls *calls);

/* Safe on zeroes, and safe twice. */
void trace_set_deinit(struct trace_set *set);

/* The one trace of `calls`, which stay borrowed; all of them have ids that begin with `prefix`.
 * Says what is wrong: there is none, or several. Returns EXIT_OK or an exit status. */
int trace_set_choose(const struct cli *cli, const char *prefix, const struct calls *calls,
        struct trace_set *set);

/* Asks for the one trace whose id begins with `prefix`, into `*calls` and `*set`, which then holds
 * exactly one; both are the caller's in every case. Says what is wrong: no such trace, or several.
 * Returns EXIT_OK or an exit status. */
int trace_set_find(struct cli *cli, const char *prefix, struct calls *calls, struct trace_set *set);
