// SPDX-License-Identifier: Apache-2.0
/* mu key rotate, show. */
#include <stdio.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/network.h"
#include "services/interface/mu/output.h"

static int key_print(struct cli *cli, const Mu__Link__V1__Self *self)
{
    if (output_is_json(cli))
        return network_print_json(cli, &self->base);
    if (cli->format == OUTPUT_NAME)
        puts(self->id);
    else
        network_print_self(cli, self);
    return EXIT_OK;
}

static int key_show_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__ShowReply *reply = NULL;
    Mu__Link__V1__ShowRequest request = MU__LINK__V1__SHOW_REQUEST__INIT;
    int code = network_call(cli, "link.Show", &request.base, &mu__link__v1__show_reply__descriptor,
            0, (ProtobufCMessage **)&reply);

    (void)arguments;
    if (code != EXIT_OK)
        return code;
    if (!network_self(reply->self)->member)
        return network_none(cli);
    return key_print(cli, reply->self);
}

static const struct command key_show_command = {
    .name = "show",
    .summary = "this node's key, and until when it is certified",
    .details =
            "The id is the key's public half: what to compare when two people speak about a node.",
    .examples =
            (const struct example[]){
                    { "mu key show -o name", "the id only" },
                    { NULL, NULL },
            },
    .run = key_show_run,
};

static int key_rotate_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__RotateKeyReply *reply = NULL;
    Mu__Link__V1__RotateKeyRequest request = MU__LINK__V1__ROTATE_KEY_REQUEST__INIT;
    int code;

    (void)arguments;
    output_talk(cli, "making a new key, and having it certified");
    code = network_call(cli, "link.RotateKey", &request.base,
            &mu__link__v1__rotate_key_reply__descriptor, NETWORK_WAIT_MS,
            (ProtobufCMessage **)&reply);
    return code == EXIT_OK ? key_print(cli, network_self(reply->self)) : code;
}

static const struct command key_rotate_command = {
    .name = "rotate",
    .summary = "give this node a new key; the old one is void",
    .details =
            "New links are there before calls leave the old ones; the old key is void 15 s later. "
            "Needs\n"
            "the authority that certified the present key.",
    .examples =
            (const struct example[]){
                    { "mu key rotate", "after somebody may have seen the disk" },
                    { NULL, NULL },
            },
    .run = key_rotate_run,
};

const struct command key_command = {
    .name = "key",
    .group = "Network",
    .summary = "this node's key in its network",
    .words = "COMMAND …",
    .children =
            (const struct command *const[]){
                    &key_rotate_command,
                    &key_show_command,
                    NULL,
            },
};
