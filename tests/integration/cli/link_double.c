// SPDX-License-Identifier: Apache-2.0
/* A service `link` without a network behind it: it answers as the real one does for a small mesh
 * that never changes, so that what the command line prints can be compared to the letter. It is no
 * measure for the real one, whose tests have networks of their own. */
#include <stdio.h>
#include <string.h>

#include "mu/link/v1/link.mu.h"

enum { DOUBLE_SEALED_SIZE = 136 };

#define DOUBLE_UNTIL_S 4102444800u /* the first second of 2100 */

struct link_double {
    char node[64]; /* "" outside of a network */
    char owner[64];
    char listen[160];
    char addresses[8][160];
    char *address_list[8];
    size_t address_count;
    unsigned keys; /* made so far */
    bool authority;
};

static struct link_double *double_of(struct mu_call *call)
{
    return mu_call_state(call);
}

/* Fills `self`; the texts live in `name`. */
static void double_self(
        const struct link_double *own, Mu__Link__V1__Self *self, char name[160], char id[64])
{
    if (own->node[0] == '\0')
        return;
    snprintf(name, 160, "%s.%s", own->node, own->owner);
    snprintf(id, 64, "mu:desk%u", own->keys);
    self->member = true;
    self->name = name;
    self->id = id;
    self->network = "3978432a1c0fe039106681e50c84f9c4";
    self->authority = own->authority;
    self->certificate_until_s = DOUBLE_UNTIL_S;
    self->authority_until_s = own->authority ? DOUBLE_UNTIL_S : 0;
    self->listen = (char *)own->listen;
    self->addresses = (char **)own->address_list;
    self->n_addresses = own->address_count;
}

static bool double_refuses(struct mu_call *call, bool member)
{
    struct link_double *own = double_of(call);

    if ((own->node[0] != '\0') == member)
        return false;
    mu_call_refuse(call, MU_FAILED_PRECONDITION,
            member ? "this node is in no network" : "this node is in a network already");
    return true;
}

static void double_enter(struct link_double *own, const char *node, const char *owner,
        const char *listen, char *const *addresses, size_t count)
{
    snprintf(own->node, sizeof(own->node), "%s", node);
    snprintf(own->owner, sizeof(own->owner), "%s", owner);
    snprintf(own->listen, sizeof(own->listen), "%s", listen);
    own->address_count = count < 8 ? count : 8;
    for (size_t i = 0; i < own->address_count; i++) {
        snprintf(own->addresses[i], sizeof(own->addresses[i]), "%s", addresses[i]);
        own->address_list[i] = own->addresses[i];
    }
    own->keys += 1;
}

static void init(struct mu_call *call, const Mu__Link__V1__InitRequest *request)
{
    Mu__Link__V1__InitReply reply = MU__LINK__V1__INIT_REPLY__INIT;
    Mu__Link__V1__Self self = MU__LINK__V1__SELF__INIT;
    uint8_t sealed[DOUBLE_SEALED_SIZE] = "MuS1";
    char name[160];
    char id[64];

    if (double_refuses(call, false))
        return;
    if (strcmp(request->owner, "nobody") == 0) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "owner: nobody owns nothing");
        return;
    }
    double_enter(double_of(call), request->node, request->owner, request->listen,
            request->addresses, request->n_addresses);
    double_of(call)->authority = true;
    /* The passphrase stands where the real one would be sealed with it: tests look for it. */
    memcpy(sealed + 8, request->passphrase.data,
            request->passphrase.len < 64 ? request->passphrase.len : 64);
    if (strcmp(request->owner, "lost") == 0) { /* as if the answer got lost on its way */
        mu_call_refuse(call, MU_UNAVAILABLE, "the answer got lost");
        return;
    }
    double_self(double_of(call), &self, name, id);
    reply.sealed_root.data = sealed;
    reply.sealed_root.len = sizeof(sealed);
    reply.root = "mu:root";
    reply.self = &self;
    link_init_reply(call, &reply);
}

static void invite(struct mu_call *call, const Mu__Link__V1__InviteRequest *request)
{
    Mu__Link__V1__InviteReply reply = MU__LINK__V1__INVITE_REPLY__INIT;
    char token[128];

    if (double_refuses(call, true))
        return;
    snprintf(token, sizeof(token), "mu1.life%u-uses%u", request->life_s, request->uses);
    reply.token = token;
    reply.until_s = DOUBLE_UNTIL_S;
    link_invite_reply(call, &reply);
}

static void join(struct mu_call *call, const Mu__Link__V1__JoinRequest *request)
{
    Mu__Link__V1__JoinReply reply = MU__LINK__V1__JOIN_REPLY__INIT;
    Mu__Link__V1__Self self = MU__LINK__V1__SELF__INIT;
    char name[160];
    char id[64];

    if (double_refuses(call, false))
        return;
    if (strcmp(request->token, "mu1.good") != 0) {
        mu_call_refuse(call, MU_PERMISSION_DENIED, "the token has ended");
        return;
    }
    double_enter(double_of(call), request->node, "alice", request->listen, request->addresses,
            request->n_addresses);
    double_of(call)->authority = false;
    double_self(double_of(call), &self, name, id);
    reply.self = &self;
    link_join_reply(call, &reply);
}

static void leave(struct mu_call *call, const Mu__Link__V1__LeaveRequest *request)
{
    static const Mu__Link__V1__LeaveReply reply = MU__LINK__V1__LEAVE_REPLY__INIT;

    (void)request;
    if (double_refuses(call, true))
        return;
    double_of(call)->node[0] = '\0';
    link_leave_reply(call, &reply);
}

static void revoke(struct mu_call *call, const Mu__Link__V1__RevokeRequest *request)
{
    Mu__Link__V1__RevokeReply reply = MU__LINK__V1__REVOKE_REPLY__INIT;
    Mu__Link__V1__Node node = MU__LINK__V1__NODE__INIT;

    if (double_refuses(call, true))
        return;
    node.id = request->node;
    node.revoked = true;
    reply.node = &node;
    reply.version = 7;
    link_revoke_reply(call, &reply);
}

static void rotate_key(struct mu_call *call, const Mu__Link__V1__RotateKeyRequest *request)
{
    Mu__Link__V1__RotateKeyReply reply = MU__LINK__V1__ROTATE_KEY_REPLY__INIT;
    Mu__Link__V1__Self self = MU__LINK__V1__SELF__INIT;
    char name[160];
    char id[64];

    (void)request;
    if (double_refuses(call, true))
        return;
    double_of(call)->keys += 1;
    double_self(double_of(call), &self, name, id);
    reply.self = &self;
    link_rotate_key_reply(call, &reply);
}

static void renew_authority(
        struct mu_call *call, const Mu__Link__V1__RenewAuthorityRequest *request)
{
    Mu__Link__V1__RenewAuthorityReply reply = MU__LINK__V1__RENEW_AUTHORITY_REPLY__INIT;

    if (double_refuses(call, true))
        return;
    if (request->sealed_root.len != DOUBLE_SEALED_SIZE || request->passphrase.len == 0 ||
            memcmp(request->sealed_root.data + 8, request->passphrase.data,
                    request->passphrase.len) != 0) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "the passphrase is wrong");
        return;
    }
    reply.until_s = DOUBLE_UNTIL_S;
    link_renew_authority_reply(call, &reply);
}

static void connect(struct mu_call *call, const Mu__Link__V1__ConnectRequest *request)
{
    static const Mu__Link__V1__ConnectReply reply = MU__LINK__V1__CONNECT_REPLY__INIT;

    (void)request;
    if (!double_refuses(call, true))
        link_connect_reply(call, &reply);
}

static void show(struct mu_call *call, const Mu__Link__V1__ShowRequest *request)
{
    Mu__Link__V1__ShowReply reply = MU__LINK__V1__SHOW_REPLY__INIT;
    Mu__Link__V1__Self self = MU__LINK__V1__SELF__INIT;
    char name[160];
    char id[64];

    (void)request;
    double_self(double_of(call), &self, name, id);
    reply.self = &self;
    reply.links = self.member ? 2 : 0;
    reply.nodes = self.member ? 5 : 0;
    link_show_reply(call, &reply);
}

static void nodes(struct mu_call *call, const Mu__Link__V1__NodesRequest *request)
{
    Mu__Link__V1__NodesReply reply = MU__LINK__V1__NODES_REPLY__INIT;
    Mu__Link__V1__Node all[5];
    Mu__Link__V1__Node *list[5];
    char *address = "192.0.2.7:7400";
    char name[160];

    (void)request;
    for (size_t i = 0; i < 5; i++) {
        mu__link__v1__node__init(&all[i]);
        all[i].owner = "alice";
        all[i].reachable = true;
        list[i] = &all[i];
    }
    snprintf(name, sizeof(name), "%s.%s", double_of(call)->node, double_of(call)->owner);
    all[0].name = "attic.alice", all[0].id = "mu:attic", all[0].linked = true, all[0].hops = 1;
    all[0].addresses = &address, all[0].n_addresses = 1, all[0].services = 2, all[0].heard_ms = 3;
    all[1].name = name, all[1].id = "mu:desk1", all[1].authority = true, all[1].services = 1;
    all[2].name = "barn.alice", all[2].id = "mu:barn", all[2].hops = 2, all[2].services = 1;
    all[3].name = "shed.alice", all[3].id = "mu:shed", all[3].linked = true, all[3].hops = 1;
    all[4].name = "pond.alice", all[4].id = "mu:pond", all[4].reachable = false;
    all[4].heard_ms = 7200000;
    reply.nodes = list;
    reply.n_nodes = double_of(call)->node[0] != '\0' ? 5 : 0;
    link_nodes_reply(call, &reply);
}

static void links(struct mu_call *call, const Mu__Link__V1__LinksRequest *request)
{
    Mu__Link__V1__LinksReply reply = MU__LINK__V1__LINKS_REPLY__INIT;
    Mu__Link__V1__LinksReply__RefusedEntry refused = MU__LINK__V1__LINKS_REPLY__REFUSED_ENTRY__INIT;
    Mu__Link__V1__LinksReply__RefusedEntry *refusals[] = { &refused };
    Mu__Link__V1__LinkInfo attic = MU__LINK__V1__LINK_INFO__INIT;
    Mu__Link__V1__LinkInfo shed = MU__LINK__V1__LINK_INFO__INIT;
    Mu__Link__V1__LinkInfo pond = MU__LINK__V1__LINK_INFO__INIT;
    Mu__Link__V1__LinkInfo *list[] = { &attic, &shed, &pond };

    (void)request;
    attic.node = "attic.alice", attic.id = "mu:attic", attic.address = "192.0.2.7:7400";
    attic.state = MU__LINK__V1__LINK_STATE__LINK_UP, attic.dialled = true, attic.up_ms = 252000;
    attic.round_trip_us = 410, attic.bytes_in = 2048, attic.bytes_out = 1024;
    shed.node = "shed.alice", shed.id = "mu:shed", shed.round_trip_us = 12500;
    shed.state = MU__LINK__V1__LINK_STATE__LINK_UP, shed.up_ms = 1000;
    pond.node = "pond.alice", pond.id = "mu:pond", pond.address = "192.0.2.9:7400";
    pond.state = MU__LINK__V1__LINK_STATE__LINK_BACKOFF, pond.dialled = true;
    pond.reason = "connection refused", pond.retry_ms = 3000;
    refused.key = "too many at a time", refused.value = 12;
    reply.links = list;
    reply.n_links = 3;
    reply.refused = refusals;
    reply.n_refused = 1;
    link_links_reply(call, &reply);
}

static void routes(struct mu_call *call, const Mu__Link__V1__RoutesRequest *request)
{
    static const char *const rows[][4] = { { "counter", "attic.alice", "attic.alice", "" },
        { "digest", "barn.alice", "attic.alice", "attic.alice" },
        { "digest", "barn.alice", "shed.alice", "shed.alice" },
        { "talk", "attic.alice", "attic.alice", "" } };
    Mu__Link__V1__RoutesReply reply = MU__LINK__V1__ROUTES_REPLY__INIT;
    Mu__Link__V1__RouteInfo all[4];
    Mu__Link__V1__RouteInfo *list[4];
    char *paths[4];
    size_t count = 0;

    for (size_t i = 0; i < 4; i++) {
        if (strncmp(rows[i][0], request->prefix, strlen(request->prefix)) != 0)
            continue;
        mu__link__v1__route_info__init(&all[count]);
        all[count].service = (char *)rows[i][0];
        all[count].node = (char *)rows[i][1];
        all[count].via = (char *)rows[i][2];
        all[count].hops = rows[i][3][0] != '\0' ? 2 : 1;
        all[count].metric_us = 500 + 1000 * (uint32_t)i;
        all[count].instances = 1;
        all[count].chosen = i != 2;
        all[count].damped_ms = i == 2 ? 4000 : 0;
        paths[count] = (char *)rows[i][3];
        all[count].path = &paths[count];
        all[count].n_path = rows[i][3][0] != '\0' ? 1 : 0;
        list[count] = &all[count];
        count += 1;
    }
    reply.routes = list;
    reply.n_routes = count;
    link_routes_reply(call, &reply);
}

int main(int argc, char **argv)
{
    static const struct link_handlers handlers = {
        .init = init,
        .invite = invite,
        .join = join,
        .leave = leave,
        .revoke = revoke,
        .rotate_key = rotate_key,
        .renew_authority = renew_authority,
        .connect = connect,
        .show = show,
        .nodes = nodes,
        .links = links,
        .routes = routes,
    };
    static struct link_double own;
    const struct mu_service service = { .type = &link_type, .handlers = &handlers, .state = &own };

    return mu_service_main(&service, argc, argv);
}
