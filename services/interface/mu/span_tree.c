// SPDX-License-Identifier: Apache-2.0
/* Whoever makes a call may say which span it was made in, so nothing here trusts that the parents
 * make a tree: what is not reached from a root becomes one. */
#include "services/interface/mu/span_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "mu/status.h"
#include "services/interface/mu/trace_id.h"

/* One call while the tree is made; all numbers are places in the array, or SPAN_NONE. */
struct span_link {
    const Mu__Router__V1__CallRecord *record;
    int parent;
    int first_child;
    int next_sibling;
    int place; /* in the tree */
};

static bool span_is(ProtobufCBinaryData span)
{
    static const uint8_t none[TRACE_ID_SPAN_SIZE];

    return span.len == TRACE_ID_SPAN_SIZE && memcmp(span.data, none, sizeof(none)) != 0;
}

static bool span_is_same(ProtobufCBinaryData a, ProtobufCBinaryData b)
{
    return span_is(a) && span_is(b) && memcmp(a.data, b.data, TRACE_ID_SPAN_SIZE) == 0;
}

static int span_compare(const void *a, const void *b)
{
    const Mu__Router__V1__CallRecord *left = ((const struct span_link *)a)->record;
    const Mu__Router__V1__CallRecord *right = ((const struct span_link *)b)->record;

    if (left->began_us != right->began_us)
        return left->began_us < right->began_us ? -1 : 1;
    return left->seq < right->seq ? -1 : left->seq > right->seq;
}

static int span_find_parent(const struct span_link *links, size_t count, size_t index)
{
    for (size_t i = 0; i < count; i++) {
        if (i != index && span_is_same(links[i].record->span, links[index].record->parent_span))
            return (int)i;
    }
    return SPAN_NONE;
}

/* Hangs each one to its parent; from the last to the first, so that children come by time. */
static void span_hang(struct span_link *links, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        struct span_link *link = &links[i - 1];

        link->parent = span_find_parent(links, count, i - 1);
        if (link->parent == SPAN_NONE)
            continue;
        link->next_sibling = links[link->parent].first_child;
        links[link->parent].first_child = (int)i - 1;
    }
}

/* Appends one to the tree. */
static void span_append(struct span_tree *tree, struct span_link *link, int parent, int depth)
{
    link->place = (int)tree->count;
    tree->nodes[tree->count++] =
            (struct span_node){ .record = link->record, .parent = parent, .depth = depth };
}

/* Appends a root and all below it, depth first; without recursion, since chains may be long. */
static void span_place(struct span_tree *tree, struct span_link *links, int root)
{
    int at = root;
    int depth = 0;

    for (;;) {
        int parent = at != root ? links[links[at].parent].place : SPAN_NONE;

        span_append(tree, &links[at], parent, depth);
        if (links[at].first_child != SPAN_NONE) {
            at = links[at].first_child;
            depth += 1;
            continue;
        }
        while (at != root && links[at].next_sibling == SPAN_NONE) {
            at = links[at].parent;
            depth -= 1;
        }
        if (at == root)
            return;
        at = links[at].next_sibling;
    }
}

/* In two rounds: what hangs on those without a parent, then whatever is left, which is in a circle
 * or hangs on one. */
static void span_order(struct span_tree *tree, struct span_link *links, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (links[i].parent == SPAN_NONE)
            span_place(tree, links, (int)i);
    }
    for (size_t i = 0; i < count; i++) {
        if (links[i].place == SPAN_NONE)
            span_append(tree, &links[i], SPAN_NONE, 0);
    }
}

static void span_sum_up(struct span_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        const Mu__Router__V1__CallRecord *record = tree->nodes[i].record;
        uint64_t ended_us = record->began_us + record->took_us;

        if (i == 0 || record->began_us < tree->began_us)
            tree->began_us = record->began_us;
        if (ended_us > tree->ended_us)
            tree->ended_us = ended_us;
        tree->failed += record->code != MU_OK;
    }
}

int span_tree_init(
        struct span_tree *tree, const Mu__Router__V1__CallRecord *const *records, size_t count)
{
    CLEANUP(cleanup_free) struct span_link *links = calloc(count + 1, sizeof(*links));

    *tree = (struct span_tree){ .nodes = calloc(count + 1, sizeof(*tree->nodes)) };
    if (links == NULL || tree->nodes == NULL) {
        span_tree_deinit(tree);
        return err_new(-ENOMEM);
    }
    for (size_t i = 0; i < count; i++)
        links[i] = (struct span_link){ records[i], SPAN_NONE, SPAN_NONE, SPAN_NONE, SPAN_NONE };
    qsort(links, count, sizeof(*links), span_compare);
    span_hang(links, count);
    span_order(tree, links, count);
    span_sum_up(tree);
    return 0;
}

void span_tree_deinit(struct span_tree *tree)
{
    free(tree->nodes);
    *tree = (struct span_tree){ 0 };
}

bool span_tree_has_failed_child(const struct span_tree *tree, size_t index)
{
    for (size_t i = index + 1; i < tree->count; i++) {
        if (tree->nodes[i].parent == (int)index && tree->nodes[i].record->code != MU_OK)
            return true;
    }
    return false;
}
