// SPDX-License-Identifier: Apache-2.0
/* A batch is made when it can leave, of what differs at that moment between what the neighbour was
 * told and what holds: what came and went again in between costs nothing. */
#include "services/network/link/tell.h"

#include "base/check.h"
#include "services/network/link/message.h"

enum {
    HEAD_ROOM = 8, /* bytes before a batch: tag and length of the PeerMessage's field */
    TAIL_ROOM = 16 /* and behind its adverts: number and start */
};

/* What holds of `node`, for this neighbour. False where it is nothing: the node is not reached, or
 * only over too many links, or through the neighbour itself, or is the neighbour. */
static bool tell_holds(const struct routes *routes, const struct neighbour *neighbour,
        const struct node *node, struct advert *advert)
{
    if (node == neighbour->node || node->hops >= ROUTE_HOPS_MAX || !node->held)
        return false;
    *advert = node_advert(node);
    if (node == routes->self)
        return true;
    if (path_has(&node->route_path, &neighbour->node->id) || node->via->node->damped)
        return false;
    advert->path = node->route_path;
    advert->path.nodes[advert->path.count++] = routes->self->id;
    advert->metric_us = node->metric_us;
    return true;
}

/* True where the body goes along: who was told this version before has it, and who tells of the
 * same boot itself gets it from somebody nearer. Who has it not after all asks for it. */
static bool tell_with_body(
        const struct routes *routes, const struct pair *pair, const struct advert *advert)
{
    if (pair->whole)
        return true;
    if (pair->told_check == advert->version.check)
        return false;
    return public_key_equal(&advert->node, &routes->self->id) || !pair->reported ||
           pair->version.epoch != advert->version.epoch;
}

/* Keeps the books of what was told. */
static void tell_note(
        struct neighbour *neighbour, struct pair *pair, const struct advert *advert, uint64_t hash)
{
    uint8_t hops = advert != NULL ? (uint8_t)advert->path.count : HOPS_NONE;

    neighbour->told_sum += hash - pair->told_hash;
    neighbour->told_count += (hash != 0) - (pair->told_hash != 0);
    pair->told_hash = hash;
    pair->told_hops = hops;
    if (hops < pair->floor)
        pair->floor = hops;
    if (advert != NULL)
        pair->told_check = advert->version.check;
    pair->number = neighbour->sent + 1;
    pair->force = false;
    pair->whole = false;
}

/* Adds what is to be told of one node, if anything. Returns the new end, or NULL where it does not
 * fit any more. */
static uint8_t *tell_add(
        struct routes *routes, struct neighbour *neighbour, const struct node *node, uint8_t *out)
{
    struct pair *pair = &neighbour->pairs[node->slot];
    size_t room = ROUTE_MESSAGE_MAX - TAIL_ROOM - (size_t)(out - routes->message);
    struct advert advert = { 0 };
    bool holds = tell_holds(routes, neighbour, node, &advert);
    uint64_t hash = holds ? entry_hash(&advert) : 0;
    size_t size = PUBLIC_KEY_SIZE;

    if (hash == pair->told_hash && !pair->force && !pair->whole)
        return out;
    if (holds) {
        if (!tell_with_body(routes, pair, &advert))
            advert.body.size = 0;
        size = advert_size(&advert);
    }
    if (bytes_field_size(size) > room)
        return NULL;
    if (holds) {
        out = bytes_field_open(out, ADVERTS_ADVERTS, size);
        out = advert_write(&advert, out);
    } else {
        out = bytes_field_write(
                out, ADVERTS_WITHDRAWN, (struct span){ node->id.bytes, PUBLIC_KEY_SIZE });
    }
    tell_note(neighbour, pair, holds ? &advert : NULL, hash);
    return out;
}

/* Puts tag and length in front of what stands at HEAD_ROOM. */
static struct span tell_wrap(struct routes *routes, uint32_t number, const uint8_t *end)
{
    size_t size = (size_t)(end - routes->message) - HEAD_ROOM;
    uint8_t *start = routes->message + HEAD_ROOM - 1 - varint_size(size);

    bytes_field_open(start, number, size);
    return (struct span){ start, (size_t)(end - start) };
}

static bool tell_batch(
        struct routes *routes, struct neighbour *neighbour, struct span *messagep, uint64_t now_ms)
{
    uint8_t *out = routes->message + HEAD_ROOM;
    bool more = false;

    for (uint32_t i = 0; i < routes->nodes.slot_count && !more; i++) {
        uint8_t *end;

        if (!neighbour->pairs[i].dirty || routes->nodes.slots[i] == NULL)
            continue;
        end = tell_add(routes, neighbour, routes->nodes.slots[i], out);
        more = end == NULL;
        if (!more) {
            neighbour->pairs[i].dirty = false;
            out = end;
        }
    }
    neighbour->dirty = more;
    if (out == routes->message + HEAD_ROOM && neighbour->start == ADVERTS_NEXT)
        return false;
    if (neighbour->sent == neighbour->confirmed)
        neighbour->sent_ms = now_ms;
    neighbour->sent += 1;
    out = number_field_write(out, ADVERTS_NUMBER, neighbour->sent);
    out = number_field_write(out, ADVERTS_START, neighbour->start);
    neighbour->start = ADVERTS_NEXT;
    *messagep = tell_wrap(routes, PEER_ADVERTS, out);
    return true;
}

static struct span tell_taken(struct routes *routes, struct neighbour *neighbour)
{
    uint8_t *out = routes->message + HEAD_ROOM;

    neighbour->confirm = false;
    out = number_field_write(out, TAKEN_NUMBER, neighbour->taken);
    return tell_wrap(routes, PEER_ADVERTS_TAKEN, out);
}

static struct span tell_digest(struct routes *routes, struct neighbour *neighbour, uint64_t now_ms)
{
    uint8_t *out = routes->message + HEAD_ROOM;

    neighbour->digest_ms = now_ms + ROUTE_DIGEST_MS;
    out = fixed64_field_write(out, DIGEST_HASH, neighbour->told_sum);
    out = number_field_write(out, DIGEST_ADVERTS, neighbour->told_count);
    out = number_field_write(out, DIGEST_TOLD, neighbour->sent);
    out = number_field_write(out, DIGEST_TAKEN, neighbour->taken);
    return tell_wrap(routes, PEER_DIGEST, out);
}

/* Asks for bodies; for everything where `want_anew` says so. */
static bool tell_wanted(struct routes *routes, struct neighbour *neighbour, struct span *messagep)
{
    uint8_t *out = routes->message + HEAD_ROOM;
    bool asks = neighbour->want_anew;

    if (!neighbour->want && !asks)
        return false;
    for (uint32_t i = 0; i < routes->nodes.slot_count; i++) {
        struct node *node = routes->nodes.slots[i];
        bool wanted = neighbour->pairs[i].wanted && node != NULL;

        neighbour->pairs[i].wanted = false;
        if (!wanted || neighbour->want_anew)
            continue;
        asks = true;
        out = bytes_field_write(
                out, WANTED_NODES, (struct span){ node->id.bytes, PUBLIC_KEY_SIZE });
    }
    neighbour->want = false;
    neighbour->want_anew = false;
    *messagep = tell_wrap(routes, PEER_ADVERTS_WANTED, out);
    return asks;
}

/* Asks for types that are offered behind this neighbour. */
static bool tell_types(
        struct routes *routes, struct neighbour *neighbour, struct span *messagep, uint64_t now_ms)
{
    for (uint32_t i = 0; i < routes->missing.count;) {
        struct missing_types *entry = &routes->missing.entries[i];
        const struct node *node = nodes_find(&routes->nodes, &entry->node);
        uint8_t *out = routes->message + HEAD_ROOM;

        if (node == NULL || node->via == NULL) {
            missing_remove(&routes->missing, (struct span){ entry->types, ADVERT_TYPES_SIZE });
            continue;
        }
        i += 1;
        if (node->via != neighbour || entry->ask_ms > now_ms)
            continue;
        missing_ask(entry, now_ms);
        out = bytes_field_write(out, TYPES_WANTED_SERVICE,
                (struct span){ (const uint8_t *)entry->service, entry->service_size });
        out = bytes_field_write(
                out, TYPES_WANTED_TYPES, (struct span){ entry->types, ADVERT_TYPES_SIZE });
        *messagep = tell_wrap(routes, PEER_TYPES_WANTED, out);
        return true;
    }
    return false;
}

/* When the next batch may leave. */
static uint64_t tell_batch_due(struct neighbour *neighbour, uint64_t now_ms)
{
    if (!neighbour->dirty && neighbour->start == ADVERTS_NEXT)
        return UINT64_MAX;
    if (neighbour->sent - neighbour->confirmed >= ROUTE_WINDOW && neighbour->start == ADVERTS_NEXT)
        return UINT64_MAX; /* its confirmation is the event */
    return bucket_due(&neighbour->bucket, now_ms);
}

bool tell_next(
        struct routes *routes, struct neighbour *neighbour, struct span *messagep, uint64_t now_ms)
{
    if (neighbour->confirm) {
        *messagep = tell_taken(routes, neighbour);
        return true;
    }
    if (tell_batch_due(neighbour, now_ms) <= now_ms &&
            tell_batch(routes, neighbour, messagep, now_ms)) {
        if (messagep->size < ROUTE_MESSAGE_FULL)
            CHECK(bucket_take(&neighbour->bucket, now_ms));
        return true;
    }
    if (tell_wanted(routes, neighbour, messagep) || tell_types(routes, neighbour, messagep, now_ms))
        return true;
    if (neighbour->digest_ms > now_ms)
        return false;
    *messagep = tell_digest(routes, neighbour, now_ms);
    return true;
}

uint64_t tell_due(struct neighbour *neighbour, uint64_t now_ms)
{
    uint64_t due_ms = tell_batch_due(neighbour, now_ms);

    if (neighbour->confirm || neighbour->want || neighbour->want_anew)
        return now_ms;
    return due_ms < neighbour->digest_ms ? due_ms : neighbour->digest_ms;
}

void tell_again(struct routes *routes, struct neighbour *neighbour)
{
    for (uint32_t i = 0; i < routes->nodes.slot_count; i++) {
        struct pair *pair = &neighbour->pairs[i];

        if (routes->nodes.slots[i] == NULL || pair->number <= neighbour->confirmed)
            continue;
        pair->force = true;
        pair->dirty = true;
        pair->told_check = 0; /* its body may be lost, too */
    }
    neighbour->dirty = true;
    if (neighbour->start == ADVERTS_NEXT)
        neighbour->start = ADVERTS_AGAIN;
}

void tell_anew(struct routes *routes, struct neighbour *neighbour, uint64_t now_ms)
{
    if (neighbour->anew_ms != 0 && now_ms - neighbour->anew_ms < ROUTE_DIGEST_MS / 2)
        return;
    neighbour->anew_ms = now_ms;
    for (uint32_t i = 0; i < routes->nodes.slot_count; i++) {
        struct pair *pair = &neighbour->pairs[i];

        if (routes->nodes.slots[i] == NULL || pair->told_hash == 0)
            continue;
        pair->force = true;
        pair->dirty = true;
    }
    neighbour->dirty = true;
    neighbour->start = ADVERTS_ANEW;
}
