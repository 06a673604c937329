// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/handlers.h"

#include <string.h>

struct mesh *handlers_enter(struct mu_call *call)
{
    struct mesh *mesh = mu_call_state(call);

    if (!mu_call_caller(call)->is_operator) {
        mu_call_refuse(call, MU_PERMISSION_DENIED, "only the node's owner may do this");
        return NULL;
    }
    mesh_lock(mesh);
    return mesh;
}

struct mesh *handlers_enter_network(struct mu_call *call)
{
    struct mesh *mesh = handlers_enter(call);

    if (mesh == NULL || mesh->seat.joined)
        return mesh;
    mesh_unlock(mesh);
    mu_call_refuse(call, MU_FAILED_PRECONDITION, "this node is in no network");
    return NULL;
}

struct mesh *handlers_enter_office(struct mu_call *call)
{
    struct mesh *mesh = handlers_enter_network(call);

    if (mesh == NULL || membership_is_authority(&mesh->seat.membership))
        return mesh;
    mesh_unlock(mesh);
    mu_call_refuse(call, MU_FAILED_PRECONDITION,
            "this node is no authority: ask one that is, or make it one with the root key");
    return NULL;
}

void handlers_fail(struct mu_call *call, int r)
{
    if (r > 0)
        mu_call_refuse(call, MU_RESOURCE_EXHAUSTED, "there is no room on the disk");
    else
        mu_call_fail(call, MU_INTERNAL, "it cannot be kept: %s", strerror(-r));
}
