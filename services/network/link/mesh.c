// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/mesh.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "services/network/link/addressbook.h"
#include "services/network/link/clerk.h"
#include "services/network/link/observing.h"
#include "services/network/link/peers.h"
#include "services/network/link/routing.h"

void mesh_lock(struct mesh *mesh)
{
    pthread_mutex_lock(&mesh->lock);
}

void mesh_unlock(struct mesh *mesh)
{
    pthread_mutex_unlock(&mesh->lock);
}

uint64_t mesh_now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec;
}

/* ---- what is shown ---- */

static uint64_t chain_end_s(const struct chain *chain)
{
    uint64_t end_s = UINT64_MAX;

    for (uint32_t i = 0; i < chain->count; i++) {
        if (chain->certificates[i].not_after_s < end_s)
            end_s = chain->certificates[i].not_after_s;
    }
    return end_s;
}

void mesh_refresh(struct mesh *mesh)
{
    unsigned next = 1 - mesh->badge;
    struct badge *badge = &mesh->badges[next];
    int r;

    if (!mesh->seat.joined)
        return;
    r = badge_init(badge, &mesh->pin, &mesh->seat, mesh->trust, mesh_now_s());
    if (r < 0) {
        log_error("what this node shows to others stays as it was: %s", strerror(-r));
        return;
    }
    mesh->badge_end_s = badge->self.chain != NULL ? chain_end_s(&badge->chain) : UINT64_MAX;
    links_lock(mesh->links);
    links_set_identity(mesh->links, &badge->identity);
    links_unlock(mesh->links);
    badge_deinit(&mesh->badges[mesh->badge]);
    mesh->badge = next;
}

/* Gives links their own copy of what is believed. What they borrowed before is freed: they look at
 * it no more once they have an identity with the new one. */
static int show_seat(struct mesh *mesh)
{
    struct trust *old = mesh->trust;
    struct trust *trust = malloc(sizeof(*trust));
    int r;

    if (trust == NULL)
        return err_new(-ENOMEM);
    r = seat_copy_trust(&mesh->seat, trust);
    if (r < 0) {
        free(trust);
        return err_trace(r);
    }
    mesh->trust = trust;
    mesh_refresh(mesh);
    if (old != NULL)
        trust_deinit(old);
    free(old);
    return 0;
}

static void dial_told(const struct public_key *node, const char *address, void *user)
{
    struct mesh *mesh = user;
    char *copy = (char *)(uintptr_t)address;

    if (node != NULL) {
        seeker_know(&mesh->seeker, node, &copy, 1);
        return;
    }
    mesh_dial(mesh, address);
}

bool mesh_dial(struct mesh *mesh, const char *address)
{
    bool room;

    if (srv_name_is_valid((struct span){ (const uint8_t *)address, strlen(address) })) {
        room = domains_add(mesh, address);
    } else {
        links_lock(mesh->links);
        room = links_dial(mesh->links, address, NULL) == 0;
        links_unlock(mesh->links);
    }
    if (!room)
        log_warn("%s is not dialled: there is no room for it", address);
    return room;
}

void mesh_forget_node(struct mesh *mesh, const struct public_key *node)
{
    seeker_forget(&mesh->seeker, node);
    notebook_drop(&mesh->notebook, node);
    if (addressbook_drop_node(&mesh->seat.vault, node) == VAULT_OK)
        vault_commit(&mesh->seat.vault);
}

int mesh_listen(struct mesh *mesh)
{
    struct whereabouts *whereabouts = &mesh->seat.membership.whereabouts;
    uint16_t port;
    int r;

    if (whereabouts->listen[0] == '\0')
        return 0;
    links_lock(mesh->links);
    r = links_listen(mesh->links, whereabouts->listen);
    port = links_port(mesh->links);
    links_unlock(mesh->links);
    if (r < 0)
        return err_trace(r);
    /* a port that the kernel picked is this node's from now on: others know it by that */
    if (whereabouts_fix_port(whereabouts, port)) {
        r = vault_save(&mesh->seat.vault, &mesh->seat.membership);
        if (r != VAULT_OK)
            log_warn("another port will be listened at after the next start");
    }
    log_info("listening for nodes at %s", whereabouts->listen);
    return 0;
}

/* What a node does from its first certificate on. */
static void begin(struct mesh *mesh)
{
    int r = mesh_listen(mesh);

    if (r < 0)
        log_error("nobody can dial this node: %s cannot be listened at: %s",
                mesh->seat.membership.whereabouts.listen, strerror(-r));
    r = routing_begin(mesh);
    if (r == 0)
        r = offers_start(mesh);
    if (r < 0)
        log_error("no service is told to others: %s", strerror(-r));
    r = addressbook_each(&mesh->seat.vault, dial_told, mesh);
    if (r != VAULT_OK)
        log_error("not all addresses that are kept are dialled: %s", strerror(-r));
    log_info("%s, in the network of %s", membership_name(&mesh->seat.membership),
            certificate_owner(&mesh->seat.membership.chain.certificates[0]));
}

/* ---- leaving ---- */

enum { MESH_LINKS_MAX = LINKS_MAX + LINK_ASKING_MAX + LINK_CLIENTS_MAX };

struct numbers {
    uint64_t links[MESH_LINKS_MAX];
    size_t count;
};

static void note_number(const struct link_info *info, void *user)
{
    struct numbers *numbers = user;

    if (info->link != 0 && numbers->count < MESH_LINKS_MAX)
        numbers->links[numbers->count++] = info->link;
}

void mesh_close_links(struct mesh *mesh, const char *reason)
{
    struct numbers numbers = { .count = 0 };

    links_lock(mesh->links);
    links_each(mesh->links, note_number, &numbers);
    for (size_t i = 0; i < numbers.count; i++)
        links_close(mesh->links, numbers.links[i], reason);
    links_unlock(mesh->links);
}

static void stop_dialling(const struct public_key *node, const char *address, void *user)
{
    struct mesh *mesh = user;

    (void)node;
    links_lock(mesh->links);
    links_undial(mesh->links, address);
    links_unlock(mesh->links);
}

int mesh_leave(struct mesh *mesh)
{
    int r = addressbook_each(&mesh->seat.vault, stop_dialling, mesh);

    if (r < 0)
        return err_trace(r);
    r = seat_leave(&mesh->seat);
    if (r != 0)
        return r;
    routing_end(mesh);
    seeker_deinit(&mesh->seeker);
    notebook_deinit(&mesh->notebook);
    renewal_stop(mesh, "this node left its network");
    observing_stop(mesh, "this node left its network");
    links_lock(mesh->links);
    links_unlisten(mesh->links);
    links_set_identity(mesh->links, NULL);
    links_unlock(mesh->links);
    mesh_close_links(mesh, "this node left the network");
    badge_deinit(&mesh->badges[mesh->badge]);
    mesh->badge_end_s = UINT64_MAX;
    trust_deinit(mesh->trust);
    free(mesh->trust);
    mesh->trust = NULL;
    return 0;
}

/* ---- speaking ---- */

void mesh_say(struct mesh *mesh, uint64_t link, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    CLEANUP(cleanup_free) uint8_t *bytes = malloc(size + 1);

    if (bytes == NULL)
        return;
    protobuf_c_message_pack(message, bytes);
    links_lock(mesh->links);
    links_send(mesh->links, link, (struct span){ bytes, size });
    links_unlock(mesh->links);
    sodium_memzero(bytes, size); /* it may hold the network's pre-shared key */
}

/* ---- revoking ---- */

/* Nobody looks for who was revoked: a node that has another key by now is at the same place. */
static void forget_revoked(struct mesh *mesh)
{
    for (uint32_t i = 0; i < mesh->seeker.node_count;) {
        const struct public_key node = mesh->seeker.nodes[i].key;

        if (seat_has_revoked(&mesh->seat, &node))
            mesh_forget_node(mesh, &node); /* another one is in its place then */
        else
            i += 1;
    }
}

/* Links believe less from now on. */
static void apply_list(struct mesh *mesh, struct span list)
{
    links_lock(mesh->links);
    trust_revoke(mesh->trust, list);
    links_check_all(mesh->links, mesh->trust, mesh_now_s());
    links_unlock(mesh->links);
    routing_recheck(mesh);
    forget_revoked(mesh);
}

void mesh_spread_own_list(struct mesh *mesh)
{
    const struct revocation_list *list =
            seat_list(&mesh->seat, &mesh->seat.membership.authority_key.public);
    CLEANUP(cleanup_free) uint8_t *bytes = NULL;
    struct span packed;

    if (list == NULL)
        return;
    bytes = malloc(revocation_list_size(list));
    if (bytes == NULL)
        return;
    revocation_list_write(list, bytes);
    packed = (struct span){ bytes, revocation_list_size(list) };
    peers_broadcast_list(mesh, packed, 0);
    apply_list(mesh, packed);
}

int mesh_revoke(struct mesh *mesh, struct span list, uint64_t except)
{
    int r = seat_revoke(&mesh->seat, list);

    if (r != 0)
        return r;
    peers_broadcast_list(mesh, list, except);
    apply_list(mesh, list);
    return 0;
}

/* ---- another membership ---- */

/* With another key it is another node to others. Its links begin again beside the old ones, which
 * calls leave when the new ones are there. */
static void begin_again(struct mesh *mesh, const struct public_key *before)
{
    mesh->former = *before;
    linked_age(&mesh->linked);
    peers_say_moved(mesh);
    links_lock(mesh->links);
    links_dial_at_once(mesh->links);
    links_unlock(mesh->links);
    if (routing_begin_again(mesh) < 0)
        log_error("nothing is routed: no memory");
    mesh->rotated_ms = clock_ms() + ROTATION_MS;
    mesh->revoke_s = 0;
    clerk_wake(mesh);
}

static void end_elder(struct mesh *mesh)
{
    mesh->rotated_ms = 0;
    links_lock(mesh->links);
    list_for_each (entry, &mesh->linked.all) {
        const struct linked_node *node = list_entry(entry, struct linked_node, link);

        if (node->elder)
            links_close(mesh->links, node->number, "its key was replaced");
    }
    links_unlock(mesh->links);
    if (mesh->routes != NULL)
        imports_sweep(mesh);
}

uint64_t mesh_rotation_due(struct mesh *mesh, uint64_t now_ms)
{
    uint64_t now_s = mesh_now_s();
    uint64_t next_ms = UINT64_MAX;

    if (mesh->seat.joined && mesh->revoke_s <= now_s &&
            authority_revoke_replaced(&mesh->seat, now_s, &mesh->revoke_s))
        mesh_spread_own_list(mesh);
    if (mesh->rotated_ms != 0 && mesh->rotated_ms <= now_ms)
        end_elder(mesh);
    if (mesh->rotated_ms != 0)
        next_ms = mesh->rotated_ms;
    if (mesh->revoke_s != UINT64_MAX && mesh->revoke_s > now_s &&
            now_ms + (mesh->revoke_s - now_s) * 1000 < next_ms)
        next_ms = now_ms + (mesh->revoke_s - now_s) * 1000;
    return next_ms;
}

/* What others know of this node by now is told anew. */
static void show_change(struct mesh *mesh)
{
    peers_greet_all(mesh);
    routing_set_self(mesh);
}

int mesh_take(struct mesh *mesh, struct membership *membership)
{
    bool joined = mesh->seat.joined;
    struct public_key before = mesh->seat.membership.key.public;
    int r = seat_take(&mesh->seat, membership);

    if (r == 0)
        r = show_seat(mesh);
    if (r != 0)
        return r;
    if (!joined)
        begin(mesh);
    else if (public_key_equal(&before, &mesh->seat.membership.key.public))
        show_change(mesh);
    else
        begin_again(mesh, &before);
    return 0;
}

/* ---- from start to end ---- */

static void dial_for_seeker(const char *address, bool dial, void *user)
{
    struct mesh *mesh = user;

    if (mesh->links == NULL || addressbook_has(&mesh->seat.vault, address))
        return;
    links_lock(mesh->links);
    if (dial)
        links_dial(mesh->links, address, NULL);
    else
        links_undial(mesh->links, address);
    links_unlock(mesh->links);
}

/* The life of certificates in seconds, for tests of what happens when it ends. */
static uint32_t life_from_environment(void)
{
    const char *text = getenv("MU_LINK_LIFE_S");
    unsigned long life_s = text != NULL ? strtoul(text, NULL, 10) : 0;

    return life_s <= CERTIFICATE_LIFE_S ? (uint32_t)life_s : 0;
}

static int open_links(struct mesh *mesh)
{
    struct links_options options = { .client = mesh->client };

    /* several sessions within a certificate's life, so that the next one is shown in time */
    if (mesh->seat.life_s != 0)
        options.renewal_ms = mesh->seat.life_s * 1000 / 5;
    return err_trace(links_new(&mesh->links, &options, &clerk_events, mesh));
}

int mesh_open(struct mesh *mesh, struct mu_client *client, const char *folder)
{
    int r;

    if (sodium_init() < 0)
        return err_new(-ENOSYS);
    *mesh = (struct mesh){ .client = client, .seat = { .life_s = life_from_environment() } };
    pthread_mutex_init(&mesh->lock, NULL);
    inbox_init(&mesh->inbox);
    linked_init(&mesh->linked);
    pin_init(&mesh->pin);
    mesh->badge_end_s = UINT64_MAX;
    domains_init(&mesh->domains);
    seeker_init(&mesh->seeker, mesh->pin.boot_id, dial_for_seeker, mesh);
    r = seat_open(&mesh->seat, folder);
    if (r == VAULT_EXPOSED)
        log_error("a key in %s can be read by others: `chmod 600` it, and change the key", folder);
    if (r == 0)
        r = open_links(mesh);
    if (r == 0)
        r = clerk_start(mesh);
    if (r == 0 && mesh->seat.joined) {
        mesh_lock(mesh);
        r = show_seat(mesh);
        if (r == 0)
            begin(mesh);
        mesh_unlock(mesh);
    }
    return r > 0 ? err_new(-EACCES) : err_trace(r);
}

void mesh_drain(struct mesh *mesh)
{
    mesh_lock(mesh);
    joining_stop(mesh, MU_UNAVAILABLE, "this node stops");
    renewal_stop(mesh, "this node stops");
    observing_stop(mesh, "this node stops");
    if (mesh->seat.joined)
        peers_say_leaving(mesh);
    mesh_unlock(mesh);
}

void mesh_close(struct mesh *mesh)
{
    offers_stop(mesh);
    domains_stop(mesh);
    clerk_stop(mesh);
    mesh->links = links_free(mesh->links);
    joining_forget(mesh);
    renewal_forget(mesh);
    seeker_deinit(&mesh->seeker);
    routing_end(mesh);
    imports_deinit(&mesh->imports);
    linked_deinit(&mesh->linked);
    inbox_deinit(&mesh->inbox);
    badge_deinit(&mesh->badges[mesh->badge]);
    if (mesh->trust != NULL)
        trust_deinit(mesh->trust);
    free(mesh->trust);
    mesh->trust = NULL;
    pin_deinit(&mesh->pin);
    notebook_finish(&mesh->notebook, &mesh->seat.vault);
    seat_close(&mesh->seat);
    pthread_mutex_destroy(&mesh->lock);
}
