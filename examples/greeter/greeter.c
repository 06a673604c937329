// SPDX-License-Identifier: Apache-2.0
/* greeter - the smallest service there is: one call, one answer. */
#include <stdio.h>

#include "greeter.mu.h"

enum { GREETER_NAME_MAX = 1000 }; /* bytes */

static void hello(struct mu_call *call, const Greeter__V1__HelloRequest *request)
{
    Greeter__V1__HelloReply reply = GREETER__V1__HELLO_REPLY__INIT;
    char text[GREETER_NAME_MAX + sizeof("Hello, !")];
    int size = snprintf(
            text, sizeof(text), "Hello, %s!", request->name[0] != '\0' ? request->name : "World");

    if (size >= (int)sizeof(text)) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "name: %d bytes at most", GREETER_NAME_MAX);
        return;
    }
    reply.text = text;
    greeter_hello_reply(call, &reply);
}

int main(int argc, char **argv)
{
    static const struct greeter_handlers handlers = { .hello = hello };
    const struct mu_service service = { .type = &greeter_type, .handlers = &handlers };

    return mu_service_main(&service, argc, argv);
}
