// SPDX-License-Identifier: Apache-2.0
/* What is hidden is answered by the code that answers for what is not there: route_find_callee
 * finds no service, and all that follows from that, the text, the time and what policies do, is the
 * same. So there is no second answer that could come to differ from the first. */
#include "kernel/router/tenant.h"

#include <stdio.h>
#include <string.h>

#include "kernel/router/cap.h"
#include "kernel/router/export.h"
#include "kernel/router/gate.h"
#include "transport/names.h"
#include "transport/reserved.h"

void tenant_claim(struct router *router, struct service *service, const char *space)
{
    snprintf(service->space, sizeof(service->space), "%s", space);
    router->has_tenants = router->has_tenants || space[0] != '\0';
}

void tenant_admit(struct router *router, struct service *service, const struct peer *peer)
{
    tenant_claim(router, service, peer->space);
    service->to_network = export_has(peer, "@network");
    service->to_clients = export_has(peer, "@clients");
}

static bool tenant_is_same(const char *one, const char *two)
{
    return strcmp(one, two) == 0;
}

/* True where the token keeps its bearer to another namespace than `space`. */
static bool tenant_user_excludes(const struct user *user, const char *space)
{
    return user != NULL && user->space[0] != '\0' && !tenant_is_same(user->space, space);
}

const char *tenant_space(const struct peer *peer, const struct user *user)
{
    if (peer->space[0] != '\0')
        return peer->space;
    if (user != NULL && user->space[0] != '\0')
        return user->space;
    return peer->on_behalf != NULL ? peer->on_behalf->space : "";
}

/* A caller on another node: what its node says of its namespace can only make it less welcome. */
static bool tenant_is_far(const struct service *service, const struct draft *draft)
{
    struct span from = draft->from_space;

    return from.size != 0 && (from.size != strlen(service->space) ||
                                     memcmp(from.data, service->space, from.size) != 0);
}

bool tenant_hides(const struct router *router, const struct peer *peer, struct span endpoint,
        const struct service *service, struct draft *draft)
{
    const struct cap *cap;

    if (tenant_user_excludes(draft->user, service->space) ||
            tenant_user_excludes(peer->on_behalf, service->space))
        return true;
    if (peer->neighbour != NULL)
        return !service->to_network || tenant_is_far(service, draft);
    if (peer->visitor != NULL)
        return !service->to_clients;
    if (!peer->bound || peer->space[0] == '\0' || tenant_is_same(peer->space, service->space))
        return false; /* the node's owner, its own services, and the namespace itself */
    cap = cap_reaching(peer, endpoint, service, router->now_us);
    if (cap == NULL)
        return true;
    draft->cap = cap;
    return false;
}

struct cap *tenant_parent(
        const struct router *router, const struct peer *giver, struct span pattern)
{
    const uint8_t *dot = memchr(pattern.data, '.', pattern.size);
    struct cap *cap = NULL;
    const struct service *service = NULL;

    if (dot != NULL && giver->space[0] != '\0')
        service = service_find(&router->services, route_service_name(pattern));
    if (service != NULL && !tenant_is_same(service->space, giver->space))
        cap = cap_reaching(giver, pattern, service, router->now_us);
    return cap != NULL ? cap : cap_covering(giver, pattern, router->now_us);
}

void tenant_note(struct router *router, const struct peer *peer, struct span endpoint,
        const struct draft *draft)
{
    char text[STATUS_TEXT_MAX];
    struct span name = route_service_name(endpoint);

    snprintf(text, sizeof(text), "%.*s has another namespace: to the caller it does not exist",
            (int)name.size, (const char *)name.data);
    right_note(router, peer, endpoint,
            &(struct right_refusal){ NOTE_NAMESPACE, CODE_NOT_FOUND, text, draft->user });
}

/* The endpoint with a name that nobody has, in `room`: a policy that names the service is not for
 * it, and one for all is. */
static struct span tenant_mask(struct span endpoint, uint8_t room[ENDPOINT_SIZE_MAX])
{
    size_t name = route_service_name(endpoint).size;

    room[0] = '-'; /* no name begins with it */
    memcpy(room + 1, endpoint.data + name, endpoint.size - name);
    return (struct span){ room, 1 + endpoint.size - name };
}

bool tenant_gate(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft)
{
    uint8_t room[ENDPOINT_SIZE_MAX];
    struct envelope masked;

    tenant_find(router, peer, envelope->endpoint, draft);
    if (!draft->hidden)
        return gate_admit(router, peer, envelope, draft);
    masked = *envelope;
    masked.endpoint = tenant_mask(envelope->endpoint, room);
    return gate_admit(router, peer, &masked, draft);
}

/* Deny by default, as permit.c: what a new version adds is for the node's own until it is put into
 * this table. The registry shows a caller its own namespace alone, and the router its own
 * capabilities. */
static bool tenant_is_open(struct span endpoint)
{
    static const struct span open[] = { NAME("registry.Publish"), NAME("registry.List"),
        NAME("registry.Show"), NAME("registry.Describe"), NAME("registry.Watch"),
        NAME("registry.Announce"), NAME("registry.Renew"), NAME("registry.mu.Health"),
        NAME("router.Present"), NAME("router.Grant"), NAME("router.Revoke"), NAME("router.Caps"),
        NAME("router.mu.Health"), NAME("auth.Login"), NAME("auth.Refresh"), NAME("auth.Logout"),
        NAME("auth.Whoami"), NAME("auth.SetPassword"), NAME("auth.ShowAccount") };

    return names_have(open, sizeof(open) / sizeof(open[0]), endpoint);
}

/* `by_grant`: one would help. */
static void tenant_write_refusal(
        char text[STATUS_TEXT_MAX], const struct peer *peer, struct span endpoint, bool by_grant)
{
    const char *name = (const char *)endpoint.data;
    int size = (int)endpoint.size;

    if (by_grant)
        snprintf(text, STATUS_TEXT_MAX,
                "%.*s is for the whole node, and %s has a namespace: `mu grant %s %.*s`", size,
                name, peer->admitted, peer->admitted, size, name);
    else
        snprintf(text, STATUS_TEXT_MAX,
                "%.*s is for the whole node, and the token for a namespace of it", size, name);
}

/* The same where the endpoint is one for the whole node, and the caller of a namespace. */
static bool tenant_may_use_part(struct router *router, struct peer *peer,
        const struct envelope *envelope, struct draft *draft)
{
    struct span endpoint = envelope->endpoint;
    struct service part = { .space = "" };
    const struct cap *cap;
    char text[STATUS_TEXT_MAX];

    snprintf(part.name, sizeof(part.name), "%.*s", (int)route_service_name(endpoint).size,
            (const char *)endpoint.data);
    cap = peer->space[0] != '\0' ? cap_reaching(peer, endpoint, &part, router->now_us) : NULL;
    if (cap != NULL && !tenant_user_excludes(draft->user, "") &&
            !tenant_user_excludes(peer->on_behalf, "")) {
        draft->cap = cap;
        return true;
    }
    tenant_write_refusal(text, peer, endpoint, cap == NULL && peer->space[0] != '\0');
    right_refuse(router, peer, envelope,
            &(struct right_refusal){ NOTE_NAMESPACE, CODE_PERMISSION_DENIED, text, draft->user });
    return false;
}

bool tenant_may_use(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft)
{
    struct span endpoint = envelope->endpoint;

    if (tenant_space(peer, draft->user)[0] == '\0' || !reserved_has(route_service_name(endpoint)) ||
            tenant_is_open(endpoint) || right_is_part(peer))
        return true; /* parts do for a user what they were called for */
    return tenant_may_use_part(router, peer, envelope, draft);
}
