// SPDX-License-Identifier: Apache-2.0
/* For people who ask: everything that is known, also what is not used now, and why not. */
#include "services/network/link/choice.h"
#include "services/network/link/table.h"

bool routes_report_node(
        const struct routes *routes, uint32_t slot, uint64_t now_ms, struct node_report *report)
{
    const struct node *node = slot < routes->nodes.slot_count ? routes->nodes.slots[slot] : NULL;
    bool self = node == routes->self;

    if (node == NULL)
        return false;
    *report = (struct node_report){
        .node = node,
        .linked = node->neighbour != NULL,
        .reachable = node->hops != HOPS_NONE,
        .heard_ms = self ? 0 : now_ms - node->heard_ms,
    };
    return true;
}

static bool report_begins(struct span name, struct span prefix)
{
    return prefix.size <= name.size &&
           (prefix.size == 0 || memcmp(name.data, prefix.data, prefix.size) == 0);
}

/* The ways to one offer: its own, or one through each neighbour that reports its node. */
static void report_offer(const struct routes *routes, struct route_report *line, uint64_t now_ms,
        routes_report_fn report, void *context)
{
    const struct node *node = line->node;
    const struct route *best = table_find(routes, line->offer.service);

    if (node == routes->self) {
        line->metric_us = line->offer.latency_us;
        line->usable = true;
        line->chosen = true;
        report(context, line);
        return;
    }
    for (uint32_t i = 0; i < routes->neighbour_count; i++) {
        const struct neighbour *neighbour = routes->neighbours[i];
        const struct pair *pair = &neighbour->pairs[node->slot];

        if (!pair->reported || pair->looped)
            continue;
        line->via = neighbour->node;
        line->path = &pair->path;
        line->hops = pair->path.count + 1;
        line->metric_us = metric_add(choice_metric(node, neighbour), line->offer.latency_us);
        line->usable = choice_is_usable(node, neighbour);
        line->chosen = line->usable && best != NULL && best->hops == line->hops &&
                       line->metric_us <= best->metric_us;
        line->damped_ms = damping_left_ms(&neighbour->node->damping, now_ms);
        report(context, line);
    }
}

void routes_report(struct routes *routes, struct span prefix, uint64_t now_ms,
        routes_report_fn report, void *context)
{
    table_build_best(routes);
    for (uint32_t i = 0; i < routes->nodes.slot_count; i++) {
        const struct node *node = routes->nodes.slots[i];
        struct route_report line = { .node = node };
        struct fields fields;

        if (node == NULL || !node->held)
            continue;
        fields = node_offers(node);
        while (advert_next_offer(&fields, &line.offer))
            if (report_begins(line.offer.service, prefix))
                report_offer(routes, &line, now_ms, report, context);
    }
}
