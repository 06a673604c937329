// SPDX-License-Identifier: Apache-2.0
/* A fixed table, since calls must not allocate, and pages of it that nobody counts in are never
 * touched. A histogram is 3.4 KiB a row, of which a method uses the few lines around its usual
 * times. */
#include "kernel/router/meter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "kernel/router/limits.h"

enum { METER_SLOTS = 2 * METER_METHODS_MAX };

int meter_init(struct meter *meter, uint64_t seed)
{
    *meter = (struct meter){ .count = 1, .seed = seed };
    meter->methods = calloc(METER_METHODS_MAX, sizeof(*meter->methods));
    meter->slots = calloc(METER_SLOTS, sizeof(*meter->slots));
    if (meter->methods == NULL || meter->slots == NULL) {
        meter_deinit(meter);
        return err_new(-ENOMEM);
    }
    return 0;
}

void meter_deinit(struct meter *meter)
{
    free(meter->methods);
    free(meter->slots);
    *meter = (struct meter){ 0 };
}

struct span meter_service_of(struct span endpoint)
{
    const uint8_t *dot = memchr(endpoint.data, '.', endpoint.size);

    return (struct span){ endpoint.data,
        dot != NULL ? (size_t)(dot - endpoint.data) : endpoint.size };
}

/* Multiplies eight bytes at a time with the golden ratio (Knuth 6.4). */
static uint32_t meter_hash(const struct meter *meter, struct span text, enum side side)
{
    uint64_t hash = meter->seed ^ (uint64_t)side << 8 ^ text.size;
    uint64_t word;

    while (text.size >= sizeof(word)) {
        memcpy(&word, text.data, sizeof(word));
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
        text.data += sizeof(word);
        text.size -= sizeof(word);
    }
    word = 0;
    for (size_t i = 0; i < text.size; i++)
        word = word << 8 | text.data[i];
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(hash >> 32);
}

/* Where the row is found, or would be: a slot that is 0. */
static uint32_t meter_slot(
        const struct meter *meter, struct span text, enum side side, uint32_t hash)
{
    uint32_t slot = hash % METER_SLOTS;

    for (; meter->slots[slot] != 0; slot = (slot + 1) % METER_SLOTS) {
        const struct method *method = &meter->methods[meter->slots[slot]];

        if (method->hash == hash && method->side == side && method->size == text.size &&
                memcmp(method->endpoint, text.data, text.size) == 0)
            break;
    }
    return slot;
}

struct method *meter_find(const struct meter *meter, struct span endpoint, enum side side)
{
    uint32_t slot = meter_slot(meter, endpoint, side, meter_hash(meter, endpoint, side));

    return meter->slots[slot] != 0 ? &meter->methods[meter->slots[slot]] : NULL;
}

/* Finds or makes it; NULL where there is no room. */
static struct method *meter_add(struct meter *meter, struct span text, enum side side)
{
    uint32_t hash = meter_hash(meter, text, side);
    uint32_t slot = meter_slot(meter, text, side, hash);
    struct method *method;

    CHECK(text.size <= ENDPOINT_SIZE_MAX);
    if (meter->slots[slot] != 0)
        return &meter->methods[meter->slots[slot]];
    if (meter->count == METER_METHODS_MAX ||
            (side == SIDE_THERE && meter->there_count == METER_METHODS_THERE_MAX))
        return NULL;
    meter->slots[slot] = (uint16_t)meter->count;
    method = &meter->methods[meter->count++];
    meter->there_count += side == SIDE_THERE ? 1 : 0;
    method->hash = hash;
    method->side = (uint8_t)side;
    method->size = (uint8_t)text.size;
    memcpy(method->endpoint, text.data, text.size);
    return method;
}

struct method *meter_find_service(struct meter *meter, struct span service, enum side side)
{
    struct method *method = meter_add(meter, service, side);

    return method != NULL ? method : &meter->methods[0];
}

struct method *meter_name(struct meter *meter, struct span endpoint, enum side side)
{
    struct method *service = meter_find_service(meter, meter_service_of(endpoint), side);
    struct method *method = meter_find(meter, endpoint, side);

    if (method != NULL)
        return method;
    if (service->size == 0 || service->named == METER_SERVICE_METHODS_MAX)
        return NULL;
    method = meter_add(meter, endpoint, side);
    service->named += method != NULL ? 1 : 0;
    return method;
}
