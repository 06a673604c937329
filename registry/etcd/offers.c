// SPDX-License-Identifier: Apache-2.0
#include "registry/etcd/offers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "registry/name.h"

enum { OFFERS_ROOM_FIRST = 16 };

void offers_deinit(struct offers *offers)
{
    free(offers->slots);
    *offers = (struct offers){ 0 };
}

void offers_clear(struct offers *offers)
{
    offers->changed = offers->changed || offers->count > 0;
    offers->count = 0;
}

/* Is it something that other nodes can call? */
static bool offers_wants(const Mu__Registry__V1__Instance *instance)
{
    static const char *const own[] = { "node", "router", "registry", "link", "etcd", "auth" };

    if (instance->owner[0] != '\0' || instance->lease_ms > 0 || instance->instance == 0 ||
            instance->local)
        return false;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (strcmp(instance->service, own[i]) == 0)
            return false;
    return name_is_valid(instance->service) &&
           name_is_word(instance->version, REGISTRY_VERSION_MAX);
}

static struct offer *offers_find(const struct offers *offers, uint64_t number)
{
    for (uint32_t i = 0; i < offers->count; i++)
        if (offers->slots[i].number == number)
            return &offers->slots[i];
    return NULL;
}

static int offers_reserve(struct offers *offers)
{
    uint32_t room = offers->room > 0 ? offers->room * 2 : OFFERS_ROOM_FIRST;
    struct offer *slots;

    if (offers->count < offers->room)
        return 0;
    slots = realloc(offers->slots, room * sizeof(*slots));
    if (slots == NULL)
        return err_new(-ENOMEM);
    offers->slots = slots;
    offers->room = room;
    return 0;
}

/* Another instance with the same types, or NULL. */
static const struct offer *offers_find_types(const struct offers *offers, const uint8_t types[32])
{
    for (uint32_t i = 0; i < offers->count; i++)
        if (offers->slots[i].typed && memcmp(offers->slots[i].types, types, 32) == 0)
            return &offers->slots[i];
    return NULL;
}

int offers_add(struct offers *offers, const Mu__Registry__V1__Instance *instance)
{
    struct offer offer = { .number = instance->instance, .pid = instance->pid };
    struct offer *old = offers_find(offers, instance->instance);
    int r;

    if (!offers_wants(instance) || (old == NULL && offers->count >= ETCD_OFFERS_MAX))
        return 0;
    r = offers_reserve(offers);
    if (r < 0)
        return err_trace(r);
    snprintf(offer.service, sizeof(offer.service), "%s", instance->service);
    snprintf(offer.version, sizeof(offer.version), "%s", instance->version);
    offer.typed = instance->types.len == sizeof(offer.types);
    if (offer.typed) {
        const struct offer *same = offers_find_types(offers, instance->types.data);

        memcpy(offer.types, instance->types.data, sizeof(offer.types));
        offer.published = same != NULL && same->published;
        snprintf(offer.proto_service, sizeof(offer.proto_service), "%s",
                same != NULL ? same->proto_service : "");
    }
    if (old != NULL)
        *old = offer;
    else
        offers->slots[offers->count++] = offer;
    offers->changed = true;
    return 0;
}

void offers_remove(struct offers *offers, uint64_t number)
{
    struct offer *offer = offers_find(offers, number);

    if (offer == NULL)
        return;
    offers->count -= 1;
    memmove(offer, offer + 1,
            (size_t)(offers->slots + offers->count - offer) * sizeof(struct offer));
    offers->changed = true;
}

const struct offer *offers_unpublished(const struct offers *offers)
{
    for (uint32_t i = 0; i < offers->count; i++)
        if (offers->slots[i].typed && !offers->slots[i].published)
            return &offers->slots[i];
    return NULL;
}

void offers_publish(struct offers *offers, const uint8_t types[32], const char *proto_service)
{
    for (uint32_t i = 0; i < offers->count; i++) {
        struct offer *offer = &offers->slots[i];

        if (!offer->typed || memcmp(offer->types, types, 32) != 0)
            continue;
        offer->published = true;
        snprintf(offer->proto_service, sizeof(offer->proto_service), "%s", proto_service);
    }
    offers->changed = true;
}

void offers_unpublish(struct offers *offers)
{
    for (uint32_t i = 0; i < offers->count; i++)
        offers->slots[i].published = false;
    offers->changed = true;
}

void offers_untype(struct offers *offers, const uint8_t types[32])
{
    for (uint32_t i = 0; i < offers->count; i++)
        if (memcmp(offers->slots[i].types, types, 32) == 0)
            offers->slots[i].typed = false;
    offers->changed = true;
}

/* One block: the message, the array that it points to, the messages in that. */
int offers_pack(struct offers *offers, Mu__Etcd__V1__Offers **messagep)
{
    size_t count = offers->count;
    Mu__Etcd__V1__Offers *message =
            malloc(sizeof(*message) +
                    count * (sizeof(Mu__Etcd__V1__Offer *) + sizeof(Mu__Etcd__V1__Offer)));
    Mu__Etcd__V1__Offer **each;
    Mu__Etcd__V1__Offer *next;

    if (message == NULL)
        return err_new(-ENOMEM);
    mu__etcd__v1__offers__init(message);
    next = (Mu__Etcd__V1__Offer *)(void *)(message + 1);
    each = (Mu__Etcd__V1__Offer **)(void *)(next + count);
    message->offers = each;
    for (uint32_t i = 0; i < count; i++) {
        struct offer *offer = &offers->slots[i];

        if (offer->typed && offer->proto_service[0] == '\0')
            continue;
        mu__etcd__v1__offer__init(next);
        next->instance = offer->number;
        next->service = offer->service;
        next->version = offer->version;
        next->pid = offer->pid;
        if (offer->typed) {
            next->types = (ProtobufCBinaryData){ .data = offer->types, .len = 32 };
            next->proto_service = offer->proto_service;
        }
        each[message->n_offers++] = next++;
    }
    offers->changed = false;
    *messagep = message;
    return 0;
}
