// SPDX-License-Identifier: Apache-2.0
#include "kernel/endpoints_grants.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "kernel/answer.h"
#include "kernel/inquiry.h"
#include "transport/pattern.h"

/* Why the request is none, in `text`; empty where it is one. */
static void endpoints_judge_grant(
        const Mu__Node__V1__GrantRequest *request, char *text, size_t size)
{
    text[0] = '\0';
    if (!service_name_is_valid(
                (struct span){ (const uint8_t *)request->service, strlen(request->service) }))
        snprintf(text, size, "service: whose processes are to call more, e.g. `shop`");
    else if (request->n_endpoints == 0 || request->n_endpoints > GRANT_ENDPOINTS_MAX)
        snprintf(text, size, "endpoints: 1 to %d of them, e.g. `store.Get`", GRANT_ENDPOINTS_MAX);
    for (size_t i = 0; text[0] == '\0' && i < request->n_endpoints; i++) {
        const char *endpoint = request->endpoints[i];

        if (!pattern_is_valid((struct span){ (const uint8_t *)endpoint, strlen(endpoint) }))
            snprintf(text, size,
                    "endpoints: `%.80s` is none; write `service.Method`, with `*` for one part and "
                    "`>` for the rest",
                    endpoint);
    }
}

/* NULL: out of memory. */
static Mu__Node__V1__Granted *endpoints_make_grant(const struct inquiry *inquiry)
{
    const Mu__Node__V1__GrantRequest *request = (const void *)inquiry->request;
    Mu__Node__V1__Granted *granted = calloc(1, sizeof(*granted));

    if (granted == NULL)
        return NULL;
    mu__node__v1__granted__init(granted);
    while (granted->handle == 0) {
        if (getrandom(&granted->handle, sizeof(granted->handle), 0) < 0)
            granted->handle = clock_us();
    }
    granted->granted_s = (uint64_t)time(NULL);
    granted->ends_s = request->for_s == 0 ? 0 : granted->granted_s + request->for_s;
    granted->uid = inquiry->caller->uid;
    granted->service = strdup(request->service);
    granted->endpoints = calloc(request->n_endpoints, sizeof(*granted->endpoints));
    for (size_t i = 0; granted->endpoints != NULL && i < request->n_endpoints; i++) {
        granted->endpoints[i] = strdup(request->endpoints[i]);
        granted->n_endpoints += granted->endpoints[i] != NULL;
    }
    if (granted->service != NULL && granted->n_endpoints == request->n_endpoints)
        return granted;
    mu__node__v1__granted__free_unpacked(granted, NULL);
    return NULL;
}

void endpoints_grant(const struct inquiry *inquiry)
{
    Mu__Node__V1__GrantReply reply = MU__NODE__V1__GRANT_REPLY__INIT;
    Mu__Node__V1__Granted *granted;
    char text[MU_SCHEMA_ERROR_MAX];
    int r = -ENOMEM;

    endpoints_judge_grant((const void *)inquiry->request, text, sizeof(text));
    if (text[0] != '\0') {
        answer_refusal(&inquiry->node->control, inquiry->call, MU_INVALID_ARGUMENT, "%s", text);
        return;
    }
    granted = endpoints_make_grant(inquiry);
    if (granted != NULL) {
        reply.handle = granted->handle;
        r = grants_add(&inquiry->node->grants, &inquiry->node->folders, granted);
    }
    if (r == -ENOSPC) {
        answer_refusal(&inquiry->node->control, inquiry->call, MU_RESOURCE_EXHAUSTED,
                "a node has room for %d granted endpoints; `mu revoke` makes some", GRANTS_MAX);
    } else if (r < 0) {
        answer_refusal(&inquiry->node->control, inquiry->call, MU_RESOURCE_EXHAUSTED,
                "it cannot be written down: %s/grants: %s", inquiry->node->folders.place.state,
                strerror(-r));
    } else {
        node_send_grants(inquiry->node);
        answer_message(&inquiry->node->control, inquiry->call, &reply.base);
    }
}

void endpoints_revoke(const struct inquiry *inquiry)
{
    const Mu__Node__V1__RevokeRequest *request = (const void *)inquiry->request;
    Mu__Node__V1__RevokeReply reply = MU__NODE__V1__REVOKE_REPLY__INIT;
    int r = grants_remove(&inquiry->node->grants, &inquiry->node->folders, request->handle);

    if (r == -ENOENT) {
        answer_refusal(&inquiry->node->control, inquiry->call, MU_NOT_FOUND,
                "no operator's grant has this handle; `mu caps` shows handles");
        return;
    }
    node_send_grants(inquiry->node);
    if (r < 0)
        answer_failure(&inquiry->node->control, inquiry->call, MU_RESOURCE_EXHAUSTED,
                "it is revoked, but may be back after the node's next start: %s/grants: %s",
                inquiry->node->folders.place.state, strerror(-r));
    else
        answer_message(&inquiry->node->control, inquiry->call, &reply.base);
}

void endpoints_grants(const struct inquiry *inquiry)
{
    Mu__Node__V1__GrantsReply reply = MU__NODE__V1__GRANTS_REPLY__INIT;
    Mu__Node__V1__Granted *each[GRANTS_MAX];

    reply.grants = each;
    list_for_each (link, &inquiry->node->grants.list)
        each[reply.n_grants++] = list_entry(link, struct granted, link)->message;
    answer_message(&inquiry->node->control, inquiry->call, &reply.base);
}
