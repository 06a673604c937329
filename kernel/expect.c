// SPDX-License-Identifier: Apache-2.0
#include "kernel/expect.h"

#include "kernel/control.h"
#include "kernel/standing.h"
#include "mu/router/v1/router.pb-c.h"

static void expect_say(struct node *node, const struct service *service, uint32_t for_ms)
{
    Mu__Router__V1__ExpectRequest request = MU__ROUTER__V1__EXPECT_REQUEST__INIT;
    uint8_t body[192]; /* each name has 63 bytes at most */

    request.service = (char *)(uintptr_t)service->config->name;
    request.namespace_ = (char *)(uintptr_t)service->config->space;
    request.for_ms = for_ms;
    control_call(&node->control, "router.Expect",
            (struct span){ body, mu__router__v1__expect_request__pack(&request, body) });
}

void expect_tell(struct node *node)
{
    if (!control_is_open(&node->control))
        return;
    list_for_each (link, &node->supervisor.services) {
        struct service *service = list_entry(link, struct service, link);
        uint32_t for_ms = standing_expected_ms(service);

        if (service->config->kind == SERVICE_ROUTER || for_ms == service->expected_ms)
            continue;
        service->expected_ms = for_ms;
        expect_say(node, service, for_ms);
    }
}

void expect_anew(struct node *node)
{
    list_for_each (link, &node->supervisor.services)
        list_entry(link, struct service, link)->expected_ms = 0;
}
