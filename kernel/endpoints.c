// SPDX-License-Identifier: Apache-2.0
#include "kernel/endpoints.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "kernel/answer.h"
#include "kernel/config.h"
#include "kernel/endpoints_grants.h"
#include "kernel/endpoints_logs.h"
#include "kernel/endpoints_policy.h"
#include "kernel/endpoints_turnover.h"
#include "kernel/hold.h"
#include "kernel/inquiry.h"
#include "kernel/request.h"
#include "kernel/view.h"
#include "mu/debug/v1/debug.pb-c.h"
#include "mu/node/v1/node.pb-c.h"

typedef void (*endpoints_fn)(const struct inquiry *inquiry);

/* ---- endpoints for all ---- */

static void endpoints_status(const struct inquiry *inquiry)
{
    Mu__Node__V1__StatusReply reply;

    view_status(inquiry->node, &reply);
    answer_message(&inquiry->node->control, inquiry->call, &reply.base);
}

static void endpoints_list(const struct inquiry *inquiry)
{
    Mu__Node__V1__ListReply *reply = view_list(inquiry->node);

    if (reply == NULL) {
        answer_refusal(&inquiry->node->control, inquiry->call, MU_RESOURCE_EXHAUSTED,
                "the supervisor is out of memory");
        return;
    }
    answer_message(&inquiry->node->control, inquiry->call, &reply->base);
    free(reply);
}

/* ---- what a library does for other services ---- */

static void endpoints_health(const struct inquiry *inquiry)
{
    Mu__Debug__V1__HealthReply reply;
    char reason[VIEW_REASON_MAX];

    view_health(inquiry->node, &reply, reason);
    answer_message(&inquiry->node->control, inquiry->call, &reply.base);
}

static void endpoints_log_level(const struct inquiry *inquiry)
{
    const Mu__Debug__V1__LogLevelRequest *request = (const void *)inquiry->request;
    Mu__Debug__V1__LogLevelReply reply = MU__DEBUG__V1__LOG_LEVEL_REPLY__INIT;
    enum log_level level = log_get_level();

    if (request->level[0] != '\0' && log_level_parse(request->level, &level) < 0) {
        answer_refusal(&inquiry->node->control, inquiry->call, MU_INVALID_ARGUMENT,
                "no level is called `%.32s`: debug, info, warn or error", request->level);
        return;
    }
    log_set_level(level);
    reply.level = (char *)log_level_name(level);
    answer_message(&inquiry->node->control, inquiry->call, &reply.base);
}

/* ---- requests ---- */

/* Answers what became of a request about the service `name`; `done` is the reply where it is done.
 */
static void endpoints_conclude(const struct inquiry *inquiry, int outcome, const char *name,
        const char *cycle, const ProtobufCMessage *done)
{
    struct control *control = &inquiry->node->control;
    uint64_t call = inquiry->call;

    if (outcome < 0) {
        answer_refusal(control, call, MU_RESOURCE_EXHAUSTED, "the supervisor is out of memory");
        return;
    }
    switch ((enum request_outcome)outcome) {
    case REQUEST_OK:
        answer_message(control, call, done);
        break;
    case REQUEST_LATER:
        break;
    case REQUEST_UNKNOWN:
        answer_refusal(control, call, MU_NOT_FOUND,
                "this node runs no service `%.63s`; `mu ps` lists what it runs, `mu registry "
                "register "
                "FILE` adds one",
                name);
        break;
    case REQUEST_KERNEL:
        answer_refusal(control, call, MU_FAILED_PRECONDITION,
                "`%.63s` is a part of the node itself; restart it, or stop the node with `mu down`",
                name);
        break;
    case REQUEST_IN_NODE_FILE:
        answer_refusal(control, call, MU_FAILED_PRECONDITION,
                "`%.63s` stands in the node file; take it out there and restart the node", name);
        break;
    case REQUEST_ENDING:
        answer_refusal(control, call, MU_UNAVAILABLE, "the node is stopping");
        break;
    case REQUEST_CYCLE:
        answer_refusal(control, call, MU_INVALID_ARGUMENT,
                "`%.63s` would need itself: %s; remove one of these needs", name, cycle);
        break;
    case REQUEST_TAKEN: /* whose it is, is not said: it may be told to who must not know */
        answer_refusal(control, call, MU_ALREADY_EXISTS,
                "the name `%.63s` is taken: names are given once on a node, whatever the "
                "namespace, "
                "and stay in the one that they were given in; choose another name, or deregister "
                "it "
                "first",
                name);
        break;
    case REQUEST_FULL:
        answer_refusal(control, call, MU_RESOURCE_EXHAUSTED,
                "a node has room for %d services, %d processes, and %d callers that wait for one "
                "to "
                "stop",
                SERVICES_MAX, CHILDREN_MAX, WAITERS_MAX);
        break;
    case REQUEST_BUSY: /* of a turnover alone */
        break;
    }
}

/* `r` says whether it could be written down what an operator wants of a service. Where not, it is
 * done all the same, but the node's next start will not know: that is the answer then, and false is
 * returned. */
static bool endpoints_note(const struct inquiry *inquiry, int r)
{
    if (r == 0)
        return true;
    request_forget(&inquiry->node->supervisor, inquiry->call);
    answer_failure(&inquiry->node->control, inquiry->call, MU_RESOURCE_EXHAUSTED,
            "it is done, but cannot be written down for the node's next start: %s/stopped: %s",
            inquiry->node->folders.place.state, strerror(-r));
    return false;
}

static void endpoints_apply(const struct inquiry *inquiry)
{
    const Mu__Node__V1__ApplyRequest *request = (const void *)inquiry->request;
    Mu__Node__V1__ApplyReply reply = MU__NODE__V1__APPLY_REPLY__INIT;
    CLEANUP(cleanup_free) struct service_config *config = NULL;
    struct mu_schema_error error;
    char cycle[MU_SCHEMA_ERROR_MAX];
    int r;

    if (request->manifest == NULL) {
        answer_refusal(&inquiry->node->control, inquiry->call, MU_INVALID_ARGUMENT,
                "manifest: missing; send the manifest of the service to run");
        return;
    }
    r = config_from_manifest(&config, request->manifest, &error);
    if (r == -EINVAL) {
        answer_refusal(
                &inquiry->node->control, inquiry->call, MU_INVALID_ARGUMENT, "%s", error.text);
        return;
    }
    if (r == 0)
        r = request_apply(
                &inquiry->node->supervisor, config, false, clock_ms(), cycle, sizeof(cycle));
    if (r == REQUEST_OK && hold_is_set(&inquiry->node->folders, request->manifest->name))
        r = request_hold(&inquiry->node->supervisor, request->manifest->name, clock_ms());
    endpoints_conclude(inquiry, r, request->manifest->name, cycle, &reply.base);
}

static void endpoints_remove(const struct inquiry *inquiry)
{
    const Mu__Node__V1__RemoveRequest *request = (const void *)inquiry->request;

    int outcome =
            request_remove(&inquiry->node->supervisor, request->service, inquiry->call, clock_ms());

    if (outcome == REQUEST_LATER && hold_clear(&inquiry->node->folders, request->service) < 0)
        log_error("%s is still written down as stopped: %m", request->service);
    endpoints_conclude(inquiry, outcome, request->service, "", NULL);
}

static void endpoints_start(const struct inquiry *inquiry)
{
    const Mu__Node__V1__StartRequest *request = (const void *)inquiry->request;
    Mu__Node__V1__StartReply reply = MU__NODE__V1__START_REPLY__INIT;
    int outcome = request_start(&inquiry->node->supervisor, request->service, clock_ms());

    if (outcome != REQUEST_OK ||
            endpoints_note(inquiry, hold_clear(&inquiry->node->folders, request->service)))
        endpoints_conclude(inquiry, outcome, request->service, "", &reply.base);
}

static void endpoints_stop(const struct inquiry *inquiry)
{
    const Mu__Node__V1__StopRequest *request = (const void *)inquiry->request;

    int outcome =
            request_stop(&inquiry->node->supervisor, request->service, inquiry->call, clock_ms());

    if (outcome != REQUEST_LATER ||
            endpoints_note(inquiry, hold_set(&inquiry->node->folders, request->service)))
        endpoints_conclude(inquiry, outcome, request->service, "", NULL);
}

static void endpoints_restart(const struct inquiry *inquiry)
{
    const Mu__Node__V1__RestartRequest *request = (const void *)inquiry->request;
    Mu__Node__V1__RestartReply reply = MU__NODE__V1__RESTART_REPLY__INIT;
    int outcome;

    if (strcmp(request->service, "router") == 0) {
        endpoints_restart_router(inquiry);
        return;
    }
    outcome = request_restart(&inquiry->node->supervisor, request->service, clock_ms());
    if (outcome != REQUEST_OK ||
            endpoints_note(inquiry, hold_clear(&inquiry->node->folders, request->service)))
        endpoints_conclude(inquiry, outcome, request->service, "", &reply.base);
}

static void endpoints_shutdown(const struct inquiry *inquiry)
{
    Mu__Node__V1__ShutdownReply reply = MU__NODE__V1__SHUTDOWN_REPLY__INIT;

    log_info("told to stop by process %u of user %u", inquiry->caller->pid, inquiry->caller->uid);
    answer_message(&inquiry->node->control, inquiry->call, &reply.base);
    supervisor_shutdown(&inquiry->node->supervisor, clock_ms());
}

static void endpoints_attached(const struct inquiry *inquiry)
{
    const Mu__Node__V1__AttachedRequest *request = (const void *)inquiry->request;
    Mu__Node__V1__AttachedReply reply = MU__NODE__V1__ATTACHED_REPLY__INIT;
    struct supervisor *supervisor = &inquiry->node->supervisor;
    const struct child *child = supervisor_find(supervisor, request->instance);

    if (child == NULL || child->service->config->kind == SERVICE_ROUTER) {
        answer_refusal(&inquiry->node->control, inquiry->call, MU_NOT_FOUND,
                "no process of this node is that instance");
        return;
    }
    if (request->ready) {
        log_info("%s: ready after %llu ms", child->service->config->name,
                (unsigned long long)(clock_ms() - child->started_ms));
        supervisor_ready(supervisor, request->instance, clock_ms());
    } else {
        supervisor_cut(supervisor, request->instance, clock_ms());
    }
    answer_message(&inquiry->node->control, inquiry->call, &reply.base);
}

void endpoints_stopped(struct node *node, uint64_t call, bool done)
{
    /* StopReply and RemoveReply are both empty, and so are their bytes. */
    Mu__Node__V1__StopReply reply = MU__NODE__V1__STOP_REPLY__INIT;

    if (done)
        answer_message(&node->control, call, &reply.base);
    else
        answer_failure(&node->control, call, MU_ABORTED, "the service was started again meanwhile");
}

void endpoints_forget(struct node *node, uint64_t call)
{
    request_forget(&node->supervisor, call);
}

/* ---- who may call what ---- */

enum endpoint_right {
    ENDPOINT_ANYONE,
    ENDPOINT_OPERATOR, /* whoever owns the node */
    ENDPOINT_REGISTRY, /* the registry, or an operator */
    ENDPOINT_LINK,     /* the link process, for nodes of the same owner; or an operator */
    ENDPOINT_ROUTER    /* the router alone */
};

static const struct endpoint {
    const char *name;
    enum endpoint_right right;
    const ProtobufCMessageDescriptor *request;
    endpoints_fn answer;
} endpoints[] = {
    { "node.Status", ENDPOINT_ANYONE, &mu__node__v1__status_request__descriptor, endpoints_status },
    { "node.List", ENDPOINT_ANYONE, &mu__node__v1__list_request__descriptor, endpoints_list },
    { "node.mu.Health", ENDPOINT_ANYONE, &mu__debug__v1__health_request__descriptor,
            endpoints_health },
    { "node.mu.LogLevel", ENDPOINT_OPERATOR, &mu__debug__v1__log_level_request__descriptor,
            endpoints_log_level },
    { "node.Apply", ENDPOINT_REGISTRY, &mu__node__v1__apply_request__descriptor, endpoints_apply },
    { "node.Remove", ENDPOINT_REGISTRY, &mu__node__v1__remove_request__descriptor,
            endpoints_remove },
    { "node.Start", ENDPOINT_OPERATOR, &mu__node__v1__start_request__descriptor, endpoints_start },
    { "node.Stop", ENDPOINT_OPERATOR, &mu__node__v1__stop_request__descriptor, endpoints_stop },
    { "node.Restart", ENDPOINT_OPERATOR, &mu__node__v1__restart_request__descriptor,
            endpoints_restart },
    { "node.Grant", ENDPOINT_OPERATOR, &mu__node__v1__grant_request__descriptor, endpoints_grant },
    { "node.Revoke", ENDPOINT_OPERATOR, &mu__node__v1__revoke_request__descriptor,
            endpoints_revoke },
    { "node.Grants", ENDPOINT_OPERATOR, &mu__node__v1__grants_request__descriptor,
            endpoints_grants },
    { "node.SetPolicy", ENDPOINT_OPERATOR, &mu__node__v1__set_policy_request__descriptor,
            endpoints_set_policy },
    { "node.RemovePolicy", ENDPOINT_OPERATOR, &mu__node__v1__remove_policy_request__descriptor,
            endpoints_remove_policy },
    { "node.Policies", ENDPOINT_OPERATOR, &mu__node__v1__policies_request__descriptor,
            endpoints_policies },
    { "node.Shutdown", ENDPOINT_OPERATOR, &mu__node__v1__shutdown_request__descriptor,
            endpoints_shutdown },
    { "node.Attached", ENDPOINT_ROUTER, &mu__node__v1__attached_request__descriptor,
            endpoints_attached },
    { "node.Logs", ENDPOINT_LINK, &mu__node__v1__logs_request__descriptor, endpoints_logs },
    { "node.Upgrade", ENDPOINT_OPERATOR, &mu__node__v1__upgrade_request__descriptor,
            endpoints_upgrade },
};

static const struct endpoint *endpoints_find(struct span name)
{
    for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
        if (strlen(endpoints[i].name) == name.size &&
                memcmp(endpoints[i].name, name.data, name.size) == 0)
            return &endpoints[i];
    }
    return NULL;
}

static bool endpoints_may(const Mu__Bus__V1__Caller *caller, enum endpoint_right right)
{
    switch (right) {
    case ENDPOINT_ANYONE:
        return true;
    case ENDPOINT_OPERATOR:
        return caller->operator_;
    case ENDPOINT_REGISTRY:
        return caller->operator_ || strcmp(caller->service, "registry") == 0;
    case ENDPOINT_LINK:
        return caller->operator_ || strcmp(caller->service, "link") == 0;
    case ENDPOINT_ROUTER:
        return strcmp(caller->service, "router") == 0;
    }
    return false;
}

static const char *endpoints_whose(enum endpoint_right right)
{
    if (right == ENDPOINT_ROUTER)
        return "only the router may call it";
    return "it is for the user who owns the node; run `mu` as that user";
}

static void endpoints_handle(struct inquiry *inquiry, const struct endpoint *endpoint)
{
    struct mu_schema_error error;
    ProtobufCMessage *request;

    if (!endpoints_may(inquiry->caller, endpoint->right)) {
        answer_refusal(&inquiry->node->control, inquiry->call, MU_PERMISSION_DENIED,
                "%s is not for you (user %u): %s", endpoint->name, inquiry->caller->uid,
                endpoints_whose(endpoint->right));
        return;
    }
    request = mu_body_unpack(
            endpoint->request, (struct mu_bytes){ inquiry->body.data, inquiry->body.size }, &error);
    if (request == NULL) {
        answer_refusal(&inquiry->node->control, inquiry->call, MU_INVALID_ARGUMENT, "%s: %s",
                endpoint->name, error.text);
        return;
    }
    inquiry->request = request;
    endpoint->answer(inquiry);
    mu_body_free(request);
}

void endpoints_answer(struct node *node, const struct envelope *envelope)
{
    const struct endpoint *endpoint = endpoints_find(envelope->endpoint);
    struct inquiry inquiry = { .node = node, .call = envelope->id, .body = envelope->body };
    const struct mu_bytes stamp = { envelope->caller.data, envelope->caller.size };
    ProtobufCMessage *caller;

    if (endpoint == NULL) {
        answer_refusal(&node->control, envelope->id, MU_UNIMPLEMENTED,
                "the node has no endpoint `%.*s`; it has those of `mu registry describe node`, "
                "mu.Health and mu.LogLevel",
                (int)envelope->endpoint.size, (const char *)envelope->endpoint.data);
        return;
    }
    caller = mu_body_unpack(&mu__bus__v1__caller__descriptor, stamp, NULL);
    if (caller == NULL) {
        answer_refusal(&node->control, envelope->id, MU_INTERNAL,
                "the router did not say who calls %s", endpoint->name);
        return;
    }
    inquiry.caller = (const Mu__Bus__V1__Caller *)(const void *)caller;
    endpoints_handle(&inquiry, endpoint);
    mu_body_free(caller);
}
