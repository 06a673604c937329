// SPDX-License-Identifier: Apache-2.0
/* The shell has no opinion: each event goes to the core, each effect is carried out, and whatever
 * cannot be carried out goes back to the core as an event. */
#include "kernel/node.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "kernel/admit.h"
#include "kernel/endpoints.h"
#include "kernel/expect.h"
#include "kernel/handover.h"
#include "kernel/notify.h"
#include "kernel/process.h"
#include "mu/router/v1/router.pb-c.h"

/* ---- events ---- */

/* Says what became of a process where its service's own words are, so that whoever reads those
 * finds it; and on standard error, unless that is a daemon's log beside them. */
__attribute__((format(printf, 4, 5))) static void node_say(
        struct node *node, enum log_level level, const char *name, const char *format, ...)
{
    char line[LOG_LINE_MAX];
    char text[LOG_LINE_MAX / 2];
    struct iovec piece = { .iov_base = line };
    struct timespec now;
    struct logfile *log;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (node->own_log == NULL)
        log_write(level, "%s: %s", name, text);
    if (level < log_get_level() || logfile_open(&log, &node->logs, node->folders.logs, name) < 0)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    piece.iov_len = log_print(line, sizeof(line), &now, level, "node", text, strlen(text));
    logfile_write(log, &piece, 1);
    logfile_close(log);
}

static void node_say_ended(struct node *node, const struct child *child)
{
    char text[ENDING_TEXT_MAX];
    const char *name = child->service->config->name;

    ending_print(&child->ending, text, sizeof(text));
    if (child->state == CHILD_FAILED)
        node_say(node, LOG_ERROR, name, "%s; it is not started again", text);
    else if (child->state == CHILD_BACKOFF)
        node_say(node, LOG_WARN, name, "%s; it starts again in %u ms", text, child->pause_ms);
    else
        node_say(node, LOG_INFO, name, "%s", text);
}

/* The router closes its end of the control socket while it dies, so this is known before any
 * process that falls with it can have ended. */
static void node_look_for_router(struct node *node)
{
    if (control_is_cut(&node->control))
        node->control.doomed = true;
    control_settle(&node->control);
}

static void node_process_ended(struct loop_source *source, uint32_t events)
{
    struct process *process = list_entry(source, struct process, source);
    struct node *node = process->user;
    uint64_t instance = process->instance;
    const struct child *child;
    struct ending ending;

    (void)events;
    if (!process_reap(process, &ending))
        return;
    node_look_for_router(node);
    process_free(process);
    child = supervisor_find(&node->supervisor, instance);
    supervisor_ended(&node->supervisor, instance, &ending, clock_ms());
    node_say_ended(node, child); /* it is there until its DISMISS is carried out */
}

static const struct child *node_find_router(const struct node *node)
{
    const struct service *router = plan_find(&node->supervisor.services, "router");

    return router != NULL ? &router->children[0] : NULL;
}

static void node_router_cut(void *user)
{
    struct node *node = user;
    const struct child *router = node_find_router(node);

    if (supervisor_cut(&node->supervisor, router->instance, clock_ms()) &&
            node->supervisor.phase == SUPERVISOR_RUNNING)
        log_warn("the router is gone: everything that hung on it starts again");
}

static void node_admit_answered(struct node *node, const struct envelope *envelope)
{
    struct status status = { 0 };

    list_for_each (link, &node->processes) {
        struct process *process = list_entry(link, struct process, link);

        if (process->admit_call != envelope->id)
            continue;
        process->admit_call = 0;
        if (envelope->status.size != 0 && status_read(&status, envelope->status) == ENVELOPE_OK)
            log_error("the router does not admit a process: %.*s", (int)status.message.size,
                    (const char *)status.message.data);
        supervisor_admitted(
                &node->supervisor, process->instance, envelope->status.size == 0, clock_ms());
        return;
    }
}

/* The router has answered all that was said to it before: it can be stopped without losing any. */
static void node_term_router(struct node *node)
{
    const struct process *router = process_find(&node->processes, node_find_router(node)->instance);

    if (router != NULL && node_find_router(node)->state == CHILD_STOPPING)
        process_signal(router, SIGTERM);
}

void node_send_grants(struct node *node)
{
    struct span packed;

    if (!control_is_open(&node->control))
        return;
    if (grants_pack(&node->grants, (uint64_t)time(NULL), &packed) < 0) {
        log_error("out of memory: the router is not told what was granted");
        return;
    }
    control_call(&node->control, "router.Grants", packed);
    free((void *)(uintptr_t)packed.data);
}

void node_send_policies(struct node *node)
{
    struct span packed;

    if (!control_is_open(&node->control))
        return;
    if (policies_pack(&node->policies, (uint64_t)time(NULL), &packed) < 0) {
        log_error("out of memory: the router is not told what holds for calls");
        return;
    }
    control_call(&node->control, "router.Policies", packed);
    free((void *)(uintptr_t)packed.data);
}

/* Grants and policies go first, so that no process is admitted without its own, nor called without
 * what holds for that. */
static void node_router_ready(struct node *node)
{
    node_send_grants(node);
    node_send_policies(node);
    expect_anew(node);
    supervisor_ready(&node->supervisor, node_find_router(node)->instance, clock_ms());
}

static void node_received(const struct envelope *envelope, void *user)
{
    struct node *node = user;

    if (envelope->kind == ENVELOPE_CALL)
        endpoints_answer(node, envelope);
    else if (envelope->kind == ENVELOPE_CANCEL)
        endpoints_forget(node, envelope->id);
    else if (envelope->kind == ENVELOPE_RESULT && !handover_answered(node, envelope))
        node_admit_answered(node, envelope);
    else if (envelope->kind == ENVELOPE_READY)
        node_router_ready(node);
    else if (envelope->kind == ENVELOPE_PONG)
        node_term_router(node);
    else if (envelope->kind == ENVELOPE_PING)
        control_send(
                &node->control, &(struct envelope){ .kind = ENVELOPE_PONG, .id = envelope->id });
    node_settle(node);
}

void node_signalled(struct loop_source *source, uint32_t events)
{
    struct node *node = list_entry(source, struct node, signals);
    struct signalfd_siginfo info;

    (void)events;
    if (read(source->fd, &info, sizeof(info)) != sizeof(info))
        return;
    if (node->signalled) {
        log_warn("told to stop a second time: everything is killed");
        supervisor_hurry(&node->supervisor, clock_ms());
    } else {
        node->signalled = true;
        log_info("told to stop by signal %u (%s)", info.ssi_signo, strsignal((int)info.ssi_signo));
        supervisor_shutdown(&node->supervisor, clock_ms());
    }
}

const struct control_events node_control_events = {
    .received = node_received,
    .cut = node_router_cut,
};

/* ---- effects ---- */

static uint32_t node_index_of(const struct child *child)
{
    return (uint32_t)(child - child->service->children);
}

/* Forks a child. Returns 0 or -errno. */
static int node_launch(struct node *node, const struct child *child, uint64_t instance,
        uint32_t *pidp, struct launch_trouble *trouble)
{
    const char *name = child->service->config->name;
    CLEANUP(cleanup_close) int router_fd = -1;
    struct launch_order order = {
        .child = child, .instance = instance, .index = node_index_of(child), .control_fd = -1
    };
    struct launched launched;
    struct logfile *log;
    struct process *process;
    int r;

    *trouble = (struct launch_trouble){ .text = "" };
    if (child->service->config->kind == SERVICE_ROUTER) {
        r = control_open(&node->control, &router_fd);
        if (r < 0)
            return r;
        node->closed = node->supervisor.turnover.step == TURNOVER_STARTING;
        order.is_closed = node->closed;
    }
    r = logfile_open(&log, &node->logs, node->folders.logs, name);
    if (r < 0)
        return r;
    order.control_fd = router_fd;
    r = launch(&launched, &node->launch, &order, trouble);
    if (r == 0) {
        r = process_new(
                &process, &node->processes, &node->loop, &launched, log, node_process_ended, node);
        if (r == 0) {
            process->instance = instance;
            *pidp = (uint32_t)launched.pid;
            return 0;
        }
        process_abandon(&launched);
    }
    logfile_close(log);
    return r;
}

static void node_spawn(struct node *node, const struct effect *effect)
{
    const char *name = effect->child->service->config->name;
    struct launch_trouble trouble;
    uint32_t pid = 0;
    int r = node_launch(node, effect->child, effect->instance, &pid, &trouble);

    if (r < 0) {
        node_say(node, LOG_ERROR, name, "cannot run %s: %s",
                trouble.program[0] != '\0' ? trouble.program : "it",
                trouble.text[0] != '\0' ? trouble.text : strerror(-r));
        supervisor_unstarted(&node->supervisor, effect->instance, -r, clock_ms());
        return;
    }
    log_debug("%s: started as process %u, instance %" PRIu64, name, pid, effect->instance);
    supervisor_forked(&node->supervisor, effect->instance, pid, clock_ms());
}

static void node_admit(struct node *node, const struct effect *effect, struct process *process)
{
    char path[FOLDER_PATH_MAX];
    const struct admit admit = { .instance = effect->instance,
        .path = path,
        .pid = effect->child->pid,
        .uid = process->uid,
        .manifest = effect->child->service->config->manifest };
    struct span packed;

    folder_socket(&node->folders, effect->instance, path);
    if (admit_pack(&admit, &packed) < 0) { /* it is not ready in time then, and is tried again */
        log_error("out of memory: a process of %s is not admitted",
                effect->child->service->config->name);
        return;
    }
    process->admit_call = control_call(&node->control, "router.Admit", packed);
    free((void *)(uintptr_t)packed.data);
}

static void node_dismiss(struct node *node, const struct effect *effect)
{
    Mu__Router__V1__DismissRequest request = MU__ROUTER__V1__DISMISS_REQUEST__INIT;
    uint8_t body[16];
    size_t size;

    folder_remove_instance(&node->folders, effect->instance);
    cgroup_remove(&node->sandbox.cgroups, effect->instance);
    if (!effect->admitted)
        return;
    request.instance = effect->instance;
    size = mu__router__v1__dismiss_request__pack(&request, body);
    control_call(&node->control, "router.Dismiss", (struct span){ body, size });
}

/* The router is asked for a PONG first: then it has passed on what was said before, the answer to
 * who asked for its end among it. */
static void node_term(struct node *node, const struct effect *effect, const struct process *process)
{
    if (effect->child->service->config->kind == SERVICE_ROUTER && control_is_open(&node->control))
        control_send(&node->control, &(struct envelope){ .kind = ENVELOPE_PING, .id = 1 });
    else
        process_terminate(process, effect->child->pid);
}

static void node_carry_out(struct node *node, const struct effect *effect)
{
    struct process *process = process_find(&node->processes, effect->instance);

    switch (effect->kind) {
    case EFFECT_DISMISS:
        node_dismiss(node, effect);
        break;
    case EFFECT_SPAWN:
        node_spawn(node, effect);
        break;
    case EFFECT_ADMIT:
        node_admit(node, effect, process);
        break;
    case EFFECT_OPEN_GATE:
        process_open_gate(process);
        break;
    case EFFECT_TERM:
        node_term(node, effect, process);
        break;
    case EFFECT_KILL:
        process_signal(process, SIGKILL);
        break;
    case EFFECT_REPLY:
        endpoints_stopped(node, effect->call, effect->done);
        break;
    case EFFECT_DRAIN:
        handover_drain(node);
        break;
    case EFFECT_READY:
        handover_open(node);
        log_info("the node %s is ready", node->name);
        notify_send("READY=1\nSTATUS=ready");
        malloc_trim(0); /* what reading the node file took */
        if (node->ready != NULL)
            node->ready(node->user);
        break;
    case EFFECT_OVER:
        node->over = true;
        break;
    }
}

void node_settle(struct node *node)
{
    struct effect effect;

    while (supervisor_next(&node->supervisor, &effect, clock_ms()))
        node_carry_out(node, &effect);
    expect_tell(node);
}

/* ---- the loop ---- */

static int node_timeout(const struct node *node)
{
    uint64_t due_ms = supervisor_due(&node->supervisor);
    uint64_t now_ms = clock_ms();

    list_for_each (link, &node->processes) {
        uint64_t output_ms = output_due(&list_entry(link, struct process, link)->output);

        if (output_ms < due_ms)
            due_ms = output_ms;
    }
    if (due_ms == UINT64_MAX)
        return -1;
    if (due_ms <= now_ms)
        return 0;
    return due_ms - now_ms < INT32_MAX ? (int)(due_ms - now_ms) : INT32_MAX;
}

static void node_tick(struct node *node)
{
    uint64_t now_ms = clock_ms();

    list_for_each (link, &node->processes)
        output_tick(&list_entry(link, struct process, link)->output, now_ms);
    if (supervisor_due(&node->supervisor) <= now_ms)
        supervisor_tick(&node->supervisor, now_ms);
    if (node->own_log != NULL && logfile_trim(node->own_log))
        dup2(node->own_log->fd, STDERR_FILENO);
}

static void node_explain_boot(const struct node *node, struct node_error *error)
{
    const struct service *failed = node->supervisor.boot_failure;
    char text[ENDING_TEXT_MAX];

    ending_print(&failed->children[0].ending, text, sizeof(text));
    snprintf(error->text, sizeof(error->text),
            "the %s did not come up: %s; what it said is in %.300s/%s.log", failed->config->name,
            text, node->folders.logs, failed->config->name);
}

int node_run(struct node *node, struct node_error *error)
{
    bool told = false;
    int r;

    for (;;) {
        node_settle(node);
        control_settle(&node->control);
        node_settle(node);
        if (node->over)
            break;
        if (supervisor_is_stopping(&node->supervisor) && !told &&
                node->supervisor.turnover.step == TURNOVER_NONE) {
            told = true;
            notify_send("STOPPING=1\nSTATUS=stopping");
        }
        r = loop_turn(&node->loop, node_timeout(node));
        if (r < 0) {
            snprintf(error->text, sizeof(error->text), "cannot wait for events: %s", strerror(-r));
            return err_trace(r);
        }
        node_tick(node);
    }
    if (node->supervisor.boot_failure == NULL)
        return 0;
    node_explain_boot(node, error);
    return err_new(-ENOTRECOVERABLE);
}
