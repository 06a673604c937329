// SPDX-License-Identifier: Apache-2.0
#include "kernel/standing.h"

#include <stdio.h>

#include "kernel/limits.h"

struct standing standing_count(const struct supervisor *supervisor)
{
    struct standing count = { 0 };

    list_for_each (link, &supervisor->services) {
        const struct service *service = list_entry(link, struct service, link);

        for (uint32_t i = 0; i < service->config->instances; i++) {
            const struct child *child = &service->children[i];

            count.up += child->state == CHILD_UP;
            count.failed += child->state == CHILD_FAILED;
            count.wanted += child->wanted || (service->next != NULL && !service->held);
        }
    }
    return count;
}

void standing_reason(
        const struct supervisor *supervisor, const struct child *child, char *text, size_t size)
{
    const struct child_rule *rule = child->rule;
    const char *missing;
    bool known;

    text[0] = '\0';
    if (child->state == CHILD_WAITING) {
        missing = plan_missing(&supervisor->services, child->service, &known);
        if (missing != NULL)
            snprintf(text, size, "waits for %s%s", missing,
                    known ? "" : ", which this node does not know");
    } else if (child->state == CHILD_FAILED && child->failures.count >= rule->failures_max) {
        snprintf(text, size, "failed %u times within %u s", rule->failures_max,
                rule->window_ms / 1000);
    } else if (child->state == CHILD_FAILED) {
        snprintf(text, size, "ended for good");
    } else if (child->state == CHILD_STOPPING) {
        snprintf(text, size, "finishes its calls");
    } else if (child->state == CHILD_DOWN && child->service->held) {
        snprintf(text, size, "stopped by an operator");
    } else if (child->state == CHILD_DOWN && child->service->next == NULL) {
        snprintf(text, size, "ended by itself, and is not to run again");
    }
}

const char *standing_waits_for(const struct supervisor *supervisor, const struct child *child)
{
    const char *missing = NULL;
    bool known;

    if (child->state == CHILD_WAITING)
        missing = plan_missing(&supervisor->services, child->service, &known);
    return missing != NULL ? missing : "";
}

static uint32_t standing_child_expected_ms(const struct child *child)
{
    switch (child->state) {
    case CHILD_WAITING:
    case CHILD_LAUNCHING:
    case CHILD_ADMITTING:
    case CHILD_STARTING:
        return child->wanted ? EXPECTED_MS : 0;
    case CHILD_STOPPING:
    case CHILD_LOST:
    case CHILD_KILLED:
        return child->wanted ? child->rule->stop_timeout_ms + EXPECTED_MS : 0;
    case CHILD_BACKOFF:
        return child->pause_ms <= EXPECTED_PAUSE_MAX_MS ? child->pause_ms + EXPECTED_MS : 0;
    case CHILD_REFUSED:
    case CHILD_DOWN:
    case CHILD_UP:
    case CHILD_FAILED:
    case CHILD_STATES:
        break;
    }
    return 0;
}

uint32_t standing_expected_ms(const struct service *service)
{
    uint32_t longest_ms = 0;

    for (uint32_t i = 0; i < service->config->instances; i++) {
        uint32_t child_ms = standing_child_expected_ms(&service->children[i]);

        longest_ms = child_ms > longest_ms ? child_ms : longest_ms;
    }
    return longest_ms;
}
