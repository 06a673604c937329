// SPDX-License-Identifier: Apache-2.0
/* Offers stand in order, so that a node's offers have one spelling, a repeated one is seen in
 * passing, and equal offers make equal bytes. */
#include "services/network/link/advert.h"

#include <sodium.h>

#include "base/check.h"

enum { EPOCH_BOOT_BITS = 20 };

/* Field numbers of mu.link.v1.Advert. */
enum {
    FIELD_BODY = 1,
    FIELD_SIGNATURE = 2,
    FIELD_CHAIN = 3,
    FIELD_PATH = 4,
    FIELD_METRIC = 5,
    FIELD_MENTION_NODE = 6,
    FIELD_MENTION_EPOCH = 7,
    FIELD_MENTION_SEQUENCE = 8,
    FIELD_MENTION_CHECK = 9
};

/* Of mu.link.v1.AdvertBody. */
enum {
    FIELD_NODE = 1,
    FIELD_EPOCH = 2,
    FIELD_SEQUENCE = 3,
    FIELD_OFFERS = 4,
    FIELD_ADDRESSES = 5,
    FIELD_TTL = 6
};

/* Of mu.link.v1.Offer. */
enum {
    FIELD_SERVICE = 1,
    FIELD_VERSION = 2,
    FIELD_TYPES = 3,
    FIELD_INSTANCES = 4,
    FIELD_LATENCY = 5,
    FIELD_PROTO_SERVICE = 6
};

uint64_t advert_epoch(uint64_t wall_ms, uint64_t boot_id)
{
    uint64_t boot = boot_id & ((UINT64_C(1) << EPOCH_BOOT_BITS) - 1);

    return wall_ms << EPOCH_BOOT_BITS | boot;
}

static int number_compare(uint64_t one, uint64_t two)
{
    return (one > two) - (one < two);
}

int version_compare(const struct version *one, const struct version *two)
{
    if (one->epoch != two->epoch)
        return number_compare(one->epoch, two->epoch);
    if (one->sequence != two->sequence)
        return number_compare(one->sequence, two->sequence);
    return number_compare(one->check, two->check);
}

bool path_has(const struct path *path, const struct public_key *node)
{
    for (uint32_t i = 0; i < path->count; i++)
        if (public_key_equal(&path->nodes[i], node))
            return true;
    return false;
}

void advert_hash(struct span body, uint8_t hash[ADVERT_HASH_SIZE])
{
    crypto_generichash(hash, ADVERT_HASH_SIZE, body.data, body.size, NULL, 0);
}

/* ---- the envelope around a body ---- */

static bool key_take(struct public_key *key, const struct field *field)
{
    if (field->wire != WIRE_BYTES || field->bytes.size != PUBLIC_KEY_SIZE)
        return false;
    memcpy(key->bytes, field->bytes.data, PUBLIC_KEY_SIZE);
    return true;
}

static bool span_take(struct span *span, const struct field *field, size_t max)
{
    if (field->wire != WIRE_BYTES || field->bytes.size > max)
        return false;
    *span = field->bytes;
    return true;
}

static bool number_take(uint32_t *number, const struct field *field)
{
    if (field->wire != WIRE_VARINT || field->value > UINT32_MAX)
        return false;
    *number = (uint32_t)field->value;
    return true;
}

static bool long_take(uint64_t *number, const struct field *field, uint32_t wire)
{
    *number = field->value;
    return field->wire == wire;
}

static bool advert_take(struct advert *advert, const struct field *field)
{
    switch (field->number) {
    case FIELD_BODY:
        return span_take(&advert->body, field, ADVERT_BODY_MAX);
    case FIELD_SIGNATURE:
        return span_take(&advert->signature, field, SIGNATURE_SIZE);
    case FIELD_CHAIN:
        return span_take(&advert->chain, field, ADVERT_CHAIN_MAX);
    case FIELD_PATH:
        return advert->path.count < ROUTE_HOPS_MAX - 1 &&
               key_take(&advert->path.nodes[advert->path.count++], field);
    case FIELD_METRIC:
        return number_take(&advert->metric_us, field);
    case FIELD_MENTION_NODE:
        return key_take(&advert->node, field);
    case FIELD_MENTION_EPOCH:
        return long_take(&advert->version.epoch, field, WIRE_VARINT);
    case FIELD_MENTION_SEQUENCE:
        return long_take(&advert->version.sequence, field, WIRE_VARINT);
    case FIELD_MENTION_CHECK:
        return long_take(&advert->version.check, field, WIRE_FIXED64);
    default:
        return true;
    }
}

enum advert_outcome advert_read(struct advert *advert, struct span bytes)
{
    struct advert read = { 0 };
    struct fields fields = fields_of(bytes);
    struct advert_body body;
    struct field field;
    enum field_outcome outcome;
    uint8_t hash[ADVERT_HASH_SIZE];
    uint32_t seen = 0;

    while ((outcome = field_next(&fields, &field)) == FIELD_OK) {
        uint32_t bit = field.number <= FIELD_MENTION_CHECK ? 1u << field.number : 0;

        if ((seen & bit) != 0 && field.number != FIELD_PATH)
            return ADVERT_BAD;
        seen |= bit;
        if (!advert_take(&read, &field))
            return ADVERT_BAD;
    }
    if (outcome == FIELD_BAD)
        return ADVERT_BAD;
    if ((seen & 1u << FIELD_MENTION_NODE) != 0) {
        if ((seen & (1u << FIELD_BODY | 1u << FIELD_SIGNATURE | 1u << FIELD_CHAIN)) != 0 ||
                read.version.sequence == 0)
            return ADVERT_BAD;
    } else {
        if (seen >> FIELD_MENTION_NODE != 0 || read.signature.size != SIGNATURE_SIZE ||
                advert_body_read(&body, read.body) != ADVERT_OK)
            return ADVERT_BAD;
        advert_hash(read.body, hash);
        read.node = body.node;
        read.version = (struct version){ body.epoch, body.sequence, fixed64_read(hash) };
    }
    *advert = read;
    return ADVERT_OK;
}

size_t advert_size(const struct advert *advert)
{
    size_t size = advert->path.count * bytes_field_size(PUBLIC_KEY_SIZE) +
                  number_field_size(advert->metric_us);

    if (advert->body.size > 0)
        return size + bytes_field_size(advert->body.size) + bytes_field_size(SIGNATURE_SIZE) +
               bytes_field_size(advert->chain.size);
    return size + bytes_field_size(PUBLIC_KEY_SIZE) + number_field_size(advert->version.epoch) +
           number_field_size(advert->version.sequence) + FIXED64_FIELD_SIZE;
}

uint8_t *advert_write(const struct advert *advert, uint8_t *out)
{
    if (advert->body.size > 0) {
        out = bytes_field_write(out, FIELD_BODY, advert->body);
        out = bytes_field_write(out, FIELD_SIGNATURE, advert->signature);
        out = bytes_field_write(out, FIELD_CHAIN, advert->chain);
    }
    for (uint32_t i = 0; i < advert->path.count; i++)
        out = bytes_field_write(
                out, FIELD_PATH, (struct span){ advert->path.nodes[i].bytes, PUBLIC_KEY_SIZE });
    out = number_field_write(out, FIELD_METRIC, advert->metric_us);
    if (advert->body.size == 0) {
        out = bytes_field_write(
                out, FIELD_MENTION_NODE, (struct span){ advert->node.bytes, PUBLIC_KEY_SIZE });
        out = number_field_write(out, FIELD_MENTION_EPOCH, advert->version.epoch);
        out = number_field_write(out, FIELD_MENTION_SEQUENCE, advert->version.sequence);
        out = fixed64_field_write(out, FIELD_MENTION_CHECK, advert->version.check);
    }
    return out;
}

/* ---- the body ---- */

static int span_compare(struct span one, struct span two)
{
    size_t size = one.size < two.size ? one.size : two.size;
    int order = size > 0 ? memcmp(one.data, two.data, size) : 0;

    return order != 0 ? order : number_compare(one.size, two.size);
}

int offer_compare(const struct offer *one, const struct offer *two)
{
    int order = span_compare(one->service, two->service);

    return order != 0 ? order : span_compare(one->version, two->version);
}

/* Printable ASCII without blanks: what is shown to people and compared byte by byte. */
static bool word_is_valid(struct span word, size_t max)
{
    if (word.size > max)
        return false;
    for (size_t i = 0; i < word.size; i++)
        if (word.data[i] <= ' ' || word.data[i] > '~')
            return false;
    return true;
}

bool offer_is_valid(const struct offer *offer)
{
    return service_name_is_valid(offer->service) && offer->instances > 0 &&
           word_is_valid(offer->version, ADVERT_VERSION_MAX) &&
           (offer->types.size == 0 || offer->types.size == ADVERT_TYPES_SIZE) &&
           word_is_valid(offer->proto_service, ADVERT_PROTO_NAME_MAX);
}

static bool offer_take(struct offer *offer, const struct field *field)
{
    switch (field->number) {
    case FIELD_SERVICE:
        return span_take(&offer->service, field, SERVICE_NAME_MAX);
    case FIELD_VERSION:
        return span_take(&offer->version, field, ADVERT_VERSION_MAX);
    case FIELD_TYPES:
        return span_take(&offer->types, field, ADVERT_TYPES_SIZE);
    case FIELD_INSTANCES:
        return number_take(&offer->instances, field);
    case FIELD_LATENCY:
        return number_take(&offer->latency_us, field);
    case FIELD_PROTO_SERVICE:
        return span_take(&offer->proto_service, field, ADVERT_PROTO_NAME_MAX);
    default:
        return true;
    }
}

static bool offer_read(struct offer *offer, struct span bytes)
{
    struct fields fields = fields_of(bytes);
    struct field field;
    enum field_outcome outcome;
    uint32_t seen = 0;

    *offer = (struct offer){ 0 };
    while ((outcome = field_next(&fields, &field)) == FIELD_OK) {
        uint32_t bit = field.number <= FIELD_PROTO_SERVICE ? 1u << field.number : 0;

        if ((seen & bit) != 0 || !offer_take(offer, &field))
            return false;
        seen |= bit;
    }
    return outcome == FIELD_END;
}

static bool body_take_offer(
        struct advert_body *body, const struct field *field, struct offer *before)
{
    struct offer offer;

    if (field->wire != WIRE_BYTES || body->offer_count == ADVERT_OFFERS_MAX ||
            !offer_read(&offer, field->bytes) || !offer_is_valid(&offer))
        return false;
    if (body->offer_count > 0 && offer_compare(before, &offer) >= 0)
        return false;
    *before = offer;
    body->offer_count += 1;
    return true;
}

static bool body_take_address(struct advert_body *body, const struct field *field)
{
    body->address_count += 1;
    return field->wire == WIRE_BYTES && body->address_count <= ADVERT_ADDRESSES_MAX &&
           field->bytes.size > 0 && word_is_valid(field->bytes, ADVERT_ADDRESS_MAX);
}

static bool body_take(struct advert_body *body, const struct field *field, struct offer *before)
{
    switch (field->number) {
    case FIELD_NODE:
        return key_take(&body->node, field);
    case FIELD_EPOCH:
        return long_take(&body->epoch, field, WIRE_VARINT);
    case FIELD_SEQUENCE:
        return long_take(&body->sequence, field, WIRE_VARINT);
    case FIELD_OFFERS:
        return body_take_offer(body, field, before);
    case FIELD_ADDRESSES:
        return body_take_address(body, field);
    case FIELD_TTL:
        return number_take(&body->ttl_ms, field);
    default:
        return true;
    }
}

enum advert_outcome advert_body_read(struct advert_body *body, struct span bytes)
{
    struct advert_body read = { 0 };
    struct fields fields = fields_of(bytes);
    struct field field;
    struct offer before = { 0 };
    enum field_outcome outcome;
    uint32_t seen = 0;

    if (bytes.size > ADVERT_BODY_MAX)
        return ADVERT_BAD;
    while ((outcome = field_next(&fields, &field)) == FIELD_OK) {
        bool repeats = field.number == FIELD_OFFERS || field.number == FIELD_ADDRESSES;
        uint32_t bit = field.number <= FIELD_TTL && !repeats ? 1u << field.number : 0;

        if ((seen & bit) != 0 || !body_take(&read, &field, &before))
            return ADVERT_BAD;
        seen |= bit;
    }
    if (outcome == FIELD_BAD || (seen & 1u << FIELD_NODE) == 0 || read.sequence == 0 ||
            read.ttl_ms == 0 || read.ttl_ms > ADVERT_TTL_MS)
        return ADVERT_BAD;
    *body = read;
    return ADVERT_OK;
}

bool advert_next_offer(struct fields *fields, struct offer *offer)
{
    struct field field;

    while (field_next(fields, &field) == FIELD_OK)
        if (field_is(&field, FIELD_OFFERS, WIRE_BYTES))
            return offer_read(offer, field.bytes);
    return false;
}

bool advert_next_address(struct fields *fields, struct span *address)
{
    struct field field;

    while (field_next(fields, &field) == FIELD_OK)
        if (field_is(&field, FIELD_ADDRESSES, WIRE_BYTES)) {
            *address = field.bytes;
            return true;
        }
    return false;
}

static size_t offer_size(const struct offer *offer)
{
    size_t size = bytes_field_size(offer->service.size) + number_field_size(offer->instances) +
                  number_field_size(offer->latency_us);

    if (offer->version.size > 0)
        size += bytes_field_size(offer->version.size);
    if (offer->types.size > 0)
        size += bytes_field_size(offer->types.size);
    if (offer->proto_service.size > 0)
        size += bytes_field_size(offer->proto_service.size);
    return size;
}

static uint8_t *offer_write(const struct offer *offer, uint8_t *out)
{
    out = bytes_field_write(out, FIELD_SERVICE, offer->service);
    if (offer->version.size > 0)
        out = bytes_field_write(out, FIELD_VERSION, offer->version);
    if (offer->types.size > 0)
        out = bytes_field_write(out, FIELD_TYPES, offer->types);
    out = number_field_write(out, FIELD_INSTANCES, offer->instances);
    out = number_field_write(out, FIELD_LATENCY, offer->latency_us);
    if (offer->proto_service.size > 0)
        out = bytes_field_write(out, FIELD_PROTO_SERVICE, offer->proto_service);
    return out;
}

size_t advert_body_size(
        const struct advert_body *body, const struct offer *offers, const struct span *addresses)
{
    size_t size = bytes_field_size(PUBLIC_KEY_SIZE) + number_field_size(body->epoch) +
                  number_field_size(body->sequence) + number_field_size(body->ttl_ms);

    for (uint32_t i = 0; i < body->offer_count; i++)
        size += bytes_field_size(offer_size(&offers[i]));
    for (uint32_t i = 0; i < body->address_count; i++)
        size += bytes_field_size(addresses[i].size);
    return size;
}

uint8_t *advert_body_write(const struct advert_body *body, const struct offer *offers,
        const struct span *addresses, uint8_t *out)
{
    out = bytes_field_write(out, FIELD_NODE, (struct span){ body->node.bytes, PUBLIC_KEY_SIZE });
    out = number_field_write(out, FIELD_EPOCH, body->epoch);
    out = number_field_write(out, FIELD_SEQUENCE, body->sequence);
    for (uint32_t i = 0; i < body->offer_count; i++) {
        out = bytes_field_open(out, FIELD_OFFERS, offer_size(&offers[i]));
        out = offer_write(&offers[i], out);
    }
    for (uint32_t i = 0; i < body->address_count; i++)
        out = bytes_field_write(out, FIELD_ADDRESSES, addresses[i]);
    return number_field_write(out, FIELD_TTL, body->ttl_ms);
}

/* ---- who says so ---- */

void advert_sign(const struct key *key, struct span body, uint8_t signature[SIGNATURE_SIZE])
{
    uint8_t hash[ADVERT_HASH_SIZE];

    advert_hash(body, hash);
    key_sign(key, KEY_FOR_ADVERT, (struct span){ hash, sizeof(hash) }, signature);
}

/* How many certificates stand one behind the other; 0 where something else does. */
static uint32_t chain_count(struct span bytes)
{
    uint32_t count = 0;

    while (bytes.size > 0) {
        size_t size = certificate_measure(bytes);

        if (size == 0)
            return 0;
        bytes.data += size;
        bytes.size -= size;
        count += 1;
    }
    return count;
}

bool advert_believe(const struct trust *trust, const struct advert *advert, uint64_t now_s,
        struct identity *identity)
{
    uint8_t hash[ADVERT_HASH_SIZE];
    struct identity shown;
    struct chain chain;

    CHECK(advert->body.size > 0);
    if (chain_read(&chain, chain_count(advert->chain), advert->chain) != CERTIFICATE_OK ||
            trust_check(trust, &chain, now_s, &shown) != TRUST_OK ||
            !public_key_equal(&shown.key, &advert->node))
        return false;
    advert_hash(advert->body, hash);
    if (!key_verify(&advert->node, KEY_FOR_ADVERT, (struct span){ hash, sizeof(hash) },
                advert->signature.data))
        return false;
    *identity = shown;
    return true;
}
