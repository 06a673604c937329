/* services/network/link/handlers.h - what main.c puts together: a handler for each method. */
#pragma once

#include "services/network/link/mesh.h"

/* standing.c: getting into a network, and out of it */
void standing_init(struct mu_call *call, const Mu__Link__V1__InitRequest *request);
void standing_join(struct mu_call *call, const Mu__Link__V1__JoinRequest *request);
void standing_leave(struct mu_call *call, const Mu__Link__V1__LeaveRequest *request);
void standing_rotate_key(struct mu_call *call, const Mu__Link__V1__RotateKeyRequest *request);
void standing_connect(struct mu_call *call, const Mu__Link__V1__ConnectRequest *request);

/* office.c: what an authority does */
void office_invite(struct mu_call *call, const Mu__Link__V1__InviteRequest *request);
void office_revoke(struct mu_call *call, const Mu__Link__V1__RevokeRequest *request);
void office_renew_authority(
        struct mu_call *call, const Mu__Link__V1__RenewAuthorityRequest *request);

/* client_office.c: who calls from elsewhere */
void client_office_invite(struct mu_call *call, const Mu__Link__V1__InviteClientRequest *request);
void client_office_list(struct mu_call *call, const Mu__Link__V1__ClientsRequest *request);
void client_office_revoke(struct mu_call *call, const Mu__Link__V1__RevokeClientRequest *request);

/* view.c: what there is */
void view_show(struct mu_call *call, const Mu__Link__V1__ShowRequest *request);
void view_nodes(struct mu_call *call, const Mu__Link__V1__NodesRequest *request);
void view_links(struct mu_call *call, const Mu__Link__V1__LinksRequest *request);
void view_routes(struct mu_call *call, const Mu__Link__V1__RoutesRequest *request);

/* observing.c: what other nodes say of themselves */
void observing_ask(struct mu_call *call, const Mu__Link__V1__ObserveRequest *request);

/* The mesh with its lock, for one who may change this node: an operator of it. Else the call is
 * answered: NULL. */
struct mesh *handlers_enter(struct mu_call *call);

/* The same, of a node that is in a network; and of one that is an authority there. */
struct mesh *handlers_enter_network(struct mu_call *call);
struct mesh *handlers_enter_office(struct mu_call *call);

/* Answers a call whose change did not last: `r` is VAULT_FULL or -errno. */
void handlers_fail(struct mu_call *call, int r);
