// SPDX-License-Identifier: Apache-2.0
/* Instances: those that the router sees, and those that only have a lease. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "registry/handlers.h"
#include "registry/message.h"

/* True for the router; anyone else is answered. */
static bool presence_is_router(struct mu_call *call)
{
    const struct mu_caller *caller = mu_call_caller(call);

    if (strcmp(caller->service, "router") == 0)
        return true;
    mu_call_refuse(call, MU_PERMISSION_DENIED,
            "only the router says which instances there are; a service attaches by connecting");
    return false;
}

/* Lists an instance as the router sees it. Returns an outcome, -ENOMEM, or NONE with `*faultp`
 * saying what is wrong with it. */
static int presence_list(struct shell *shell, struct mu_arena *arena,
        const Mu__Registry__V1__Instance *instance, const char **faultp)
{
    struct description description;

    *faultp = message_to_description(arena, instance, &description);
    if (*faultp != NULL)
        return CATALOG_NONE;
    return catalog_attach(&shell->catalog, &description);
}

void presence_attach(struct mu_call *call, const Mu__Registry__V1__AttachRequest *request)
{
    Mu__Registry__V1__AttachReply reply = MU__REGISTRY__V1__ATTACH_REPLY__INIT;
    struct shell *shell;
    struct mu_arena arena;
    const char *fault;
    int r;

    if (!presence_is_router(call))
        return;
    shell = shell_change(call);
    if (shell == NULL)
        return;
    mu_arena_init(&arena, SIZE_MAX);
    r = presence_list(shell, &arena, request->instance, &fault);
    if (fault != NULL)
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "%s", fault);
    else if (r == CATALOG_OK || r == CATALOG_UNCHANGED)
        registry_attach_reply(call, &reply);
    else
        shell_fail(call, r, "the instance is not listed");
    mu_arena_deinit(&arena);
}

void presence_detach(struct mu_call *call, const Mu__Registry__V1__DetachRequest *request)
{
    Mu__Registry__V1__DetachReply reply = MU__REGISTRY__V1__DETACH_REPLY__INIT;
    struct shell *shell;

    if (!presence_is_router(call))
        return;
    shell = shell_change(call);
    if (shell == NULL)
        return;
    catalog_detach(&shell->catalog, request->instance);
    registry_detach_reply(call, &reply);
}

void presence_reset(struct mu_call *call, const Mu__Registry__V1__ResetRequest *request)
{
    Mu__Registry__V1__ResetReply reply = MU__REGISTRY__V1__RESET_REPLY__INIT;
    struct shell *shell;
    struct mu_arena arena;

    if (!presence_is_router(call))
        return;
    shell = shell_change(call);
    if (shell == NULL)
        return;
    mu_arena_init(&arena, SIZE_MAX);
    catalog_reset_begin(&shell->catalog);
    for (size_t i = 0; i < request->n_instances; i++) {
        const Mu__Registry__V1__Instance *instance = request->instances[i];
        const char *fault;
        int r = presence_list(shell, &arena, instance, &fault);

        if (r != CATALOG_OK && r != CATALOG_UNCHANGED)
            log_warn("an instance of %s is not listed: %s", instance->service,
                    fault != NULL ? fault : "the registry is full");
        mu_arena_reset(&arena, SIZE_MAX);
    }
    catalog_reset_end(&shell->catalog);
    mu_arena_deinit(&arena);
    registry_reset_reply(call, &reply);
}

/* The namespace of what the caller announces: its own, and of what the owner does the service's. */
static const char *presence_space(struct mu_call *call, const char *name)
{
    const struct shell *shell = mu_call_state(call);
    const struct service *service = catalog_find(&shell->catalog, name);
    const struct mu_caller *caller = mu_call_caller(call);

    return caller->is_operator && service != NULL ? service->space : caller->space;
}

/* Lists it for a lease. Returns as presence_list. */
static int presence_lease(struct shell *shell, struct mu_arena *arena,
        const Mu__Registry__V1__Instance *instance, const char *space,
        struct description *description, const char **faultp)
{
    Mu__Registry__V1__Instance named = *instance;

    if (named.instance == 0)
        named.instance = shell_random_number();
    *faultp = message_to_description(arena, &named, description);
    if (*faultp != NULL)
        return CATALOG_NONE;
    description->space = space;
    description->local = space[0] != '\0';
    return catalog_announce(&shell->catalog, description, instance->lease_ms, clock_ms());
}

void presence_announce(struct mu_call *call, const Mu__Registry__V1__AnnounceRequest *request)
{
    Mu__Registry__V1__AnnounceReply reply = MU__REGISTRY__V1__ANNOUNCE_REPLY__INIT;
    struct description description;
    struct shell *shell;
    struct mu_arena arena;
    const char *fault;
    int r;

    if (request->instance == NULL) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "the request names no instance");
        return;
    }
    if (!shell_may_speak_for(call, request->instance->service)) {
        mu_call_refuse(call, MU_PERMISSION_DENIED,
                "an instance is announced by the node's owner or by its own service");
        return;
    }
    shell = shell_change(call);
    if (shell == NULL)
        return;
    mu_arena_init(&arena, SIZE_MAX);
    r = presence_lease(shell, &arena, request->instance,
            presence_space(call, request->instance->service), &description, &fault);
    reply.lease = fault == NULL ? description.number : 0;
    if (fault != NULL)
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "%s", fault);
    else if (r == CATALOG_TAKEN)
        mu_call_refuse(call, MU_ALREADY_EXISTS, "another instance has the number %llu",
                (unsigned long long)description.number);
    else if (r == CATALOG_OK || r == CATALOG_UNCHANGED)
        registry_announce_reply(call, &reply);
    else
        shell_fail(call, r, "the instance is not listed");
    mu_arena_deinit(&arena);
}

void presence_renew(struct mu_call *call, const Mu__Registry__V1__RenewRequest *request)
{
    Mu__Registry__V1__RenewReply reply = MU__REGISTRY__V1__RENEW_REPLY__INIT;
    struct shell *shell = shell_look(call);
    const struct instance *instance = catalog_instance(&shell->catalog, request->lease);

    if (instance == NULL || instance->lease_ms == 0) {
        mu_call_refuse(call, MU_NOT_FOUND,
                "there is no such lease: it ended, or never was; announce the instance again");
        return;
    }
    if (!shell_may_speak_for(call, instance->service->name)) {
        mu_call_refuse(call, MU_PERMISSION_DENIED,
                "a lease is renewed by the node's owner or by the service itself");
        return;
    }
    catalog_renew(&shell->catalog, request->lease, clock_ms());
    registry_renew_reply(call, &reply);
}
