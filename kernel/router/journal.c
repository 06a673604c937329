// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/journal.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"

enum { RING_OK, RING_FAILED };

enum { CACHE_LINE = 64 };

int journal_init(struct journal *journal)
{
    *journal = (struct journal){ 0 };
    journal->rings[RING_OK].size = JOURNAL_CALLS_MAX;
    journal->rings[RING_FAILED].size = JOURNAL_FAILURES_MAX;
    for (int i = 0; i < JOURNAL_RINGS; i++) {
        struct journal_ring *ring = &journal->rings[i];

        ring->records = calloc(ring->size, sizeof(*ring->records));
        ring->details = calloc(ring->size, sizeof(*ring->details));
        if (ring->records == NULL || ring->details == NULL) {
            journal_deinit(journal);
            return err_new(-ENOMEM);
        }
    }
    return 0;
}

void journal_deinit(struct journal *journal)
{
    for (int i = 0; i < JOURNAL_RINGS; i++) {
        free(journal->rings[i].records);
        free(journal->rings[i].details);
    }
    *journal = (struct journal){ 0 };
}

/* The next record's place is fetched while others work: a ring is larger than the caches. */
static void ring_expect(const struct journal_ring *ring)
{
    const uint8_t *next = (const uint8_t *)&ring->records[ring->written % ring->size];

    for (size_t i = 0; i < offsetof(struct journal_record, text); i += CACHE_LINE)
        __builtin_prefetch(next + i, 1);
}

struct journal_record *journal_add(struct journal *journal, uint32_t code)
{
    struct journal_ring *ring = &journal->rings[code == 0 ? RING_OK : RING_FAILED];
    struct journal_record *record = &ring->records[ring->written % ring->size];

    ring->written += 1;
    ring_expect(ring);
    record->seq = ++journal->last;
    record->code = (uint8_t)code;
    return record;
}

struct journal_detail *journal_detail(
        const struct journal *journal, const struct journal_record *record)
{
    const struct journal_ring *ring = &journal->rings[record->code == 0 ? RING_OK : RING_FAILED];

    return &ring->details[record - ring->records];
}

struct span journal_cut(struct span text, size_t max)
{
    if (text.size <= max)
        return text;
    while (max > 0 && (text.data[max] & 0xc0) == 0x80)
        max -= 1; /* that byte goes on with a letter */
    return (struct span){ text.data, max };
}

uint8_t journal_put_text(struct journal_record *record, size_t used, struct span text)
{
    CHECK(used <= JOURNAL_TEXT_SIZE);
    if (text.size == 0)
        return 0;
    text = journal_cut(text, JOURNAL_TEXT_SIZE - used);
    memcpy(record->text + used, text.data, text.size);
    return (uint8_t)text.size;
}

/* ---- reading ---- */

/* The oldest record that the ring still has, counted from its first one. */
static uint64_t ring_oldest(const struct journal_ring *ring)
{
    return ring->written > ring->size ? ring->written - ring->size : 0;
}

static const struct journal_record *ring_at(const struct journal_ring *ring, uint64_t place)
{
    return &ring->records[place % ring->size];
}

struct journal_cursor journal_seek(const struct journal *journal, uint64_t since)
{
    struct journal_cursor cursor;

    for (int i = 0; i < JOURNAL_RINGS; i++) {
        const struct journal_ring *ring = &journal->rings[i];
        uint64_t low = ring_oldest(ring);
        uint64_t high = ring->written;

        while (low < high) {
            uint64_t middle = low + (high - low) / 2;

            if (ring_at(ring, middle)->seq > since)
                high = middle;
            else
                low = middle + 1;
        }
        cursor.at[i] = low;
    }
    return cursor;
}

const struct journal_record *journal_next(
        const struct journal *journal, struct journal_cursor *cursor)
{
    const struct journal_record *found = NULL;
    int from = 0;

    for (int i = 0; i < JOURNAL_RINGS; i++) {
        const struct journal_ring *ring = &journal->rings[i];

        if (cursor->at[i] == ring->written)
            continue;
        if (found == NULL || ring_at(ring, cursor->at[i])->seq < found->seq) {
            found = ring_at(ring, cursor->at[i]);
            from = i;
        }
    }
    if (found != NULL)
        cursor->at[from] += 1;
    return found;
}

const struct journal_record *journal_previous(
        const struct journal *journal, struct journal_cursor *cursor)
{
    const struct journal_record *found = NULL;
    int from = 0;

    for (int i = 0; i < JOURNAL_RINGS; i++) {
        const struct journal_ring *ring = &journal->rings[i];

        if (cursor->at[i] == ring_oldest(ring))
            continue;
        if (found == NULL || ring_at(ring, cursor->at[i] - 1)->seq > found->seq) {
            found = ring_at(ring, cursor->at[i] - 1);
            from = i;
        }
    }
    if (found != NULL)
        cursor->at[from] -= 1;
    return found;
}

uint64_t journal_missed(const struct journal *journal, uint64_t since)
{
    struct journal_cursor cursor = journal_seek(journal, since);
    uint64_t held = 0;

    for (int i = 0; i < JOURNAL_RINGS; i++)
        held += journal->rings[i].written - cursor.at[i];
    return since < journal->last ? journal->last - since - held : 0;
}
