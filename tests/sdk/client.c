// SPDX-License-Identifier: Apache-2.0
/* A client in one file, as somebody outside would write it. With a folder that no node uses as its
 * argument it shows that the library is linked and speaks: nobody is there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mu/client.h>

#include "greeter.mu.h"

int main(int argc, char **argv)
{
    struct mu_client_options options = { .dir = argc > 1 ? argv[1] : NULL };
    Greeter__V1__HelloRequest request = GREETER__V1__HELLO_REQUEST__INIT;
    Greeter__V1__HelloReply *reply;
    struct mu_client *client;
    struct mu_status status;
    int error = mu_client_open(&client, &options);

    if (error < 0) {
        fprintf(stderr, "%s\n", strerror(-error));
        return error == -ENOENT ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    if (greeter_hello(client, &request, NULL, &reply, &status) == MU_OK) {
        puts(reply->text);
        greeter__v1__hello_reply__free_unpacked(reply, NULL);
    }
    mu_client_close(client);
    return status.code == MU_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
