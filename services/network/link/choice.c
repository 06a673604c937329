// SPDX-License-Identifier: Apache-2.0
/* Why there is no loop at any instant: the loop-free invariant conditions of Vutukury and
 * Garcia-Luna-Aceves (A Simple Approximation to Minimum-Delay Routing, SIGCOMM 1999, section 3),
 * per node, with hops for a distance. A neighbour is used only if it says that it is nearer than
 * all that this node's own neighbours may still believe of this node (pair.floor). Then along the
 * way to a node the floors fall at each step, whatever is under way at that moment; and a way that
 * is longer than what was told has to wait for one round trip: a withdrawal, and its confirmation.
 */
#include "services/network/link/choice.h"

#include "base/err.h"

int choice_add_node(struct routes *routes, const struct public_key *id, struct node **nodep)
{
    int r;

    for (uint32_t i = 0; i < routes->neighbour_count; i++) {
        r = neighbour_reserve(routes->neighbours[i], routes->nodes.slot_count + 1);
        if (r < 0)
            return err_trace(r);
    }
    r = nodes_add(&routes->nodes, id, nodep);
    return r > 0 ? ROUTES_FULL : err_trace(r);
}

void choice_stir(struct routes *routes, struct node *node)
{
    if (node->stirred)
        return;
    node->stirred = true;
    routes->stirred[routes->stirred_count++] = node->slot;
}

uint32_t metric_add(uint32_t one, uint32_t two)
{
    return one <= UINT32_MAX - two ? one + two : UINT32_MAX;
}

bool metric_differs(uint32_t one, uint32_t two)
{
    uint32_t apart = one > two ? one - two : two - one;
    uint32_t noise = (one < two ? one : two) / 4;

    return apart > noise && apart > ROUTE_METRIC_STEP_US;
}

uint32_t choice_metric(const struct node *node, const struct neighbour *neighbour)
{
    return metric_add(neighbour->pairs[node->slot].metric_us, neighbour->cost_us);
}

bool choice_is_usable(const struct node *node, const struct neighbour *neighbour)
{
    const struct pair *pair = &neighbour->pairs[node->slot];

    return pair->reported && !pair->looped && node->hops != HOPS_NONE &&
           pair->path.count + 1 == node->hops;
}

/* The fewest hops at which some neighbour may believe this node to be from `node`. */
static uint32_t choice_floor(const struct routes *routes, const struct node *node)
{
    uint32_t floor = HOPS_NONE;

    for (uint32_t i = 0; i < routes->neighbour_count; i++)
        if (routes->neighbours[i]->pairs[node->slot].floor < floor)
            floor = routes->neighbours[i]->pairs[node->slot].floor;
    return floor;
}

/* True where `one` is the better of two ways that may be used; `node->via` wins unless the other
 * one is better by more than noise. */
static bool choice_is_better(
        const struct node *node, const struct neighbour *one, const struct neighbour *two)
{
    uint32_t one_us = choice_metric(node, one);
    uint32_t two_us = choice_metric(node, two);
    uint32_t one_hops = one->pairs[node->slot].path.count;
    uint32_t two_hops = two->pairs[node->slot].path.count;

    if (one_hops != two_hops)
        return one_hops < two_hops;
    if (one == node->via || two == node->via)
        return metric_differs(one_us, two_us) ? one_us < two_us : one == node->via;
    return one_us < two_us;
}

static struct neighbour *choice_best(const struct routes *routes, const struct node *node)
{
    uint32_t floor = choice_floor(routes, node);
    struct neighbour *best = NULL;

    if (!node->held)
        return NULL; /* nobody has proven that it exists */
    for (uint32_t i = 0; i < routes->neighbour_count; i++) {
        struct neighbour *neighbour = routes->neighbours[i];
        const struct pair *pair = &neighbour->pairs[node->slot];

        if (!pair->reported || pair->looped || pair->path.count >= floor)
            continue;
        if (best == NULL || choice_is_better(node, neighbour, best))
            best = neighbour;
    }
    return best;
}

/* One that was asked for a body and did not answer is not asked again for a while: others may have
 * it. */
static void choice_check_asked(struct node *node, uint64_t now_ms)
{
    struct pair *pair;

    if (node->asked == NULL || now_ms - node->asked_ms < ROUTE_RETRY_MS)
        return;
    pair = &node->asked->pairs[node->slot];
    if (pair->reported && version_compare(&pair->version, &node->version) != 0)
        pair->silent_until_ms = now_ms + ROUTE_RETRY_MS;
    node->asked = NULL;
}

/* The neighbour that reports the newest version of those that may have its body. */
static struct neighbour *choice_newest(
        const struct routes *routes, const struct node *node, uint64_t now_ms)
{
    struct neighbour *newest = NULL;

    for (uint32_t i = 0; i < routes->neighbour_count; i++) {
        struct neighbour *neighbour = routes->neighbours[i];

        if (!pair_is_credible(&neighbour->pairs[node->slot], now_ms))
            continue;
        if (newest == NULL || version_compare(&neighbour->pairs[node->slot].version,
                                      &newest->pairs[node->slot].version) > 0)
            newest = neighbour;
    }
    return newest;
}

/* Sees to it that its body is asked for where a neighbour has a newer one; or an older one, and
 * nobody tells the one that is held any more: then the node has begun anew with a clock set back.
 */
static void choice_want(struct routes *routes, struct node *node, uint64_t now_ms)
{
    struct neighbour *newest;
    int order = 1;

    choice_check_asked(node, now_ms);
    newest = choice_newest(routes, node, now_ms);
    if (newest != NULL && node->held)
        order = version_compare(&newest->pairs[node->slot].version, &node->version);
    node->unsettled = order != 0 && node->report_count > 0;
    if (newest == NULL || order >= 0)
        node->behind_ms = 0;
    else if (node->behind_ms == 0)
        node->behind_ms = now_ms;
    if (newest == NULL || order == 0 || node->asked == newest ||
            (order < 0 && now_ms - node->behind_ms < ROUTE_BEHIND_MS))
        return;
    node->asked = newest;
    node->asked_ms = now_ms;
    newest->pairs[node->slot].wanted = true;
    newest->want = true;
}

/* Sees to it that the neighbour's table is built anew where this node makes a difference to it. */
static void choice_update_table(const struct node *node, struct neighbour *neighbour)
{
    struct pair *pair = &neighbour->pairs[node->slot];
    bool usable = choice_is_usable(node, neighbour);
    uint64_t in_table = usable ? (uint64_t)node->hops << 32 | choice_metric(node, neighbour) : 0;

    if (in_table != pair->in_table || (usable && node->changed))
        neighbour->changed = true;
    pair->in_table = in_table;
}

/* Takes over the chosen way. Others are told where they would see a difference. */
static void choice_take(struct routes *routes, struct node *node, struct neighbour *best)
{
    const struct pair *pair = best != NULL ? &best->pairs[node->slot] : NULL;
    uint8_t hops = pair != NULL ? (uint8_t)(pair->path.count + 1) : HOPS_NONE;
    bool tell = hops != node->hops || best != node->via;

    if (best != NULL) {
        struct path path = pair->path; /* its unused entries are zeroes, so that it compares */
        uint32_t metric_us = choice_metric(node, best);

        tell = tell || memcmp(&path, &node->route_path, sizeof(path)) != 0 ||
               metric_us != node->metric_us ||
               version_compare(&node->version, &node->route_version) != 0;
        node->route_path = path;
        node->metric_us = metric_us;
        node->route_version = node->version;
    }
    if ((hops != HOPS_NONE) != node->imported)
        node->changed = true;
    node->hops = hops;
    node->via = best;
    for (uint32_t i = 0; i < routes->neighbour_count; i++) {
        struct neighbour *neighbour = routes->neighbours[i];

        if (tell)
            neighbour_stir(neighbour, node);
        choice_update_table(node, neighbour);
    }
    routes->changed = true;
}

void choice_settle(struct routes *routes, uint64_t now_ms)
{
    for (uint32_t i = 0; i < routes->stirred_count; i++) {
        struct node *node = routes->nodes.slots[routes->stirred[i]];

        node->stirred = false;
        if (node == routes->self)
            continue;
        choice_want(routes, node, now_ms);
        choice_take(routes, node, choice_best(routes, node));
    }
    routes->stirred_count = 0;
}
