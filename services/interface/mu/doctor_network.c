// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/doctor_network.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "services/interface/mu/address.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/instant.h"
#include "services/interface/mu/network.h"

enum {
    CHECK_KEY_LOW_S = 4 * 3600,         /* a key is certified for a day, and anew after 17 h */
    CHECK_AUTHORITY_LOW_S = 30 * 86400, /* time to find the root key */
    CHECK_SEALED_SIZE = 136 /* bytes of a sealed root key, docs/protocol.md "Key files" */
};

/* This node's own standing; NULL where it is in no network, or no node runs. */
static Mu__Link__V1__ShowReply *check_show(struct check *check)
{
    return check->cli->client != NULL ? network_look(check->cli) : NULL;
}

static Mu__Link__V1__NodesReply *check_nodes(struct check *check)
{
    Mu__Link__V1__NodesRequest request = MU__LINK__V1__NODES_REQUEST__INIT;
    Mu__Link__V1__NodesReply *reply = NULL;
    struct mu_status status;

    bus_ask(check->cli, "link.Nodes", &request.base, &mu__link__v1__nodes_reply__descriptor,
            NETWORK_LOOK_MS, (ProtobufCMessage **)&reply, &status);
    return reply;
}

void check_network(struct check *check)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__ShowReply *show = check_show(check);

    if (show == NULL)
        return;
    check->name = "network";
    check_say(check, CHECK_GOOD, "", "%s, %u link%s up, %u node%s known", show->self->name,
            show->links, show->links == 1 ? "" : "s", show->nodes, show->nodes == 1 ? "" : "s");
}

void check_key(struct check *check)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__ShowReply *show = check_show(check);
    uint64_t now_s = instant_now_s();
    char text[INSTANT_TEXT_MAX];

    if (show == NULL)
        return;
    check->name = "key";
    instant_print(show->self->certificate_until_s, now_s, text);
    if (show->self->certificate_until_s <= now_s)
        check_say(check, CHECK_BAD,
                "is the clock right? is an authority up? mu node list; else join anew: mu node "
                "join",
                "its certificate has ended: %s", text);
    else if (show->self->certificate_until_s - now_s < CHECK_KEY_LOW_S)
        check_say(check, CHECK_BAD,
                "bring an authority up, or dial one: mu network connect HOST:PORT",
                "nobody renewed its certificate, which ends %s", text);
    else
        check_say(check, CHECK_GOOD, "", "certified until %s", text);
}

/* This node is one. */
static void check_own_authority(struct check *check, const Mu__Link__V1__Self *self)
{
    uint64_t now_s = instant_now_s();
    char text[INSTANT_TEXT_MAX];

    instant_print(self->authority_until_s, now_s, text);
    if (self->authority_until_s <= now_s)
        check_say(check, CHECK_BAD, "mu network renew --root-key FILE",
                "this one may let nobody in any more: its certificate has ended %s", text);
    else if (self->authority_until_s - now_s < CHECK_AUTHORITY_LOW_S)
        check_say(
                check, CHECK_NOTE, "mu network renew --root-key FILE", "this one, until %s", text);
    else
        check_say(check, CHECK_GOOD, "", "this one, until %s", text);
}

void check_authority(struct check *check)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__ShowReply *show = check_show(check);
    CLEANUP(bus_reply_free) Mu__Link__V1__NodesReply *nodes = NULL;
    const Mu__Link__V1__Node *away = NULL;

    if (show == NULL)
        return;
    check->name = "authority";
    if (show->self->authority) {
        check_own_authority(check, show->self);
        return;
    }
    nodes = check_nodes(check);
    for (size_t i = 0; nodes != NULL && i < nodes->n_nodes; i++) {
        const Mu__Link__V1__Node *node = nodes->nodes[i];

        if (!node->authority || node->revoked)
            continue;
        if (node->reachable) {
            check_say(check, CHECK_GOOD, "", "%s can be reached", node->name);
            return;
        }
        away = node;
    }
    check_say(check, CHECK_NOTE, "bring it up again: without it keys end within a day",
            away != NULL ? "%s cannot be reached" : "none is known%s",
            away != NULL ? away->name : "");
}

void check_links(struct check *check)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__ShowReply *show = check_show(check);
    CLEANUP(bus_reply_free) Mu__Link__V1__LinksReply *reply = NULL;
    Mu__Link__V1__LinksRequest request = MU__LINK__V1__LINKS_REQUEST__INIT;
    const Mu__Link__V1__LinkInfo *down = NULL;
    struct mu_status status;
    char text[DURATION_TEXT_MAX];
    size_t up = 0;

    if (show == NULL)
        return;
    check->name = "links";
    bus_ask(check->cli, "link.Links", &request.base, &mu__link__v1__links_reply__descriptor,
            NETWORK_LOOK_MS, (ProtobufCMessage **)&reply, &status);
    for (size_t i = 0; reply != NULL && i < reply->n_links; i++) {
        if (reply->links[i]->state == MU__LINK__V1__LINK_STATE__LINK_UP)
            up += 1;
        else if (reply->links[i]->state == MU__LINK__V1__LINK_STATE__LINK_BACKOFF)
            down = reply->links[i];
    }
    if (down != NULL)
        check_say(check, up == 0 ? CHECK_BAD : CHECK_NOTE,
                "is it up there, and does a firewall let the port through? mu network links",
                "%zu up; %s at %s: %s, tried again in %s", up,
                down->node[0] != '\0' ? down->node : "a node", down->address, down->reason,
                duration_print(down->retry_ms, text));
    else if (up == 0 && show->nodes > 1)
        check_say(check, CHECK_BAD, "dial one: mu network connect HOST:PORT",
                "none is up, and %u other nodes are known", show->nodes - 1);
    else
        check_say(check, CHECK_GOOD, "", "%zu up", up);
}

void check_addresses(struct check *check)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__ShowReply *show = check_show(check);
    const Mu__Link__V1__Self *self;

    if (show == NULL)
        return;
    self = show->self;
    check->name = "addresses";
    if (self->listen[0] == '\0')
        check_say(check, CHECK_GOOD, "", "none: this node dials others, and nobody dials it");
    else if (address_is_any(self->listen) && self->n_addresses == 0)
        check_say(check, CHECK_BAD, "join or found anew with --address HOST:PORT",
                "it listens at %s, and others are told no address that they could dial",
                self->listen);
    else if (strncmp(self->listen, "127.", 4) == 0 || strncmp(self->listen, "[::1]", 5) == 0)
        check_say(
                check, CHECK_NOTE, "", "%s: only nodes on this machine can dial it", self->listen);
    else
        check_say(check, CHECK_GOOD, "", "%s, known as %s", self->listen,
                self->n_addresses > 0 ? self->addresses[0] : self->listen);
}

static bool check_is_sealed_key(const char *path)
{
    CLEANUP(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    char magic[4];
    struct stat found;

    return fd >= 0 && fstat(fd, &found) == 0 && S_ISREG(found.st_mode) &&
           found.st_size == CHECK_SEALED_SIZE && read(fd, magic, sizeof(magic)) == sizeof(magic) &&
           memcmp(magic, "MuS1", sizeof(magic)) == 0;
}

/* Looks for a sealed root key right in folder `place`, and leaves its path in `path`. */
static bool check_find_sealed_key(const char *place, char path[PATH_MAX])
{
    CLEANUP(cleanup_free) char *folder = realpath(place, NULL);
    DIR *dir = folder != NULL ? opendir(folder) : NULL;
    const struct dirent *entry;
    bool is_found = false;

    while (!is_found && dir != NULL && (entry = readdir(dir)) != NULL)
        is_found = snprintf(path, PATH_MAX, "%s/%s", folder, entry->d_name) < PATH_MAX &&
                   check_is_sealed_key(path);
    if (dir != NULL)
        closedir(dir);
    return is_found;
}

/* Where mu network init and mu up --nodes put one, and where people keep things. */
void check_root_key(struct check *check)
{
    CLEANUP(bus_reply_free) Mu__Link__V1__ShowReply *show = check_show(check);
    const struct place *place = &check->cli->place;
    char above[PLACE_PATH_MAX + 8];
    const char *home = getenv("HOME");
    const char *folders[] = { ".", home != NULL ? home : ".", place->state, place->config, above };
    char path[PATH_MAX];

    if (show == NULL)
        return;
    check->name = "root key";
    snprintf(above, sizeof(above), "%s/../..", place->state);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        if (!check_find_sealed_key(folders[i], path))
            continue;
        check_say(check, CHECK_NOTE, "move it to a stick that is not plugged in",
                "%s lies on this machine: whoever has it and its passphrase owns the network",
                path);
        return;
    }
    check_say(check, CHECK_GOOD, "", "none is lying around here");
}
