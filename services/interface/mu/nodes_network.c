// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/nodes_network.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "services/interface/mu/address.h"
#include "services/interface/mu/boot.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/file.h"
#include "services/interface/mu/network.h"
#include "services/interface/mu/network_init.h"
#include "services/interface/mu/node_join.h"
#include "services/interface/mu/node_name.h"
#include "services/interface/mu/output.h"

enum {
    NODES_SECRET_SIZE = 16, /* bytes of chance in a passphrase */
    NODES_TEXT_SIZE = 32,   /* the same in hexadecimal */
    NODES_NUDGE_MS = 3000,  /* after which a node is told whom to dial */
    NODES_PAUSE_MS = 20,    /* between two looks */
    NODES_TOKEN_LIFE_S = 600
};

/* A generated passphrase, in a file of its own: the one that is there already, or a new one. */
static int nodes_passphrase(struct cli *cli, const char *path, char text[NODES_TEXT_SIZE + 1])
{
    CLEANUP(cleanup_free) char *old = NULL;
    CLEANUP(cleanup_close) int fd = -1;
    uint8_t secret[NODES_SECRET_SIZE];
    size_t size = 0;
    int error = file_read(path, NODES_TEXT_SIZE + 1, &old, &size);

    if (error == 0 && size >= NODES_TEXT_SIZE) {
        snprintf(text, NODES_TEXT_SIZE + 1, "%s", old);
        return EXIT_OK;
    }
    if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
        return (int)failure_say(cli, EXIT_INTERNAL, NULL, "the system has no random bytes");
    for (size_t i = 0; i < sizeof(secret); i++)
        snprintf(text + 2 * i, 3, "%02x", secret[i]);
    error = file_reserve(path, &fd);
    if (error == 0)
        error = file_fill(fd, path, text, NODES_TEXT_SIZE);
    if (error < 0)
        return (int)failure_say(cli, EXIT_DENIED, "take another folder: --dir DIR",
                "cannot write %s: %s", path, strerror(-error));
    return EXIT_OK;
}

/* The owner of a network to try things out: who is at the keyboard. */
static void nodes_owner(char owner[NODE_NAME_MAX])
{
    const struct passwd *user = getpwuid(geteuid());

    node_name_make(user != NULL ? user->pw_name : "me", owner);
}

static int nodes_found(const struct nodes *nodes)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__InitReply *reply = NULL;
    Mu__Link__V1__InitRequest request = MU__LINK__V1__INIT_REQUEST__INIT;
    struct nodes_one *first = &nodes->all[0];
    char passphrase[NODES_TEXT_SIZE + 1];
    char owner[NODE_NAME_MAX];
    char listen[ADDRESS_TEXT_MAX];
    char key[PATH_MAX + 16];
    char path[PATH_MAX + 16];
    int code;
    int error = address_free_port(listen);

    if (error < 0)
        return (int)failure_say(
                &first->cli, EXIT_UNAVAILABLE, NULL, "loopback has no port: %s", strerror(-error));
    nodes_owner(owner);
    snprintf(key, sizeof(key), "%s/" NODES_ROOT_KEY, nodes->dir);
    snprintf(path, sizeof(path), "%s/" NODES_PASSPHRASE, nodes->dir);
    if (access(key, F_OK) == 0)
        return (int)failure_say(&first->cli, EXIT_CONFLICT,
                "is it not needed any more? then move it away, and go on",
                "%s is of another network than these nodes would make", key);
    code = nodes_passphrase(&first->cli, path, passphrase);
    if (code != EXIT_OK)
        return code;
    request.owner = owner;
    request.node = first->name;
    request.listen = listen;
    request.passphrase.data = (uint8_t *)passphrase;
    request.passphrase.len = strlen(passphrase);
    code = network_init(&first->cli, &request, key, &reply);
    explicit_bzero(passphrase, sizeof(passphrase));
    if (code == EXIT_OK)
        output_talk(&first->cli,
                "its root key is in %s, its passphrase beside it: good for trying things out only",
                key);
    return code;
}

static int nodes_let_in(struct nodes_one *one, const char *token)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__JoinReply *reply = NULL;
    Mu__Link__V1__JoinRequest request = MU__LINK__V1__JOIN_REQUEST__INIT;
    char listen[ADDRESS_TEXT_MAX];
    int error = address_free_port(listen);

    if (error < 0)
        return (int)failure_say(
                &one->cli, EXIT_UNAVAILABLE, NULL, "loopback has no port: %s", strerror(-error));
    output_talk(&one->cli, "%s joins", one->name);
    request.token = (char *)token;
    request.node = one->name;
    request.listen = listen;
    return node_join(&one->cli, &request, &reply);
}

struct nodes_standing {
    Mu__Link__V1__ShowReply *shows[NODES_MAX]; /* owned; NULL: in no network */
    size_t host; /* the first that can let others in; NODES_MAX: none */
    size_t member_count;
};

static void nodes_standing_deinit(struct nodes_standing *standing)
{
    for (size_t i = 0; i < NODES_MAX; i++)
        bus_reply_free(&standing->shows[i]);
}

/* Asks each; says so where two are in different networks. */
static int nodes_ask_standing(struct nodes *nodes, struct nodes_standing *standing)
{
    const Mu__Link__V1__ShowReply *first = NULL;

    standing->host = NODES_MAX;
    for (size_t i = 0; i < nodes->count; i++) {
        struct nodes_one *one = &nodes->all[i];
        const Mu__Link__V1__ShowReply *show = network_look(&one->cli);

        standing->shows[i] = (Mu__Link__V1__ShowReply *)show;
        if (show == NULL)
            continue;
        standing->member_count += 1;
        if (first == NULL)
            first = show;
        if (strcmp(show->self->network, first->self->network) != 0)
            return (int)failure_say(&one->cli, EXIT_CONFLICT,
                    "take it out of its own: mu --dir DIR node leave      with DIR of that node",
                    "%s is in another network than %s", show->self->name, first->self->name);
        if (show->self->authority && standing->host == NODES_MAX)
            standing->host = i;
    }
    return EXIT_OK;
}

static int nodes_let_all_in(struct nodes *nodes, const struct nodes_standing *standing)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__InviteReply *invitation = NULL;
    Mu__Link__V1__InviteRequest request = MU__LINK__V1__INVITE_REQUEST__INIT;
    struct cli *host = &nodes->all[standing->host].cli;
    int code;

    request.life_s = NODES_TOKEN_LIFE_S;
    request.uses = (uint32_t)(nodes->count - standing->member_count);
    code = node_invite(host, &request, &invitation);
    for (size_t i = 0; code == EXIT_OK && i < nodes->count; i++) {
        if (standing->shows[i] == NULL)
            code = nodes_let_in(&nodes->all[i], invitation->token);
    }
    return code;
}

int nodes_unite(struct nodes *nodes)
{
    CLEANUP(nodes_standing_deinit) struct nodes_standing standing = { .host = NODES_MAX };
    int code = EXIT_OK;

    for (size_t i = 0; code == EXIT_OK && i < nodes->count; i++)
        code = network_bring_up(&nodes->all[i].cli);
    if (code == EXIT_OK)
        code = nodes_ask_standing(nodes, &standing);
    if (code == EXIT_OK && standing.member_count == 0) {
        code = nodes_found(nodes);
        if (code == EXIT_OK)
            code = nodes_ask_standing(nodes, &standing);
    }
    if (code != EXIT_OK || standing.member_count >= nodes->count)
        return code;
    if (standing.host == NODES_MAX)
        return (int)failure_say(&nodes->all[0].cli, EXIT_CONFLICT,
                "let the others in by hand: mu node invite, where the authority is",
                "none of the nodes in %s can let others in", nodes->dir);
    return nodes_let_all_in(nodes, &standing);
}

/* How many of the others `one` reaches. */
static size_t nodes_reached(struct nodes_one *one)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__NodesReply *reply = NULL;
    Mu__Link__V1__NodesRequest request = MU__LINK__V1__NODES_REQUEST__INIT;
    struct mu_status status;
    size_t count = 0;

    bus_ask(&one->cli, "link.Nodes", &request.base, &mu__link__v1__nodes_reply__descriptor,
            NETWORK_LOOK_MS, (ProtobufCMessage **)&reply, &status);
    for (size_t i = 0; reply != NULL && i < reply->n_nodes; i++)
        count += reply->nodes[i]->hops > 0 && reply->nodes[i]->reachable;
    return count;
}

/* A node that lost its addresses, or that none of the others ever met, is told where the first is.
 */
static void nodes_nudge(struct nodes *nodes, struct nodes_one *one)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__ShowReply *first = network_look(&nodes->all[0].cli);
    CLEANUP(bus_reply_free) Mu__Link__V1__ConnectReply *reply = NULL;
    Mu__Link__V1__ConnectRequest request = MU__LINK__V1__CONNECT_REQUEST__INIT;
    struct mu_status status;

    if (first == NULL || one == &nodes->all[0])
        return;
    request.address = first->self->listen;
    bus_ask(&one->cli, "link.Connect", &request.base, &mu__link__v1__connect_reply__descriptor,
            NETWORK_LOOK_MS, (ProtobufCMessage **)&reply, &status);
}

int nodes_wait_links(struct nodes *nodes)
{
    const struct timespec pause = { .tv_nsec = NODES_PAUSE_MS * 1000000L };
    uint64_t started_ms = clock_ms();
    bool nudged[NODES_MAX] = { false };

    for (size_t i = 0; i < nodes->count;) {
        struct nodes_one *one = &nodes->all[i];
        uint64_t waited_ms = clock_ms() - started_ms;

        if (nodes_reached(one) + 1 >= nodes->count) {
            i += 1;
            continue;
        }
        if (waited_ms >= boot_wait_ms(&one->cli))
            return (int)failure_say(&one->cli, EXIT_DEADLINE,
                    "see why: mu --dir DIR network links      with DIR of that node",
                    "%s reaches %zu of %zu other nodes", one->name, nodes_reached(one),
                    nodes->count - 1);
        if (waited_ms >= NODES_NUDGE_MS && !nudged[i]) {
            nudged[i] = true;
            nodes_nudge(nodes, one);
        }
        nanosleep(&pause, NULL);
    }
    return EXIT_OK;
}
