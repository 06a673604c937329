// SPDX-License-Identifier: Apache-2.0
#include "client/parking.h"

#include <stdlib.h>
#include <string.h>

void parking_init(struct parking *parking)
{
    list_init(&parking->calls);
    parking->size = 0;
}

void parking_deinit(struct parking *parking)
{
    list_for_each_safe (node, &parking->calls)
        parking_remove(parking, list_entry(node, struct parked, node));
}

static struct span parking_copy(uint8_t **atp, struct span span)
{
    uint8_t *copy = *atp;

    if (span.size != 0)
        memcpy(copy, span.data, span.size);
    *atp += span.size;
    return (struct span){ copy, span.size };
}

bool parking_add(struct parking *parking, const struct envelope *envelope, uint64_t deadline_ms)
{
    size_t size = sizeof(struct parked) + envelope->endpoint.size + envelope->trace.size +
                  envelope->token.size + envelope->key.size + envelope->body.size;
    struct parked *parked;
    uint8_t *at;

    if (parking->size + size > OUTBOX_HARD_MAX)
        return false;
    parked = malloc(size);
    if (parked == NULL)
        return false;
    at = parked->bytes;
    parked->envelope = *envelope;
    parked->envelope.endpoint = parking_copy(&at, envelope->endpoint);
    parked->envelope.trace = parking_copy(&at, envelope->trace);
    parked->envelope.token = parking_copy(&at, envelope->token);
    parked->envelope.key = parking_copy(&at, envelope->key);
    parked->envelope.body = parking_copy(&at, envelope->body);
    parked->deadline_ms = deadline_ms;
    parked->size = size;
    parking->size += size;
    list_push(&parking->calls, &parked->node);
    return true;
}

void parking_remove(struct parking *parking, struct parked *parked)
{
    list_remove(&parked->node);
    parking->size -= parked->size;
    free(parked);
}
