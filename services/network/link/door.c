// SPDX-License-Identifier: Apache-2.0
/* A short table, searched from end to end: a lookup is some hundred comparisons of a few bytes, far
 * below what accepting a connection costs, and nothing is allocated for a stranger. A source that
 * is not seen any more loses its place to a new one, but never while it has half-open connections,
 * of which there are fewer than places. */
#include "services/network/link/door.h"

#include <string.h>

#include "base/check.h"

_Static_assert(DOOR_SOURCES_MAX > DOOR_HALF_OPEN_MAX, "there is always a place for a new source");

void door_init(struct door *door, uint32_t rate, uint32_t burst)
{
    CHECK(rate >= 1 && rate <= 1000 && burst >= 1);
    *door = (struct door){ .rate = rate, .burst = burst };
}

static struct door_source door_name(const struct stream_address *from)
{
    struct door_source source = { .family = from->family };

    memcpy(source.prefix, from->bytes, from->family == 4 ? 3 : sizeof(source.prefix));
    return source;
}

static bool door_is_same(const struct door_source *one, const struct door_source *two)
{
    return one->family == two->family && memcmp(one->prefix, two->prefix, sizeof(one->prefix)) == 0;
}

bool door_same_source(const struct stream_address *one, const struct stream_address *two)
{
    struct door_source first = door_name(one);
    struct door_source second = door_name(two);

    return door_is_same(&first, &second);
}

/* The place of a source, or NULL. */
static const struct door_source *door_find(
        const struct door *door, const struct stream_address *from)
{
    struct door_source source = door_name(from);

    for (size_t i = 0; i < DOOR_SOURCES_MAX; i++)
        if (door->sources[i].last_ms != 0 && door_is_same(&door->sources[i], &source))
            return &door->sources[i];
    return NULL;
}

enum door_outcome door_check(const struct door *door, const struct stream_address *from)
{
    const struct door_source *source = door_find(door, from);

    if (source != NULL && source->half_open >= DOOR_SOURCE_HALF_OPEN_MAX)
        return DOOR_SOURCE_FULL;
    return door->half_open >= DOOR_HALF_OPEN_MAX ? DOOR_FULL : DOOR_OK;
}

/* The place that was not used for longest, or never. */
static struct door_source *door_oldest(struct door *door)
{
    struct door_source *oldest = NULL;

    for (size_t i = 0; i < DOOR_SOURCES_MAX; i++) {
        struct door_source *source = &door->sources[i];

        if (source->half_open == 0 && (oldest == NULL || source->last_ms < oldest->last_ms))
            oldest = source;
    }
    CHECK(oldest != NULL);
    return oldest;
}

/* Gives a source what it earned since it was reckoned last. */
static void door_reckon(const struct door *door, struct door_source *source, uint64_t now_ms)
{
    uint64_t most_ms = (uint64_t)door->burst * 1000 / door->rate;
    uint64_t earned_ms = now_ms + 1 > source->last_ms ? now_ms + 1 - source->last_ms : 0;

    source->tokens_ms += earned_ms;
    if (source->tokens_ms > most_ms)
        source->tokens_ms = most_ms;
    source->last_ms = now_ms + 1;
}

void door_enter(struct door *door, const struct stream_address *from, uint64_t now_ms)
{
    struct door_source *source = (struct door_source *)door_find(door, from);

    if (source == NULL) {
        source = door_oldest(door);
        *source = door_name(from);
        source->tokens_ms = UINT32_MAX; /* cut to what it may have */
    }
    door_reckon(door, source, now_ms);
    source->half_open += 1;
    door->half_open += 1;
}

void door_leave(struct door *door, const struct stream_address *from)
{
    struct door_source *source = (struct door_source *)door_find(door, from);

    CHECK(source != NULL && source->half_open > 0);
    source->half_open -= 1;
    door->half_open -= 1;
}

bool door_spend(struct door *door, const struct stream_address *from, uint64_t now_ms)
{
    struct door_source *source = (struct door_source *)door_find(door, from);

    CHECK(source != NULL);
    door_reckon(door, source, now_ms);
    if (source->tokens_ms < 1000 / door->rate)
        return false;
    source->tokens_ms -= 1000 / door->rate;
    return true;
}
