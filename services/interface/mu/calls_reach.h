/* calls_reach.h - what the routers of all nodes wrote down about one trace, put together. */
#pragma once

#include "services/interface/mu/calls.h"
#include "services/interface/mu/reach.h"
#include "services/interface/mu/trace_set.h"

struct calls_reach {
    struct calls all;   /* owned: of this node; or of all of them, borrowed from `each` */
    struct reach reach; /* owned: which nodes there are; zeroes where only this one was asked */
    struct calls *each; /* owned: what each of them knows; NULL as above */
};

/* Asks for the one trace whose id begins with `prefix`, with `of_all` on all nodes, into `*found`
 * and
 * `*set`, which then holds exactly one; both are the caller's in every case. Says what is wrong: no
 * such trace, or several; and who did not answer. Returns EXIT_OK or an exit status. */
int calls_reach_find(struct cli *cli, const char *prefix, bool of_all, struct calls_reach *found,
        struct trace_set *set);

/* Safe on zeroes, and safe twice. */
void calls_reach_deinit(struct calls_reach *found);

/* Whose router a record is of: a node's name; "" where only this node was asked. Borrowed. */
const char *calls_reach_node(
        const struct calls_reach *found, const Mu__Router__V1__CallRecord *record);

/* Puts the clocks of `count` nodes right by the calls between them: a call cannot have come to the
 * next node before it left, nor have been answered there after its answer was here. Where it seems
 * so, all times of one of the two are moved until it lies in the middle. The first node's stay. */
void calls_reach_align(struct calls *each, size_t count);
