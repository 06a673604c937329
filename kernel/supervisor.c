// SPDX-License-Identifier: Apache-2.0
/* Every event ends in supervisor_advance, which looks at all services and moves whatever may move
 * now. That costs a walk over a short list for each event and saves all bookkeeping of who waits
 * for whom: the plan is always made from what is, never from what was. */
#include "kernel/supervisor.h"

#include <string.h>

#include "base/check.h"

static struct service *supervisor_service(struct list *link)
{
    return list_entry(link, struct service, link);
}

void supervisor_init(struct supervisor *supervisor, uint64_t seed)
{
    *supervisor = (struct supervisor){ .phase = SUPERVISOR_BOOTING };
    list_init(&supervisor->services);
    list_init(&supervisor->dirty);
    random_init(&supervisor->random, seed);
}

void supervisor_deinit(struct supervisor *supervisor)
{
    if (supervisor->services.next == NULL)
        return;
    list_for_each_safe (link, &supervisor->services) {
        struct service *service = supervisor_service(link);

        for (uint32_t i = 0; i < service->config->instances; i++)
            child_init(&service->children[i], service, &service->config->rule);
        service_free(service);
    }
    *supervisor = (struct supervisor){ 0 };
}

/* ---- steps ---- */

void supervisor_step(
        struct supervisor *supervisor, struct child *child, enum child_event event, uint64_t now_ms)
{
    if (child_step(child, event, now_ms) && child->effects != 0 && list_is_empty(&child->dirty))
        list_push(&supervisor->dirty, &child->dirty);
}

void supervisor_step_all(struct supervisor *supervisor, struct service *service,
        enum child_event event, uint64_t now_ms)
{
    for (uint32_t i = 0; i < service->config->instances; i++)
        supervisor_step(supervisor, &service->children[i], event, now_ms);
}

void supervisor_want(struct service *service, bool wanted)
{
    for (uint32_t i = 0; i < service->config->instances; i++)
        service->children[i].wanted = wanted;
}

/* No channel outlives the router. What ran shall run again, and its end is no failure. */
static void supervisor_sweep(struct supervisor *supervisor, uint64_t now_ms)
{
    list_for_each (link, &supervisor->services) {
        struct service *service = supervisor_service(link);

        for (uint32_t i = 0; i < service->config->instances; i++) {
            struct child *child = &service->children[i];

            child->admitted = false;
            if (service->config->kind == SERVICE_ROUTER)
                continue;
            child->again = child_has_process(child);
            supervisor_step(supervisor, child, CHILD_CUT, now_ms);
        }
    }
}

/* Whatever was waited for there will not come any more. */
static void supervisor_lose_router(struct supervisor *supervisor, uint64_t now_ms)
{
    supervisor_sweep(supervisor, now_ms);
    turnover_drained(supervisor, now_ms);
}

bool supervisor_is_stopping(const struct supervisor *supervisor)
{
    return supervisor->phase >= SUPERVISOR_STOPPING;
}

/* ---- moving on ---- */

/* Starts what waits and has what it needs. */
static void supervisor_advance_starts(struct supervisor *supervisor, uint64_t now_ms)
{
    list_for_each (link, &supervisor->services) {
        struct service *service = supervisor_service(link);
        bool known;

        if (plan_missing(&supervisor->services, service, &known) == NULL)
            supervisor_step_all(supervisor, service, CHILD_CLEARED, now_ms);
    }
}

/* Takes down what nothing needs any more, until nothing changes: one that never ran frees the next.
 */
static void supervisor_advance_stops(struct supervisor *supervisor, uint64_t now_ms)
{
    bool moved = true;

    while (moved) {
        moved = false;
        list_for_each (link, &supervisor->services) {
            struct service *service = supervisor_service(link);
            bool quiet = service_is_quiet(service);

            if (!plan_may_stop(&supervisor->services, service))
                continue;
            supervisor_step_all(supervisor, service, CHILD_UNWANTED, now_ms);
            moved = moved || quiet != service_is_quiet(service);
        }
    }
}

void supervisor_answer(struct supervisor *supervisor, const struct service *service, bool done)
{
    for (size_t i = 0; i < WAITERS_MAX; i++) {
        struct waiter *waiter = &supervisor->waiters[i];

        if (waiter->state == WAITER_WAITS && waiter->service == service) {
            waiter->state = done ? WAITER_DONE : WAITER_OVERTAKEN;
            waiter->service = NULL;
        }
    }
}

static void supervisor_advance_waiters(struct supervisor *supervisor)
{
    for (size_t i = 0; i < WAITERS_MAX; i++) {
        const struct waiter *waiter = &supervisor->waiters[i];

        if (waiter->state == WAITER_WAITS && service_is_quiet(waiter->service))
            supervisor_answer(supervisor, waiter->service, true);
    }
}

/* Lets new manifests take over and forgets what is to be forgotten, where all processes have ended.
 */
static void supervisor_advance_services(struct supervisor *supervisor, uint64_t now_ms)
{
    list_for_each_safe (link, &supervisor->services) {
        struct service *service = supervisor_service(link);

        if (!service_is_quiet(service))
            continue;
        if (service->leaving) {
            service_free(service);
        } else if (service->next != NULL && !supervisor_is_stopping(supervisor) &&
                   service_renew(service) == 0) {
            supervisor_want(service, !service->held);
            if (!service->held)
                supervisor_step_all(supervisor, service, CHILD_WANTED, now_ms);
        }
    }
}

/* True while a child makes its way up for the first time; in a turnover also for a later one. */
static bool supervisor_is_settling(const struct service *service, bool turnover)
{
    for (uint32_t i = 0; i < service->config->instances; i++) {
        const struct child *child = &service->children[i];

        if (child->state == CHILD_LAUNCHING ||
                ((child->starts <= 1 || turnover) &&
                        (child->state == CHILD_ADMITTING || child->state == CHILD_STARTING)))
            return true;
    }
    return false;
}

/* The node is ready when its kernel is up and every other process is up too, or had its chance. */
static void supervisor_advance_boot(struct supervisor *supervisor, uint64_t now_ms)
{
    bool turnover = supervisor->turnover.step != TURNOVER_NONE;
    bool settling = false;

    list_for_each (link, &supervisor->services) {
        const struct service *service = supervisor_service(link);

        if (service->config->kind != SERVICE_ORDINARY && !service_is_ready(service)) {
            supervisor->settle_by_ms = 0;
            return;
        }
        settling = settling || supervisor_is_settling(service, turnover);
    }
    if (supervisor->settle_by_ms == 0)
        supervisor->settle_by_ms =
                now_ms +
                (supervisor->turnover.step == TURNOVER_NONE ? SETTLE_MAX_MS : TURNOVER_SETTLE_MS);
    if (settling && supervisor->settle_by_ms > now_ms)
        return;
    supervisor->phase = SUPERVISOR_RUNNING;
    supervisor->was_ready = true;
    turnover_finish(supervisor, now_ms);
}

static bool supervisor_is_over(const struct supervisor *supervisor)
{
    list_for_each (link, &supervisor->services) {
        if (!service_is_quiet(supervisor_service(link)))
            return false;
    }
    return true;
}

void supervisor_advance(struct supervisor *supervisor, uint64_t now_ms)
{
    supervisor_advance_waiters(supervisor);
    supervisor_advance_services(supervisor, now_ms);
    if (supervisor_is_stopping(supervisor)) {
        supervisor_advance_stops(supervisor, now_ms);
        if (!supervisor_is_over(supervisor))
            return;
        if (!turnover_restart(supervisor, now_ms)) {
            supervisor->phase = SUPERVISOR_OVER;
            return;
        }
        supervisor_advance_services(supervisor, now_ms);
    }
    supervisor_advance_starts(supervisor, now_ms);
    if (supervisor->phase == SUPERVISOR_BOOTING)
        supervisor_advance_boot(supervisor, now_ms);
}

void supervisor_shutdown(struct supervisor *supervisor, uint64_t now_ms)
{
    turnover_give_up(supervisor);
    if (supervisor_is_stopping(supervisor))
        return;
    supervisor->phase = SUPERVISOR_STOPPING;
    list_for_each (link, &supervisor->services)
        supervisor_want(supervisor_service(link), false);
    supervisor_advance(supervisor, now_ms);
}

void supervisor_hurry(struct supervisor *supervisor, uint64_t now_ms)
{
    supervisor_shutdown(supervisor, now_ms);
    list_for_each (link, &supervisor->services)
        supervisor_step_all(supervisor, supervisor_service(link), CHILD_HURRIED, now_ms);
    supervisor_advance(supervisor, now_ms);
}

/* ---- what happened ---- */

struct child *supervisor_find(const struct supervisor *supervisor, uint64_t instance)
{
    list_for_each (link, &supervisor->services) {
        const struct service *service = supervisor_service(link);

        for (uint32_t i = 0; i < service->config->instances; i++) {
            struct child *child = &service->children[i];

            if (child->instance == instance &&
                    (child->state == CHILD_LAUNCHING || child_has_process(child)))
                return child;
        }
    }
    return NULL;
}

static bool supervisor_is_router(const struct child *child)
{
    return child->service->config->kind == SERVICE_ROUTER;
}

void supervisor_forked(
        struct supervisor *supervisor, uint64_t instance, uint32_t pid, uint64_t now_ms)
{
    struct child *child = supervisor_find(supervisor, instance);

    CHECK(child != NULL && child->state == CHILD_LAUNCHING);

    supervisor_step(supervisor, child, CHILD_FORKED, now_ms);
    child->pid = pid;
    if (supervisor_is_router(child)) {
        child->effects &= ~(unsigned)CHILD_ADMIT;
        supervisor_step(supervisor, child, CHILD_ADMITTED, now_ms);
    }
}

/* A part of the kernel that cannot start at boot will not start later either. */
static bool supervisor_is_boot_failure(
        const struct supervisor *supervisor, const struct child *child)
{
    enum service_kind kind = child->service->config->kind;

    if (supervisor->phase != SUPERVISOR_BOOTING || supervisor->was_ready ||
            kind == SERVICE_ORDINARY)
        return false;
    return kind == SERVICE_ROUTER || child->starts >= REGISTRY_STARTS_MAX ||
           child->ending.cause == ENDING_UNSTARTED;
}

static void supervisor_end(struct supervisor *supervisor, struct child *child,
        const struct ending *ending, uint64_t now_ms)
{
    enum child_event event = child_judge(child, ending, &supervisor->random, now_ms);

    supervisor_step(supervisor, child, event, now_ms);
    if (supervisor_is_router(child))
        supervisor_lose_router(supervisor, now_ms);
    if (event != CHILD_ENDED && event != CHILD_AGAIN &&
            supervisor_is_boot_failure(supervisor, child)) {
        supervisor->boot_failure = child->service;
        supervisor_shutdown(supervisor, now_ms);
    }
    supervisor_advance(supervisor, now_ms);
}

void supervisor_unstarted(
        struct supervisor *supervisor, uint64_t instance, int error, uint64_t now_ms)
{
    struct child *child = supervisor_find(supervisor, instance);
    struct ending ending = { .cause = ENDING_UNSTARTED, .code = error };

    CHECK(child != NULL && child->state == CHILD_LAUNCHING);

    supervisor_end(supervisor, child, &ending, now_ms);
}

void supervisor_ended(struct supervisor *supervisor, uint64_t instance, const struct ending *ending,
        uint64_t now_ms)
{
    struct child *child = supervisor_find(supervisor, instance);

    CHECK(child != NULL && child_has_process(child));

    supervisor_end(supervisor, child, ending, now_ms);
}

bool supervisor_admitted(
        struct supervisor *supervisor, uint64_t instance, bool accepted, uint64_t now_ms)
{
    struct child *child = supervisor_find(supervisor, instance);

    if (child == NULL)
        return false;
    supervisor_step(supervisor, child, accepted ? CHILD_ADMITTED : CHILD_DENIED, now_ms);
    return true;
}

bool supervisor_ready(struct supervisor *supervisor, uint64_t instance, uint64_t now_ms)
{
    struct child *child = supervisor_find(supervisor, instance);

    if (child == NULL)
        return false;
    supervisor_step(supervisor, child, CHILD_READY, now_ms);
    supervisor_advance(supervisor, now_ms);
    return true;
}

bool supervisor_cut(struct supervisor *supervisor, uint64_t instance, uint64_t now_ms)
{
    struct child *child = supervisor_find(supervisor, instance);

    if (child == NULL)
        return false;
    if (supervisor_is_router(child))
        supervisor_lose_router(supervisor, now_ms);
    supervisor_step(supervisor, child, CHILD_CUT, now_ms);
    supervisor_advance(supervisor, now_ms);
    return true;
}

void supervisor_tick(struct supervisor *supervisor, uint64_t now_ms)
{
    list_for_each (link, &supervisor->services) {
        struct service *service = supervisor_service(link);

        for (uint32_t i = 0; i < service->config->instances; i++) {
            struct child *child = &service->children[i];

            if (child->due_ms != 0 && child->due_ms <= now_ms)
                supervisor_step(supervisor, child, CHILD_DUE, now_ms);
        }
    }
    if (supervisor->turnover.due_ms != 0 && supervisor->turnover.due_ms <= now_ms)
        turnover_drained(supervisor, now_ms);
    supervisor_advance(supervisor, now_ms);
}

uint64_t supervisor_due(const struct supervisor *supervisor)
{
    uint64_t due_ms = UINT64_MAX;

    if (supervisor->phase == SUPERVISOR_BOOTING && supervisor->settle_by_ms != 0)
        due_ms = supervisor->settle_by_ms;
    if (supervisor->turnover.due_ms != 0 && supervisor->turnover.due_ms < due_ms)
        due_ms = supervisor->turnover.due_ms;
    list_for_each (link, &supervisor->services) {
        const struct service *service = supervisor_service(link);

        for (uint32_t i = 0; i < service->config->instances; i++) {
            if (service->children[i].due_ms != 0 && service->children[i].due_ms < due_ms)
                due_ms = service->children[i].due_ms;
        }
    }
    return due_ms;
}

/* ---- what is to be done ---- */

static uint64_t supervisor_new_instance(struct supervisor *supervisor)
{
    uint64_t instance;

    do
        instance = random_next(&supervisor->random) >> 1;
    while (instance == 0 || supervisor_find(supervisor, instance) != NULL);
    return instance;
}

static struct effect supervisor_take(struct supervisor *supervisor, struct child *child)
{
    static const enum effect_kind kinds[] = {
        [CHILD_DISMISS] = EFFECT_DISMISS,
        [CHILD_SPAWN] = EFFECT_SPAWN,
        [CHILD_ADMIT] = EFFECT_ADMIT,
        [CHILD_OPEN_GATE] = EFFECT_OPEN_GATE,
        [CHILD_TERM] = EFFECT_TERM,
        [CHILD_KILL] = EFFECT_KILL,
    };
    unsigned bit = child->effects & -child->effects;
    struct effect effect = { .kind = kinds[bit], .child = child };

    child->effects &= ~bit;
    if (child->effects == 0)
        list_remove(&child->dirty);
    if (bit == CHILD_SPAWN)
        child->instance = supervisor_new_instance(supervisor);
    if (bit == CHILD_DISMISS) {
        effect.child = NULL;
        effect.admitted = child->admitted;
        child->admitted = false;
    }
    if (bit == CHILD_ADMIT)
        child->admitted = true;
    effect.instance = child->instance;
    return effect;
}

static bool supervisor_take_reply(struct supervisor *supervisor, struct effect *effect)
{
    for (size_t i = 0; i < WAITERS_MAX; i++) {
        struct waiter *waiter = &supervisor->waiters[i];

        if (waiter->state != WAITER_DONE && waiter->state != WAITER_OVERTAKEN)
            continue;
        *effect = (struct effect){
            .kind = EFFECT_REPLY, .call = waiter->call, .done = waiter->state == WAITER_DONE
        };
        *waiter = (struct waiter){ 0 };
        return true;
    }
    return false;
}

bool supervisor_next(struct supervisor *supervisor, struct effect *effect, uint64_t now_ms)
{
    if (!list_is_empty(&supervisor->dirty)) {
        *effect = supervisor_take(
                supervisor, list_entry(supervisor->dirty.next, struct child, dirty));
        if (effect->kind == EFFECT_DISMISS)
            supervisor_advance(supervisor, now_ms);
        return true;
    }
    if (supervisor_take_reply(supervisor, effect))
        return true;
    if (supervisor->turnover.step == TURNOVER_DRAINING && !supervisor->turnover.told_router) {
        supervisor->turnover.told_router = true;
        *effect = (struct effect){ .kind = EFFECT_DRAIN };
        return true;
    }
    if (supervisor->phase == SUPERVISOR_RUNNING && !supervisor->told_ready) {
        supervisor->told_ready = true;
        *effect = (struct effect){ .kind = EFFECT_READY };
        return true;
    }
    if (supervisor->phase == SUPERVISOR_OVER && !supervisor->told_over) {
        supervisor->told_over = true;
        *effect = (struct effect){ .kind = EFFECT_OVER };
        return true;
    }
    return false;
}
