// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/protoc/names.h"
#include "services/interface/mu/base64.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/exits.h"
#include "services/interface/mu/feed.h"
#include "services/interface/mu/field.h"
#include "services/interface/mu/instance.h"
#include "services/interface/mu/method.h"
#include "services/interface/mu/load.h"
#include "services/interface/mu/skeleton.h"
#include "services/interface/mu/suggestion.h"
#include "tests/unit/cmocka.h"

static void test_a_swap_a_slip_and_a_gap_count_one_each(void **state)
{
    (void)state;
    assert_int_equal(suggestion_distance("status", "status"), 0);
    assert_int_equal(suggestion_distance("stauts", "status"), 1);
    assert_int_equal(suggestion_distance("statis", "status"), 1);
    assert_int_equal(suggestion_distance("statu", "status"), 1);
    assert_int_equal(suggestion_distance("sstatus", "status"), 1);
    assert_int_equal(suggestion_distance("STATUS", "status"), 0);
    assert_int_equal(suggestion_distance("", "abc"), 3);
    assert_int_equal(suggestion_distance("kitten", "sitting"), 3);
}

static void test_a_word_too_long_to_compare_is_never_near(void **state)
{
    char longest[SUGGESTION_WORD_MAX];
    char longer[SUGGESTION_WORD_MAX + 1];

    (void)state;
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(suggestion_distance(longest, longest), 0);
    assert_int_equal(suggestion_distance(longer, longer), SUGGESTION_WORD_MAX);
}

static void test_the_nearest_name_is_meant_and_a_far_one_is_not(void **state)
{
    static const char *const names[] = { "start", "status", "stop" };
    struct suggestion suggestion;

    (void)state;
    suggestion_init(&suggestion, "stauts");
    for (size_t i = 0; i < 3; i++)
        suggestion_offer(&suggestion, names[i]);
    assert_string_equal(suggestion_best(&suggestion), "status");
    suggestion_init(&suggestion, "elephant");
    for (size_t i = 0; i < 3; i++)
        suggestion_offer(&suggestion, names[i]);
    assert_null(suggestion_best(&suggestion));
    suggestion_init(&suggestion, "x");
    suggestion_offer(&suggestion, "y");
    assert_null(suggestion_best(&suggestion));
}

static void test_lengths_of_time_are_read_with_their_unit_only(void **state)
{
    static const char *const bad[] = { "", "5", "s", "5x", "-1s", "0ms", "1s ", " 1s", "1e99h" };
    uint32_t ms = 7;

    (void)state;
    assert_int_equal(duration_parse("500ms", &ms), 0);
    assert_int_equal(ms, 500);
    assert_int_equal(duration_parse("1.5s", &ms), 0);
    assert_int_equal(ms, 1500);
    assert_int_equal(duration_parse("2m", &ms), 0);
    assert_int_equal(ms, 120000);
    assert_int_equal(duration_parse("1h", &ms), 0);
    assert_int_equal(ms, 3600000);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(duration_parse(bad[i], &ms), -EINVAL);
        assert_int_equal(ms, 3600000);
    }
}

static void test_lengths_of_time_are_written_in_two_units_at_most(void **state)
{
    char text[DURATION_TEXT_MAX];

    (void)state;
    assert_string_equal(duration_print(0, text), "0 ms");
    assert_string_equal(duration_print(999, text), "999 ms");
    assert_string_equal(duration_print(12345, text), "12.3 s");
    assert_string_equal(duration_print(252000, text), "4m 12s");
    assert_string_equal(duration_print(12000000, text), "3h 20m");
    assert_string_equal(duration_print(UINT64_C(187200000), text), "2d 4h");
    duration_print(UINT64_MAX, text);
}

static void test_each_code_has_its_exit_status(void **state)
{
    static const struct {
        enum mu_code code;
        int exit;
    } pairs[] = {
        { MU_OK, 0 },
        { MU_CANCELLED, 130 },
        { MU_UNKNOWN, 1 },
        { MU_INVALID_ARGUMENT, 1 },
        { MU_DEADLINE_EXCEEDED, 5 },
        { MU_NOT_FOUND, 3 },
        { MU_ALREADY_EXISTS, 8 },
        { MU_PERMISSION_DENIED, 6 },
        { MU_RESOURCE_EXHAUSTED, 7 },
        { MU_FAILED_PRECONDITION, 8 },
        { MU_ABORTED, 8 },
        { MU_OUT_OF_RANGE, 1 },
        { MU_UNIMPLEMENTED, 3 },
        { MU_INTERNAL, 9 },
        { MU_UNAVAILABLE, 4 },
        { MU_DATA_LOSS, 9 },
        { MU_UNAUTHENTICATED, 6 },
        { (enum mu_code)99, 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        assert_int_equal(exits_of(pairs[i].code), pairs[i].exit);
        assert_non_null(exits_name(pairs[i].exit));
    }
    assert_null(exits_name(42));
}

static void test_an_instance_is_shown_by_its_first_digits(void **state)
{
    char text[INSTANCE_TEXT_MAX];

    (void)state;
    assert_string_equal(instance_short(UINT64_C(4821337123456789), text), "4821337");
    assert_string_equal(instance_short(12, text), "12");
    assert_string_equal(instance_short(0, text), "");
}

static void test_base64_is_padded_as_in_rfc_4648(void **state)
{
    static const char *const pairs[][2] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foobar", "Zm9vYmFy" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char *text = base64_encode((const uint8_t *)pairs[i][0], strlen(pairs[i][0]));

        assert_string_equal(text, pairs[i][1]);
        free(text);
    }
}

static void test_names_become_kebab_case(void **state)
{
    char kebab[FIELD_NAME_MAX];

    (void)state;
    field_kebab("HelloWorld", kebab);
    assert_string_equal(kebab, "hello-world");
    field_kebab("user_id", kebab);
    assert_string_equal(kebab, "user-id");
    field_kebab("userId", kebab);
    assert_string_equal(kebab, "user-id");
    field_kebab("GetURL", kebab);
    assert_string_equal(kebab, "get-url");
    field_kebab("Hello", kebab);
    assert_string_equal(kebab, "hello");
}

static void test_the_first_sentence_of_a_comment_is_its_brief(void **state)
{
    char text[64];

    (void)state;
    method_brief(" Cooks one meal. Nobody is asked.\n", text, sizeof(text));
    assert_string_equal(text, "Cooks one meal.");
    method_brief("Goes on\nfor a line", text, sizeof(text));
    assert_string_equal(text, "Goes on for a line");
    method_brief("", text, sizeof(text));
    assert_string_equal(text, "");
    method_brief("Version 1.5 is out\n\nmore", text, sizeof(text));
    assert_string_equal(text, "Version 1.5 is out");
}

static void test_a_piece_of_bytes_gets_its_tag_and_length_in_front(void **state)
{
    uint8_t room[FEED_HEAD_MAX];
    uint8_t *end = room + sizeof(room);
    uint8_t *head = feed_head(end, 1, 3);

    (void)state;
    assert_int_equal(end - head, 2);
    assert_memory_equal(head, ((uint8_t[]){ 0x0a, 3 }), 2);
    head = feed_head(end, 300, 65536);
    assert_int_equal(end - head, 5);
    assert_memory_equal(head, ((uint8_t[]){ 0xe2, 0x12, 0x80, 0x80, 0x04 }), 5);
    head = feed_head(end, 536870911, SIZE_MAX);
    assert_in_range(end - head, 1, FEED_HEAD_MAX);
}

static void test_a_percentile_is_the_nearest_rank(void **state)
{
    (void)state;
    assert_int_equal(load_rank(1, 50), 0);
    assert_int_equal(load_rank(1, 99), 0);
    assert_int_equal(load_rank(2, 50), 0);
    assert_int_equal(load_rank(2, 90), 1);
    assert_int_equal(load_rank(5, 50), 2);
    assert_int_equal(load_rank(5, 90), 4);
    assert_int_equal(load_rank(10, 99), 9);
    assert_int_equal(load_rank(100, 99), 98);
    assert_int_equal(load_rank(101, 99), 99);
    assert_int_equal(load_rank(10000000, 100), 9999999);
}

static void test_names_in_a_skeleton_are_those_that_the_generators_make(void **state)
{
    static const struct {
        const char *name;
        const char *type;
        const char *prefix;
    } rows[] = {
        { "shop", "Shop", "shop" },
        { "corner-shop", "CornerShop", "corner_shop" },
        { "x-ray", "XRay", "xray" },
        { "e-mail", "EMail", "email" },
        { "a-b", "AB", "ab" },
        { "a1-2b", "A12b", "a12b" },
        { "a-1-b", "A1B", "a1_b" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct skeleton_words words;
        char *prefix;
        char *type;

        skeleton_name(&words, rows[i].name);
        prefix = names_snake(words.type);
        type = names_struct(words.ident);
        assert_string_equal(words.type, rows[i].type);
        assert_string_equal(words.prefix, rows[i].prefix);
        assert_string_equal(words.prefix, prefix); /* of the stubs: by the service's name */
        assert_string_equal(words.type, type);     /* of the messages: by the package's */
        free(prefix);
        free(type);
    }
}

static void test_a_skeleton_is_filled_in_and_other_at_signs_stay(void **state)
{
    static const char text[] = "@name@ @file@ @Type@ @UPPER@ @nam @ a@b";
    struct skeleton_words words = {
        .name = "my-shop", .ident = "my_shop", .type = "MyShop", .upper = "MY_SHOP"
    };
    char *filled = skeleton_fill(text, strlen(text), &words);

    (void)state;
    assert_string_equal(filled, "my-shop my_shop MyShop MY_SHOP @nam @ a@b");
    free(filled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_swap_a_slip_and_a_gap_count_one_each),
        cmocka_unit_test(test_a_word_too_long_to_compare_is_never_near),
        cmocka_unit_test(test_the_nearest_name_is_meant_and_a_far_one_is_not),
        cmocka_unit_test(test_lengths_of_time_are_read_with_their_unit_only),
        cmocka_unit_test(test_lengths_of_time_are_written_in_two_units_at_most),
        cmocka_unit_test(test_each_code_has_its_exit_status),
        cmocka_unit_test(test_an_instance_is_shown_by_its_first_digits),
        cmocka_unit_test(test_base64_is_padded_as_in_rfc_4648),
        cmocka_unit_test(test_names_become_kebab_case),
        cmocka_unit_test(test_the_first_sentence_of_a_comment_is_its_brief),
        cmocka_unit_test(test_a_piece_of_bytes_gets_its_tag_and_length_in_front),
        cmocka_unit_test(test_a_percentile_is_the_nearest_rank),
        cmocka_unit_test(test_names_in_a_skeleton_are_those_that_the_generators_make),
        cmocka_unit_test(test_a_skeleton_is_filled_in_and_other_at_signs_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
