// SPDX-License-Identifier: Apache-2.0
/* The lists are short (SERVICES_MAX) and change seldom, so everything is found by walking
 * them; there is no graph to be kept in step with the services. */
#include "kernel/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "kernel/limits.h"

static struct service *plan_service(struct list *link)
{
    return list_entry(link, struct service, link);
}

struct service *plan_find(const struct list *services, const char *name)
{
    list_for_each (link, services) {
        if (strcmp(plan_service(link)->config->name, name) == 0)
            return plan_service(link);
    }
    return NULL;
}

static struct service *plan_find_kind(const struct list *services, enum service_kind kind)
{
    list_for_each (link, services) {
        if (plan_service(link)->config->kind == kind)
            return plan_service(link);
    }
    return NULL;
}

static bool plan_kind_is_ready(const struct list *services, enum service_kind kind)
{
    const struct service *service = plan_find_kind(services, kind);

    return service != NULL && service_is_ready(service);
}

const char *plan_missing(const struct list *services, const struct service *service, bool *knownp)
{
    const struct service_config *config = service->config;
    const struct service *needed;

    *knownp = true;
    if (config->kind == SERVICE_ROUTER)
        return NULL;
    if (!plan_kind_is_ready(services, SERVICE_ROUTER))
        return "router";
    if (config->kind == SERVICE_REGISTRY)
        return NULL;
    if (!plan_kind_is_ready(services, SERVICE_REGISTRY))
        return "registry";
    for (uint32_t i = 0; i < config->need_count; i++) {
        needed = plan_find(services, config->needs[i]);
        *knownp = needed != NULL;
        if (needed == NULL || !service_is_ready(needed))
            return config->needs[i];
    }
    return NULL;
}

static bool plan_needs(const struct service_config *user, const struct service_config *needed)
{
    if (needed->kind == SERVICE_ROUTER)
        return user->kind != SERVICE_ROUTER;
    if (needed->kind == SERVICE_REGISTRY)
        return user->kind == SERVICE_ORDINARY;
    return service_needs(user, needed->name);
}

bool plan_may_stop(const struct list *services, const struct service *service)
{
    list_for_each (link, services) {
        const struct service *user = plan_service(link);

        if (user != service && plan_needs(user->config, service->config) && !service_is_quiet(user))
            return false;
    }
    return true;
}

/* A walk along the needs, depth first, without recursion. `path[0]` is the new one; what was walked
 * and led nowhere is not walked again. */
struct plan_walk {
    const struct service_config *path[SERVICES_MAX];
    uint32_t at[SERVICES_MAX]; /* the next need to follow */
    uint32_t depth;
    const struct service_config *dead[SERVICES_MAX];
    uint32_t dead_count;
};

static void plan_print_cycle(const struct plan_walk *walk, char *text, size_t size)
{
    size_t used = 0;

    for (uint32_t i = 0; i < walk->depth && used < size; i++) {
        const struct service_config *needed = walk->path[i + 1 < walk->depth ? i + 1 : 0];

        used += (size_t)snprintf(text + used, size - used, "%s%s needs %s", i > 0 ? ", " : "",
                walk->path[i]->name, needed->name);
    }
}

static bool plan_is_dead(const struct plan_walk *walk, const struct service_config *config)
{
    for (uint32_t i = 0; i < walk->dead_count; i++) {
        if (walk->dead[i] == config)
            return true;
    }
    return false;
}

const struct service_config *plan_latest(const struct service *service)
{
    return service->next != NULL ? service->next : service->config;
}

bool plan_has_cycle(
        const struct list *services, const struct service_config *config, char *text, size_t size)
{
    struct plan_walk walk;

    walk.path[0] = config;
    walk.at[0] = 0;
    walk.depth = 1;
    walk.dead_count = 0;
    while (walk.depth > 0) {
        const struct service_config *here = walk.path[walk.depth - 1];
        uint32_t next = walk.at[walk.depth - 1]++;
        const struct service *needed;

        if (next == here->need_count) {
            CHECK(walk.dead_count < SERVICES_MAX);
            walk.depth -= 1;
            walk.dead[walk.dead_count++] = here;
            continue;
        }
        if (strcmp(here->needs[next], config->name) == 0) {
            plan_print_cycle(&walk, text, size);
            return true;
        }
        needed = plan_find(services, here->needs[next]);
        if (needed == NULL || plan_is_dead(&walk, plan_latest(needed)))
            continue;
        CHECK(walk.depth < SERVICES_MAX);
        walk.path[walk.depth] = plan_latest(needed);
        walk.at[walk.depth] = 0;
        walk.depth += 1;
    }
    return false;
}
