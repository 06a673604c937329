// SPDX-License-Identifier: Apache-2.0
/* mu-link - this node in its network, and its links to other nodes (mu.link.v1.Link). */
#include "services/network/link/handlers.h"

static int start(void *state, struct mu_client *client, const char *state_dir)
{
    return mesh_open(state, client, state_dir);
}

static void drain(void *state)
{
    mesh_drain(state);
}

static void stop(void *state)
{
    mesh_close(state);
}

int main(int argc, char **argv)
{
    static const struct link_handlers handlers = {
        .init = standing_init,
        .invite = office_invite,
        .join = standing_join,
        .leave = standing_leave,
        .revoke = office_revoke,
        .rotate_key = standing_rotate_key,
        .renew_authority = office_renew_authority,
        .connect = standing_connect,
        .invite_client = client_office_invite,
        .revoke_client = client_office_revoke,
        .clients = client_office_list,
        .show = view_show,
        .nodes = view_nodes,
        .links = view_links,
        .routes = view_routes,
        .observe = observing_ask,
    };
    static struct mesh mesh;
    struct mu_service service = {
        .type = &link_type,
        .handlers = &handlers,
        .version = MU_VERSION,
        .state = &mesh,
        .start = start,
        .drain = drain,
        .stop = stop,
    };

    return mu_service_main(&service, argc, argv);
}
