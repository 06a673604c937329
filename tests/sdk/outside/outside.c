// SPDX-License-Identifier: Apache-2.0
/* Ends with 0 where the types of three origins are there, and names begin as they were told to. */
#include <stdlib.h>
#include <string.h>

#include "mu/registry/v1/registry.mu.h"
#include "outside.mu.h"

int main(void)
{
    const struct mu_method *look = &window_type.methods[0];
    int wrong = 0;

    wrong += strcmp(window_type.name, "outside") != 0;
    wrong += strcmp(look->request->fields[0].name, "since") != 0;
    wrong += look->request->fields[0].descriptor != &google__protobuf__timestamp__descriptor;
    wrong += look->reply->fields[0].descriptor != &mu__node__v1__manifest__descriptor;
    wrong += strcmp(registry_type.proto_name, "mu.registry.v1.Registry") != 0;
    return wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
