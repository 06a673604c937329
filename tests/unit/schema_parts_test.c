// SPDX-License-Identifier: Apache-2.0
/* Numbers, times, base64 and texts, each alone: their edges would be hard to see through JSON. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/schema/base64.h"
#include "client/schema/buffer.h"
#include "client/schema/moment.h"
#include "client/schema/number.h"
#include "client/schema/text.h"
#include "client/schema/wire.h"
#include "tests/unit/cmocka.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void test_whole_numbers_are_read_exactly_however_they_are_written(void **state)
{
    static const struct {
        const char *text;
        bool negative;
        uint64_t magnitude;
    } rows[] = {
        { "0", false, 0 },
        { "-0", true, 0 },
        { "18446744073709551615", false, UINT64_MAX },
        { "1.8446744073709551615e19", false, UINT64_MAX },
        { "184467440737095516150e-1", false, UINT64_MAX },
        { "-9223372036854775808", true, UINT64_C(1) << 63 },
        { "1e2", false, 100 },
        { "1E+2", false, 100 },
        { "100e-2", false, 1 },
        { "1.50e1", false, 15 },
        { "10.000", false, 10 },
        { "0e999999999999", false, 0 },
        { "0.0e-999999999999", false, 0 },
    };
    static const char *const refused[] = { "", "-", "+1", "01", "1.", ".5", "1.5", "1e", "1e+",
        "1e-1", "0x1", "1 ", " 1", "18446744073709551616", "1e20", "1e999999999999",
        "1e-999999999999", "99999999999999999999e-1x", "NaN" };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t magnitude;
        bool negative;

        assert_true(number_read_whole(rows[i].text, &negative, &magnitude));
        assert_int_equal(negative, rows[i].negative);
        assert_true(magnitude == rows[i].magnitude);
    }
    for (size_t i = 0; i < COUNT(refused); i++) {
        uint64_t magnitude;
        bool negative;

        if (number_read_whole(refused[i], &negative, &magnitude))
            fail_msg("%s", refused[i]);
    }
}

static void test_floats_print_short_and_read_back_the_same(void **state)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = { { 0, "0" }, { -0.0, "-0.0" }, { 0.1, "0.1" }, { 1e21, "1e+21" },
        { 5e-324, "4.94065645841247e-324" }, { 1.0 / 3, "0.3333333333333333" },
        { 9007199254740993.0, "9007199254740992" } };
    char text[NUMBER_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        number_print_double(text, rows[i].value);
        assert_string_equal(text, rows[i].text);
        assert_true(strtod(text, NULL) == rows[i].value);
    }
    number_print_float(text, 0.1f);
    assert_string_equal(text, "0.1");
    number_print_float(text, 16777216.0f);
    assert_true(strtof(text, NULL) == 16777216.0f);
    number_print_float(text, -0.0f);
    assert_string_equal(text, "-0.0");
}

static void test_times_are_read_with_any_offset_and_printed_in_utc(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
        int32_t nanos;
        const char *printed;
    } rows[] = {
        { "1970-01-01T00:00:00Z", 0, 0, "1970-01-01T00:00:00Z" },
        { "0001-01-01T00:00:00Z", -62135596800, 0, "0001-01-01T00:00:00Z" },
        { "9999-12-31T23:59:59.999999999Z", 253402300799, 999999999,
                "9999-12-31T23:59:59.999999999Z" },
        { "1969-12-31T23:59:59.5Z", -1, 500000000, "1969-12-31T23:59:59.500Z" },
        { "2000-02-29T12:34:56.000001Z", 951827696, 1000, "2000-02-29T12:34:56.000001Z" },
        { "2024-01-31T12:00:00+01:30", 1706697000, 0, "2024-01-31T10:30:00Z" },
        { "2024-01-31T12:00:00-23:59", 1706788740, 0, "2024-02-01T11:59:00Z" },
    };
    static const char *const refused[] = { "", "2024", "2024-01-31", "2024-01-31T12:00:00",
        "2024-01-31t12:00:00Z", "2024-01-31 12:00:00Z", "2024-1-31T12:00:00Z",
        "2024-02-30T12:00:00Z", "1900-02-29T00:00:00Z", "2024-00-01T00:00:00Z",
        "2024-13-01T00:00:00Z", "2024-01-00T00:00:00Z", "2024-01-01T24:00:00Z",
        "2024-01-01T00:60:00Z", "2024-01-01T00:00:60Z", "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00.1234567890Z", "2024-01-01T00:00:00Zx", "2024-01-01T00:00:00+1:00",
        "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00+01:60", "2024-01-01T00:00:00+0100",
        "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01" };
    static const struct moment outside[] = { { -62135596801, 0 }, { 253402300800, 0 }, { 0, -1 },
        { 0, 1000000000 } };
    char text[MOMENT_TEXT_MAX];
    struct moment moment;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(timestamp_read(&moment, rows[i].text));
        assert_true(moment.seconds == rows[i].seconds);
        assert_int_equal(moment.nanos, rows[i].nanos);
        assert_true(timestamp_print(&moment, text));
        assert_string_equal(text, rows[i].printed);
    }
    for (size_t i = 0; i < COUNT(refused); i++)
        if (timestamp_read(&moment, refused[i]))
            fail_msg("%s", refused[i]);
    for (size_t i = 0; i < COUNT(outside); i++)
        assert_false(timestamp_print(&outside[i], text));
}

static void test_every_day_of_four_centuries_comes_back(void **state)
{
    char text[MOMENT_TEXT_MAX];

    (void)state;
    for (int64_t day = -146097; day < 146097; day++) {
        struct moment moment = { .seconds = day * 86400 + 86399 };
        struct moment again;

        assert_true(timestamp_print(&moment, text));
        assert_true(timestamp_read(&again, text));
        assert_true(again.seconds == moment.seconds);
    }
}

static void test_durations_have_one_sign(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
        int32_t nanos;
        const char *printed;
    } rows[] = {
        { "0s", 0, 0, "0s" },
        { "-0s", 0, 0, "0s" },
        { "1.5s", 1, 500000000, "1.500s" },
        { "-1.5s", -1, -500000000, "-1.500s" },
        { "-0.000000001s", 0, -1, "-0.000000001s" },
        { "315576000000s", 315576000000, 0, "315576000000s" },
        { "-315576000000s", -315576000000, 0, "-315576000000s" },
    };
    static const char *const refused[] = { "", "s", "1", "1m", "1.s", ".5s", "--1s", "+1s", "1.5ss",
        "1.1234567890s", "315576000001s", "-315576000001s", "9999999999999s", "1e3s" };
    static const struct moment outside[] = { { 315576000001, 0 }, { -315576000001, 0 }, { 1, -1 },
        { -1, 1 }, { 0, 1000000000 }, { 0, -1000000000 } };
    char text[MOMENT_TEXT_MAX];
    struct moment moment;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(duration_read(&moment, rows[i].text));
        assert_true(moment.seconds == rows[i].seconds);
        assert_int_equal(moment.nanos, rows[i].nanos);
        assert_true(duration_print(&moment, text));
        assert_string_equal(text, rows[i].printed);
    }
    for (size_t i = 0; i < COUNT(refused); i++)
        if (duration_read(&moment, refused[i]))
            fail_msg("%s", refused[i]);
    for (size_t i = 0; i < COUNT(outside); i++)
        assert_false(duration_print(&outside[i], text));
}

static void test_base64_comes_back_from_both_alphabets_with_and_without_padding(void **state)
{
    static const uint8_t bytes[] = { 0xfb, 0xff, 0xbe, 0x01, 0x02 };
    static const char *const texts[] = { "", "+w==", "+/8=", "+/++", "+/++AQ==", "+/++AQI=" };
    static const char *const refused[] = { "A", "AAAAA", "A===", "=", "AA=A",
        "AA==AA==", "A A=", "A*==" };
    uint8_t back[64];

    (void)state;
    for (size_t size = 0; size < COUNT(texts); size++) {
        struct buffer buffer;
        uint8_t *text;
        size_t text_size;

        buffer_init(&buffer, 64);
        base64_put(&buffer, bytes, size);
        assert_int_equal(buffer_take(&buffer, &text, &text_size), 0);
        assert_string_equal((char *)text, texts[size]);
        assert_int_equal(base64_read(back, (char *)text, text_size), size);
        assert_memory_equal(back, bytes, size);
        while (text_size > 0 && text[text_size - 1] == '=')
            text_size -= 1;
        assert_int_equal(base64_read(back, (char *)text, text_size), size);
        free(text);
    }
    assert_int_equal(base64_read(back, "-_--", 4), 3);
    assert_memory_equal(back, bytes, 3);
    for (size_t i = 0; i < COUNT(refused); i++)
        if (base64_read(back, refused[i], strlen(refused[i])) >= 0)
            fail_msg("%s", refused[i]);
}

static void test_only_utf8_without_nul_is_clean(void **state)
{
    static const char *const clean[] = { "", "a", "\x7f", "ä", "\xdf\xbf", "\xe0\xa0\x80",
        "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf" };
    static const char *const dirty[] = { "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x20",
        "\xe0\x9f\xbf", "\xe0\xa0", "\xe1\x80\x20", "\xed\xa0\x80", "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff" };

    (void)state;
    for (size_t i = 0; i < COUNT(clean); i++)
        assert_true(text_is_clean((const uint8_t *)clean[i], strlen(clean[i])));
    for (size_t i = 0; i < COUNT(dirty); i++)
        assert_false(text_is_clean((const uint8_t *)dirty[i], strlen(dirty[i])));
    assert_false(text_is_clean((const uint8_t *)"a\0b", 3));
}

static void test_every_code_point_is_written_as_clean_utf8(void **state)
{
    char text[4];

    (void)state;
    for (uint32_t code = 1; code <= 0x10ffff; code++) {
        size_t size = text_write_utf8(text, code);

        if (text_is_clean((const uint8_t *)text, size) != (code < 0xd800 || code > 0xdfff))
            fail_msg("U+%04" PRIX32, code);
    }
}

static void test_an_error_that_is_too_long_is_cut_at_a_whole_character(void **state)
{
    struct mu_schema_error error;
    char text[MU_SCHEMA_ERROR_MAX + 8];

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        size_t size = shift;

        memset(text, 'x', shift);
        while (size + 4 < sizeof(text))
            size += text_write_utf8(text + size, 0x1f600);
        text[size] = '\0';
        assert_int_equal(text_fail(&error, "%s", text), -EINVAL);
        assert_true(strlen(error.text) >= MU_SCHEMA_ERROR_MAX - 5);
        assert_true(text_is_clean((const uint8_t *)error.text, strlen(error.text)));
    }
    assert_int_equal(text_fail(NULL, "x"), -EINVAL);
}

static void test_an_error_cannot_command_a_terminal(void **state)
{
    struct mu_schema_error error;

    (void)state;
    text_write_error(&error, "a\033[2J\n\x7f\xc2\x9bx\xc2\xa0\xc3\xa4");
    assert_string_equal(error.text, "a?[2J????x\xc2\xa0\xc3\xa4");
}

static void test_a_name_is_guessed_from_what_is_near(void **state)
{
    static const char *const names[] = { "name", "age", "displayName", "x" };
    static const struct {
        const char *typed;
        const char *meant;
    } rows[] = { { "nmae", "name" }, { "nam", "name" }, { "namee", "name" }, { "Name", "name" },
        { "displayname", "displayName" }, { "dispalyNaem", "displayName" }, { "gae", "age" },
        { "qqq", NULL }, { "", NULL }, { "y", NULL }, { "unrelated", NULL } };
    char giant[200];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *closest =
                text_closest(rows[i].typed, strlen(rows[i].typed), names, COUNT(names));

        if (rows[i].meant == NULL)
            assert_null(closest);
        else
            assert_string_equal(closest, rows[i].meant);
    }
    memset(giant, 'n', sizeof(giant) - 1);
    giant[sizeof(giant) - 1] = '\0';
    assert_null(text_closest(giant, sizeof(giant) - 1, names, COUNT(names)));
}

static void test_a_buffer_stops_at_its_limit_and_says_so_at_the_end(void **state)
{
    struct buffer buffer;
    uint8_t *data;
    size_t size;

    (void)state;
    buffer_init(&buffer, 10);
    buffer_put_text(&buffer, "123456789");
    buffer_put_byte(&buffer, '0');
    buffer_put_byte(&buffer, 'x');
    buffer_format(&buffer, "%d", 5);
    buffer_prefix(&buffer, 0);
    assert_int_equal(buffer_take(&buffer, &data, &size), -E2BIG);
    buffer_deinit(&buffer);
    buffer_init(&buffer, 10);
    assert_int_equal(buffer_take(&buffer, &data, &size), 0);
    assert_int_equal(size, 0);
    assert_int_equal(data[0], 0);
    free(data);
}

static void test_varints_come_back_and_only_the_shortest_is_read(void **state)
{
    uint8_t bytes[WIRE_VARINT_MAX];
    uint64_t value;

    (void)state;
    for (unsigned shift = 0; shift < 64; shift++)
        for (uint64_t near = 0; near < 3; near++) {
            uint64_t wanted = (UINT64_C(1) << shift) - 1 + near;
            size_t size = wire_write_varint(bytes, wanted);

            assert_ptr_equal(wire_read_varint(bytes, bytes + size, &value), bytes + size);
            assert_true(value == wanted);
            assert_null(wire_read_varint(bytes, bytes + size - 1, &value));
            assert_true(wire_unzigzag(wire_zigzag((int64_t)wanted)) == (int64_t)wanted);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_numbers_are_read_exactly_however_they_are_written),
        cmocka_unit_test(test_floats_print_short_and_read_back_the_same),
        cmocka_unit_test(test_times_are_read_with_any_offset_and_printed_in_utc),
        cmocka_unit_test(test_every_day_of_four_centuries_comes_back),
        cmocka_unit_test(test_durations_have_one_sign),
        cmocka_unit_test(test_base64_comes_back_from_both_alphabets_with_and_without_padding),
        cmocka_unit_test(test_only_utf8_without_nul_is_clean),
        cmocka_unit_test(test_every_code_point_is_written_as_clean_utf8),
        cmocka_unit_test(test_an_error_that_is_too_long_is_cut_at_a_whole_character),
        cmocka_unit_test(test_an_error_cannot_command_a_terminal),
        cmocka_unit_test(test_a_name_is_guessed_from_what_is_near),
        cmocka_unit_test(test_a_buffer_stops_at_its_limit_and_says_so_at_the_end),
        cmocka_unit_test(test_varints_come_back_and_only_the_shortest_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
