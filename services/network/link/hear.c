// SPDX-License-Identifier: Apache-2.0
/* A message is read twice: once to see that all of it is well formed, once to act on it, so that a
 * broken one changes nothing. A neighbour may withhold and lengthen; a body that it made up is not
 * believed, and costs one look in ROUTE_DOUBT_MS. */
#include "services/network/link/hear.h"

#include <errno.h>

#include "base/err.h"
#include "services/network/link/choice.h"
#include "services/network/link/message.h"
#include "services/network/link/tell.h"

void hear_withdrawal(struct routes *routes, struct neighbour *neighbour, struct node *node)
{
    struct pair *pair = &neighbour->pairs[node->slot];

    if (!pair->reported)
        return;
    pair->reported = false;
    pair->wanted = false;
    neighbour->heard_sum -= pair->heard_hash;
    neighbour->heard_count -= 1;
    node->report_count -= 1;
    choice_stir(routes, node);
}

static void hear_withdraw_all(struct routes *routes, struct neighbour *neighbour)
{
    for (uint32_t i = 0; i < routes->nodes.slot_count; i++)
        if (routes->nodes.slots[i] != NULL)
            hear_withdrawal(routes, neighbour, routes->nodes.slots[i]);
}

/* The node that an advert is of, made where it is new. Returns 0, ROUTES_FULL, or -ENOMEM. */
static int hear_node(struct routes *routes, struct neighbour *neighbour,
        const struct advert *advert, struct node **nodep)
{
    uint32_t doubtful = 0;

    *nodep = nodes_find(&routes->nodes, &advert->node);
    if (*nodep != NULL)
        return 0;
    for (uint32_t i = 0; i < routes->nodes.slot_count; i++) {
        const struct node *node = routes->nodes.slots[i];

        if (node != NULL && !node->held && neighbour->pairs[i].reported)
            doubtful += 1;
    }
    if (doubtful >= ROUTE_DOUBTFUL_MAX)
        return ROUTES_FULL;
    return err_trace(choice_add_node(routes, &advert->node, nodep));
}

/* True where a path is one that an honest neighbour may show: it ends with the neighbour, or is
 * empty and the advert its own. */
static bool hear_path_fits(const struct neighbour *neighbour, const struct advert *advert)
{
    const struct path *path = &advert->path;

    if (path->count == 0)
        return public_key_equal(&advert->node, &neighbour->node->id);
    return public_key_equal(&path->nodes[path->count - 1], &neighbour->node->id);
}

static bool hear_path_loops(const struct routes *routes, const struct advert *advert)
{
    const struct path *path = &advert->path;

    if (public_key_equal(&advert->node, &routes->self->id) || path_has(path, &routes->self->id) ||
            path_has(path, &advert->node))
        return true;
    return path->count == 2 && public_key_equal(&path->nodes[0], &path->nodes[1]);
}

/* True where some neighbour tells the version that is held, or a newer one. */
static bool hear_is_told(const struct routes *routes, const struct node *node, uint64_t now_ms)
{
    for (uint32_t i = 0; i < routes->neighbour_count; i++) {
        const struct pair *pair = &routes->neighbours[i]->pairs[node->slot];

        if (pair_is_credible(pair, now_ms) && version_compare(&pair->version, &node->version) >= 0)
            return true;
    }
    return false;
}

/* Takes over a body: a newer one, or what there is where nobody tells the held one any more.
 * Returns 0 or -ENOMEM. */
static int hear_body(struct routes *routes, struct neighbour *neighbour, struct node *node,
        const struct advert *advert, uint64_t now_ms)
{
    struct pair *pair = &neighbour->pairs[node->slot];
    struct identity identity;
    uint64_t valid_ms = 0;
    int order = node->held ? version_compare(&advert->version, &node->version) : 1;
    int r;

    if (node->asked == neighbour)
        node->asked = NULL;
    pair->silent_until_ms = 0;
    if (order == 0 || (order < 0 && hear_is_told(routes, node, now_ms)))
        return 0;
    if (pair->doubt_check == advert->version.check && now_ms < pair->doubt_until_ms)
        return 0;
    routes->adverts_verified += 1;
    if (!routes->settings.believe(routes->settings.context, advert, &identity, &valid_ms)) {
        routes->adverts_refused += 1;
        pair->doubt_check = advert->version.check;
        pair->doubt_until_ms = now_ms + ROUTE_DOUBT_MS;
        return 0;
    }
    r = node_hold(node, advert);
    if (r < 0)
        return err_trace(r);
    node->identity = identity;
    node->until_ms = valid_ms < UINT64_MAX - now_ms ? now_ms + valid_ms : UINT64_MAX;
    node->changed = true;
    return 0;
}

static int hear_advert(struct routes *routes, struct neighbour *neighbour,
        const struct advert *advert, uint64_t now_ms)
{
    struct node *node;
    struct pair *pair;
    int r = hear_node(routes, neighbour, advert, &node);

    if (r == ROUTES_FULL) {
        routes->nodes_refused += 1; /* the digests will not fit: it is told again, more rarely */
        return 0;
    }
    if (r < 0)
        return err_trace(r);
    pair = &neighbour->pairs[node->slot];
    if (pair->reported) {
        neighbour->heard_sum -= pair->heard_hash;
    } else {
        neighbour->heard_count += 1;
        node->report_count += 1;
    }
    pair->reported = true;
    pair->looped = hear_path_loops(routes, advert);
    pair->version = advert->version;
    pair->path = advert->path;
    pair->metric_us = advert->metric_us;
    pair->heard_hash = entry_hash(advert);
    neighbour->heard_sum += pair->heard_hash;
    node->heard_ms = now_ms;
    choice_stir(routes, node);
    if (advert->body.size == 0 || pair->looped)
        return 0;
    return err_trace(hear_body(routes, neighbour, node, advert, now_ms));
}

/* The numbers of a batch. */
struct batch {
    uint64_t number;
    uint64_t start;
};

/* Reads a batch without acting on it. */
static bool hear_check_adverts(
        const struct neighbour *neighbour, struct span bytes, struct batch *batch)
{
    struct fields fields = fields_of(bytes);
    struct advert advert;
    struct field field;
    enum field_outcome outcome;

    *batch = (struct batch){ 0 };
    while ((outcome = field_next(&fields, &field)) == FIELD_OK) {
        if (field_is(&field, ADVERTS_ADVERTS, WIRE_BYTES)) {
            if (advert_read(&advert, field.bytes) != ADVERT_OK ||
                    !hear_path_fits(neighbour, &advert))
                return false;
        } else if (field_is(&field, ADVERTS_WITHDRAWN, WIRE_BYTES)) {
            if (field.bytes.size != PUBLIC_KEY_SIZE)
                return false;
        } else if (field_is(&field, ADVERTS_NUMBER, WIRE_VARINT)) {
            batch->number = field.value;
        } else if (field_is(&field, ADVERTS_START, WIRE_VARINT)) {
            batch->start = field.value;
        } else if (field.number <= ADVERTS_START) {
            return false;
        }
    }
    return outcome == FIELD_END && batch->number > 0 && batch->start < ADVERTS_STARTS;
}

static struct node *hear_find(const struct routes *routes, struct span id)
{
    struct public_key key;

    memcpy(key.bytes, id.data, PUBLIC_KEY_SIZE);
    return nodes_find(&routes->nodes, &key);
}

static int hear_adverts(
        struct routes *routes, struct neighbour *neighbour, struct span bytes, uint64_t now_ms)
{
    struct fields fields = fields_of(bytes);
    struct batch batch;
    struct field field;

    if (!hear_check_adverts(neighbour, bytes, &batch))
        return ROUTES_BAD;
    if (batch.start == ADVERTS_NEXT ? batch.number != neighbour->taken + 1
                                    : batch.number <= neighbour->taken)
        return 0; /* behind a gap, or once more: the digests will show it */
    if (batch.start == ADVERTS_ANEW)
        hear_withdraw_all(routes, neighbour);
    while (field_next(&fields, &field) == FIELD_OK) {
        struct advert advert;
        int r = 0;

        if (field_is(&field, ADVERTS_ADVERTS, WIRE_BYTES) &&
                advert_read(&advert, field.bytes) == ADVERT_OK) {
            r = hear_advert(routes, neighbour, &advert, now_ms);
        } else if (field_is(&field, ADVERTS_WITHDRAWN, WIRE_BYTES)) {
            struct node *node = hear_find(routes, field.bytes);

            if (node != NULL)
                hear_withdrawal(routes, neighbour, node);
        }
        if (r < 0)
            return err_trace(r);
    }
    neighbour->taken = batch.number;
    neighbour->confirm = true;
    return 0;
}

/* All batches up to `number` are confirmed: what they told is all that the neighbour believes of
 * it. What is to be told again was not confirmed, whatever its old number. */
static void hear_confirmation(
        struct routes *routes, struct neighbour *neighbour, uint64_t number, uint64_t now_ms)
{
    if (number <= neighbour->confirmed)
        return;
    for (uint32_t i = 0; i < routes->nodes.slot_count; i++) {
        struct pair *pair = &neighbour->pairs[i];

        if (pair->number <= neighbour->confirmed || pair->number > number || pair->force ||
                pair->floor == pair->told_hops || routes->nodes.slots[i] == NULL)
            continue;
        pair->floor = pair->told_hops;
        choice_stir(routes, routes->nodes.slots[i]);
    }
    neighbour->confirmed = number;
    neighbour->sent_ms = now_ms;
}

static int hear_taken(
        struct routes *routes, struct neighbour *neighbour, struct span bytes, uint64_t now_ms)
{
    struct fields fields = fields_of(bytes);
    struct field field;
    enum field_outcome outcome;
    uint64_t number = 0;

    while ((outcome = field_next(&fields, &field)) == FIELD_OK) {
        if (field.number == TAKEN_NUMBER && field.wire != WIRE_VARINT)
            return ROUTES_BAD;
        if (field.number == TAKEN_NUMBER)
            number = field.value;
    }
    if (outcome == FIELD_BAD || number > neighbour->sent)
        return ROUTES_BAD;
    hear_confirmation(routes, neighbour, number, now_ms);
    return 0;
}

struct digest {
    uint64_t hash;
    uint64_t adverts;
    uint64_t told;
    uint64_t taken;
};

static bool hear_read_digest(struct span bytes, struct digest *digest)
{
    struct fields fields = fields_of(bytes);
    struct field field;
    enum field_outcome outcome;

    *digest = (struct digest){ 0 };
    while ((outcome = field_next(&fields, &field)) == FIELD_OK) {
        if (field_is(&field, DIGEST_HASH, WIRE_FIXED64))
            digest->hash = field.value;
        else if (field_is(&field, DIGEST_ADVERTS, WIRE_VARINT))
            digest->adverts = field.value;
        else if (field_is(&field, DIGEST_TOLD, WIRE_VARINT))
            digest->told = field.value;
        else if (field_is(&field, DIGEST_TAKEN, WIRE_VARINT))
            digest->taken = field.value;
        else if (field.number <= DIGEST_TAKEN)
            return false;
    }
    return outcome == FIELD_END;
}

/* What is told once more or anew when digests do not fit, and how often that is asked for: behind
 * the 1st, 2nd, 4th, 8th … misfit, so that no misfit that nothing can mend becomes a habit. */
static int hear_digest(
        struct routes *routes, struct neighbour *neighbour, struct span bytes, uint64_t now_ms)
{
    struct digest digest;

    if (!hear_read_digest(bytes, &digest) || digest.taken > neighbour->sent)
        return ROUTES_BAD;
    hear_confirmation(routes, neighbour, digest.taken, now_ms);
    if (neighbour->confirmed < neighbour->sent && now_ms - neighbour->sent_ms >= ROUTE_RETRY_MS)
        tell_again(routes, neighbour);
    if (digest.told != neighbour->taken)
        return 0; /* lost: our own digest says so */
    neighbour->heard_ms = now_ms;
    if (digest.hash == neighbour->heard_sum && digest.adverts == neighbour->heard_count) {
        neighbour->miss_count = 0;
        return 0;
    }
    neighbour->miss_count += 1;
    if ((neighbour->miss_count & (neighbour->miss_count - 1)) == 0)
        neighbour->want_anew = true;
    return 0;
}

static int hear_wanted(
        struct routes *routes, struct neighbour *neighbour, struct span bytes, uint64_t now_ms)
{
    struct fields fields = fields_of(bytes);
    struct field field;
    enum field_outcome outcome;
    uint32_t count = 0;

    while ((outcome = field_next(&fields, &field)) == FIELD_OK) {
        struct node *node;

        if (field.number != WANTED_NODES)
            continue;
        if (field.wire != WIRE_BYTES || field.bytes.size != PUBLIC_KEY_SIZE)
            return ROUTES_BAD;
        count += 1;
        node = hear_find(routes, field.bytes);
        if (node == NULL || neighbour->pairs[node->slot].told_hash == 0)
            continue; /* withdrawn meanwhile */
        neighbour->pairs[node->slot].whole = true;
        neighbour_stir(neighbour, node);
    }
    if (outcome == FIELD_BAD)
        return ROUTES_BAD;
    if (count == 0)
        tell_anew(routes, neighbour, now_ms);
    return 0;
}

/* What others send each other here may be longer. */
static bool hear_is_mine(uint32_t number)
{
    return number == PEER_ADVERTS || number == PEER_ADVERTS_TAKEN || number == PEER_DIGEST ||
           number == PEER_ADVERTS_WANTED;
}

int hear_message(
        struct routes *routes, struct neighbour *neighbour, struct span message, uint64_t now_ms)
{
    struct fields fields = fields_of(message);
    struct field field;

    if (field_next(&fields, &field) != FIELD_OK || fields.at != fields.end ||
            field.wire != WIRE_BYTES)
        return ROUTES_BAD;
    if (hear_is_mine(field.number) && message.size > ROUTE_MESSAGE_MAX)
        return ROUTES_BAD;
    switch (field.number) {
    case PEER_ADVERTS:
        return err_trace(hear_adverts(routes, neighbour, field.bytes, now_ms));
    case PEER_ADVERTS_TAKEN:
        return hear_taken(routes, neighbour, field.bytes, now_ms);
    case PEER_DIGEST:
        return hear_digest(routes, neighbour, field.bytes, now_ms);
    case PEER_ADVERTS_WANTED:
        return hear_wanted(routes, neighbour, field.bytes, now_ms);
    default:
        return ROUTES_NOT_MINE;
    }
}

void hear_recheck(struct routes *routes, struct node *node, uint64_t now_ms)
{
    struct advert advert = node_advert(node);
    struct identity identity;
    uint64_t valid_ms = 0;

    routes->adverts_verified += 1;
    if (routes->settings.believe(routes->settings.context, &advert, &identity, &valid_ms)) {
        node->identity = identity;
        node->until_ms = valid_ms < UINT64_MAX - now_ms ? now_ms + valid_ms : UINT64_MAX;
        return;
    }
    routes->adverts_refused += 1;
    for (uint32_t i = 0; i < routes->neighbour_count; i++) {
        struct pair *pair = &routes->neighbours[i]->pairs[node->slot];

        pair->doubt_check = node->version.check;
        pair->doubt_until_ms = now_ms + ROUTE_DOUBT_MS;
    }
    node_let_go(node);
    choice_stir(routes, node);
}
