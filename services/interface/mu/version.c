// SPDX-License-Identifier: Apache-2.0
/* mu version - this program's, and the node's where one runs. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/exits.h"
#include "mu/node/v1/node.pb-c.h"
#include "services/interface/mu/output.h"

static int version_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__StatusReply *node = NULL;
    Mu__Node__V1__StatusRequest request = MU__NODE__V1__STATUS_REQUEST__INIT;
    struct mu_status status;

    (void)arguments;
    bus_ask(cli, "node.Status", &request.base, &mu__node__v1__status_reply__descriptor, 0,
            (ProtobufCMessage **)&node, &status);
    if (output_is_json(cli))
        return output_json(cli, json_pack("{s:s, s:s?}", "mu", MU_VERSION, "node",
                                        node != NULL ? node->version : NULL));
    printf("mu %s\n", MU_VERSION);
    if (node != NULL)
        printf("node %s%s\n", node->version,
                strcmp(node->version, MU_VERSION) != 0 ? "      take the other: mu upgrade" : "");
    return EXIT_OK;
}

const struct command version_command = {
    .name = "version",
    .group = "Help",
    .summary = "the version of mu, and of the node",
    .run = version_run,
};
