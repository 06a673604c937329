// SPDX-License-Identifier: Apache-2.0
/* mu network show, connect; and the way to the service `link`, for all that speak to it. */
#include "services/interface/mu/network.h"

#include <stdio.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/address.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/instant.h"
#include "services/interface/mu/manifest.h"
#include "mu/link/v1/link.mu.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/prefix.h"
#include "services/interface/mu/ready.h"
#include "services/interface/mu/registry.h"
#include "services/interface/mu/standing.h"

extern const struct command network_init_command;
extern const struct command network_nodes_command;
extern const struct command network_links_command;
extern const struct command network_routes_command;
extern const struct command network_graph_command;
extern const struct command network_renew_command;

int network_none(const struct cli *cli)
{
    return (int)failure_say(cli, EXIT_CONFLICT,
            "found one: mu network init OWNER\n"
            "or join one: mu node join TOKEN, of a mu node invite there",
            "this node is in no network");
}

/* Nobody took the call: the service does not run here. */
static int network_away(struct cli *cli, const char *endpoint, const struct mu_status *status)
{
    char why[STANDING_WHY_MAX];
    enum standing standing = standing_of(cli, NETWORK_SERVICE, why);
    char fix[256];

    if (standing == STANDING_UNKNOWN)
        return network_none(cli);
    standing_fix(standing, NETWORK_SERVICE, fix, sizeof(fix));
    return (int)failure_of_call(cli, endpoint, status, fix);
}

static const char *network_fix(const struct cli *cli, const struct mu_status *status)
{
    switch (status->code) {
    case MU_NOT_FOUND:
        return "see who is known: mu node list";
    case MU_FAILED_PRECONDITION:
        return "see how this node stands: mu network show";
    case MU_PERMISSION_DENIED: /* of another node: it said why. Of this one: who asked is not its
                                  owner */
        return strcmp(status->origin, NETWORK_SERVICE) == 0 ? NULL : bus_fix(cli, status);
    case MU_OK:
    case MU_CANCELLED:
    case MU_UNKNOWN:
    case MU_INVALID_ARGUMENT:
    case MU_DEADLINE_EXCEEDED:
    case MU_ALREADY_EXISTS:
    case MU_RESOURCE_EXHAUSTED:
    case MU_ABORTED:
    case MU_OUT_OF_RANGE:
    case MU_UNIMPLEMENTED:
    case MU_INTERNAL:
    case MU_UNAVAILABLE:
    case MU_DATA_LOSS:
    case MU_UNAUTHENTICATED:
        break;
    }
    return bus_fix(cli, status);
}

int network_call(struct cli *cli, const char *endpoint, const ProtobufCMessage *request,
        const ProtobufCMessageDescriptor *reply_type, uint32_t wait_ms, ProtobufCMessage **replyp)
{
    struct mu_status status;
    int code = bus_need(cli);

    if (code != EXIT_OK)
        return code;
    if (cli->timeout_ms != 0)
        wait_ms = cli->timeout_ms;
    if (bus_ask(cli, endpoint, request, reply_type, wait_ms, replyp, &status) == MU_OK)
        return EXIT_OK;
    if ((status.code == MU_NOT_FOUND || status.code == MU_UNAVAILABLE) &&
            strcmp(status.origin, "router") == 0)
        return network_away(cli, endpoint, &status);
    return (int)failure_of_call(cli, endpoint, &status, network_fix(cli, &status));
}

Mu__Link__V1__ShowReply *network_look(struct cli *cli)
{
    Mu__Link__V1__ShowReply *reply = NULL;
    Mu__Link__V1__ShowRequest request = MU__LINK__V1__SHOW_REQUEST__INIT;
    struct mu_status status;

    bus_ask(cli, "link.Show", &request.base, &mu__link__v1__show_reply__descriptor, NETWORK_LOOK_MS,
            (ProtobufCMessage **)&reply, &status);
    if (reply != NULL && !network_self(reply->self)->member) {
        bus_reply_free(&reply);
        return NULL;
    }
    return reply;
}

int network_bring_up(struct cli *cli)
{
    CLEANUP(bus_reply_free) Mu__Node__V1__Manifest *manifest = NULL;
    CLEANUP(bus_reply_free) Mu__Registry__V1__RegisterReply *reply = NULL;
    enum ready_outcome outcome;
    char why[STANDING_WHY_MAX];
    char path[PATH_MAX];
    int code = bus_need(cli);

    if (code != EXIT_OK || standing_of(cli, NETWORK_SERVICE, why) == STANDING_UP)
        return code;
    if (prefix_join(path, "share/mu/services/" NETWORK_SERVICE ".service") < 0)
        return (int)failure_of_memory(cli);
    code = manifest_read(cli, path, &manifest);
    if (code == EXIT_OK)
        code = registry_send(cli, manifest, &reply);
    if (code != EXIT_OK)
        return code;
    outcome = ready_wait(cli, NETWORK_SERVICE, registry_wait_ms(cli, manifest), false);
    return ready_say(cli, NETWORK_SERVICE, outcome);
}

int network_print_json(const struct cli *cli, const ProtobufCMessage *reply)
{
    return output_message(cli, link_type.types, reply);
}

const Mu__Link__V1__Self *network_self(const Mu__Link__V1__Self *self)
{
    static const Mu__Link__V1__Self none = MU__LINK__V1__SELF__INIT;

    return self != NULL ? self : &none;
}

static void network_print_end(const struct cli *cli, const char *title, uint64_t until_s)
{
    uint64_t now_s = instant_now_s();
    const char *color = until_s > now_s ? "" : COLOR_BAD;
    char text[INSTANT_TEXT_MAX];

    printf("%s%s%s%s\n", title, color_on(cli, stdout, color), instant_print(until_s, now_s, text),
            color_off(cli, stdout));
}

void network_print_self(const struct cli *cli, const Mu__Link__V1__Self *self)
{
    printf("node      %s\n", self->name);
    printf("id        %s\n", self->id);
    printf("network   %s\n", self->network);
    network_print_end(cli, "key       certified until ", self->certificate_until_s);
    if (self->authority)
        network_print_end(cli, "authority until ", self->authority_until_s);
    printf("listens   %s\n",
            self->listen[0] != '\0' ? self->listen : "no: it dials others, and nobody dials it");
    for (size_t i = 0; i < self->n_addresses; i++)
        printf("%s%s", i == 0 ? "known as  " : "  ", self->addresses[i]);
    if (self->n_addresses > 0)
        putchar('\n');
}

static int network_show_run(struct cli *cli, const struct arguments *arguments)
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
    if (output_is_json(cli))
        return network_print_json(cli, &reply->base);
    if (cli->format == OUTPUT_NAME) {
        puts(reply->self->name);
        return EXIT_OK;
    }
    network_print_self(cli, reply->self);
    printf("links     %u up, %u node%s known\n", reply->links, reply->nodes,
            reply->nodes == 1 ? "" : "s");
    return EXIT_OK;
}

static const struct command network_show_command = {
    .name = "show",
    .summary = "this node in its network",
    .details =
            "Who it is, until when its key is certified, where it listens, how many it is linked "
            "to.",
    .examples =
            (const struct example[]){
                    { "mu network show", "for people" },
                    { "mu network show -o name", "this node's name only" },
                    { NULL, NULL },
            },
    .run = network_show_run,
};

static int network_connect_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__ConnectReply *reply = NULL;
    Mu__Link__V1__ConnectRequest request = MU__LINK__V1__CONNECT_REQUEST__INIT;
    const char *word = arguments->words[0];
    bool is_domain = strchr(word, ':') == NULL && strchr(word, '.') != NULL;
    int code = is_domain ? EXIT_OK : address_need(cli, "mu network connect", word);

    if (code != EXIT_OK)
        return code;
    request.address = (char *)word;
    code = network_call(cli, "link.Connect", &request.base,
            &mu__link__v1__connect_reply__descriptor, 0, (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    output_talk(
            cli, "%s is dialled from now on; see how it goes: mu network links", request.address);
    return output_is_json(cli) ? network_print_json(cli, &reply->base) : EXIT_OK;
}

static const struct command network_connect_command = {
    .name = "connect",
    .summary = "dial a node by its address, or those of a domain, from now on",
    .words = "HOST:PORT|DOMAIN",
    .words_min = 1,
    .words_max = 1,
    .details = "Also after each loss, and after a restart. A node that joined dials those it was\n"
               "invited by without being told. Of a DOMAIN, the nodes are dialled that its SRV "
               "records "
               "name, at\n"
               "_mu._tcp.DOMAIN.",
    .examples =
            (const struct example[]){
                    { "mu network connect 192.168.1.5:7400", "then: mu network links" },
                    { "mu network connect home.example", "whoever _mu._tcp.home.example names" },
                    { NULL, NULL },
            },
    .run = network_connect_run,
};

const struct command network_command = {
    .name = "network",
    .group = "Network",
    .summary = "many nodes of one owner: found a network, see it",
    .words = "COMMAND …",
    .children =
            (const struct command *const[]){
                    &network_init_command,
                    &network_show_command,
                    &network_nodes_command,
                    &network_links_command,
                    &network_routes_command,
                    &network_graph_command,
                    &network_connect_command,
                    &network_renew_command,
                    NULL,
            },
};
