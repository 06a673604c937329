/* span_tree.h - the calls of one trace, each under the one that it was made in. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "mu/router/v1/router.pb-c.h"

enum { SPAN_NONE = -1 };

struct span_node {
    const Mu__Router__V1__CallRecord *record; /* borrowed */
    int parent;                               /* index in `nodes`, or SPAN_NONE */
    int depth;
};

struct span_tree {
    struct span_node *nodes; /* owned; each behind its parent, children by the time they began */
    size_t count;
    uint64_t began_us; /* of the first one */
    uint64_t ended_us; /* of the last one */
    size_t failed;     /* that did not end with OK */
};

/* Makes the tree of `records`, which are of one trace and stay borrowed. One whose parent is not
 * among them, or that is said to be made in itself, stands for itself. Returns 0 or -ENOMEM. */
int span_tree_init(
        struct span_tree *tree, const Mu__Router__V1__CallRecord *const *records, size_t count);

/* Safe on zeroes, and safe twice. */
void span_tree_deinit(struct span_tree *tree);

/* True where a call that was made in this one failed, too. */
bool span_tree_has_failed_child(const struct span_tree *tree, size_t index);
