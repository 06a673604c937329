/* meters_look.h - one look at what was counted: by this node's router, or by those of all nodes. */
#pragma once

#include "services/interface/mu/meters_sum.h"
#include "services/interface/mu/reach.h"

struct meters_look {
    struct meters all;   /* owned: of this node, or the sum of all that answered */
    struct reach reach;  /* owned: which nodes there are; zeroes where only this one was asked */
    struct meters *each; /* owned: what each of them counted; NULL as above */
};

/* Looks, with `of_all` at all nodes. Says what is wrong; a node that does not answer is nothing
 * wrong. Returns EXIT_OK or an exit status. */
int meters_look_take(
        struct cli *cli, const struct meters_filter *filter, bool of_all, struct meters_look *look);

/* Safe on zeroes, and safe twice. */
void meters_look_deinit(struct meters_look *look);

/* Fills `since` with what came between two looks (meters_since), node by node: of one that answered
 * only now there is nothing to tell yet. `before` may be zeroes: then all of `now`. `since` borrows
 * from `now`, and is freed by itself. Returns 0 or -ENOMEM. */
int meters_look_since(
        const struct meters_look *now, const struct meters_look *before, struct meters *since);

/* Prints a line a node: what it counted, or why it is not known. For looks at all nodes. Returns
 * EXIT_OK or an exit status. */
int meters_look_print_nodes(const struct cli *cli, const struct meters_look *look);
