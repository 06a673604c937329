// SPDX-License-Identifier: Apache-2.0
/* The table never runs out of places that matter: of all names together at most
 * LOGIN_TRIES_ALL_MAX and what is refilled meanwhile are taken within the minute that a name's
 * bucket needs to be full again, and a full bucket is no different from none. */
#include "services/platform/auth/throttle.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"

struct bucket_rule {
    uint32_t size;
    uint32_t refill_ms;
};

static const struct bucket_rule of_one = { LOGIN_TRIES_MAX, LOGIN_TRY_AGAIN_MS };
static const struct bucket_rule of_all = { LOGIN_TRIES_ALL_MAX, LOGIN_TRY_ALL_AGAIN_MS };

enum { MINUTE_MS = LOGIN_TRIES_MAX * LOGIN_TRY_AGAIN_MS };

_Static_assert(LOGIN_NAMES_MAX > LOGIN_TRIES_ALL_MAX + MINUTE_MS / LOGIN_TRY_ALL_AGAIN_MS,
        "a name whose bucket is not full keeps its place");

static void bucket_refill(
        struct throttle_bucket *bucket, const struct bucket_rule *rule, uint64_t now_ms)
{
    uint64_t more = (now_ms - bucket->at_ms) / rule->refill_ms;

    if (bucket->left + more >= rule->size) {
        bucket->left = rule->size;
        bucket->at_ms = now_ms;
    } else {
        bucket->left += (uint32_t)more;
        bucket->at_ms += more * rule->refill_ms;
    }
}

/* Until there is one more; 0 where there is one. */
static uint32_t bucket_wait_ms(
        const struct throttle_bucket *bucket, const struct bucket_rule *rule, uint64_t now_ms)
{
    return bucket->left > 0 ? 0 : (uint32_t)(bucket->at_ms + rule->refill_ms - now_ms);
}

static uint64_t hash_of(const struct throttle *throttle, const char *name)
{
    uint8_t bytes[crypto_shorthash_BYTES];
    uint64_t hash;

    _Static_assert(sizeof(bytes) == sizeof(hash), "SipHash-2-4 gives 64 bits");
    _Static_assert(sizeof(throttle->key) == crypto_shorthash_KEYBYTES, "of a key of 128");
    crypto_shorthash(bytes, (const uint8_t *)name, strlen(name), throttle->key);
    memcpy(&hash, bytes, sizeof(hash));
    return hash != 0 ? hash : 1;
}

void throttle_init(struct throttle *throttle, const uint8_t key[16], uint64_t now_ms)
{
    *throttle = (struct throttle){ .all = { LOGIN_TRIES_ALL_MAX, now_ms } };
    memcpy(throttle->key, key, sizeof(throttle->key));
}

/* The name's place; a new one takes that of a name whose bucket is full. */
static struct throttle_name *place_of(struct throttle *throttle, const char *name, uint64_t now_ms)
{
    uint64_t hash = hash_of(throttle, name);
    struct throttle_name *free = NULL;

    for (size_t i = 0; i < LOGIN_NAMES_MAX; i++) {
        struct throttle_name *place = &throttle->names[i];

        if (place->hash != 0)
            bucket_refill(&place->bucket, &of_one, now_ms);
        if (place->hash == hash)
            return place;
        if (place->hash == 0 || place->bucket.left == LOGIN_TRIES_MAX)
            free = place;
    }
    CHECK(free != NULL);
    *free = (struct throttle_name){ .hash = hash, .bucket = { LOGIN_TRIES_MAX, now_ms } };
    return free;
}

enum throttle_outcome throttle_take(
        struct throttle *throttle, const char *name, uint64_t now_ms, uint32_t *retry_after_ms)
{
    struct throttle_name *place = place_of(throttle, name, now_ms);
    uint32_t one_ms = bucket_wait_ms(&place->bucket, &of_one, now_ms);
    uint32_t all_ms;

    bucket_refill(&throttle->all, &of_all, now_ms);
    all_ms = bucket_wait_ms(&throttle->all, &of_all, now_ms);
    if (one_ms == 0 && all_ms == 0) {
        place->bucket.left -= 1;
        throttle->all.left -= 1;
        place->refused = 0;
        return THROTTLE_OK;
    }
    *retry_after_ms = one_ms > all_ms ? one_ms : all_ms;
    if (one_ms == 0) /* its place holds nothing worth keeping: another name may take it */
        return THROTTLE_AGAIN;
    place->refused += place->refused < UINT32_MAX;
    return place->refused == 1 ? THROTTLE_FIRST : THROTTLE_AGAIN;
}

void throttle_return(struct throttle *throttle, const char *name, uint64_t now_ms)
{
    struct throttle_name *place = place_of(throttle, name, now_ms);

    if (place->bucket.left < LOGIN_TRIES_MAX)
        place->bucket.left += 1;
    if (throttle->all.left < LOGIN_TRIES_ALL_MAX)
        throttle->all.left += 1;
}
