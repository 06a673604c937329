// SPDX-License-Identifier: Apache-2.0
/* What is told and what is there are two things, kept side by side: damping is the difference. */
#include "services/network/link/own.h"

#include <stdlib.h>

#include "base/check.h"

enum {
    OWN_ROOM_MAX = 2 * ADVERT_OFFERS_MAX, /* half of it for those that are gone and remembered */
    OWN_HEAD_MAX = 128                    /* bytes of a body besides offers and addresses */
};

void own_init(struct own *own, uint64_t now_ms)
{
    *own = (struct own){ 0 };
    bucket_init(&own->bucket, ADVERT_BURST, ADVERT_REFILL_MS, now_ms);
    own->hard = true; /* that there is this node is worth an advert */
    own->differs_ms = UINT64_MAX;
}

void own_deinit(struct own *own)
{
    free(own->offers);
    *own = (struct own){ 0 };
}

static struct offer own_view(const struct own_offer *offer)
{
    return (struct offer){
        .service = { (const uint8_t *)offer->service, offer->service_size },
        .version = { (const uint8_t *)offer->version, offer->version_size },
        .types = { offer->types, offer->types_size },
        .proto_service = { (const uint8_t *)offer->proto_service, offer->proto_service_size },
        .instances = offer->instances,
        .latency_us = offer->latency_us,
    };
}

static uint8_t own_copy(void *to, struct span from)
{
    if (from.size > 0)
        memcpy(to, from.data, from.size);
    return (uint8_t)from.size;
}

static void own_take(struct own_offer *offer, const struct offer *from)
{
    offer->service_size = own_copy(offer->service, from->service);
    offer->version_size = own_copy(offer->version, from->version);
    offer->types_size = own_copy(offer->types, from->types);
    offer->proto_service_size = own_copy(offer->proto_service, from->proto_service);
    offer->instances = from->instances;
    offer->latency_us = from->latency_us;
}

/* The index of the first one that is not below `offer`. */
static uint32_t own_find(const struct own *own, const struct offer *offer)
{
    uint32_t low = 0;
    uint32_t high = own->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct offer view = own_view(&own->offers[middle]);

        if (offer_compare(&view, offer) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool own_is_at(const struct own *own, uint32_t at, const struct offer *offer)
{
    struct offer view;

    if (at == own->count)
        return false;
    view = own_view(&own->offers[at]);
    return offer_compare(&view, offer) == 0;
}

static bool spans_differ(struct span one, struct span two)
{
    return one.size != two.size || (one.size > 0 && memcmp(one.data, two.data, one.size) != 0);
}

/* True where others are to be told of it. */
static bool own_is_shown(struct own_offer *offer, uint64_t now_ms)
{
    return offer->present && !damping_is_suppressed(&offer->damping, now_ms);
}

/* Finds out when what is shown will differ from what was told. A flap that is held back never
 * does: that is what keeps it cheap. */
static void own_plan(struct own *own, uint64_t now_ms)
{
    own->differs_ms = UINT64_MAX;
    for (uint32_t i = 0; i < own->count; i++) {
        struct own_offer *offer = &own->offers[i];
        uint64_t at_ms = UINT64_MAX;

        if (own_is_shown(offer, now_ms) != offer->told)
            at_ms = now_ms;
        else if (offer->present && !offer->told)
            at_ms = now_ms + damping_left_ms(&offer->damping, now_ms);
        if (at_ms < own->differs_ms)
            own->differs_ms = at_ms;
    }
}

/* Forgets those that are gone, were told to be gone, and are not damped any more; with `all`, also
 * those that are. */
static void own_forget(struct own *own, bool all, uint64_t now_ms)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < own->count; i++) {
        struct own_offer *offer = &own->offers[i];

        if (!offer->present && !offer->told && (all || damping_is_idle(&offer->damping, now_ms)))
            continue;
        if (kept != i)
            own->offers[kept] = *offer;
        kept += 1;
    }
    own->count = kept;
}

/* Makes room for `count` more, as far as there may be as many. */
static bool own_reserve(struct own *own, uint32_t count)
{
    uint32_t room = own->count + count < OWN_ROOM_MAX ? own->count + count : OWN_ROOM_MAX;
    struct own_offer *offers;

    if (room <= own->room)
        return true;
    offers = realloc(own->offers, room * sizeof(*offers));
    if (offers == NULL)
        return false;
    own->offers = offers;
    own->room = room;
    return true;
}

static enum own_outcome own_check(const struct offer *offers, uint32_t count)
{
    struct advert_body body = { .offer_count = count };
    struct span addresses[ADVERT_ADDRESSES_MAX];

    if (count > ADVERT_OFFERS_MAX)
        return OWN_TOO_MANY;
    for (uint32_t i = 0; i < count; i++)
        if (!offer_is_valid(&offers[i]) ||
                (i > 0 && offer_compare(&offers[i - 1], &offers[i]) >= 0))
            return OWN_BAD;
    for (body.address_count = 0; body.address_count < ADVERT_ADDRESSES_MAX; body.address_count++)
        addresses[body.address_count] = (struct span){ (const uint8_t *)"", ADVERT_ADDRESS_MAX };
    if (advert_body_size(&body, offers, addresses) + OWN_HEAD_MAX > ADVERT_BODY_MAX)
        return OWN_TOO_MANY;
    return OWN_OK;
}

/* An offer that was here before: only what matters to a caller's choice is worth an advert. */
static void own_update(struct own *own, struct own_offer *offer, const struct offer *from)
{
    uint32_t before_us = offer->latency_us;
    uint32_t apart_us = from->latency_us > before_us ? from->latency_us - before_us
                                                     : before_us - from->latency_us;

    if (apart_us <= before_us / 4 || apart_us <= ROUTE_METRIC_STEP_US)
        apart_us = 0;
    if (offer->instances == from->instances && apart_us == 0)
        return;
    offer->instances = from->instances;
    offer->latency_us = apart_us != 0 ? from->latency_us : before_us;
    own->soft = true;
}

static void own_put(struct own *own, const struct offer *from, uint64_t now_ms)
{
    uint32_t at = own_find(own, from);
    struct own_offer *offer = &own->offers[at];

    if (own_is_at(own, at, from)) {
        struct offer view = own_view(offer);
        bool same = !spans_differ(view.types, from->types) &&
                    !spans_differ(view.proto_service, from->proto_service);

        if (offer->present && same) {
            own_update(own, offer, from);
            return;
        }
        if (!same) {
            damping_add(&offer->damping, now_ms);
            own->hard |= offer->told;
        }
    } else {
        memmove(offer + 1, offer, (own->count - at) * sizeof(*offer));
        *offer = (struct own_offer){ 0 };
        own->count += 1;
    }
    own_take(offer, from);
    offer->present = true;
}

enum own_outcome own_set(
        struct own *own, const struct offer *offers, uint32_t count, uint64_t now_ms)
{
    enum own_outcome outcome = own_check(offers, count);

    if (outcome != OWN_OK)
        return outcome;
    if (!own_reserve(own, count))
        return OWN_NO_MEMORY;
    for (uint32_t i = 0; i < own->count; i++) {
        struct own_offer *offer = &own->offers[i];
        struct offer view = own_view(offer);
        uint32_t low = 0;
        uint32_t high = count;

        while (low < high) {
            uint32_t middle = low + (high - low) / 2;

            if (offer_compare(&offers[middle], &view) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        if (!offer->present || (low < count && offer_compare(&offers[low], &view) == 0))
            continue;
        offer->present = false;
        damping_add(&offer->damping, now_ms);
    }
    own_forget(own, own->count + count > OWN_ROOM_MAX, now_ms);
    for (uint32_t i = 0; i < count; i++)
        own_put(own, &offers[i], now_ms);
    own_plan(own, now_ms);
    return OWN_OK;
}

enum own_outcome own_set_addresses(struct own *own, const struct span *addresses, uint32_t count)
{
    if (count > ADVERT_ADDRESSES_MAX)
        return OWN_BAD;
    for (uint32_t i = 0; i < count; i++)
        if (addresses[i].size == 0 || addresses[i].size > ADVERT_ADDRESS_MAX)
            return OWN_BAD;
    for (uint32_t i = 0; i < count; i++)
        own->address_sizes[i] = own_copy(own->addresses[i], addresses[i]);
    own->address_count = count;
    own->hard = true;
    return OWN_OK;
}

void own_renew(struct own *own)
{
    own->hard = true;
}

uint64_t own_due(struct own *own, uint64_t now_ms)
{
    uint64_t due_ms = own->hard ? now_ms : own->differs_ms;

    if (own->soft && own->made_ms + ADVERT_SOFT_MS < due_ms)
        due_ms = own->made_ms + ADVERT_SOFT_MS;
    if (due_ms <= now_ms)
        due_ms = bucket_due(&own->bucket, now_ms);
    return due_ms;
}

size_t own_write(struct own *own, struct advert_body *body, uint8_t *out, uint64_t now_ms)
{
    struct offer offers[ADVERT_OFFERS_MAX];
    struct span addresses[ADVERT_ADDRESSES_MAX];

    CHECK(bucket_take(&own->bucket, now_ms));
    body->offer_count = 0;
    for (uint32_t i = 0; i < own->count; i++) {
        struct own_offer *offer = &own->offers[i];

        offer->told = own_is_shown(offer, now_ms);
        if (offer->told)
            offers[body->offer_count++] = own_view(offer);
    }
    for (uint32_t i = 0; i < own->address_count; i++)
        addresses[i] = (struct span){ (const uint8_t *)own->addresses[i], own->address_sizes[i] };
    body->address_count = own->address_count;
    body->sequence = ++own->sequence;
    body->ttl_ms = ADVERT_TTL_MS;
    own->made_ms = now_ms;
    own->hard = false;
    own->soft = false;
    own_plan(own, now_ms);
    return (size_t)(advert_body_write(body, offers, addresses, out) - out);
}
