// SPDX-License-Identifier: Apache-2.0
/* A request only says what is wanted; supervisor_advance finds out what that means. Nothing here
 * waits: who asked for something to be down is kept as a waiter until it is. */
#include "kernel/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* Finds a service by name for a request that may change it. */
static int request_find(struct supervisor *supervisor, const char *name, struct service **servicep)
{
    struct service *service = plan_find(&supervisor->services, name);

    if (supervisor_is_stopping(supervisor))
        return REQUEST_ENDING;
    if (service == NULL || service->leaving)
        return REQUEST_UNKNOWN;
    *servicep = service;
    return REQUEST_OK;
}

/* The same, but for the node's own parts. */
static int request_find_ordinary(
        struct supervisor *supervisor, const char *name, struct service **servicep)
{
    struct service *service;
    int outcome = request_find(supervisor, name, &service);

    if (outcome != REQUEST_OK)
        return outcome;
    if (service->config->kind != SERVICE_ORDINARY)
        return REQUEST_KERNEL;
    *servicep = service;
    return REQUEST_OK;
}

/* Ends what runs, for good as far as is known now. */
static void request_unwant(struct supervisor *supervisor, struct service *service, uint64_t now_ms)
{
    supervisor_want(service, false);
    supervisor_step_all(supervisor, service, CHILD_UNWANTED, now_ms);
}

static int request_add(struct supervisor *supervisor, const struct service_config *config,
        bool in_node_file, uint64_t now_ms)
{
    struct service_config *copy = service_config_copy(config);
    struct service *service = copy != NULL ? service_new(copy) : NULL;

    if (service == NULL) {
        free(copy);
        return err_new(-ENOMEM);
    }
    service->in_node_file = in_node_file;
    list_push(&supervisor->services, &service->link);
    supervisor_want(service, true);
    supervisor_step_all(supervisor, service, CHILD_WANTED, now_ms);
    return REQUEST_OK;
}

static bool request_is_same(const struct service_config *a, const struct service_config *b)
{
    return a->manifest.size == b->manifest.size &&
           memcmp(a->manifest.data, b->manifest.data, a->manifest.size) == 0;
}

/* Puts `config` in place of what runs. */
static int request_replace(struct supervisor *supervisor, struct service *service,
        const struct service_config *config, uint64_t now_ms)
{
    struct service_config *copy;

    if (request_is_same(service->next != NULL ? service->next : service->config, config) &&
            !service->leaving)
        return REQUEST_OK;
    copy = service_config_copy(config);
    if (copy == NULL)
        return err_new(-ENOMEM);
    free(service->next);
    service->next = copy;
    service->in_node_file = false;
    service->held = service->held && !service->leaving; /* one that was removed comes back anew */
    service->leaving = false;
    supervisor_answer(supervisor, service, false);
    supervisor_want(service, false);
    supervisor_step_all(supervisor, service, CHILD_UNWANTED, now_ms);
    return REQUEST_OK;
}

/* Counts as if every manifest that waits had taken over. */
static bool request_fits(const struct supervisor *supervisor, const struct service_config *config)
{
    uint32_t services = 1;
    uint32_t children = config->instances;

    list_for_each (link, &supervisor->services) {
        const struct service *service = list_entry(link, struct service, link);
        const struct service_config *latest = plan_latest(service);

        if (strcmp(latest->name, config->name) == 0)
            continue;
        services += 1;
        children += latest->instances;
    }
    return services <= SERVICES_MAX && children <= CHILDREN_MAX;
}

int request_apply(struct supervisor *supervisor, const struct service_config *config,
        bool in_node_file, uint64_t now_ms, char *text, size_t size)
{
    struct service *service = plan_find(&supervisor->services, config->name);
    int outcome;

    if (supervisor_is_stopping(supervisor))
        return REQUEST_ENDING;
    if (service != NULL && service->config->kind != SERVICE_ORDINARY)
        return REQUEST_KERNEL;
    if (service != NULL && !service->leaving &&
            strcmp(plan_latest(service)->space, config->space) != 0)
        return REQUEST_TAKEN;
    if (!request_fits(supervisor, config))
        return REQUEST_FULL;
    if (plan_has_cycle(&supervisor->services, config, text, size))
        return REQUEST_CYCLE;
    if (service == NULL)
        outcome = request_add(supervisor, config, in_node_file, now_ms);
    else
        outcome = request_replace(supervisor, service, config, now_ms);
    supervisor_advance(supervisor, now_ms);
    return outcome;
}

/* Ends the processes of `service`, and keeps `call` until that is so. */
static int request_take_down(
        struct supervisor *supervisor, struct service *service, uint64_t call, uint64_t now_ms)
{
    struct waiter *waiter = NULL;

    for (size_t i = 0; i < WAITERS_MAX && waiter == NULL; i++) {
        if (supervisor->waiters[i].state == WAITER_FREE)
            waiter = &supervisor->waiters[i];
    }
    if (waiter == NULL)
        return REQUEST_FULL;
    *waiter = (struct waiter){ .state = WAITER_WAITS, .call = call, .service = service };
    request_unwant(supervisor, service, now_ms);
    return REQUEST_LATER;
}

int request_hold(struct supervisor *supervisor, const char *name, uint64_t now_ms)
{
    struct service *service;
    int outcome = request_find_ordinary(supervisor, name, &service);

    if (outcome != REQUEST_OK)
        return outcome;
    service->held = true;
    request_unwant(supervisor, service, now_ms);
    supervisor_advance(supervisor, now_ms);
    return REQUEST_OK;
}

int request_remove(struct supervisor *supervisor, const char *name, uint64_t call, uint64_t now_ms)
{
    struct service *service;
    int outcome = request_find_ordinary(supervisor, name, &service);

    if (outcome != REQUEST_OK)
        return outcome;
    if (service->in_node_file)
        return REQUEST_IN_NODE_FILE;
    outcome = request_take_down(supervisor, service, call, now_ms);
    if (outcome == REQUEST_LATER) {
        free(service->next);
        service->next = NULL;
        service->leaving = true;
    }
    supervisor_advance(supervisor, now_ms);
    return outcome;
}

int request_start(struct supervisor *supervisor, const char *name, uint64_t now_ms)
{
    struct service *service;
    int outcome = request_find(supervisor, name, &service);

    if (outcome != REQUEST_OK)
        return outcome;
    service->held = false;
    supervisor_answer(supervisor, service, false);
    for (uint32_t i = 0; i < service->config->instances && service->next == NULL; i++) {
        struct child *child = &service->children[i];

        child->wanted = true;
        child_pardon(child);
        supervisor_step(supervisor, child, CHILD_WANTED, now_ms);
        if (child->state == CHILD_BACKOFF)
            supervisor_step(supervisor, child, CHILD_DUE, now_ms);
    }
    supervisor_advance(supervisor, now_ms);
    return REQUEST_OK;
}

int request_stop(struct supervisor *supervisor, const char *name, uint64_t call, uint64_t now_ms)
{
    struct service *service;
    int outcome = request_find_ordinary(supervisor, name, &service);

    if (outcome != REQUEST_OK)
        return outcome;
    outcome = request_take_down(supervisor, service, call, now_ms);
    service->held = service->held || outcome == REQUEST_LATER;
    supervisor_advance(supervisor, now_ms);
    return outcome;
}

int request_restart(struct supervisor *supervisor, const char *name, uint64_t now_ms)
{
    struct service *service;
    int outcome = request_find(supervisor, name, &service);

    if (outcome != REQUEST_OK)
        return outcome;
    for (uint32_t i = 0; i < service->config->instances && service->next == NULL; i++) {
        struct child *child = &service->children[i];

        if (child_has_process(child)) {
            child->again = true;
            supervisor_step(supervisor, child, CHILD_UNWANTED, now_ms);
        }
    }
    return request_start(supervisor, name, now_ms);
}

int request_turnover(
        struct supervisor *supervisor, bool replaces, uint32_t drain_ms, uint64_t now_ms)
{
    if (supervisor_is_stopping(supervisor))
        return REQUEST_ENDING;
    return turnover_begin(supervisor, replaces, drain_ms, now_ms) ? REQUEST_OK : REQUEST_BUSY;
}

void request_forget(struct supervisor *supervisor, uint64_t call)
{
    for (size_t i = 0; i < WAITERS_MAX; i++) {
        struct waiter *waiter = &supervisor->waiters[i];

        if (waiter->state != WAITER_FREE && waiter->call == call)
            *waiter = (struct waiter){ 0 };
    }
}
