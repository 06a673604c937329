// SPDX-License-Identifier: Apache-2.0
/* All records are kept for the same time, so the list in the order of their ends is all the clock
 * there is: what is over goes when somebody looks, and a table that nobody asks needs no ticks. */
#include "kernel/router/dedup.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"

enum {
    DEDUP_BUCKETS = 32768,
    DEDUP_HOLDER_BUCKETS = 1024,
    DEDUP_SWEEP = 64 /* records removed at a time, so that none who looks pays for all */
};

_Static_assert((int)DEDUP_HASH_SIZE >= (int)crypto_generichash_BYTES_MIN, "a hash of BLAKE2b");
_Static_assert((int)DEDUP_SECRET_SIZE <= (int)crypto_generichash_KEYBYTES_MAX, "a key of BLAKE2b");

int dedup_init(struct dedup *table, const uint8_t secret[DEDUP_SECRET_SIZE])
{
    *table = (struct dedup){ .records = calloc(DEDUP_BUCKETS, sizeof(*table->records)),
        .holders = calloc(DEDUP_HOLDER_BUCKETS, sizeof(*table->holders)) };
    list_init(&table->ended);
    memcpy(table->secret, secret, DEDUP_SECRET_SIZE);
    if (table->records != NULL && table->holders != NULL)
        return 0;
    dedup_deinit(table);
    return err_new(-ENOMEM);
}

void dedup_deinit(struct dedup *table)
{
    for (size_t i = 0; table->count > 0 && i < DEDUP_BUCKETS; i++) {
        while (table->records[i] != NULL)
            dedup_remove(table, table->records[i]);
    }
    free(table->records);
    free(table->holders);
    *table = (struct dedup){ 0 };
}

struct dedup_hash dedup_hash(const struct dedup *table, const struct span *parts, size_t count)
{
    crypto_generichash_state state;
    struct dedup_hash hash;

    crypto_generichash_init(&state, table->secret, sizeof(table->secret), sizeof(hash.bytes));
    for (size_t i = 0; i < count; i++) {
        uint64_t size = parts[i].size;

        crypto_generichash_update(&state, (const uint8_t *)&size, sizeof(size));
        if (size != 0)
            crypto_generichash_update(&state, parts[i].data, size);
    }
    crypto_generichash_final(&state, hash.bytes, sizeof(hash.bytes));
    return hash;
}

static bool dedup_equal(const struct dedup_hash *one, const struct dedup_hash *two)
{
    return memcmp(one->bytes, two->bytes, DEDUP_HASH_SIZE) == 0;
}

/* Any bytes of a hash are as good as others. */
static uint32_t dedup_place(const struct dedup_hash *hash)
{
    uint32_t place;

    memcpy(&place, hash->bytes, sizeof(place));
    return place;
}

static struct dedup_record **dedup_bucket(const struct dedup *table, const struct dedup_hash *id)
{
    return &table->records[dedup_place(id) % DEDUP_BUCKETS];
}

static struct dedup_holder **dedup_holder_bucket(
        const struct dedup *table, const struct dedup_hash *id)
{
    return &table->holders[dedup_place(id) % DEDUP_HOLDER_BUCKETS];
}

/* ---- holders ---- */

/* Made where there is none yet; NULL without memory. */
static struct dedup_holder *holder_find(struct dedup *table, const struct dedup_hash *id)
{
    struct dedup_holder **bucket = dedup_holder_bucket(table, id);
    struct dedup_holder *holder = *bucket;

    while (holder != NULL && !dedup_equal(&holder->id, id))
        holder = holder->next;
    if (holder != NULL)
        return holder;
    holder = malloc(sizeof(*holder));
    if (holder == NULL)
        return NULL;
    *holder = (struct dedup_holder){ .next = *bucket, .id = *id };
    list_init(&holder->answers);
    *bucket = holder;
    return holder;
}

/* Frees a holder that has no record. */
static void holder_free(struct dedup *table, struct dedup_holder *holder)
{
    struct dedup_holder **at = dedup_holder_bucket(table, &holder->id);

    CHECK(holder->count == 0 && holder->answers_size == 0);
    while (*at != holder)
        at = &(*at)->next;
    *at = holder->next;
    free(holder);
}

/* ---- answers ---- */

static void answer_drop(struct dedup *table, struct dedup_record *record)
{
    size_t size = (size_t)record->status_size + record->body_size;

    if (record->answer == NULL)
        return;
    table->answers_size -= size;
    record->holder->answers_size -= size;
    list_remove(&record->by_answer);
    free(record->answer);
    record->answer = NULL;
}

static bool answer_fits(const struct dedup *table, const struct dedup_holder *holder, size_t size)
{
    return holder->answers_size + size <= DEDUP_ANSWERS_SIZE_MAX - table->answers_size;
}

static void answer_keep(
        struct dedup *table, struct dedup_record *record, struct span status, struct span body)
{
    struct dedup_holder *holder = record->holder;
    size_t size = status.size + body.size;

    if (size > DEDUP_ANSWER_MAX)
        return;
    while (!answer_fits(table, holder, size) && !list_is_empty(&holder->answers))
        answer_drop(table, list_entry(holder->answers.next, struct dedup_record, by_answer));
    if (!answer_fits(table, holder, size))
        return;
    record->answer = malloc(size + 1); /* an empty answer is one, too */
    if (record->answer == NULL)
        return;
    if (status.size > 0)
        memcpy(record->answer, status.data, status.size);
    if (body.size > 0)
        memcpy(record->answer + status.size, body.data, body.size);
    record->status_size = (uint32_t)status.size;
    record->body_size = (uint32_t)body.size;
    table->answers_size += size;
    holder->answers_size += size;
    list_push(&holder->answers, &record->by_answer);
}

/* ---- records ---- */

void dedup_remove(struct dedup *table, struct dedup_record *record)
{
    struct dedup_record **at = dedup_bucket(table, &record->id);
    struct dedup_holder *holder = record->holder;

    CHECK(list_is_empty(&record->waiters));
    answer_drop(table, record);
    list_remove(&record->by_end);
    while (*at != record)
        at = &(*at)->next;
    *at = record->next;
    free(record);
    table->count -= 1;
    holder->count -= 1;
    if (holder->count == 0)
        holder_free(table, holder);
}

/* Kept for as long as it is to be. */
static bool dedup_is_over(const struct dedup_record *record, uint64_t now_us)
{
    return record->state != DEDUP_OPEN &&
           now_us - record->ended_us >= UINT64_C(1000) * DEDUP_KEEP_MS;
}

void dedup_sweep(struct dedup *table, uint64_t now_us)
{
    for (int i = 0; i < DEDUP_SWEEP && !list_is_empty(&table->ended); i++) {
        struct dedup_record *oldest = list_entry(table->ended.next, struct dedup_record, by_end);

        if (!dedup_is_over(oldest, now_us))
            return;
        dedup_remove(table, oldest);
    }
}

struct dedup_record *dedup_find(struct dedup *table, const struct dedup_hash *id, uint64_t now_us)
{
    struct dedup_record *record;

    dedup_sweep(table, now_us);
    record = *dedup_bucket(table, id);
    while (record != NULL && !dedup_equal(&record->id, id))
        record = record->next;
    if (record == NULL || !dedup_is_over(record, now_us))
        return record;
    dedup_remove(table, record);
    return NULL;
}

struct dedup_record *dedup_add(struct dedup *table, const struct dedup_hash *holder_id,
        const struct dedup_hash *id, const struct dedup_hash *content)
{
    struct dedup_record **bucket = dedup_bucket(table, id);
    struct dedup_holder *holder = holder_find(table, holder_id);
    struct dedup_record *record = NULL;

    if (holder == NULL)
        return NULL;
    if (holder->count < DEDUP_KEYS_MAX - table->count)
        record = malloc(sizeof(*record));
    if (record == NULL) {
        if (holder->count == 0)
            holder_free(table, holder);
        return NULL;
    }
    *record = (struct dedup_record){
        .next = *bucket, .holder = holder, .id = *id, .content = *content, .state = DEDUP_OPEN
    };
    list_init(&record->by_end);
    list_init(&record->by_answer);
    list_init(&record->waiters);
    *bucket = record;
    holder->count += 1;
    table->count += 1;
    return record;
}

static void dedup_end(
        struct dedup *table, struct dedup_record *record, enum dedup_state state, uint64_t now_us)
{
    CHECK(record->state == DEDUP_OPEN);
    record->state = state;
    record->ended_us = now_us;
    list_push(&table->ended, &record->by_end);
}

void dedup_answer(struct dedup *table, struct dedup_record *record, struct span status,
        struct span body, uint64_t now_us)
{
    dedup_end(table, record, DEDUP_ANSWERED, now_us);
    answer_keep(table, record, status, body);
}

void dedup_doubt(struct dedup *table, struct dedup_record *record, uint64_t now_us)
{
    dedup_end(table, record, DEDUP_UNKNOWN, now_us);
}

void dedup_reopen(struct dedup_record *record)
{
    CHECK(record->state == DEDUP_UNKNOWN);
    record->state = DEDUP_OPEN;
    list_remove(&record->by_end);
}
