// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/link_traffic.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"

/* A body is its number in the call, then bytes that follow from it and from their place. */
static uint8_t filler(uint64_t number, size_t at)
{
    return (uint8_t)(number * 7 + at / 97);
}

static size_t pick_size(struct traffic *traffic)
{
    struct random *random = &traffic->random;

    if (traffic->large_every != 0 && random_below(random, (uint32_t)traffic->large_every) == 0)
        return sizeof(uint64_t) + random_below(random, BODY_SIZE_MAX - sizeof(uint64_t) + 1);
    if (random_below(random, 16) == 0)
        return sizeof(uint64_t) + random_below(random, 40000);
    return sizeof(uint64_t) + random_below(random, 300);
}

static void *run(void *user)
{
    struct traffic *traffic = user;
    uint8_t *body = malloc(BODY_SIZE_MAX);

    for (uint64_t i = 0; i < traffic->count; i++) {
        uint32_t call = random_below(&traffic->random, TRAFFIC_CALLS);
        uint64_t number = traffic->next_out[call]++;
        struct envelope envelope = {
            .kind = ENVELOPE_ITEM, .id = call + 1, .body = { body, pick_size(traffic) }
        };

        memcpy(body, &number, sizeof(number));
        for (size_t at = sizeof(number); at < envelope.body.size; at++)
            body[at] = filler(number, at);
        link_router_send(traffic->from, &envelope);
    }
    free(body);
    return NULL;
}

static bool is_right(const struct traffic *traffic, const struct envelope *envelope)
{
    const uint8_t *body = envelope->body.data;
    uint64_t number;

    if (envelope->id < 1 || envelope->id > TRAFFIC_CALLS || envelope->body.size < sizeof(number))
        return false;
    memcpy(&number, body, sizeof(number));
    if (number != traffic->next_in[envelope->id - 1])
        return false;
    for (size_t at = sizeof(number); at < envelope->body.size; at++)
        if (body[at] != filler(number, at))
            return false;
    return true;
}

static void take(const struct envelope *envelope, void *user)
{
    struct traffic *traffic = user;

    if (is_right(traffic, envelope))
        traffic->next_in[envelope->id - 1] += 1;
    else
        traffic->wrong += 1;
}

void traffic_open(struct traffic *traffic, struct link_router *from, struct link_router *to,
        uint64_t seed, size_t large_every)
{
    *traffic = (struct traffic){ .from = from, .to = to, .large_every = large_every };
    random_init(&traffic->random, seed);
    pthread_mutex_lock(&to->lock);
    to->take = take;
    to->user = traffic;
    to->taken = 0;
    pthread_mutex_unlock(&to->lock);
}

void traffic_start(struct traffic *traffic, uint64_t count)
{
    traffic->count = count;
    assert_int_equal(pthread_create(&traffic->thread, NULL, run, traffic), 0);
}

void traffic_finish(struct traffic *traffic)
{
    pthread_join(traffic->thread, NULL);
    traffic->sent += traffic->count;
    link_router_wait_taken(traffic->to, traffic->sent);
    pthread_mutex_lock(&traffic->to->lock);
    assert_int_equal(traffic->to->taken, traffic->sent);
    assert_int_equal(traffic->wrong, 0);
    assert_memory_equal(traffic->next_in, traffic->next_out, sizeof(traffic->next_in));
    pthread_mutex_unlock(&traffic->to->lock);
}
