// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/mesh_world.h"

#include <sodium.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "mu/registry/v1/registry.pb-c.h"
#include "mu/router/v1/router.pb-c.h"
#include "services/network/link/admissions.h"
#include "services/network/link/peers.h"
#include "services/network/link/routing.h"

enum { BEGIN_MS = 1000000, CHANNELS = 100, OLD_S = 20 * HOUR_S };

/* Made once: a founded network, on a disk of which each input has a copy. */
static struct {
    bool made;
    struct world office; /* desk, with the authority's key */
    struct membership membership;
    struct person people[ACTORS];
    struct token token;
} origin;

static struct mesh_world *current; /* the one that is open */
static uint64_t now_ms;

static const char *const services[SERVICES] = { "a-0", "a-1", "b-2", "b-3", "c-4", "c-5", "d-6",
    "d-7" };
static const char *const names[ACTORS] = { "desk.alice", "bob.alice", "mallory.alice", "eve.alice",
    "guest.alice" };

const char *mesh_world_service(uint32_t service)
{
    return services[service % SERVICES];
}

const struct certificate *mesh_world_authority(void)
{
    return &origin.membership.authority;
}

uint64_t mesh_world_now_ms(void)
{
    return now_ms;
}

static struct person *who_has(const struct public_key *key)
{
    for (int i = 0; i < ACTORS; i++)
        if (public_key_equal(&current->people[i].key.public, key))
            return &current->people[i];
    return NULL;
}

static struct person *who_is_behind(uint64_t link)
{
    for (int i = BOB; i < ACTORS; i++)
        if (link != 0 && current->people[i].link == link)
            return &current->people[i];
    return NULL;
}

/* ---- what desk does, in place of its links and its client ---- */

enum links_outcome wrap_links_send(struct links *links, uint64_t link, struct span message) __asm__(
        "__wrap_links_send");
void wrap_links_broadcast(struct links *links, struct span message, uint64_t except) __asm__(
        "__wrap_links_broadcast");
void wrap_links_close(struct links *links, uint64_t link, const char *reason) __asm__(
        "__wrap_links_close");
int wrap_links_dial(struct links *links, const char *address,
        const struct handshake_psk *psk) __asm__("__wrap_links_dial");
uint64_t wrap_mu_call_async(struct mu_client *client, const char *endpoint, struct mu_bytes request,
        const struct mu_call_options *options, mu_result_fn fn,
        void *user) __asm__("__wrap_mu_call_async");
uint64_t wrap_clock_ms(void) __asm__("__wrap_clock_ms");

uint64_t wrap_clock_ms(void)
{
    return now_ms;
}

static struct person *who_is(ProtobufCBinaryData key)
{
    struct public_key public;

    CHECK(key.len == PUBLIC_KEY_SIZE);
    memcpy(public.bytes, key.data, PUBLIC_KEY_SIZE);
    return who_has(&public);
}

/* An answer is passed on that was asked for where it comes from, to who asked. */
static void check_passed_on(
        const struct person *from, const struct person *to, const struct person *subject)
{
    const struct person *bob = &current->people[BOB];

    CHECK(subject != NULL && (from->asked_bits >> (subject - current->people) & 1) != 0);
    CHECK((subject == bob) == (to == bob));
}

/* Certificates go to who holds their key, with no name of others; the network's key, to a new node
 * that has proved its token. */
static void check_answer(struct person *to, const Mu__Link__V1__JoinAnswer *answer)
{
    const struct person *from = &current->people[current->speaking];
    struct chain chain;

    CHECK(current->speaking != DESK);
    if (from != to) {
        check_passed_on(from, to, who_is(answer->subject));
        return;
    }
    CHECK(answer->network_psk.len == 0 || current->proved);
    if (answer->refusal[0] != '\0')
        return;
    CHECK(chain_read_all(&chain, (struct span){ answer->chain.data, answer->chain.len }) ==
            CERTIFICATE_OK);
    CHECK(who_has(&chain.certificates[0].subject) == who_is(answer->subject));
    CHECK((who_is(answer->subject) == &current->people[BOB]) ==
            (strcmp(chain.certificates[0].name, names[BOB]) == 0));
    CHECK(who_is(answer->subject) != &current->people[DESK]);
    CHECK(strcmp(chain.certificates[0].name, names[DESK]) != 0);
}

/* A request is carried on only for who signed it. */
static void note_ask(struct person *to, const Mu__Link__V1__JoinAsk *ask)
{
    const struct person *subject;
    struct request request;

    CHECK(request_read(&request, (struct span){ ask->request.data, ask->request.len }) ==
            REQUEST_OK);
    CHECK(request_has_possession(&request));
    subject = who_has(&request.subject);
    CHECK(subject != NULL);
    to->asked_bits |= 1u << (subject - current->people);
}

/* The word of who leaves goes three links far. */
static void note_leaving(const struct person *to, const Mu__Link__V1__Leaving *leaving)
{
    CHECK(leaving->number != 0 && leaving->hops >= 1 && leaving->hops <= ROUTE_HOPS_MAX);
    current->leavings[to - current->people] += 1;
    current->leaving_hops = leaving->hops;
}

enum links_outcome wrap_links_send(struct links *links, uint64_t link, struct span message)
{
    struct person *to = who_is_behind(link);
    Mu__Link__V1__PeerMessage *read;

    (void)links;
    if (to == NULL)
        return LINKS_NO_LINK;
    if (message.size > LINK_MESSAGE_MAX)
        return LINKS_TOO_LONG;
    read = mu__link__v1__peer_message__unpack(NULL, message.size, message.data);
    CHECK(read != NULL && read->what_case != 0);
    if (read->what_case == MU__LINK__V1__PEER_MESSAGE__WHAT_JOIN_ANSWER)
        check_answer(to, read->join_answer);
    if (read->what_case == MU__LINK__V1__PEER_MESSAGE__WHAT_JOIN_ASK)
        note_ask(to, read->join_ask);
    if (read->what_case == MU__LINK__V1__PEER_MESSAGE__WHAT_LEAVING)
        note_leaving(to, read->leaving);
    if (to == &current->people[GUEST])
        CHECK(read->what_case == MU__LINK__V1__PEER_MESSAGE__WHAT_JOIN_ANSWER);
    mu__link__v1__peer_message__free_unpacked(read, NULL);
    return LINKS_OK;
}

void wrap_links_broadcast(struct links *links, struct span message, uint64_t except)
{
    for (int i = BOB; i < GUEST; i++)
        if (current->people[i].link != except)
            wrap_links_send(links, current->people[i].link, message);
}

void wrap_links_close(struct links *links, uint64_t link, const char *reason)
{
    struct person *to = who_is_behind(link);

    (void)links;
    CHECK(reason != NULL);
    if (to != NULL)
        to->closed = true;
}

int wrap_links_dial(struct links *links, const char *address, const struct handshake_psk *psk)
{
    (void)links;
    CHECK(strlen(address) <= ADDRESS_SIZE_MAX && psk == NULL);
    return 0;
}

static uint32_t bit_of(const char *service)
{
    for (uint32_t i = 0; i < SERVICES; i++)
        if (strcmp(services[i], service) == 0)
            return 1u << i;
    return 0;
}

/* The registry hears of a node what that node has signed, and nothing of desk itself. */
static void check_import(struct mu_bytes bytes)
{
    Mu__Registry__V1__ImportRequest *request =
            mu__registry__v1__import_request__unpack(NULL, bytes.size, bytes.data);
    const struct person *origin_of = NULL;

    CHECK(request != NULL && request->n_instances <= IMPORT_INSTANCES_MAX);
    for (int i = BOB; i < ACTORS; i++)
        if (strcmp(names[i], request->node) == 0)
            origin_of = &current->people[i];
    CHECK(origin_of != NULL && strcmp(request->owner, "alice") == 0);
    for (size_t i = 0; i < request->n_instances; i++)
        CHECK((bit_of(request->instances[i]->service) & origin_of->signed_bits) != 0);
    mu__registry__v1__import_request__free_unpacked(request, NULL);
}

static void check_routes(struct mu_bytes bytes)
{
    Mu__Router__V1__RoutesRequest *request =
            mu__router__v1__routes_request__unpack(NULL, bytes.size, bytes.data);
    uint32_t bits = 0;

    for (int i = BOB; i < ACTORS; i++)
        bits |= current->people[i].signed_bits;
    CHECK(request != NULL && request->n_routes <= ROUTE_TABLE_MAX);
    CHECK(request->channel > CHANNELS && request->await_ms <= DEPARTURE_MS);
    current->told_drains = request->drains;
    current->told_await_ms = request->await_ms;
    for (size_t i = 0; i < request->n_routes; i++) {
        CHECK((bit_of(request->routes[i]->service) & bits) != 0);
        CHECK(request->routes[i]->hops >= 1 && request->routes[i]->hops <= ROUTE_HOPS_MAX);
    }
    mu__router__v1__routes_request__free_unpacked(request, NULL);
}

/* Types that there are: the hash that was asked for, and a few bytes. */
static void describe(struct mu_result *result)
{
    static uint8_t types[ADVERT_TYPES_SIZE];
    Mu__Registry__V1__DescribeReply reply = MU__REGISTRY__V1__DESCRIBE_REPLY__INIT;

    reply.types = (ProtobufCBinaryData){ sizeof(types), types };
    reply.descriptor_set = reply.types;
    result->size = mu__registry__v1__describe_reply__get_packed_size(&reply);
    result->body = malloc(result->size);
    CHECK(result->body != NULL);
    mu__registry__v1__describe_reply__pack(&reply, result->body);
}

uint64_t wrap_mu_call_async(struct mu_client *client, const char *endpoint, struct mu_bytes request,
        const struct mu_call_options *options, mu_result_fn fn, void *user)
{
    struct mu_result result = { .status = { .code = MU_OK } };

    (void)client;
    (void)options;
    if (strcmp(endpoint, "registry.Import") == 0)
        check_import(request);
    else if (strcmp(endpoint, "router.Routes") == 0)
        check_routes(request);
    else
        CHECK(strcmp(endpoint, "registry.Describe") == 0 ||
                strcmp(endpoint, "registry.ImportTypes") == 0 || observer_may_ask(endpoint));
    if (current->answers_fail)
        result.status.code = MU_UNAVAILABLE;
    else if (strcmp(endpoint, "registry.Describe") == 0)
        describe(&result);
    fn(&result, user);
    free(result.body);
    return 1;
}

/* ---- the network ---- */

bool mesh_world_issue(const struct request *request, struct chain *chain)
{
    struct issuer issuer = { .key = &origin.membership.authority_key,
        .authority = &origin.membership.authority,
        .trust = &origin.office.seat.trust };

    *chain = (struct chain){ .count = 2, .certificates = { [1] = origin.membership.authority } };
    return issue_answer(&issuer, request, NULL, NULL, mesh_now_s(), &chain->certificates[0]) ==
           ISSUE_OK;
}

static void found(void)
{
    uint64_t now_s = (uint64_t)time(NULL);
    struct founding founding = world_founding("desk");
    struct world *office = &origin.office;

    CHECK(sodium_init() >= 0);
    founding.now_s = now_s - OLD_S; /* so that a renewal is due */
    folder_make(&office->folder);
    CHECK(seat_open(&office->seat, office->folder.path) == 0);
    CHECK(founding_found(&founding, &origin.membership, office->sealed) == FOUNDING_OK);
    CHECK(admissions_put_name(&office->seat.vault, names[DESK], &origin.membership.key.public) ==
            VAULT_OK);
    CHECK(seat_take(&office->seat, &origin.membership) == 0);
    CHECK(membership_copy(&origin.membership, &office->seat.membership) == 0);
    for (int i = 0; i < ACTORS; i++)
        origin.people[i].name = names[i];
    for (int i = BOB; i < GUEST; i++)
        world_admit(office, names[i], now_s, &origin.people[i].key, &origin.people[i].chain);
    CHECK(key_init(&origin.people[GUEST].key) == 0);
    CHECK(authority_invite(&office->seat, 3, now_s + UINT64_C(30) * DAY_S,
                  &office->seat.membership.whereabouts, now_s, &origin.token) == 0);
    vault_close(&office->seat.vault);
    origin.people[DESK].key.public = origin.membership.key.public;
    origin.made = true;
}

/* ---- from begin to end ---- */

static void dial_nobody(const char *address, bool dial, void *user)
{
    (void)dial;
    CHECK(strlen(address) <= ADDRESS_SIZE_MAX && user == current);
}

static void offer_one(struct mesh *mesh)
{
    mesh->offers.instances = calloc(1, sizeof(*mesh->offers.instances));
    CHECK(mesh->offers.instances != NULL);
    mesh->offers.instance_count = 1;
    mesh->offers.instance_room = 1;
    mesh->offers.live = true;
    mesh->offers.instances[0] = (struct local_instance){
        .number = 1, .service = "own", .version = "1", .has_types = true
    };
}

void mesh_world_open(struct mesh_world *world, bool authority)
{
    static const struct links_options options = { .client = NULL };
    static const struct links_events nothing = { .up = NULL };
    struct mesh *mesh = &world->mesh;

    if (!origin.made)
        found();
    *world = (struct mesh_world){ .token = origin.token };
    memcpy(world->people, origin.people, sizeof(world->people));
    current = world;
    now_ms = BEGIN_MS;
    folder_make(&world->folder);
    folder_copy(origin.office.folder.path, world->folder.path);
    pthread_mutex_init(&mesh->lock, NULL);
    inbox_init(&mesh->inbox);
    linked_init(&mesh->linked);
    pin_init(&mesh->pin);
    domains_init(&mesh->domains);
    seeker_init(&mesh->seeker, 1, dial_nobody, world);
    CHECK(seat_open(&mesh->seat, world->folder.path) == 0);
    if (!authority)
        key_deinit(&mesh->seat.membership.authority_key);
    CHECK(links_new(&mesh->links, &options, &nothing, mesh) == 0);
    mesh->trust = malloc(sizeof(*mesh->trust));
    CHECK(mesh->trust != NULL && seat_copy_trust(&mesh->seat, mesh->trust) == 0);
    offer_one(mesh);
    mesh_refresh(mesh);
    CHECK(routing_begin(mesh) == 0);
}

void mesh_world_close(struct mesh_world *world)
{
    struct mesh *mesh = &world->mesh;

    mesh->links = links_free(mesh->links);
    renewal_forget(mesh);
    seeker_deinit(&mesh->seeker);
    routing_end(mesh);
    imports_deinit(&mesh->imports);
    free(mesh->offers.instances);
    linked_deinit(&mesh->linked);
    inbox_deinit(&mesh->inbox);
    badge_deinit(&mesh->badges[mesh->badge]);
    trust_deinit(mesh->trust);
    free(mesh->trust);
    pin_deinit(&mesh->pin);
    notebook_finish(&mesh->notebook, &mesh->seat.vault);
    seat_close(&mesh->seat);
    pthread_mutex_destroy(&mesh->lock);
    folder_remove(&world->folder);
    current = NULL;
}

/* ---- what happens ---- */

static struct inbox_item *item_of(
        const struct mesh_world *world, enum inbox_kind kind, enum actor actor, struct span bytes)
{
    const struct person *person = &world->people[actor];
    struct inbox_item *item = inbox_item_new(kind, bytes);

    CHECK(item != NULL);
    snprintf(item->address, sizeof(item->address), "192.0.2.%d:7400", actor);
    item->peer = (struct link_peer){ .link = person->link,
        .joining = actor == GUEST,
        .address = item->address,
        .peer = { .joining = actor == GUEST, .chain = person->chain } };
    if (actor != GUEST) {
        item->peer.peer.root = world->mesh.seat.membership.root;
        item->peer.peer.identity = (struct identity){ .key = person->key.public,
            .network = world->mesh.seat.membership.network,
            .until_s = person->chain.certificates[0].not_after_s };
        snprintf(item->peer.peer.identity.name, sizeof(item->peer.peer.identity.name), "%s",
                person->name);
    }
    return item;
}

static void take_replies(struct mesh_world *world)
{
    struct inbox_item *item;

    while ((item = inbox_take(&world->mesh.inbox, 0)) != NULL) {
        CHECK(item->kind == INBOX_REPLY);
        item->reply(&world->mesh, item);
        free(item);
    }
}

static void end_closed(struct mesh_world *world)
{
    for (int i = BOB; i < ACTORS; i++)
        if (world->people[i].closed)
            mesh_world_unlink(world, (enum actor)i);
}

void mesh_world_link(struct mesh_world *world, enum actor actor)
{
    static uint64_t number;
    struct person *person = &world->people[actor];
    struct inbox_item *item;

    if (person->link != 0 || actor == DESK || actor == EVE)
        return;
    person->link = ++number;
    person->closed = false;
    item = item_of(world, INBOX_UP, actor, (struct span){ 0 });
    item->number = CHANNELS + (uint64_t)actor;
    peers_up(&world->mesh, item);
    if (actor != GUEST)
        peers_carries(&world->mesh, item);
    free(item);
    take_replies(world);
    end_closed(world);
}

void mesh_world_unlink(struct mesh_world *world, enum actor actor)
{
    struct person *person = &world->people[actor];
    struct inbox_item *item;

    if (person->link == 0)
        return;
    item = item_of(world, INBOX_DOWN, actor, (struct span){ 0 });
    person->link = 0;
    person->closed = false;
    person->asked_bits = 0;
    peers_down(&world->mesh, item);
    free(item);
    take_replies(world);
}

void mesh_world_hear(struct mesh_world *world, enum actor actor, struct span message)
{
    struct inbox_item *item;

    if (world->people[actor].link == 0 || message.size == 0 || message.size > LINK_MESSAGE_MAX)
        return;
    item = item_of(world, INBOX_MESSAGE, actor, message);
    world->speaking = actor;
    peers_message(&world->mesh, item);
    free(item);
    take_replies(world);
    notebook_step(&world->mesh.notebook, &world->mesh.seat.vault, now_ms);
    world->speaking = DESK;
    end_closed(world);
}

void mesh_world_pass(struct mesh_world *world, uint64_t for_ms)
{
    now_ms += for_ms;
    routing_due(&world->mesh, now_ms);
    mesh_rotation_due(&world->mesh, now_ms);
    notebook_step(&world->mesh.notebook, &world->mesh.seat.vault, now_ms);
    renewal_due(&world->mesh, now_ms);
    seeker_step(&world->mesh.seeker, world->mesh.linked.count, now_ms);
    take_replies(world);
    end_closed(world);
}

/* ---- what must be true ---- */

static void check_node(const struct node *node)
{
    const struct person *person = who_has(&node->id);

    if (!node->held || node->hops == 0)
        return;
    CHECK(person != NULL);
    CHECK(strcmp(node->identity.name, person->name) == 0);
}

void mesh_world_check(const struct mesh_world *world)
{
    const struct mesh *mesh = &world->mesh;
    const struct membership *own = &mesh->seat.membership;
    struct identity identity;

    CHECK(public_key_equal(&own->key.public, &origin.membership.key.public));
    CHECK(memcmp(own->psk, origin.membership.psk, PSK_SIZE) == 0);
    CHECK(trust_check(&mesh->seat.trust, &own->chain, mesh_now_s(), &identity) == TRUST_OK);
    CHECK(strcmp(identity.name, names[DESK]) == 0);
    CHECK(trust_check(mesh->trust, &world->people[BOB].chain, mesh_now_s(), &identity) == TRUST_OK);
    CHECK(mesh->seat.trust.list_count <= 1);
    CHECK(mesh->seeker.node_count < ACTORS && mesh->imports.node_count < ACTORS);
    CHECK(mesh->imports.types_count <= ROUTE_TYPES_MAX);
    CHECK(mesh->notebook.count <= 2);
    CHECK(mesh->inbox.bytes == 0 && mesh->linked.count <= 2);
    CHECK(mesh->routes->nodes.count <= ACTORS + 2 * ROUTE_DOUBTFUL_MAX);
    for (uint32_t i = 0; i < mesh->routes->nodes.slot_count; i++)
        if (mesh->routes->nodes.slots[i] != NULL)
            check_node(mesh->routes->nodes.slots[i]);
}
