// SPDX-License-Identifier: Apache-2.0
#include "services/platform/auth/caller.h"

#include <stdio.h>
#include <string.h>

const char *caller_user(const struct mu_call *call)
{
    return mu_call_user(call); /* over a link it is NULL: the other node's accounts are others */
}

bool caller_is_operator(const struct mu_call *call)
{
    return mu_call_caller(call)->is_operator && caller_user(call) == NULL;
}

bool caller_is_router(const struct mu_call *call)
{
    const struct mu_caller *caller = mu_call_caller(call);

    return strcmp(caller->service, "router") == 0 && caller->hops == 0;
}

const char *caller_print(const struct mu_call *call, char text[CALLER_TEXT_SIZE])
{
    const struct mu_caller *caller = mu_call_caller(call);

    if (caller_user(call) != NULL)
        snprintf(text, CALLER_TEXT_SIZE, "user:%s", caller_user(call));
    else if (caller->hops > 0)
        snprintf(text, CALLER_TEXT_SIZE, "node:%s", caller->node);
    else if (caller->client[0] != '\0')
        snprintf(text, CALLER_TEXT_SIZE, "client:%s", caller->client);
    else if (caller->service[0] != '\0')
        snprintf(text, CALLER_TEXT_SIZE, "service:%s", caller->service);
    else if (caller->is_operator)
        snprintf(text, CALLER_TEXT_SIZE, "operator");
    else
        snprintf(text, CALLER_TEXT_SIZE, "uid:%u", caller->uid);
    return text;
}
