// SPDX-License-Identifier: Apache-2.0
/* The table of keys: against a model that looks at every key each time, and at its limits. */
#include "kernel/router/dedup.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "tests/unit/cmocka.h"

enum {
    KEYS = 400,
    HOLDERS = 3,
    STEPS = 30000,
    KEEP_US = 1000 * DEDUP_KEEP_MS,
    EDGE = 2 /* sizes around a limit: one below, at, one above */
};

enum known { FREE, OPEN, ANSWERED, UNKNOWN };

/* What a key is known by. */
struct model {
    enum known known;
    uint64_t ended_us;
    uint64_t turn; /* of its answer, by which the oldest one is found */
    size_t size;
    bool kept; /* there is an answer */
    uint8_t letter;
};

static struct dedup table;
static struct model models[KEYS];
static struct random rolls;
static uint64_t now_us;
static uint8_t bytes[DEDUP_ANSWER_MAX + EDGE];

static int set_up(void **state)
{
    static const uint8_t secret[DEDUP_SECRET_SIZE] = { 7 };

    (void)state;
    random_init(&rolls, 11);
    memset(models, 0, sizeof(models));
    now_us = 1000000;
    return dedup_init(&table, secret);
}

static int tear_down(void **state)
{
    (void)state;
    dedup_deinit(&table);
    dedup_deinit(&table);
    return 0;
}

static struct dedup_hash hash_of(const char *what, uint32_t number)
{
    const struct span parts[] = { { (const uint8_t *)what, strlen(what) },
        { (const uint8_t *)&number, sizeof(number) } };

    return dedup_hash(&table, parts, 2);
}

static struct dedup_record *add(uint32_t holder, uint32_t key)
{
    struct dedup_hash id = hash_of("key", key);
    struct dedup_hash whose = hash_of("holder", holder);

    return dedup_add(&table, &whose, &id, &id);
}

static struct dedup_record *find(uint32_t key)
{
    struct dedup_hash id = hash_of("key", key);

    return dedup_find(&table, &id, now_us);
}

static void answer(struct dedup_record *record, uint8_t letter, size_t size)
{
    memset(bytes, letter, size);
    dedup_answer(&table, record, (struct span){ bytes, size / 3 },
            (struct span){ bytes + size / 3, size - size / 3 }, now_us);
}

/* ---- the model ---- */

static size_t model_size(int holder)
{
    size_t size = 0;

    for (int i = 0; i < KEYS; i++) {
        if (models[i].kept && (holder < 0 || i % HOLDERS == holder))
            size += models[i].size;
    }
    return size;
}

static struct model *model_oldest(int holder)
{
    struct model *oldest = NULL;

    for (int i = holder; i < KEYS; i += HOLDERS) {
        if (models[i].kept && (oldest == NULL || models[i].turn < oldest->turn))
            oldest = &models[i];
    }
    return oldest;
}

static bool model_fits(int holder, size_t size)
{
    return model_size(holder) + size + model_size(-1) <= DEDUP_ANSWERS_SIZE_MAX;
}

static void model_answer(int key, uint8_t letter, size_t size)
{
    static uint64_t turns;
    struct model *oldest;

    models[key].known = ANSWERED;
    models[key].ended_us = now_us;
    if (size > DEDUP_ANSWER_MAX)
        return;
    while (!model_fits(key % HOLDERS, size) && (oldest = model_oldest(key % HOLDERS)) != NULL)
        oldest->kept = false;
    if (!model_fits(key % HOLDERS, size))
        return;
    models[key].kept = true;
    models[key].size = size;
    models[key].letter = letter;
    models[key].turn = ++turns;
}

static void model_age(void)
{
    for (int i = 0; i < KEYS; i++) {
        if (models[i].known >= ANSWERED && now_us - models[i].ended_us >= KEEP_US)
            models[i] = (struct model){ .known = FREE };
    }
}

static void check_answer(const struct dedup_record *record, const struct model *model)
{
    struct span status;
    struct span body;

    assert_int_equal(record->answer != NULL, model->kept);
    if (!model->kept)
        return;
    status = dedup_status(record);
    body = dedup_body(record);
    assert_int_equal(status.size, model->size / 3);
    assert_int_equal(status.size + body.size, model->size);
    memset(bytes, model->letter, body.size);
    assert_memory_equal(body.data, bytes, body.size);
}

static void check_key(int key, const struct dedup_record *record)
{
    static const enum dedup_state states[] = {
        [OPEN] = DEDUP_OPEN, [ANSWERED] = DEDUP_ANSWERED, [UNKNOWN] = DEDUP_UNKNOWN
    };

    assert_int_equal(record != NULL, models[key].known != FREE);
    if (record == NULL)
        return;
    assert_int_equal(record->state, states[models[key].known]);
    check_answer(record, &models[key]);
}

static void end_one(int key, struct dedup_record *record)
{
    /* Now and then small or too large, mostly so large that they soon push each other out. */
    size_t sizes[] = { 0, random_below(&rolls, 900), DEDUP_ANSWER_MAX + 1, DEDUP_ANSWER_MAX,
        40000 + random_below(&rolls, 20000), 40000 + random_below(&rolls, 20000) };
    size_t size = sizes[random_below(&rolls, 6)];
    uint8_t letter = (uint8_t)random_next(&rolls);

    switch (random_below(&rolls, 6)) {
    case 0:
        dedup_remove(&table, record);
        models[key] = (struct model){ .known = FREE };
        break;
    case 1:
        dedup_doubt(&table, record, now_us);
        models[key].known = UNKNOWN;
        models[key].ended_us = now_us;
        break;
    default:
        answer(record, letter, size);
        model_answer(key, letter, size);
    }
}

static void step(void)
{
    int key = (int)random_below(&rolls, KEYS);
    struct dedup_record *record;

    if (random_below(&rolls, 4) == 0)
        now_us += random_below(&rolls, KEEP_US / 300);
    model_age();
    record = find((uint32_t)key);
    check_key(key, record);
    if (record == NULL) {
        assert_non_null(add((uint32_t)(key % HOLDERS), (uint32_t)key));
        models[key].known = OPEN;
    } else if (record->state == DEDUP_OPEN) {
        end_one(key, record);
    } else if (record->state == DEDUP_UNKNOWN && random_below(&rolls, 2) == 0) {
        dedup_reopen(record);
        models[key].known = OPEN;
    }
}

static void test_every_key_is_known_for_its_time_with_what_became_of_it(void **state)
{
    uint32_t known = 0;

    (void)state;
    for (int i = 0; i < STEPS; i++) {
        step();
        assert_true(table.answers_size == model_size(-1));
    }
    for (int i = 0; i < KEYS; i++) {
        check_key(i, find((uint32_t)i));
        known += models[i].known != FREE ? 1 : 0;
    }
    assert_int_equal(table.count, known);
    now_us += KEEP_US;
    for (int i = 0; i < KEYS; i++) {
        struct dedup_record *record = find((uint32_t)i);

        assert_true(record == NULL || record->state == DEDUP_OPEN); /* no matter how old */
        if (record != NULL)
            dedup_remove(&table, record);
    }
    assert_int_equal(table.count, 0);
    assert_int_equal(table.answers_size, 0);
}

/* ---- limits ---- */

static void test_a_key_is_known_for_ten_minutes_and_no_longer(void **state)
{
    (void)state;
    answer(add(0, 1), 'a', 3);
    now_us += KEEP_US - 1;
    assert_non_null(find(1));
    now_us += 1;
    assert_null(find(1));
    assert_int_equal(table.count, 0);
}

static void test_the_first_takes_half_and_who_comes_later_half_of_the_rest(void **state)
{
    uint32_t left = DEDUP_KEYS_MAX;
    uint32_t key = 0;

    (void)state;
    for (uint32_t holder = 0; left > 1; holder++) {
        uint32_t had = left;

        while (add(holder, key) != NULL) {
            key += 1;
            left -= 1;
        }
        assert_int_equal(had - left, had - had / 2);
    }
    for (uint32_t holder = 100; left > 0; holder++, left--)
        assert_non_null(add(holder, key++));
    assert_null(add(1000, key));
    assert_int_equal(table.count, DEDUP_KEYS_MAX);
    dedup_remove(&table, find(0));
    assert_non_null(add(1000, key));
}

static void test_one_holders_answers_leave_room_for_anothers(void **state)
{
    (void)state;
    for (uint32_t key = 0; key < 1000; key++)
        answer(add(0, key), 'a', DEDUP_ANSWER_MAX);
    assert_in_range(table.answers_size, DEDUP_ANSWERS_SIZE_MAX / 2 - DEDUP_ANSWER_MAX,
            DEDUP_ANSWERS_SIZE_MAX / 2);
    assert_null(find(0)->answer); /* the oldest ones gave way … */
    assert_non_null(find(999)->answer);
    answer(add(1, 1000), 'b', DEDUP_ANSWER_MAX);
    assert_non_null(find(1000)->answer); /* … and nobody else's */
    assert_non_null(find(999)->answer);
}

static void test_an_answer_is_kept_up_to_its_limit(void **state)
{
    (void)state;
    for (uint32_t i = 0; i <= EDGE; i++) {
        answer(add(0, i), 'a', DEDUP_ANSWER_MAX - 1 + i);
        assert_int_equal(find(i)->answer != NULL, i < EDGE);
    }
}

static void test_parts_are_told_apart_by_where_they_end(void **state)
{
    static const uint8_t text[] = "abc";
    const struct span one[] = { { text, 1 }, { text + 1, 2 } };
    const struct span two[] = { { text, 2 }, { text + 2, 1 } };
    struct dedup_hash hashes[] = { dedup_hash(&table, one, 2), dedup_hash(&table, two, 2),
        dedup_hash(&table, one, 2) };

    (void)state;
    assert_memory_not_equal(&hashes[0], &hashes[1], sizeof(hashes[0]));
    assert_memory_equal(&hashes[0], &hashes[2], sizeof(hashes[0]));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_key_is_known_for_its_time_with_what_became_of_it),
        TEST(test_a_key_is_known_for_ten_minutes_and_no_longer),
        TEST(test_the_first_takes_half_and_who_comes_later_half_of_the_rest),
        TEST(test_one_holders_answers_leave_room_for_anothers),
        TEST(test_an_answer_is_kept_up_to_its_limit),
        TEST(test_parts_are_told_apart_by_where_they_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
