// SPDX-License-Identifier: Apache-2.0
#include "mu/log.h"
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
    grant.endpoints = endpoints;
    grant.n_endpoints = 1;
    reply.code = (uint32_t)router_grant(mu_call_client(call), &grant, NULL, &granted, NULL);
    if (granted != NULL) {
        reply.handle = granted->handle;
        mu__router__v1__grant_reply__free_unpacked(granted, NULL);
    }
    relay_give_reply(call, &reply);
}

int main(int argc, char **argv)
{
    static const struct relay_handlers handlers = { .call = serve_call, .give = serve_give };
    const struct mu_service service = { .type = &relay_type, .handlers = &handlers, .threads = 2 };

    return mu_service_main(&service, argc, argv);
}
