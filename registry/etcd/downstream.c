// SPDX-License-Identifier: Apache-2.0
/* The registry tells what this node offers and what is registered; it is told what other nodes
 * offer. A registry that does not answer is asked again after a pause. One that starts anew tells
 * all that it knows, and is told all again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "mu/node/v1/manifest.pb-c.h"
#include "mu/registry/v1/registry.mu.h"
#include "mu/schema.h"
#include "registry/etcd/messenger.h"

enum {
    DOWNSTREAM_CALL_MS = 1000,
    DOWNSTREAM_REGISTER_MS = 5000,
    DOWNSTREAM_PAUSE_MS = 200,
    DOWNSTREAM_IMPORT_MS = 10000 /* all is imported again: a link may have been in the way */
};

static const struct mu_call_options downstream_options = { .timeout_ms = DOWNSTREAM_CALL_MS };

/* ---- following ---- */

/* Hands over; waits while there is no room. Returns false at the end. */
static bool downstream_push(struct messenger *messenger, Mu__Registry__V1__WatchReply *told)
{
    struct news *news = calloc(1, sizeof(*news));
    bool taken = false;

    pthread_mutex_lock(&messenger->lock);
    while (messenger->news_count >= ETCD_NEWS_MAX && !messenger->over)
        pthread_cond_wait(&messenger->room, &messenger->lock);
    if (news != NULL && !messenger->over) {
        news->told = told;
        list_init(&news->link);
        list_push(&messenger->news, &news->link);
        messenger->news_count += 1;
        taken = true;
    }
    pthread_mutex_unlock(&messenger->lock);
    if (taken) {
        gateway_wake(&messenger->gateway);
        return true;
    }
    free(news);
    if (told != NULL)
        mu__registry__v1__watch_reply__free_unpacked(told, NULL);
    return false;
}

/* Waits a little; returns false at the end. */
static bool downstream_pause(struct messenger *messenger)
{
    struct timespec until;
    bool over;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += DOWNSTREAM_PAUSE_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&messenger->lock);
    while (!messenger->over &&
            pthread_cond_timedwait(&messenger->room, &messenger->lock, &until) != ETIMEDOUT)
        ;
    over = messenger->over;
    pthread_mutex_unlock(&messenger->lock);
    return !over;
}

/* Makes a stream the one that messenger_close cancels, or NULL none. Returns false at the end. */
static bool downstream_set_stream(struct messenger *messenger, struct mu_stream *stream)
{
    bool over;

    pthread_mutex_lock(&messenger->lock);
    messenger->stream = stream;
    over = messenger->over;
    pthread_mutex_unlock(&messenger->lock);
    return !over;
}

void *downstream_follow(void *user)
{
    struct messenger *messenger = user;
    bool going = true;

    while (going) {
        Mu__Registry__V1__WatchRequest request = MU__REGISTRY__V1__WATCH_REQUEST__INIT;
        Mu__Registry__V1__WatchReply *told;
        struct mu_stream *stream;

        if (registry_watch_open(messenger->client, &request, NULL, &stream) == 0) {
            going = downstream_set_stream(messenger, stream);
            while (going && registry_watch_read(stream, UINT32_MAX, &told) == MU_STREAM_OK)
                going = downstream_push(messenger, told);
            downstream_set_stream(messenger, NULL);
            mu_stream_finish(stream, NULL);
        }
        going = going && downstream_push(messenger, NULL) && downstream_pause(messenger);
    }
    return NULL;
}

/* ---- taking news ---- */

/* What the registry keeps of a service: a packed manifest for the caller to free; NULL where it is
 * not registered. Returns false where the registry does not answer. */
static bool downstream_manifest(
        struct messenger *messenger, const char *service, uint8_t **manifestp, size_t *sizep)
{
    Mu__Registry__V1__ShowRequest request = MU__REGISTRY__V1__SHOW_REQUEST__INIT;
    Mu__Registry__V1__ShowReply *reply = NULL;
    const Mu__Node__V1__Manifest *manifest;
    enum mu_code code;

    *manifestp = NULL;
    *sizep = 0;
    request.service = (char *)(uintptr_t)service;
    code = registry_show(messenger->client, &request, &downstream_options, &reply, NULL);
    if (code != MU_OK)
        return code == MU_NOT_FOUND;
    manifest = reply->service != NULL ? reply->service->manifest : NULL;
    if (manifest != NULL) {
        *sizep = mu__node__v1__manifest__get_packed_size(manifest);
        *manifestp = malloc(*sizep + 1);
        if (*manifestp != NULL)
            mu__node__v1__manifest__pack(manifest, *manifestp);
    }
    mu__registry__v1__show_reply__free_unpacked(reply, NULL);
    return manifest == NULL || *manifestp != NULL;
}

/* Looks at how a service is registered. */
static void downstream_look(struct messenger *messenger, const char *service)
{
    struct holding *holding = holdings_obtain(&messenger->holdings, service);
    uint8_t *manifest = NULL;
    size_t size = 0;

    if (holding == NULL)
        return;
    if (downstream_manifest(messenger, service, &manifest, &size))
        holding_want(holding, (struct mu_bytes){ manifest, size }, 0);
    else
        holding->pending_ms = clock_ms() + DOWNSTREAM_PAUSE_MS; /* asked again then */
    free(manifest);
}

/* The number of the registry's journal; 0 where the registry does not answer. */
static uint64_t downstream_journal(struct messenger *messenger)
{
    Mu__Registry__V1__ListRequest request = MU__REGISTRY__V1__LIST_REQUEST__INIT;
    Mu__Registry__V1__ListReply *reply = NULL;
    uint64_t journal;

    request.prefix = (char *)(uintptr_t) "registry"; /* one service at least, and few more */
    if (registry_list(messenger->client, &request, &downstream_options, &reply, NULL) != MU_OK)
        return 0;
    journal = reply->journal;
    mu__registry__v1__list_reply__free_unpacked(reply, NULL);
    return journal;
}

/* The registry has told all that it knows: looks which journal that is of. Returns false where it
 * does not answer; until it does, nothing is taken out of etcd. */
static bool downstream_begin(struct messenger *messenger)
{
    messenger->journal = downstream_journal(messenger);
    if (messenger->journal == 0)
        return false;
    messenger->holdings.adopting = messenger->journal != messenger->adopted;
    holdings_list_end(&messenger->holdings, true);
    return true;
}

void downstream_take(struct messenger *messenger, const Mu__Registry__V1__WatchReply *told)
{
    struct holding *holding;

    if (told == NULL) {
        messenger->registry_lives = false;
        return;
    }
    switch ((int)told->kind) { /* a newer registry may have more of them */
    case MU__REGISTRY__V1__CHANGE_KIND__CHANGE_SNAPSHOT:
        messenger->registry_lives = false;
        offers_clear(&messenger->offers);
        holdings_list_begin(&messenger->holdings, true);
        break;
    case MU__REGISTRY__V1__CHANGE_KIND__CHANGE_LIVE:
        messenger->registry_lives = true;
        messenger->registry_ms = 0;
        messenger->journal = 0;
        neighbours_touch(&messenger->neighbours);
        break;
    case MU__REGISTRY__V1__CHANGE_KIND__CHANGE_INSTANCE_UP:
        if (told->instance != NULL)
            offers_add(&messenger->offers, told->instance);
        break;
    case MU__REGISTRY__V1__CHANGE_KIND__CHANGE_INSTANCE_DOWN:
        if (told->instance != NULL)
            offers_remove(&messenger->offers, told->instance->instance);
        break;
    case MU__REGISTRY__V1__CHANGE_KIND__CHANGE_REGISTERED:
        downstream_look(messenger, told->service);
        break;
    case MU__REGISTRY__V1__CHANGE_KIND__CHANGE_DEREGISTERED:
        holding = holdings_find(&messenger->holdings, told->service);
        if (holding != NULL)
            holding_want(holding, (struct mu_bytes){ 0 }, 0);
        break;
    default:
        break;
    }
}

/* ---- telling ---- */

bool downstream_describe(struct messenger *messenger, const struct offer *offer,
        Mu__Registry__V1__DescribeReply **replyp)
{
    Mu__Registry__V1__DescribeRequest request = MU__REGISTRY__V1__DESCRIBE_REQUEST__INIT;
    enum mu_code code;

    request.service = (char *)(uintptr_t)offer->service;
    request.version = (char *)(uintptr_t)offer->version;
    *replyp = NULL;
    code = registry_describe(messenger->client, &request, &downstream_options, replyp, NULL);
    return code == MU_OK || code == MU_NOT_FOUND || code == MU_DATA_LOSS;
}

/* The types of a wanted version, as the node that offers it says. */
static const Mu__Etcd__V1__Offer *downstream_find_offer(
        const Mu__Etcd__V1__Offers *offers, const Mu__Registry__V1__WantedTypes *wanted)
{
    for (size_t i = 0; offers != NULL && i < offers->n_offers; i++) {
        const Mu__Etcd__V1__Offer *offer = offers->offers[i];

        if (wanted->types.len == 32 && offer->types.len == 32 &&
                memcmp(offer->types.data, wanted->types.data, 32) == 0 &&
                strcmp(offer->service, wanted->service) == 0 &&
                strcmp(offer->version, wanted->version) == 0)
            return offer;
    }
    return NULL;
}

/* A set from the cache, else from etcd. The caller frees `*setp`. */
static int downstream_obtain_types(
        struct messenger *messenger, const uint8_t types[32], uint8_t **setp, size_t *sizep)
{
    struct mu_bytes cached;
    int r = cache_get_types(&messenger->cache, types, &cached);

    if (r == MU_STORE_OK) {
        *setp = malloc(cached.size + 1);
        if (*setp == NULL)
            return err_new(-ENOMEM);
        memcpy(*setp, cached.data, cached.size);
        *sizep = cached.size;
        return 0;
    }
    if (!messenger->connected)
        return -ENOENT;
    r = upkeep_fetch_types(messenger, types, setp, sizep);
    if (r == 0)
        cache_put_types(&messenger->cache, types, (struct mu_bytes){ *setp, *sizep });
    return r;
}

/* Gives the registry the types of a version. Returns false where etcd fell silent. */
static bool downstream_bring(struct messenger *messenger,
        const Mu__Registry__V1__WantedTypes *wanted, const Mu__Etcd__V1__Offer *offer)
{
    Mu__Registry__V1__ImportTypesRequest request = MU__REGISTRY__V1__IMPORT_TYPES_REQUEST__INIT;
    Mu__Registry__V1__ImportTypesReply *reply = NULL;
    struct mu_status status;
    uint8_t *set = NULL;
    size_t size = 0;
    int r = downstream_obtain_types(messenger, wanted->types.data, &set, &size);

    if (r < 0)
        return r == -ENOENT;
    request.service = wanted->service;
    request.version = wanted->version;
    request.types = wanted->types;
    request.proto_service = offer->proto_service;
    request.descriptor_set = (ProtobufCBinaryData){ .data = set, .len = size };
    if (registry_import_types(messenger->client, &request, &downstream_options, &reply, &status) ==
            MU_OK)
        mu__registry__v1__import_types_reply__free_unpacked(reply, NULL);
    else
        log_debug("the types of %s %s are not taken: %s", wanted->service, wanted->version,
                status.message);
    free(set);
    return true;
}

/* The types that the registry has not, of versions in `offers`. */
static void downstream_bring_all(struct messenger *messenger, const Mu__Etcd__V1__Offers *offers,
        const Mu__Registry__V1__ImportReply *reply)
{
    bool going = true;

    for (size_t i = 0; going && i < reply->n_wanted; i++) {
        const Mu__Etcd__V1__Offer *offer = downstream_find_offer(offers, reply->wanted[i]);

        if (offer != NULL)
            going = downstream_bring(messenger, reply->wanted[i], offer);
    }
}

/* Tells the registry what a node offers. `*replyp` is the caller's; NULL where it did not take it.
 * Returns the call's status. */
static struct mu_status downstream_send(struct messenger *messenger, const struct believed *node,
        const Mu__Etcd__V1__Offers *offers, Mu__Registry__V1__ImportReply **replyp)
{
    Mu__Registry__V1__ImportRequest request = MU__REGISTRY__V1__IMPORT_REQUEST__INIT;
    size_t count = offers != NULL ? offers->n_offers : 0;
    Mu__Registry__V1__Instance *instances = calloc(count + 1, sizeof(*instances));
    Mu__Registry__V1__Instance **each = calloc(count + 1, sizeof(*each));
    struct mu_status status = { .code = MU_UNAVAILABLE };

    request.node = (char *)(uintptr_t)node->node;
    request.owner = (char *)(uintptr_t)node->owner;
    request.instances = each;
    for (size_t i = 0; instances != NULL && each != NULL && i < count; i++) {
        const Mu__Etcd__V1__Offer *offer = offers->offers[i];

        mu__registry__v1__instance__init(&instances[i]);
        instances[i].instance = offer->instance;
        instances[i].service = offer->service;
        instances[i].version = offer->version;
        instances[i].pid = offer->pid;
        instances[i].types = offer->types;
        each[request.n_instances++] = &instances[i];
    }
    if (request.n_instances == count)
        registry_import(messenger->client, &request, &downstream_options, replyp, &status);
    free(instances);
    free(each);
    return status;
}

/* Imports what a node offers. Returns false where the registry does not answer. What it refuses is
 * tried again, but told once. */
static bool downstream_import(struct messenger *messenger, uint32_t index)
{
    struct neighbour *neighbour = &messenger->neighbours.slots[index];
    const struct believed *node = &messenger->roster.nodes[index];
    Mu__Registry__V1__ImportReply *reply = NULL;
    Mu__Etcd__V1__StatementBody *body = NULL;
    const Mu__Etcd__V1__Offers *offers;
    struct mu_status status;
    bool refused;

    if (neighbours_offers(&messenger->neighbours, index, &body) < 0)
        return false;
    offers = body != NULL ? body->offers : NULL;
    status = downstream_send(messenger, node, offers, &reply);
    if (reply != NULL) {
        downstream_bring_all(messenger, offers, reply);
        mu__registry__v1__import_reply__free_unpacked(reply, NULL);
    }
    if (body != NULL)
        mu__etcd__v1__statement_body__free_unpacked(body, NULL);
    refused = status.code == MU_INVALID_ARGUMENT || status.code == MU_RESOURCE_EXHAUSTED;
    if (refused && neighbour->refused != neighbour->sequence) {
        log_warn("what %s offers is not listed: %s", node->node, status.message);
        neighbour->refused = neighbour->sequence;
    }
    return refused || status.code == MU_OK;
}

/* Imports what changed. Returns false where the registry does not answer. */
static bool downstream_import_changed(struct messenger *messenger)
{
    for (uint32_t i = 0; i < messenger->roster.count; i++) {
        if (!messenger->neighbours.slots[i].changed)
            continue;
        if (!downstream_import(messenger, i))
            return false;
        messenger->neighbours.slots[i].changed = false;
    }
    return true;
}

/* A journal that has never held etcd's copy takes a registration over from there. */
static void downstream_adopt(struct messenger *messenger, struct holding *holding)
{
    Mu__Registry__V1__RegisterRequest request = MU__REGISTRY__V1__REGISTER_REQUEST__INIT;
    const struct mu_call_options options = { .timeout_ms = DOWNSTREAM_REGISTER_MS };
    Mu__Registry__V1__RegisterReply *reply = NULL;
    struct mu_status status;

    holding->refused = true; /* until the next list, unless it is taken */
    request.manifest =
            (Mu__Node__V1__Manifest *)(void *)mu_body_unpack(&mu__node__v1__manifest__descriptor,
                    (struct mu_bytes){ holding->held, holding->held_size }, NULL);
    if (request.manifest == NULL || strcmp(request.manifest->name, holding->service) != 0) {
        log_warn("the registration of %s that etcd keeps is none", holding->service);
    } else if (registry_register(messenger->client, &request, &options, &reply, &status) == MU_OK) {
        log_info("%s is registered again, as etcd keeps it", holding->service);
        holding_want(holding, (struct mu_bytes){ holding->held, holding->held_size }, 0);
        mu__registry__v1__register_reply__free_unpacked(reply, NULL);
    } else {
        log_warn("the registration of %s that etcd keeps is not taken over: %s", holding->service,
                status.message);
    }
    mu_body_free(request.manifest != NULL ? &request.manifest->base : NULL);
}

/* Carries out what is to be done in the registry. */
static void downstream_settle(struct messenger *messenger)
{
    struct holding *holding = NULL;

    for (;;) {
        enum holdings_action action = holdings_next(&messenger->holdings, clock_ms(), &holding);

        if (action == HOLDINGS_ASK)
            downstream_look(messenger, holding->service);
        else if (action == HOLDINGS_ADOPT)
            downstream_adopt(messenger, holding);
        else
            break;
    }
    if (messenger->holdings.adopting && holdings_are_adopted(&messenger->holdings) &&
            cache_set_adopted(&messenger->cache, messenger->journal) == 0) {
        messenger->adopted = messenger->journal;
        messenger->holdings.adopting = false;
    }
}

void downstream_tell(struct messenger *messenger)
{
    uint64_t now_ms = clock_ms();

    if (!messenger->registry_lives || now_ms < messenger->registry_ms)
        return;
    if (messenger->journal == 0 && !downstream_begin(messenger)) {
        messenger->registry_ms = now_ms + DOWNSTREAM_PAUSE_MS;
        return;
    }
    if (now_ms >= messenger->import_ms) {
        neighbours_touch(&messenger->neighbours);
        messenger->import_ms = now_ms + DOWNSTREAM_IMPORT_MS;
    }
    messenger->registry_ms =
            downstream_import_changed(messenger) ? 0 : now_ms + DOWNSTREAM_PAUSE_MS;
    if (messenger->connected)
        downstream_settle(messenger);
    cache_commit(&messenger->cache);
}
