// SPDX-License-Identifier: Apache-2.0
#include "mu/log.h"
#include "mu/registry/v1/registry.mu.h"
#include "mu/router/v1/router.mu.h"
#include "relay/v1/relay.mu.h"

static void serve_call(struct mu_call *call, const Relay__V1__CallRequest *request)
{
    Relay__V1__CallReply reply = RELAY__V1__CALL_REPLY__INIT;
    struct mu_result result = { 0 };

    mu_log_info("calls %s", request->endpoint);
    reply.code = (uint32_t)mu_call(
            mu_call_client(call), request->endpoint, (struct mu_bytes){ NULL, 0 }, NULL, &result);
    reply.message = result.status.message;
    reply.executed = (uint32_t)result.status.executed;
    relay_call_reply(call, &reply);
    mu_result_deinit(&result);
}

static void serve_give(struct mu_call *call, const Relay__V1__GiveRequest *request)
{
    Relay__V1__GiveReply reply = RELAY__V1__GIVE_REPLY__INIT;
    Mu__Router__V1__GrantRequest grant = MU__ROUTER__V1__GRANT_REQUEST__INIT;
    Mu__Router__V1__GrantReply *granted = NULL;
    char *endpoints[] = { request->endpoints };

    grant.service = request->service;
    grant.instance = request->instance;
    grant.endpoints = endpoints;
    grant.n_endpoints = 1;
    reply.code = (uint32_t)router_grant(mu_call_client(call), &grant, NULL, &granted, NULL);
    if (granted != NULL) {
        reply.handle = granted->handle;
        mu__router__v1__grant_reply__free_unpacked(granted, NULL);
    }
    relay_give_reply(call, &reply);
}

static void serve_names(struct mu_call *call, const Relay__V1__NamesRequest *request)
{
    Mu__Registry__V1__ListRequest list = MU__REGISTRY__V1__LIST_REQUEST__INIT;
    Relay__V1__NamesReply reply = RELAY__V1__NAMES_REPLY__INIT;
    Mu__Registry__V1__ListReply *listed = NULL;
    char *names[64];

    (void)request;
    registry_list(mu_call_client(call), &list, NULL, &listed, NULL);
    reply.names = names;
    for (size_t i = 0; listed != NULL && i < listed->n_services && i < 64; i++)
        names[reply.n_names++] = listed->services[i]->name;
    relay_names_reply(call, &reply);
    if (listed != NULL)
        mu__registry__v1__list_reply__free_unpacked(listed, NULL);
}

int main(int argc, char **argv)
{
    static const struct relay_handlers handlers = {
        .call = serve_call, .give = serve_give, .names = serve_names
    };
    const struct mu_service service = { .type = &relay_type, .handlers = &handlers, .threads = 2 };

    return mu_service_main(&service, argc, argv);
}
