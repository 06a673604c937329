// SPDX-License-Identifier: Apache-2.0
#include <expect.h>

#include "greeter.mu.h"

static void greets(struct mu_client *client, char *name, const char *text)
{
    Greeter__V1__HelloRequest request = GREETER__V1__HELLO_REQUEST__INIT;
    Greeter__V1__HelloReply *reply;
    struct mu_status status;

    request.name = name;
    greeter_hello(client, &request, NULL, &reply, &status);
    expect_status(&status, MU_OK, "greeter.Hello");
    expect(strcmp(reply->text, text) == 0, text);
    greeter__v1__hello_reply__free_unpacked(reply, NULL);
}

static void refuses_a_name_that_is_too_long(struct mu_client *client)
{
    Greeter__V1__HelloRequest request = GREETER__V1__HELLO_REQUEST__INIT;
    Greeter__V1__HelloReply *reply;
    struct mu_status status;
    char name[1002];

    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    request.name = name;
    greeter_hello(client, &request, NULL, &reply, &status);
    expect_status(&status, MU_INVALID_ARGUMENT, "greeter.Hello");
    expect(status.executed == MU_EXECUTED_NO, "executed NO");
}

int main(void)
{
    struct mu_client *client = expect_client();
    char nobody[] = "";
    char ada[] = "Ada";

    greets(client, nobody, "Hello, World!");
    greets(client, ada, "Hello, Ada!");
    refuses_a_name_that_is_too_long(client);
    mu_client_close(client);
    return EXIT_SUCCESS;
}
