// SPDX-License-Identifier: Apache-2.0
/* mu node invite, join. */
#include "services/interface/mu/node_join.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/color.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/file.h"
#include "services/interface/mu/instant.h"
#include "services/interface/mu/listen.h"
#include "services/interface/mu/network.h"
#include "services/interface/mu/node_name.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/qr.h"
#include "services/interface/mu/terminal.h"

enum {
    INVITE_HOURS_MAX = 24 * 30,
    INVITE_USES_MAX = 1000, /* of one token */
    JOIN_TOKEN_MAX = 8192,  /* bytes of a file that holds one */
    JOIN_LINK_MS = 5000,    /* for the first link to be up */
    JOIN_PAUSE_MS = 10      /* between two looks */
};

int node_invite(struct cli *cli, const Mu__Link__V1__InviteRequest *request,
        Mu__Link__V1__InviteReply **replyp)
{
    return network_call(cli, "link.Invite", &request->base, &mu__link__v1__invite_reply__descriptor,
            0, (ProtobufCMessage **)replyp);
}

/* A picture for the other machine's camera, and what to type there. */
static void invite_print_more(const struct cli *cli, const Mu__Link__V1__InviteReply *reply)
{
    const struct qr_style style = {
        .columns = terminal_columns(),
        .is_utf8 = terminal_is_utf8(),
        .is_color = color_wanted(cli, stdout),
    };
    char until[INSTANT_TEXT_MAX];

    fputc('\n', stdout);
    if (qr_print(stdout, reply->token, &style) == -E2BIG)
        output_talk(cli, "(this terminal is too narrow for its QR code)");
    fflush(stdout);
    output_talk(cli, "\nOn the other machine, until %s:\n  mu up && mu node join %s",
            instant_print(reply->until_s, instant_now_s(), until), reply->token);
}

static int node_invite_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__InviteReply *reply = NULL;
    Mu__Link__V1__InviteRequest request = MU__LINK__V1__INVITE_REQUEST__INIT;
    long hours = 1;
    long uses = 1;
    int code = arguments_number(cli, arguments, "hours", 1, INVITE_HOURS_MAX, &hours);

    if (code == EXIT_OK)
        code = arguments_number(cli, arguments, "uses", 1, INVITE_USES_MAX, &uses);
    if (code != EXIT_OK)
        return code;
    request.life_s = (uint32_t)hours * 3600;
    request.uses = (uint32_t)uses;
    code = node_invite(cli, &request, &reply);
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return network_print_json(cli, &reply->base);
    puts(reply->token);
    if (cli->format == OUTPUT_DEFAULT && !cli->quiet && isatty(STDOUT_FILENO) == 1)
        invite_print_more(cli, reply);
    return EXIT_OK;
}

const struct command node_invite_command = {
    .name = "invite",
    .summary = "make a join token: one line that lets a machine in",
    .details = "Prints the token; on a terminal also as a QR code, with what to type on the other "
               "machine.\n"
               "Whoever has it can join until it ends, so send it like a password. Needs a node "
               "that is an\n"
               "authority.",
    .flags =
            (const struct flag[]){
                    { .name = "hours", .value = "N", .help = "how long it lasts; without: 1" },
                    { .name = "uses",
                            .value = "N",
                            .help = "how many nodes it lets in; without: 1" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu node invite", "for one machine, within an hour" },
                    { "mu node invite --hours 24 --uses 5", "for five machines, within a day" },
                    { "mu node invite | ssh barn mu node join -", "and it never shows" },
                    { NULL, NULL },
            },
    .run = node_invite_run,
};

int node_join(
        struct cli *cli, const Mu__Link__V1__JoinRequest *request, Mu__Link__V1__JoinReply **replyp)
{
    return network_call(cli, "link.Join", &request->base, &mu__link__v1__join_reply__descriptor,
            NETWORK_WAIT_MS, (ProtobufCMessage **)replyp);
}

/* The token in `word`, in the file behind its `@`, or on standard input for `-`; without the blanks
 * around it. The caller frees it. */
static int join_read_token(const struct cli *cli, const char *word, char **tokenp)
{
    CLEANUP(cleanup_free) char *text = NULL;
    size_t size = 0;
    size_t start;
    int error = 0;

    if (strcmp(word, "-") == 0)
        error = file_read("-", JOIN_TOKEN_MAX, &text, &size);
    else if (word[0] == '@')
        error = file_read(word + 1, JOIN_TOKEN_MAX, &text, &size);
    else
        text = strdup(word);
    if (error < 0)
        return (int)failure_say(cli, error == -ENOENT ? EXIT_NOT_FOUND : EXIT_USAGE, NULL,
                "cannot read the token in %s: %s", word[0] == '@' ? word + 1 : "standard input",
                strerror(-error));
    if (text == NULL)
        return (int)failure_of_memory(cli);
    start = strspn(text, " \t\r\n");
    size = strlen(text + start);
    while (size > 0 && isspace((unsigned char)text[start + size - 1]))
        size -= 1;
    if (strncmp(text + start, "mu1.", 4) != 0 || strcspn(text + start, " \t\r\n") < size)
        return (int)failure_say(cli, EXIT_USAGE,
                "it is one line that begins with mu1. - mu node invite prints it on the other node",
                "that is no join token");
    *tokenp = strndup(text + start, size);
    return *tokenp != NULL ? EXIT_OK : (int)failure_of_memory(cli);
}

/* A certificate is half of it: what is typed next wants a link. */
static void join_wait(struct cli *cli)
{
    const struct timespec pause = { .tv_nsec = JOIN_PAUSE_MS * 1000000L };
    uint64_t started_ms = clock_ms();

    while (clock_ms() - started_ms < JOIN_LINK_MS) {
        CLEANUP(bus_reply_free) Mu__Link__V1__ShowReply *show = network_look(cli);

        if (show != NULL && show->links > 0)
            return;
        nanosleep(&pause, NULL);
    }
    output_talk(cli, "no link is up yet; see why: mu network links");
}

static int join_print(struct cli *cli, const Mu__Link__V1__JoinReply *reply)
{
    if (output_is_json(cli))
        return network_print_json(cli, &reply->base);
    if (cli->format == OUTPUT_NAME) {
        puts(network_self(reply->self)->name);
        return EXIT_OK;
    }
    network_print_self(cli, network_self(reply->self));
    output_talk(cli, "next: mu network graph      mu registry list");
    return EXIT_OK;
}

static int node_join_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__JoinReply *reply = NULL;
    CLEANUP(cleanup_free) char *token = NULL;
    Mu__Link__V1__JoinRequest request = MU__LINK__V1__JOIN_REQUEST__INIT;
    char name[NODE_NAME_MAX];
    struct listen listen;
    int code = listen_choose(cli, arguments, "none", &listen);

    if (code == EXIT_OK)
        code = join_read_token(cli, arguments->words[0], &token);
    if (code == EXIT_OK)
        code = node_name_choose(cli, arguments_flag(arguments, "node"), name);
    if (code == EXIT_OK)
        code = network_bring_up(cli);
    if (code != EXIT_OK)
        return code;
    request.token = token;
    request.node = name;
    request.listen = (char *)listen.address;
    request.addresses = listen.others.items;
    request.n_addresses = listen.others.count;
    output_talk(cli, "joining as %s", name);
    code = node_join(cli, &request, &reply);
    if (reply == NULL)
        return code;
    join_wait(cli);
    return join_print(cli, reply);
}

const struct command node_join_command = {
    .name = "join",
    .is_local = true,
    .summary = "join the network of a token",
    .words = "TOKEN|-|@FILE",
    .words_min = 1,
    .words_max = 1,
    .details =
            "Makes this node's key, dials the node that made the token, and returns with a "
            "certificate.\n"
            "Starts the service `link`. Without --listen this node dials others and nobody dials "
            "it, which\n"
            "is enough, also from behind NAT: links serve both ways.",
    .flags =
            (const struct flag[]){
                    { .name = "node",
                            .value = "NAME",
                            .help = "the node's name, instead of this machine's" },
                    LISTEN_FLAGS("none"),
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu node join mu1.ATl4Qyoc…", "of a mu node invite on another node" },
                    { "mu node join @token --listen 0.0.0.0:7400",
                            "from a file; others may dial this node" },
                    { "ssh desk mu node invite | mu node join -", "from standard input" },
                    { NULL, NULL },
            },
    .run = node_join_run,
};
