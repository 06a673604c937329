// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/offers.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "mu/registry/v1/registry.mu.h"
#include "mu/schema.h"
#include "services/network/link/mesh.h"
#include "services/network/link/routing.h"

enum { WATCH_PAUSE_MS = 200 }; /* before the registry is asked again */

/* ---- on the clerk's thread ---- */

/* What belongs to the node itself is nobody else's to call; nor is what a namespace keeps to
 * itself. */
static bool is_told(const Mu__Registry__V1__Instance *instance)
{
    static const char *const own[] = { "router", "node", "registry", "link", "auth" };

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (strcmp(instance->service, own[i]) == 0)
            return false;
    }
    return instance->owner[0] == '\0' && !instance->local && instance->service[0] != '\0' &&
           strlen(instance->service) <= SERVICE_NAME_MAX &&
           strlen(instance->version) <= ADVERT_VERSION_MAX;
}

static void instance_remove(struct offers *offers, uint64_t number)
{
    for (uint32_t i = 0; i < offers->instance_count; i++) {
        if (offers->instances[i].number == number) {
            offers->instances[i] = offers->instances[--offers->instance_count];
            return;
        }
    }
}

static void instance_add(struct offers *offers, const Mu__Registry__V1__Instance *told)
{
    struct local_instance *instance;

    instance_remove(offers, told->instance);
    if (!is_told(told) || offers->instance_count == OFFERS_INSTANCES_MAX)
        return;
    if (offers->instance_count == offers->instance_room) {
        uint32_t room = offers->instance_room != 0 ? 2 * offers->instance_room : 16;
        struct local_instance *instances =
                reallocarray(offers->instances, room, sizeof(*instances));

        if (instances == NULL)
            return;
        offers->instances = instances;
        offers->instance_room = room;
    }
    instance = &offers->instances[offers->instance_count++];
    *instance = (struct local_instance){ .number = told->instance,
        .has_types = told->types.len == ADVERT_TYPES_SIZE };
    memcpy(instance->service, told->service, strlen(told->service) + 1);
    memcpy(instance->version, told->version, strlen(told->version) + 1);
    if (instance->has_types)
        memcpy(instance->types, told->types.data, ADVERT_TYPES_SIZE);
}

static int instance_compare(const void *one, const void *two)
{
    const struct local_instance *a = one;
    const struct local_instance *b = two;
    int order = strcmp(a->service, b->service);

    return order != 0 ? order : strcmp(a->version, b->version);
}

static struct span text_span(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

/* Tells routes: one offer for each version of each service. */
void offers_tell(struct mesh *mesh)
{
    struct offers *offers = &mesh->offers;
    CLEANUP(cleanup_free)
    struct offer *made = calloc(ADVERT_OFFERS_MAX, sizeof(*made));
    const struct local_instance *last = NULL;
    uint32_t count = 0;

    if (made == NULL)
        return;
    if (offers->instance_count > 1)
        qsort(offers->instances, offers->instance_count, sizeof(*offers->instances),
                instance_compare);
    for (uint32_t i = 0; i < offers->instance_count; i++) {
        const struct local_instance *instance = &offers->instances[i];

        if (last != NULL && instance_compare(last, instance) == 0) {
            made[count - 1].instances += 1;
            continue;
        }
        if (count == ADVERT_OFFERS_MAX) {
            log_warn("others hear of the first %d services and versions only", ADVERT_OFFERS_MAX);
            break;
        }
        last = instance;
        made[count++] = (struct offer){
            .service = text_span(instance->service),
            .version = text_span(instance->version),
            .types = { instance->types, instance->has_types ? ADVERT_TYPES_SIZE : 0 },
            .instances = 1,
        };
    }
    routing_set_offers(mesh, made, count);
}

static void take_change(struct mesh *mesh, const Mu__Registry__V1__WatchReply *change)
{
    struct offers *offers = &mesh->offers;

    switch ((int)change->kind) {
    case MU__REGISTRY__V1__CHANGE_KIND__CHANGE_SNAPSHOT:
        offers->instance_count = 0;
        offers->live = false;
        routing_import_again(mesh);
        return;
    case MU__REGISTRY__V1__CHANGE_KIND__CHANGE_LIVE:
        offers->live = true;
        break;
    case MU__REGISTRY__V1__CHANGE_KIND__CHANGE_INSTANCE_UP:
        if (change->instance != NULL)
            instance_add(offers, change->instance);
        break;
    case MU__REGISTRY__V1__CHANGE_KIND__CHANGE_INSTANCE_DOWN:
        if (change->instance != NULL)
            instance_remove(offers, change->instance->instance);
        break;
    default:
        return;
    }
    if (offers->live)
        offers_tell(mesh);
}

static void hear_change(struct mesh *mesh, const struct inbox_item *item)
{
    const ProtobufCMessageDescriptor *type = &mu__registry__v1__watch_reply__descriptor;
    Mu__Registry__V1__WatchReply *change = NULL;

    if (mesh->seat.joined &&
            mu_body_check(type, (struct mu_bytes){ item->bytes, item->size }, NULL) == 0)
        change = mu__registry__v1__watch_reply__unpack(NULL, item->size, item->bytes);
    if (change == NULL)
        return;
    take_change(mesh, change);
    mu__registry__v1__watch_reply__free_unpacked(change, NULL);
}

static bool has_types(const struct local_instance *instance, struct span types)
{
    return instance->has_types && types.size == ADVERT_TYPES_SIZE &&
           memcmp(instance->types, types.data, ADVERT_TYPES_SIZE) == 0;
}

bool offers_know_types(const struct offers *offers, struct span types)
{
    for (uint32_t i = 0; i < offers->instance_count; i++) {
        if (has_types(&offers->instances[i], types))
            return true;
    }
    return false;
}

bool offers_find_types(
        const struct offers *offers, struct span service, struct span types, const char **versionp)
{
    for (uint32_t i = 0; i < offers->instance_count; i++) {
        const struct local_instance *instance = &offers->instances[i];

        if (has_types(instance, types) && strlen(instance->service) == service.size &&
                memcmp(instance->service, service.data, service.size) == 0) {
            *versionp = instance->version;
            return true;
        }
    }
    return false;
}

/* ---- on the thread of its own ---- */

static void post(struct mesh *mesh, struct mu_bytes item)
{
    struct inbox_item *made = inbox_item_new(INBOX_OFFERS, (struct span){ item.data, item.size });

    if (made == NULL)
        return;
    made->reply = hear_change;
    if (inbox_put(&mesh->inbox, made) != INBOX_OK)
        free(made);
}

/* Hands the stream to who may cancel it. False where it is to end. */
static bool stream_publish(struct offers *offers, struct mu_stream *stream)
{
    bool goes_on;

    pthread_mutex_lock(&offers->lock);
    offers->stream = stream;
    goes_on = !offers->stop;
    pthread_mutex_unlock(&offers->lock);
    return goes_on;
}

/* Waits a little. False where it is to end. */
static bool wait_a_little(struct offers *offers)
{
    struct timespec until;
    bool goes_on;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WATCH_PAUSE_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&offers->lock);
    if (!offers->stop)
        pthread_cond_timedwait(&offers->stop_wanted, &offers->lock, &until);
    goes_on = !offers->stop;
    pthread_mutex_unlock(&offers->lock);
    return goes_on;
}

static void *offers_run(void *user)
{
    struct mesh *mesh = user;
    struct offers *offers = &mesh->offers;
    struct mu_stream *stream;
    struct mu_bytes item;

    do {
        if (mu_stream_open(mesh->client, "registry.Watch", MU_SERVER_STREAM, (struct mu_bytes){ 0 },
                    NULL, &stream) < 0)
            continue;
        if (stream_publish(offers, stream)) {
            while (mu_stream_receive(stream, UINT32_MAX, &item) == MU_STREAM_OK)
                post(mesh, item);
        }
        stream_publish(offers, NULL);
        mu_stream_finish(stream, NULL);
    } while (wait_a_little(offers));
    return NULL;
}

int offers_start(struct mesh *mesh)
{
    struct offers *offers = &mesh->offers;
    pthread_condattr_t attributes;
    sigset_t all;
    sigset_t before;
    int error;

    offers->stop = false;
    pthread_mutex_init(&offers->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&offers->stop_wanted, &attributes);
    pthread_condattr_destroy(&attributes);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    error = pthread_create(&offers->thread, NULL, offers_run, mesh);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    offers->runs = error == 0;
    return error == 0 ? 0 : err_new(-error);
}

void offers_stop(struct mesh *mesh)
{
    struct offers *offers = &mesh->offers;

    if (!offers->runs)
        return;
    pthread_mutex_lock(&offers->lock);
    offers->stop = true;
    pthread_cond_signal(&offers->stop_wanted);
    if (offers->stream != NULL)
        mu_stream_cancel(offers->stream);
    pthread_mutex_unlock(&offers->lock);
    pthread_join(offers->thread, NULL);
    pthread_cond_destroy(&offers->stop_wanted);
    pthread_mutex_destroy(&offers->lock);
    mesh_lock(mesh); /* the clerk may just be at it */
    free(offers->instances);
    *offers = (struct offers){ .runs = false };
    mesh_unlock(mesh);
}
