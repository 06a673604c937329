// SPDX-License-Identifier: Apache-2.0
#include "kernel/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "kernel/process.h"
#include "kernel/standing.h"
#include "kernel/usage.h"

static Mu__Node__V1__ProcessState view_state(const struct child *child)
{
    static const Mu__Node__V1__ProcessState states[CHILD_STATES] = {
        [CHILD_DOWN] = MU__NODE__V1__PROCESS_STATE__PROCESS_DOWN,
        [CHILD_WAITING] = MU__NODE__V1__PROCESS_STATE__PROCESS_WAITING,
        [CHILD_LAUNCHING] = MU__NODE__V1__PROCESS_STATE__PROCESS_STARTING,
        [CHILD_ADMITTING] = MU__NODE__V1__PROCESS_STATE__PROCESS_STARTING,
        [CHILD_STARTING] = MU__NODE__V1__PROCESS_STATE__PROCESS_STARTING,
        [CHILD_UP] = MU__NODE__V1__PROCESS_STATE__PROCESS_UP,
        [CHILD_LOST] = MU__NODE__V1__PROCESS_STATE__PROCESS_BACKOFF, /* it ends, and starts again */
        [CHILD_STOPPING] = MU__NODE__V1__PROCESS_STATE__PROCESS_STOPPING,
        [CHILD_KILLED] = MU__NODE__V1__PROCESS_STATE__PROCESS_STOPPING,
        [CHILD_BACKOFF] = MU__NODE__V1__PROCESS_STATE__PROCESS_BACKOFF,
        [CHILD_FAILED] = MU__NODE__V1__PROCESS_STATE__PROCESS_FAILED,
    };

    /* Between two manifests: the next one starts in a moment. */
    if (child->state == CHILD_DOWN && child->service->next != NULL && !child->service->held)
        return MU__NODE__V1__PROCESS_STATE__PROCESS_WAITING;
    return states[child->state];
}

static uint32_t view_memory_kib(const struct node *node)
{
    uint32_t memory_kib = usage_memory_kib((uint32_t)getpid());

    list_for_each (link, &node->supervisor.services) {
        const struct service *service = list_entry(link, struct service, link);

        for (uint32_t i = 0; i < service->config->instances; i++) {
            if (service->children[i].pid != 0)
                memory_kib += usage_memory_kib(service->children[i].pid);
        }
    }
    return memory_kib;
}

void view_status(const struct node *node, Mu__Node__V1__StatusReply *reply)
{
    const struct standing standing = standing_count(&node->supervisor);
    const struct cage_plan usual = sandbox_usual(&node->sandbox);

    mu__node__v1__status_reply__init(reply);
    reply->grade = (char *)grade_name(usual.grade);
    reply->grade_lacks = (char *)usual.lacks;
    reply->sandbox_min = (char *)grade_name(node->sandbox.min);
    reply->node = (char *)node->name;
    reply->version = (char *)MU_VERSION;
    reply->pid = (uint32_t)getpid();
    reply->up_ms = clock_ms() - node->started_ms;
    reply->ready = node->supervisor.phase == SUPERVISOR_RUNNING && standing.up == standing.wanted;
    reply->processes_up = standing.up + 1; /* the supervisor itself */
    reply->processes_wanted = standing.wanted + 1;
    reply->processes_failed = standing.failed;
    reply->memory_kib = view_memory_kib(node);
    reply->log_dir = (char *)node->folders.logs;
    reply->run_dir = (char *)node->folders.place.run;
    reply->program_dir = (char *)node->libexec;
    reply->pause_ms = node->supervisor.turnover.pause_ms;
    reply->state_dir = (char *)node->folders.place.state;
}

/* Its first part that takes no calls; NULL where all do. */
static const struct service *view_ailing_part(const struct supervisor *supervisor)
{
    list_for_each (link, &supervisor->services) {
        const struct service *service = list_entry(link, struct service, link);

        if (service->config->kind != SERVICE_ORDINARY && !service_is_ready(service))
            return service;
    }
    return NULL;
}

void view_health(
        const struct node *node, Mu__Debug__V1__HealthReply *reply, char reason[VIEW_REASON_MAX])
{
    const struct service *ailing = view_ailing_part(&node->supervisor);

    mu__debug__v1__health_reply__init(reply);
    reason[0] = '\0';
    if (ailing != NULL)
        snprintf(reason, VIEW_REASON_MAX, "the %s is not up", ailing->config->name);
    reply->ok = ailing == NULL;
    reply->reason = reason;
    reply->up_ms = clock_ms() - node->started_ms;
    reply->draining = supervisor_is_stopping(&node->supervisor);
}

/* A list reply with everything it points to. */
struct view_entry {
    Mu__Node__V1__Process process;
    char ending[ENDING_TEXT_MAX];
    char reason[VIEW_REASON_MAX];
};

static void view_self(const struct node *node, Mu__Node__V1__Process *process)
{
    mu__node__v1__process__init(process);
    process->service = (char *)"node";
    process->version = (char *)MU_VERSION;
    process->state = MU__NODE__V1__PROCESS_STATE__PROCESS_UP;
    process->pid = (uint32_t)getpid();
    process->up_ms = clock_ms() - node->started_ms;
    process->memory_kib = usage_memory_kib(process->pid);
    process->cpu_ms = usage_cpu_ms(process->pid);
    process->kernel = true;
}

static const char *view_grade(const struct node *node, const struct child *child)
{
    const struct process *process = process_find(&node->processes, child->instance);

    return process != NULL ? grade_name(process->grade) : "";
}

static void view_child(const struct node *node, const struct child *child, struct view_entry *entry)
{
    const struct service_config *config = child->service->config;
    Mu__Node__V1__Process *process = &entry->process;
    uint64_t now_ms = clock_ms();

    mu__node__v1__process__init(process);
    ending_print(&child->ending, entry->ending, sizeof(entry->ending));
    standing_reason(&node->supervisor, child, entry->reason, sizeof(entry->reason));
    process->service = (char *)config->name;
    process->version = (char *)config->version;
    process->namespace_ = (char *)config->space;
    process->state = view_state(child);
    process->instance = child->starts > 0 ? child->instance : 0;
    process->restarts = child->starts > 0 ? child->starts - 1 : 0;
    process->last_exit = entry->ending;
    process->reason = entry->reason;
    process->waits_for = (char *)standing_waits_for(&node->supervisor, child);
    process->stopped = child->service->held;
    process->kernel = config->kind != SERVICE_ORDINARY;
    if (child->state == CHILD_BACKOFF && child->due_ms > now_ms)
        process->backoff_ms = (uint32_t)(child->due_ms - now_ms);
    if (child->pid == 0)
        return;
    process->pid = child->pid;
    process->grade = (char *)view_grade(node, child);
    process->up_ms = now_ms - child->started_ms;
    process->memory_kib = usage_memory_kib(child->pid);
    process->cpu_ms = usage_cpu_ms(child->pid);
}

static size_t view_count(const struct node *node)
{
    size_t count = 1;

    list_for_each (link, &node->supervisor.services)
        count += list_entry(link, struct service, link)->config->instances;
    return count;
}

Mu__Node__V1__ListReply *view_list(const struct node *node)
{
    size_t count = view_count(node);
    size_t links_size = count * sizeof(Mu__Node__V1__Process *);
    Mu__Node__V1__ListReply *reply =
            malloc(sizeof(*reply) + links_size + count * sizeof(struct view_entry));
    struct view_entry *entry;
    size_t filled = 0;

    if (reply == NULL)
        return NULL;
    mu__node__v1__list_reply__init(reply);
    reply->processes = (Mu__Node__V1__Process **)(void *)(reply + 1);
    entry = (struct view_entry *)(void *)((char *)(reply + 1) + links_size);
    view_self(node, &entry->process);
    reply->processes[filled++] = &entry++->process;
    list_for_each (link, &node->supervisor.services) {
        const struct service *service = list_entry(link, struct service, link);

        for (uint32_t i = 0; i < service->config->instances; i++) {
            view_child(node, &service->children[i], entry);
            reply->processes[filled++] = &entry++->process;
        }
    }
    CHECK(filled == count);
    reply->n_processes = count;
    return reply;
}
