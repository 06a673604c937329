// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/grant.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "kernel/router/cap.h"
#include "kernel/router/own.h"
#include "kernel/router/say.h"
#include "kernel/router/tenant.h"
#include "mu/router/v1/router.pb-c.h"
#include "transport/names.h"

static struct span grant_text(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

/* `left_ms` from now, as a time of the router's; 0 stays 0. */
static uint64_t grant_end(const struct router *router, uint64_t left_ms)
{
    return left_ms == 0 ? 0 : router->now_us + left_ms * 1000;
}

static uint64_t grant_left_ms(const struct router *router, const struct cap *cap)
{
    if (cap->ends_us == 0)
        return 0;
    return cap->ends_us > router->now_us ? (cap->ends_us - router->now_us + 999) / 1000 : 1;
}

static void grant_refuse(struct router *router, struct peer *peer, const struct envelope *envelope,
        enum code code, const char *text)
{
    say_verdict(router, peer, envelope->id,
            &(struct verdict){ .code = code, .executed = EXECUTED_NO, .text = text });
}

/* ---- what a channel starts with ---- */

static int grant_give(struct peer *peer, const struct grant *grant)
{
    return cap_add(
            peer, &(struct cap_terms){ .pattern = { (const uint8_t *)grant->pattern, grant->size },
                          .handle = grant->handle,
                          .ends_us = grant->ends_us,
                          .source = CAP_OPERATOR });
}

int grant_equip(struct router *router, struct peer *peer, struct span calls)
{
    int r = 0;

    while (r == 0 && calls.size > 0) {
        struct span pattern = grant_text((const char *)calls.data);

        r = !pattern_is_valid(pattern) ? err_new(-EINVAL)
                                       : cap_add(peer, &(struct cap_terms){ .pattern = pattern,
                                                               .source = CAP_MANIFEST });
        calls.data += pattern.size + 1;
        calls.size -= pattern.size + 1;
    }
    list_for_each (node, &router->grants) {
        const struct grant *grant = list_entry(node, struct grant, link);

        if (r == 0 && peer->bound && strcmp(grant->service, peer->admitted) == 0)
            r = grant_give(peer, grant);
    }
    return err_trace(r);
}

bool grant_is_for_all(struct span endpoint)
{
    static const struct span names[] = { NAME("router.Grant"), NAME("router.Revoke"),
        NAME("router.Caps"), NAME("router.Present") };

    return names_have(names, sizeof(names) / sizeof(names[0]), endpoint);
}

/* ---- what operators granted ---- */

static void grant_forget(struct router *router, struct grant *grant)
{
    list_remove(&grant->link);
    router->grant_count -= 1;
    free(grant);
}

void grant_forget_all(struct router *router)
{
    while (!list_is_empty(&router->grants))
        grant_forget(router, list_entry(router->grants.next, struct grant, link));
}

static bool grant_is_listed(const Mu__Router__V1__GrantsRequest *request, uint64_t handle)
{
    for (size_t i = 0; i < request->n_grants; i++) {
        if (request->grants[i]->handle == handle)
            return true;
    }
    return false;
}

static bool grant_is_known(const struct router *router, const Mu__Router__V1__OperatorGrant *wanted)
{
    list_for_each (node, &router->grants) {
        const struct grant *grant = list_entry(node, struct grant, link);

        if (grant->handle == wanted->handle && strcmp(grant->pattern, wanted->endpoints) == 0)
            return true;
    }
    return false;
}

/* An operator's of that handle among the peer's; NULL where there is none. */
static struct cap *grant_held(const struct peer *peer, uint64_t handle)
{
    list_for_each (node, &peer->caps) {
        struct cap *cap = list_entry(node, struct cap, by_holder);

        if (cap->source == CAP_OPERATOR && cap->handle == handle)
            return cap;
    }
    return NULL;
}

/* Takes back what is not listed any more, from all that hold it. */
static void grant_withdraw(struct router *router, const Mu__Router__V1__GrantsRequest *request)
{
    list_for_each_safe (node, &router->grants) {
        struct grant *grant = list_entry(node, struct grant, link);

        if (grant_is_listed(request, grant->handle))
            continue;
        list_for_each (holder, &router->peers) {
            struct peer *peer = list_entry(holder, struct peer, link);
            struct cap *cap = grant_held(peer, grant->handle);

            if (cap != NULL)
                cap_drop(router, cap);
        }
        grant_forget(router, grant);
    }
}

/* Adds one, and gives it to the processes that are there. Returns 0, -EINVAL, -ENOSPC or -ENOMEM.
 */
static int grant_add(struct router *router, const Mu__Router__V1__OperatorGrant *wanted)
{
    struct span pattern = grant_text(wanted->endpoints);
    struct span service = grant_text(wanted->service);
    struct grant *grant;
    int r = 0;

    if (!pattern_is_valid(pattern) || !service_name_is_valid(service) || wanted->handle == 0)
        return err_new(-EINVAL);
    if (router->grant_count == ROUTER_GRANTS_MAX)
        return err_new(-ENOSPC);
    grant = calloc(1, sizeof(*grant));
    if (grant == NULL)
        return err_new(-ENOMEM);
    grant->handle = wanted->handle;
    grant->ends_us = grant_end(router, wanted->left_ms);
    grant->size = (uint8_t)pattern.size;
    memcpy(grant->pattern, pattern.data, pattern.size);
    memcpy(grant->service, service.data, service.size);
    list_push(&router->grants, &grant->link);
    router->grant_count += 1;
    list_for_each (node, &router->peers) {
        struct peer *peer = list_entry(node, struct peer, link);

        if (r == 0 && peer->bound && strcmp(grant->service, peer->admitted) == 0)
            r = grant_give(peer, grant);
    }
    return err_trace(r);
}

void grant_replace(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    Mu__Router__V1__GrantsRequest *request;
    Mu__Router__V1__GrantsReply reply = MU__ROUTER__V1__GRANTS_REPLY__INIT;
    int r = 0;

    if (!peer->internal) {
        grant_refuse(router, peer, envelope, CODE_PERMISSION_DENIED,
                "Grants is the supervisor's: an operator calls node.Grant (`mu grant`)");
        return;
    }
    request = own_unpack(router, peer, envelope, &mu__router__v1__grants_request__descriptor);
    if (request == NULL)
        return;
    grant_withdraw(router, request);
    for (size_t i = 0; r == 0 && i < request->n_grants; i++) {
        if (!grant_is_known(router, request->grants[i]))
            r = grant_add(router, request->grants[i]);
    }
    if (r == 0)
        own_reply(router, peer, envelope->id, &reply.base);
    else
        grant_refuse(router, peer, envelope,
                r == -EINVAL ? CODE_INVALID_ARGUMENT : CODE_RESOURCE_EXHAUSTED,
                r == -EINVAL ? "a grant has no handle, or names no service or no endpoints"
                             : "there is no room for one more grant");
    mu__router__v1__grants_request__free_unpacked(request, NULL);
}

/* ---- passing on ---- */

/* Why the peer cannot pass that on; code 0 where it can. */
static struct verdict grant_judge(const struct router *router, const struct peer *giver,
        const Mu__Router__V1__GrantRequest *request)
{
    struct verdict verdict = { .executed = EXECUTED_NO, .code = CODE_INVALID_ARGUMENT };

    verdict.text = "endpoints: name some, e.g. `store.Get`";
    if (request->n_endpoints == 0 || request->n_endpoints > ROUTER_CAPS_MAX)
        return verdict;
    verdict.text = "endpoints: each is `service.Method`, with `*` for a part and `>` for the rest";
    for (size_t i = 0; i < request->n_endpoints; i++) {
        struct span pattern = grant_text(request->endpoints[i]);

        if (!pattern_is_valid(pattern))
            return verdict;
        if (cap_covering(giver, pattern, router->now_us) == NULL)
            return (struct verdict){ CODE_PERMISSION_DENIED, EXECUTED_NO, 0,
                "nobody passes on what no capability of its own covers" };
    }
    return (struct verdict){ 0 };
}

/* From one namespace to another a process is named by its number, which who was called by it knows
 * and nobody guesses: else names could be tried out. */
static bool grant_may_name(const struct peer *giver, const struct peer *peer,
        const Mu__Router__V1__GrantRequest *request)
{
    return giver->space[0] == '\0' || peer->space[0] == '\0' ||
           strcmp(giver->space, peer->space) == 0 || request->instance == peer->instance;
}

static bool grant_is_meant(const struct peer *peer, const Mu__Router__V1__GrantRequest *request)
{
    return peer->bound && peer->service != NULL &&
           (request->instance == 0 || request->instance == peer->instance) &&
           (request->service[0] == '\0' || strcmp(request->service, peer->service->name) == 0);
}

/* Gives one process all of the endpoints, or none. Returns 0, -ENOSPC or -ENOMEM. */
static int grant_pass(struct router *router, struct peer *giver, struct peer *taker,
        const Mu__Router__V1__GrantRequest *request, uint64_t handle)
{
    if (taker->cap_count + request->n_endpoints > ROUTER_CAPS_MAX)
        return err_new(-ENOSPC);
    for (size_t i = 0; i < request->n_endpoints; i++) {
        struct span pattern = grant_text(request->endpoints[i]);
        int r = cap_add(taker, &(struct cap_terms){ .pattern = pattern,
                                       .parent = tenant_parent(router, giver, pattern),
                                       .handle = handle,
                                       .ends_us = grant_end(router, request->for_ms),
                                       .source = CAP_PASSED });

        if (r < 0)
            return err_trace(r);
    }
    return 0;
}

static void grant_try(struct router *router, struct peer *giver, const struct envelope *envelope,
        const Mu__Router__V1__GrantRequest *request)
{
    Mu__Router__V1__GrantReply reply = MU__ROUTER__V1__GRANT_REPLY__INIT;
    struct verdict verdict = grant_judge(router, giver, request);
    int r = 0;

    if (verdict.code != 0) {
        say_verdict(router, giver, envelope->id, &verdict);
        return;
    }
    reply.handle = random_next(&router->random) | 1;
    list_for_each (node, &router->peers) {
        struct peer *peer = list_entry(node, struct peer, link);

        if (r == 0 && grant_is_meant(peer, request) && grant_may_name(giver, peer, request) &&
                peer != giver) {
            r = grant_pass(router, giver, peer, request, reply.handle);
            reply.processes += r == 0;
        }
    }
    if (r == 0 && reply.processes > 0) {
        own_reply(router, giver, envelope->id, &reply.base);
        return;
    }
    cap_take_back(router, giver, reply.handle);
    grant_refuse(router, giver, envelope, r < 0 ? CODE_RESOURCE_EXHAUSTED : CODE_NOT_FOUND,
            r < 0 ? "the process holds as many capabilities as it can"
                  : "no process that the supervisor started is that service or that instance");
}

void grant_pass_on(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    Mu__Router__V1__GrantRequest *request;

    if (!peer->bound) {
        grant_refuse(router, peer, envelope, CODE_FAILED_PRECONDITION,
                "an operator's grants last: node.Grant (`mu grant`)");
        return;
    }
    request = own_unpack(router, peer, envelope, &mu__router__v1__grant_request__descriptor);
    if (request == NULL)
        return;
    grant_try(router, peer, envelope, request);
    mu__router__v1__grant_request__free_unpacked(request, NULL);
}

void grant_take_back(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    Mu__Router__V1__RevokeReply reply = MU__ROUTER__V1__REVOKE_REPLY__INIT;
    Mu__Router__V1__RevokeRequest *request =
            own_unpack(router, peer, envelope, &mu__router__v1__revoke_request__descriptor);

    if (request == NULL)
        return;
    if (request->handle != 0)
        reply.revoked = cap_take_back(router, peer->bound ? peer : NULL, request->handle);
    if (reply.revoked > 0)
        own_reply(router, peer, envelope->id, &reply.base);
    else
        grant_refuse(router, peer, envelope, CODE_NOT_FOUND,
                "nothing that the caller passed on has this handle");
    mu__router__v1__revoke_request__free_unpacked(request, NULL);
}

/* ---- looking ---- */

static void grant_describe_cap(
        const struct router *router, const struct cap *cap, Mu__Router__V1__Cap *described)
{
    static const Mu__Router__V1__CapSource sources[] = {
        [CAP_MANIFEST] = MU__ROUTER__V1__CAP_SOURCE__CAP_SOURCE_MANIFEST,
        [CAP_OPERATOR] = MU__ROUTER__V1__CAP_SOURCE__CAP_SOURCE_OPERATOR,
        [CAP_PASSED] = MU__ROUTER__V1__CAP_SOURCE__CAP_SOURCE_PASSED,
    };

    mu__router__v1__cap__init(described);
    described->endpoints = (char *)(uintptr_t)cap->pattern;
    described->source = sources[cap->source];
    described->handle = cap->handle;
    described->left_ms = grant_left_ms(router, cap);
    if (cap->giver != NULL)
        described->giver = (char *)(uintptr_t)cap->giver->admitted;
}

/* The process in one block with its capabilities; NULL: out of memory. */
static Mu__Router__V1__ProcessCaps *grant_describe(
        const struct router *router, const struct peer *peer)
{
    Mu__Router__V1__ProcessCaps *process;
    Mu__Router__V1__Cap **each;
    Mu__Router__V1__Cap *caps;

    process = calloc(1, sizeof(*process) + peer->cap_count * (sizeof(*each) + sizeof(*caps)));
    if (process == NULL)
        return NULL;
    caps = (void *)(process + 1);
    each = (void *)(caps + peer->cap_count);
    mu__router__v1__process_caps__init(process);
    process->instance = peer->instance;
    process->service = peer->service->name;
    process->pid = peer->pid;
    process->unbound = !peer->bound;
    process->caps = each;
    list_for_each (node, &peer->caps) {
        each[process->n_caps] = &caps[process->n_caps];
        grant_describe_cap(router, list_entry(node, struct cap, by_holder), &caps[process->n_caps]);
        process->n_caps += 1;
    }
    return process;
}

/* True where `asker` may know what the peer may call, and wants to. */
static bool grant_is_asked(const struct peer *asker, const struct peer *peer,
        const Mu__Router__V1__CapsRequest *request)
{
    if (peer->service == NULL || peer->internal)
        return false;
    if (asker->bound)
        return peer == asker;
    return request->service[0] == '\0' || strcmp(request->service, peer->service->name) == 0;
}

void grant_list(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    Mu__Router__V1__CapsReply reply = MU__ROUTER__V1__CAPS_REPLY__INIT;
    Mu__Router__V1__CapsRequest *request =
            own_unpack(router, peer, envelope, &mu__router__v1__caps_request__descriptor);

    if (request == NULL)
        return;
    reply.processes = calloc(router->peer_count + 1, sizeof(*reply.processes));
    list_for_each (node, &router->peers) {
        struct peer *other = list_entry(node, struct peer, link);

        if (reply.processes == NULL || !grant_is_asked(peer, other, request))
            continue;
        cap_sweep(router, other);
        reply.processes[reply.n_processes] = grant_describe(router, other);
        reply.n_processes += reply.processes[reply.n_processes] != NULL;
    }
    own_reply(router, peer, envelope->id, &reply.base);
    for (size_t i = 0; i < reply.n_processes; i++)
        free(reply.processes[i]);
    free(reply.processes);
    mu__router__v1__caps_request__free_unpacked(request, NULL);
}
