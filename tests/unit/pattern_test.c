// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "tests/unit/cmocka.h"
#include "transport/pattern.h"

enum { ROUNDS = 20000, ENDPOINTS = 12, PATTERNS = 14 };

static struct span text(const char *string)
{
    return (struct span){ (const uint8_t *)string, strlen(string) };
}

static const char *const endpoints[ENDPOINTS] = { "a.A", "a.B", "a.mu.A", "a.mu.B", "b.A", "b.B",
    "b.mu.A", "b.mu.B.C", "a.A.A", "a.A.A.A", "c-1.A_1", "c-1.mu.A" };

static const char *const patterns[PATTERNS] = { ">", "*.*", "*.>", "a.*", "a.>", "a.A", "*.A",
    "a.mu.*", "*.mu.*", "*.mu.>", "b.mu.B.C", "a.*.A", "*.*.*", "c-1.A_1" };

static void test_a_pattern_is_parts_with_wildcards_for_whole_parts(void **state)
{
    static const char *const good[] = { ">", "*.*", "*.>", "store.*", "store.Get", "store.mu.*",
        "a-1.A_1.>", "events.Publish" };
    static const char *const bad[] = { "", ".", "*", "a", "store", "a.", ".A", "a..A", "a.>.A",
        ">.A", "a.A*", "A.A", "-a.A", "a.A-B", "a.>A", "a. A", "a.**", "a.*.", "st*.A" };
    char longest[PATTERN_SIZE_MAX + 2] = "a.";

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(pattern_is_valid(text(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(pattern_is_valid(text(bad[i])));
    memset(longest + 2, 'A', PATTERN_SIZE_MAX - 2);
    assert_true(pattern_is_valid(text(longest)));
    longest[PATTERN_SIZE_MAX] = 'A';
    assert_false(pattern_is_valid(text(longest)));
}

static void test_a_star_is_one_part_and_an_arrow_is_the_rest(void **state)
{
    (void)state;
    assert_true(pattern_matches(text("store.*"), text("store.Get")));
    assert_false(pattern_matches(text("store.*"), text("store.mu.Health")));
    assert_false(pattern_matches(text("store.*"), text("stores.Get")));
    assert_true(pattern_matches(text("store.>"), text("store.Get")));
    assert_true(pattern_matches(text("store.>"), text("store.mu.Health")));
    assert_false(pattern_matches(text("store.Get"), text("store.GetAll")));
    assert_false(pattern_matches(text("store.GetAll"), text("store.Get")));
    assert_true(pattern_matches(text("*.mu.Health"), text("store.mu.Health")));
    assert_true(pattern_matches(text(">"), text("store.mu.Health")));
}

/* Parts are compared one by one, with no use of the code under test. */
static bool naive_matches(const char *pattern, const char *endpoint)
{
    size_t part = strcspn(pattern, ".");
    size_t other = strcspn(endpoint, ".");

    if (strcmp(pattern, ">") == 0)
        return endpoint[0] != '\0';
    if (pattern[0] == '\0' || endpoint[0] == '\0')
        return pattern[0] == endpoint[0];
    if (!(part == 1 && pattern[0] == '*') &&
            !(part == other && strncmp(pattern, endpoint, part) == 0))
        return false;
    return naive_matches(
            pattern + part + (pattern[part] == '.'), endpoint + other + (endpoint[other] == '.'));
}

static void test_matching_is_what_a_naive_matcher_says(void **state)
{
    (void)state;
    for (int i = 0; i < PATTERNS; i++) {
        for (int k = 0; k < ENDPOINTS; k++)
            assert_int_equal(pattern_matches(text(patterns[i]), text(endpoints[k])),
                    naive_matches(patterns[i], endpoints[k]));
    }
}

/* A pattern of up to four parts of a small alphabet. */
static const char *draw(struct random *random, char pattern[32], bool wild)
{
    static const char *const parts[] = { "A", "B", "*" };
    uint32_t count = 1 + random_below(random, 3);
    int size = snprintf(pattern, 32, "%s", wild && random_below(random, 3) == 0 ? "*" : "a");

    for (uint32_t i = 0; i < count; i++)
        size += snprintf(pattern + size, 32 - (size_t)size, ".%s",
                parts[random_below(random, wild ? 3 : 2)]);
    if (wild && random_below(random, 3) == 0)
        snprintf(pattern + size, 32 - (size_t)size, ".>");
    return pattern;
}

static void test_what_a_narrower_pattern_matches_the_wider_one_matches(void **state)
{
    struct random random;
    int covered = 0;

    (void)state;
    random_init(&random, 7);
    for (int i = 0; i < ROUNDS; i++) {
        char wide[32];
        char narrow[32];
        char endpoint[32];

        draw(&random, wide, true);
        draw(&random, narrow, true);
        if (!pattern_covers(text(wide), text(narrow)))
            continue;
        covered += 1;
        for (int k = 0; k < 20; k++) {
            draw(&random, endpoint, false);
            if (pattern_matches(text(narrow), text(endpoint)))
                assert_true(pattern_matches(text(wide), text(endpoint)));
        }
    }
    assert_true(covered > ROUNDS / 100);
}

static void test_what_is_not_covered_has_an_endpoint_of_its_own(void **state)
{
    (void)state;
    assert_false(pattern_covers(text("a.*"), text("a.>")));
    assert_false(pattern_covers(text("*.*"), text("*.>")));
    assert_false(pattern_covers(text("a.*"), text("*.A")));
    assert_false(pattern_covers(text("a.A"), text("a.*")));
    assert_false(pattern_covers(text("*.*"), text(">")));
    assert_true(pattern_covers(text(">"), text(">")));
    assert_true(pattern_covers(text("a.>"), text("a.*.B")));
    assert_true(pattern_covers(text("*.>"), text("a.>")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_pattern_is_parts_with_wildcards_for_whole_parts),
        cmocka_unit_test(test_a_star_is_one_part_and_an_arrow_is_the_rest),
        cmocka_unit_test(test_matching_is_what_a_naive_matcher_says),
        cmocka_unit_test(test_what_a_narrower_pattern_matches_the_wider_one_matches),
        cmocka_unit_test(test_what_is_not_covered_has_an_endpoint_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
