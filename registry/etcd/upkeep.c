// SPDX-License-Identifier: Apache-2.0
/* What this node writes in etcd. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "registry/etcd/messenger.h"
#include "registry/etcd/path.h"
#include "registry/etcd/v3.h"

enum { UPKEEP_TRIES = 3 }; /* of a write that finds the key changed */

/* Writes a key of this node's own, whatever stands there. `*revisionp` is what is known of it, and
 * what it is then. */
static int upkeep_put(struct messenger *messenger, const char *key, struct mu_bytes value,
        uint64_t lease, uint64_t *revisionp)
{
    bool done = false;
    int r = 0;

    for (int i = 0; r == 0 && !done && i < UPKEEP_TRIES; i++) {
        struct mu_bytes answer;

        r = upstream_ask(messenger, V3_TXN, v3_put_if(key, value, lease, *revisionp), &answer);
        if (r == 0)
            r = v3_read_put_if(answer, &done, revisionp);
    }
    if (r == 0 && !done) {
        snprintf(messenger->gateway.reason, sizeof(messenger->gateway.reason),
                "%s is written by another, again and again: is there a second node of this name?",
                key);
        r = err_new(-EIO);
    }
    return r;
}

/* Signs `body` as this node's next statement, and writes it. */
static int upkeep_state(struct messenger *messenger, Mu__Etcd__V1__StatementBody *body,
        const char *place, uint64_t lease, uint64_t *revisionp)
{
    CLEANUP(cleanup_free) uint8_t *statement = NULL;
    struct timespec now;
    size_t size = 0;
    int r;

    clock_gettime(CLOCK_REALTIME, &now);
    r = cache_next_sequence(&messenger->cache,
            (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u, &body->sequence);
    if (r == 0)
        r = statement_write(body, place, messenger->secret, &statement, &size);
    if (r < 0)
        return err_trace(r);
    return upkeep_put(messenger, place, (struct mu_bytes){ statement, size }, lease, revisionp);
}

/* A value that was looked up. */
struct upkeep_found {
    uint8_t *data; /* owned; NULL: it is not there */
    size_t size;
    uint64_t revision;
};

static int upkeep_note(const struct v3_pair *pair, void *user)
{
    struct upkeep_found *found = user;

    free(found->data);
    found->data = malloc(pair->value.size + 1);
    if (found->data == NULL)
        return err_new(-ENOMEM);
    memcpy(found->data, pair->value.data, pair->value.size);
    found->size = pair->value.size;
    found->revision = pair->revision;
    return 0;
}

static int upkeep_look_up(struct messenger *messenger, const char *key, struct upkeep_found *found)
{
    struct mu_bytes answer;
    uint64_t revision;
    bool more;
    int r = upstream_ask(messenger, V3_RANGE, v3_get(key), &answer);

    return r == 0 ? v3_read_range(answer, upkeep_note, found, &revision, &more) : r;
}

static bool upkeep_is_set(struct mu_bytes set, const uint8_t types[32])
{
    uint8_t hash[32];

    crypto_generichash(hash, sizeof(hash), set.data, set.size, NULL, 0);
    return memcmp(hash, types, sizeof(hash)) == 0;
}

int upkeep_fetch_types(
        struct messenger *messenger, const uint8_t types[32], uint8_t **setp, size_t *sizep)
{
    struct upkeep_found found = { 0 };
    struct path place;
    int r;

    path_of_types(&place, messenger->prefix, types);
    r = upkeep_look_up(messenger, place.text, &found);
    if (r == 0 && (found.data == NULL ||
                          !upkeep_is_set((struct mu_bytes){ found.data, found.size }, types)))
        r = -ENOENT;
    if (r < 0) {
        free(found.data);
        return r;
    }
    *setp = found.data;
    *sizep = found.size;
    return 0;
}

/* Sees to it that etcd has these types: they are not written anew where they are there already. */
static int upkeep_put_types(
        struct messenger *messenger, const uint8_t types[32], struct mu_bytes set)
{
    CLEANUP(cleanup_free) uint8_t *there = NULL;
    struct upkeep_found found = { 0 };
    struct path place;
    int r;

    path_of_types(&place, messenger->prefix, types);
    r = upkeep_look_up(messenger, place.text, &found);
    there = found.data;
    if (r < 0)
        return err_trace(r);
    if (there != NULL && upkeep_is_set((struct mu_bytes){ there, found.size }, types))
        return 0;
    return upkeep_put(messenger, place.text, set, 0, &found.revision);
}

/* Publishes the types of an offer, as the registry describes them. Where it has others, or none,
 * the offer has none either. */
static int upkeep_publish_one(struct messenger *messenger, const uint8_t types[32],
        const Mu__Registry__V1__DescribeReply *described)
{
    int r;

    if (described == NULL || described->types.len != 32 ||
            memcmp(described->types.data, types, 32) != 0) {
        offers_untype(&messenger->offers, types);
        return 0;
    }
    r = upkeep_put_types(messenger, types,
            (struct mu_bytes){ described->descriptor_set.data, described->descriptor_set.len });
    if (r == 0)
        offers_publish(&messenger->offers, types, described->proto_service);
    return r;
}

static int upkeep_publish(struct messenger *messenger)
{
    const struct offer *offer;
    int r = 0;

    while (r == 0 && (offer = offers_unpublished(&messenger->offers)) != NULL) {
        Mu__Registry__V1__DescribeReply *described = NULL;
        uint8_t types[32];

        if (!downstream_describe(messenger, offer, &described))
            return 0; /* the registry is away; it tells all anew when it is back */
        memcpy(types, offer->types, sizeof(types));
        r = upkeep_publish_one(messenger, types, described);
        if (described != NULL)
            mu__registry__v1__describe_reply__free_unpacked(described, NULL);
    }
    return r;
}

static int upkeep_offer(struct messenger *messenger)
{
    Mu__Etcd__V1__StatementBody body = MU__ETCD__V1__STATEMENT_BODY__INIT;
    struct path place;
    int r;

    if (!messenger->registry_lives || clock_ms() < messenger->offers_ms)
        return 0;
    r = upkeep_publish(messenger);
    if (r < 0 || !messenger->offers.changed)
        return r;
    path_of_offers(&place, messenger->prefix, messenger->node);
    r = offers_pack(&messenger->offers, &body.offers);
    if (r < 0)
        return err_trace(r);
    body.what_case = MU__ETCD__V1__STATEMENT_BODY__WHAT_OFFERS;
    messenger->offers_ms = clock_ms() + ETCD_OFFERS_MS;
    r = upkeep_state(messenger, &body, place.text, messenger->lease, &messenger->offers_revision);
    free(body.offers);
    if (r < 0)
        messenger->offers.changed = true;
    return r;
}

static int upkeep_put_holding(struct messenger *messenger, struct holding *holding)
{
    Mu__Etcd__V1__StatementBody body = MU__ETCD__V1__STATEMENT_BODY__INIT;
    Mu__Etcd__V1__Registration registration = MU__ETCD__V1__REGISTRATION__INIT;
    struct mu_bytes manifest = { holding->wanted, holding->wanted_size };
    struct path place;
    int r;

    path_of_service(&place, messenger->prefix, messenger->node, holding->service);
    registration.manifest.data = holding->wanted;
    registration.manifest.len = holding->wanted_size;
    body.registration = &registration;
    body.what_case = MU__ETCD__V1__STATEMENT_BODY__WHAT_REGISTRATION;
    r = upkeep_state(messenger, &body, place.text, 0, &holding->revision);
    return r == 0 ? holding_hold(holding, manifest, holding->revision) : r;
}

static int upkeep_delete_holding(struct messenger *messenger, struct holding *holding)
{
    struct mu_bytes answer;
    struct path place;
    int r;

    path_of_service(&place, messenger->prefix, messenger->node, holding->service);
    r = upstream_ask(messenger, V3_DELETE, v3_delete(place.text), &answer);
    return r == 0 ? holding_hold(holding, (struct mu_bytes){ 0 }, 0) : r;
}

/* Carries out what is to be done in etcd; the rest is the registry's side. */
static int upkeep_keep(struct messenger *messenger)
{
    struct holding *holding = NULL;
    int r = 0;

    for (;;) {
        switch (holdings_next(&messenger->holdings, clock_ms(), &holding)) {
        case HOLDINGS_PUT:
            r = upkeep_put_holding(messenger, holding);
            break;
        case HOLDINGS_DELETE:
            r = upkeep_delete_holding(messenger, holding);
            break;
        case HOLDINGS_NOTHING:
        case HOLDINGS_ADOPT:
        case HOLDINGS_ASK:
            return 0;
        }
        if (r < 0)
            return r;
    }
}

int upkeep_tell(struct messenger *messenger)
{
    int r = upkeep_keep(messenger);

    return r == 0 ? upkeep_offer(messenger) : r;
}

uint64_t upkeep_due(const struct messenger *messenger, uint64_t now_ms)
{
    struct holding *holding;
    enum holdings_action action = holdings_next(&messenger->holdings, now_ms, &holding);

    if (action == HOLDINGS_PUT || action == HOLDINGS_DELETE)
        return now_ms;
    return messenger->registry_lives && messenger->offers.changed ? messenger->offers_ms
                                                                  : UINT64_MAX;
}
