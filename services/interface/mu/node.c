// SPDX-License-Identifier: Apache-2.0
/* mu node list, show, revoke, leave. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/catalog.h"
#include "services/interface/mu/confirm.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/network.h"
#include "services/interface/mu/network_list.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/suggestion.h"

extern const struct command node_invite_command;
extern const struct command node_join_command;

static const struct command node_list_command = {
    .name = "list",
    .alias = "ls",
    .summary = "nodes that are known: mu network nodes",
    .examples =
            (const struct example[]){
                    { "mu node list", "a table" },
                    { "mu node list -o name", "names only, for a shell" },
                    { NULL, NULL },
            },
    .run = network_nodes_run,
};

/* A node goes by its name, its first part where that is enough, its id, or an id's beginning. */
static bool node_is(const Mu__Link__V1__Node *node, const char *text)
{
    size_t size = strlen(text);

    if (strcmp(node->name, text) == 0 || strcmp(node->id, text) == 0)
        return true;
    if (strncmp(node->name, text, size) == 0 && node->name[size] == '.')
        return true;
    return strncmp(text, "mu:", 3) == 0 && size > 3 && strncmp(node->id, text, size) == 0;
}

static int node_unknown(
        const struct cli *cli, const Mu__Link__V1__NodesReply *reply, const char *text)
{
    struct suggestion suggestion;
    char fix[SUGGESTION_WORD_MAX + 64] = "see who is known: mu node list";
    char word[FAILURE_WORD_MAX];

    suggestion_init(&suggestion, text);
    for (size_t i = 0; i < reply->n_nodes; i++)
        suggestion_offer(&suggestion, reply->nodes[i]->name);
    if (suggestion_best(&suggestion) != NULL)
        snprintf(fix, sizeof(fix), "did you mean: %s      see: mu node list",
                suggestion_best(&suggestion));
    return (int)failure_say(
            cli, EXIT_NOT_FOUND, fix, "there is no node \"%s\"", failure_word(text, word));
}

/* The one node that `text` means, borrowed from `reply`, into `*nodep`. */
static int node_find(const struct cli *cli, const Mu__Link__V1__NodesReply *reply, const char *text,
        const Mu__Link__V1__Node **nodep)
{
    const Mu__Link__V1__Node *found = NULL;

    for (size_t i = 0; i < reply->n_nodes; i++) {
        if (!node_is(reply->nodes[i], text))
            continue;
        if (found != NULL)
            return (int)failure_say(cli, EXIT_USAGE, "give more of it: mu node list",
                    "\"%s\" may be %s or %s", text, found->name, reply->nodes[i]->name);
        found = reply->nodes[i];
    }
    if (found == NULL)
        return node_unknown(cli, reply, text);
    *nodep = found;
    return EXIT_OK;
}

static void node_print_services(const Mu__Link__V1__RoutesReply *reply, const char *name)
{
    const char *last = "";
    bool is_first = true;

    for (size_t i = 0; i < reply->n_routes; i++) {
        const Mu__Link__V1__RouteInfo *route = reply->routes[i];

        if (strcmp(route->node, name) != 0 || strcmp(route->service, last) == 0)
            continue;
        printf("%s%s", is_first ? "offers    " : "  ", route->service);
        is_first = false;
        last = route->service;
    }
    if (!is_first)
        putchar('\n');
}

static void node_print(const Mu__Link__V1__Node *node)
{
    char text[NETWORK_STAND_MAX];
    char heard[DURATION_TEXT_MAX];

    printf("node      %s\n", node->name);
    printf("id        %s\n", node->id);
    printf("state     %s%s\n", network_stand(node, text), node->authority ? ", an authority" : "");
    if (!node->reachable || node->hops > 0)
        printf("heard     %s ago\n", duration_print(node->heard_ms, heard));
    for (size_t i = 0; i < node->n_addresses; i++)
        printf("%s%s", i == 0 ? "known as  " : "  ", node->addresses[i]);
    if (node->n_addresses > 0)
        putchar('\n');
}

static int node_show_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__NodesReply *nodes = NULL;
    CLEANUP(bus_reply_free) Mu__Link__V1__RoutesReply *routes = NULL;
    const Mu__Link__V1__Node *node = NULL;
    int code = network_nodes(cli, &nodes);

    if (code == EXIT_OK)
        code = node_find(cli, nodes, arguments->words[0], &node);
    if (node == NULL)
        return code;
    if (output_is_json(cli))
        return network_print_json(cli, &node->base);
    if (cli->format == OUTPUT_NAME) {
        puts(node->name);
        return EXIT_OK;
    }
    code = network_routes(cli, "", &routes);
    if (code != EXIT_OK)
        return code;
    node_print(node);
    node_print_services(routes, node->name);
    return EXIT_OK;
}

static const struct command node_show_command = {
    .name = "show",
    .summary = "one node of the network",
    .words = "NODE",
    .words_min = 1,
    .words_max = 1,
    .details = "NODE is a name, its first part, an id, or the beginning of an id.",
    .examples =
            (const struct example[]){
                    { "mu node show barn", "how it is reached, where it listens, what it offers" },
                    { NULL, NULL },
            },
    .first = COMPLETE_NODE,
    .run = node_show_run,
};

static int node_revoke_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__NodesReply *nodes = NULL;
    CLEANUP(bus_reply_free) Mu__Link__V1__RevokeReply *reply = NULL;
    Mu__Link__V1__RevokeRequest request = MU__LINK__V1__REVOKE_REQUEST__INIT;
    const Mu__Link__V1__Node *node = NULL;
    int code = network_nodes(cli, &nodes);

    if (code == EXIT_OK)
        code = node_find(cli, nodes, arguments->words[0], &node);
    if (node != NULL)
        code = confirm(cli, arguments, "Revoke %s (%.12s…): no node links to it any more",
                node->name, node->id);
    if (code != EXIT_OK || node == NULL)
        return code;
    request.node = node->id;
    code = network_call(cli, "link.Revoke", &request.base, &mu__link__v1__revoke_reply__descriptor,
            NETWORK_WAIT_MS, (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    output_talk(cli,
            "%s is revoked, by list %" PRIu64 "; it comes back only with a new key: mu node join",
            node->name, reply->version);
    return output_is_json(cli) ? network_print_json(cli, &reply->base) : EXIT_OK;
}

static const struct command node_revoke_command = {
    .name = "revoke",
    .summary = "shut a node out, everywhere within a second",
    .words = "NODE",
    .words_min = 1,
    .words_max = 1,
    .details =
            "For a machine that was lost or sold. Its certificates are void from now on, and links "
            "to it end\n"
            "at once. Needs a node that is an authority.",
    .flags = (const struct flag[]){ CONFIRM_FLAG, { .name = NULL } },
    .examples =
            (const struct example[]){
                    { "mu node revoke barn", "asks once" },
                    { "mu node revoke mu:5vesrrri2 --yes", "by its id, from a script" },
                    { NULL, NULL },
            },
    .first = COMPLETE_NODE,
    .run = node_revoke_run,
};

static int node_leave_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__ShowReply *before = NULL;
    CLEANUP(bus_reply_free) Mu__Link__V1__LeaveReply *reply = NULL;
    Mu__Link__V1__LeaveRequest request = MU__LINK__V1__LEAVE_REQUEST__INIT;
    int code = bus_need(cli);

    if (code != EXIT_OK)
        return code;
    before = network_look(cli);
    if (before == NULL)
        return network_none(cli);
    code = confirm(cli, arguments, "Leave the network as %s: this node's key is forgotten%s",
            before->self->name, before->self->authority ? ", and that of its authority" : "");
    if (code != EXIT_OK)
        return code;
    code = network_call(cli, "link.Leave", &request.base, &mu__link__v1__leave_reply__descriptor,
            NETWORK_WAIT_MS, (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    output_talk(cli,
            "%s is in no network any more; the name is free again once it is revoked there: mu "
            "node revoke %s",
            before->self->name, before->self->name);
    return output_is_json(cli) ? network_print_json(cli, &reply->base) : EXIT_OK;
}

static const struct command node_leave_command = {
    .name = "leave",
    .summary = "take this node out of its network",
    .details =
            "Forgets the network and this node's key in it. Services go on, for this node alone. "
            "Where it is\n"
            "the only authority, nobody can be let in afterwards, and certificates end with their "
            "day.",
    .flags = (const struct flag[]){ CONFIRM_FLAG, { .name = NULL } },
    .examples =
            (const struct example[]){
                    { "mu node leave", "asks once" },
                    { NULL, NULL },
            },
    .run = node_leave_run,
};

const struct command node_command = {
    .name = "node",
    .group = "Network",
    .summary = "nodes of the network: let one in, shut one out",
    .words = "COMMAND …",
    .children =
            (const struct command *const[]){
                    &node_invite_command,
                    &node_join_command,
                    &node_list_command,
                    &node_show_command,
                    &node_revoke_command,
                    &node_leave_command,
                    NULL,
            },
};
