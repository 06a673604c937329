// SPDX-License-Identifier: Apache-2.0
/* mu network init, renew: the two commands that need the root key. It passes through here once,
 * sealed, into a file; nothing on this machine can sign with it afterwards. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/file.h"
#include "services/interface/mu/instant.h"
#include "services/interface/mu/listen.h"
#include "services/interface/mu/network.h"
#include "services/interface/mu/network_init.h"
#include "services/interface/mu/node_name.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/passphrase.h"

enum { ROOT_KEY_MAX = 4096 }; /* bytes of a sealed root key that are read at most */

/* Founds the network and puts its root key into `fd`, which stands for `path`. */
static int init_found(struct cli *cli, const Mu__Link__V1__InitRequest *request, int fd,
        const char *path, Mu__Link__V1__InitReply **replyp)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__InitReply *reply = NULL;
    int code = network_call(cli, "link.Init", &request->base, &mu__link__v1__init_reply__descriptor,
            NETWORK_WAIT_MS, (ProtobufCMessage **)&reply);
    int error;

    if (code != EXIT_OK)
        return code;
    error = file_fill(fd, path, reply->sealed_root.data, reply->sealed_root.len);
    if (error < 0)
        return (int)failure_say(cli, EXIT_INTERNAL, "make room, or name another: --root-key FILE",
                "the root key could not be written to %s: %s", path, strerror(-error));
    *replyp = reply;
    reply = NULL;
    return EXIT_OK;
}

/* Where the answer got lost on its way, there is a network now that has no root key. */
static void init_say_lost(struct cli *cli)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__ShowReply *show = network_look(cli);

    if (show != NULL)
        output_talk(cli,
                "it was founded all the same, as %s, and nobody has its root key: begin anew with "
                "mu "
                "node leave --yes",
                show->self->name);
}

int network_init(struct cli *cli, const Mu__Link__V1__InitRequest *request, const char *path,
        Mu__Link__V1__InitReply **replyp)
{
    CLEANUP(cleanup_close) int fd = -1;
    int error = file_reserve(path, &fd);
    int code;

    if (error == -EEXIST)
        return (int)failure_say(cli, EXIT_CONFLICT, "name another: --root-key FILE",
                "%s is there already, and a root key is never overwritten", path);
    if (error < 0)
        return (int)failure_say(cli, EXIT_DENIED, "name another: --root-key FILE",
                "cannot write the root key to %s: %s", path, strerror(-error));
    output_talk(
            cli, "founding the network of %s: sealing the root key takes a second", request->owner);
    code = init_found(cli, request, fd, path, replyp);
    if (code == EXIT_OK)
        return EXIT_OK;
    unlink(path);
    init_say_lost(cli);
    return code;
}

/* Asked before the passphrase is: it would be for nothing. */
static int init_is_free(struct cli *cli)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__ShowReply *reply = network_look(cli);

    if (reply == NULL)
        return EXIT_OK;
    return (int)failure_say(cli, EXIT_CONFLICT,
            "see which: mu network show      leave it: mu node leave",
            "this node is in a network already, as %s", reply->self->name);
}

static int init_print(struct cli *cli, const Mu__Link__V1__InitReply *reply, const char *path)
{
    if (output_is_json(cli)) {
        Mu__Link__V1__InitReply said = *reply;

        said.sealed_root = (ProtobufCBinaryData){ 0 }; /* it stands in its file, and nowhere else */
        return network_print_json(cli, &said.base);
    }
    if (cli->format == OUTPUT_NAME) {
        puts(network_self(reply->self)->name);
        return EXIT_OK;
    }
    network_print_self(cli, network_self(reply->self));
    printf("root key  %s\n", path);
    output_talk(cli,
            "\nKeep %s offline, with its passphrase elsewhere: whoever has both is the\n"
            "owner of this network. It is needed again in a year or so: mu network renew.\n"
            "next: mu node invite, and on the other machine: mu node join TOKEN",
            path);
    return EXIT_OK;
}

static int network_init_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__InitReply *reply = NULL;
    CLEANUP(passphrase_wipe) struct passphrase passphrase = { .size = 0 };
    Mu__Link__V1__InitRequest request = MU__LINK__V1__INIT_REQUEST__INIT;
    const char *path = arguments_flag(arguments, "root-key");
    char fallback[NODE_NAME_MAX + 16];
    char name[NODE_NAME_MAX];
    struct listen listen;
    int code = listen_choose(cli, arguments, ADDRESS_DEFAULT, &listen);

    request.owner = arguments->words[0];
    if (code == EXIT_OK && !node_name_is_valid(request.owner))
        code = (int)failure_say(cli, EXIT_USAGE, "lower-case letters, digits and `-`: alice",
                "\"%s\" cannot name an owner", request.owner);
    if (code == EXIT_OK)
        code = node_name_choose(cli, arguments_flag(arguments, "node"), name);
    if (code == EXIT_OK)
        code = network_bring_up(cli);
    if (code == EXIT_OK)
        code = init_is_free(cli);
    if (code == EXIT_OK)
        code = passphrase_get(cli, arguments, true, &passphrase);
    if (code != EXIT_OK)
        return code;
    snprintf(fallback, sizeof(fallback), "%s.root.key", request.owner);
    path = path != NULL ? path : fallback;
    request.node = name;
    request.listen = (char *)listen.address;
    request.addresses = listen.others.items;
    request.n_addresses = listen.others.count;
    request.passphrase.data = (uint8_t *)passphrase.text;
    request.passphrase.len = passphrase.size;
    code = network_init(cli, &request, path, &reply);
    return reply != NULL ? init_print(cli, reply, path) : code;
}

const struct command network_init_command = {
    .name = "init",
    .is_local = true,
    .summary = "found a network, with this node as its first",
    .words = "OWNER",
    .words_min = 1,
    .words_max = 1,
    .details = "Makes three keys: this node's own; an authority's, which stays here and lets "
               "others in;\n"
               "and the network's root key, which certifies authorities. The root key is sealed "
               "with a\n"
               "passphrase, written to a file, and kept nowhere else. Starts the service `link`, "
               "which\n"
               "speaks to other nodes. Without --address, others are told this machine's own "
               "addresses.",
    .flags =
            (const struct flag[]){
                    { .name = "node",
                            .value = "NAME",
                            .help = "the node's name, instead of this machine's" },
                    LISTEN_FLAGS(ADDRESS_DEFAULT),
                    { .name = "root-key",
                            .value = "FILE",
                            .help = "where the sealed root key goes; without: OWNER.root.key here",
                            .complete = COMPLETE_FILE },
                    PASSPHRASE_FLAG,
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu network init alice", "then: mu node invite" },
                    { "mu network init alice --address home.example:7400",
                            "where the router at home forwards that port" },
                    { "mu network init alice --root-key /media/stick/alice.key",
                            "the root key never touches this machine's disk" },
                    { NULL, NULL },
            },
    .run = network_init_run,
};

static int network_renew_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__RenewAuthorityReply *reply = NULL;
    CLEANUP(passphrase_wipe) struct passphrase passphrase = { .size = 0 };
    CLEANUP(cleanup_free) char *sealed = NULL;
    Mu__Link__V1__RenewAuthorityRequest request = MU__LINK__V1__RENEW_AUTHORITY_REQUEST__INIT;
    const char *path = arguments_flag(arguments, "root-key");
    char text[INSTANT_TEXT_MAX];
    size_t size = 0;
    int code;

    if (path == NULL)
        return (int)failure_say(cli, EXIT_USAGE, "mu network renew --root-key alice.root.key",
                "the root key is needed: --root-key FILE, as mu network init wrote it");
    code = file_read(path, ROOT_KEY_MAX, &sealed, &size);
    if (code < 0)
        return (int)failure_say(cli, code == -ENOENT ? EXIT_NOT_FOUND : EXIT_USAGE, NULL,
                "cannot read the root key in %s: %s", path, strerror(-code));
    code = passphrase_get(cli, arguments, false, &passphrase);
    if (code != EXIT_OK)
        return code;
    request.sealed_root.data = (uint8_t *)sealed;
    request.sealed_root.len = size;
    request.passphrase.data = (uint8_t *)passphrase.text;
    request.passphrase.len = passphrase.size;
    code = network_call(cli, "link.RenewAuthority", &request.base,
            &mu__link__v1__renew_authority_reply__descriptor, NETWORK_WAIT_MS,
            (ProtobufCMessage **)&reply);
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return network_print_json(cli, &reply->base);
    printf("authority until %s\n", instant_print(reply->until_s, instant_now_s(), text));
    return EXIT_OK;
}

const struct command network_renew_command = {
    .name = "renew",
    .summary = "have the root key certify this node's authority",
    .details =
            "An authority's own certificate ends after a year, and with it whatever it certified; "
            "mu "
            "doctor\n"
            "says when it is time. A node that is no authority becomes one: a second that can let "
            "others in,\n"
            "shut them out and renew their keys while the first is away.",
    .flags =
            (const struct flag[]){
                    { .name = "root-key",
                            .value = "FILE",
                            .help = "the sealed root key, as mu network init wrote it",
                            .complete = COMPLETE_FILE },
                    PASSPHRASE_FLAG,
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu network renew --root-key /media/stick/alice.key",
                            "asks for its passphrase" },
                    { NULL, NULL },
            },
    .run = network_renew_run,
};
