// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "services/interface/mu/address.h"
#include "services/interface/mu/file.h"
#include "services/interface/mu/instant.h"
#include "services/interface/mu/node_name.h"
#include "services/interface/mu/qr.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/registry_folder.h"

static void test_an_address_is_a_host_and_a_port(void **state)
{
    static const char *const good[] = { "barn:7400", "barn.example:1", "192.0.2.7:65535",
        "[2001:db8::7]:7400", "[::]:7400", "0.0.0.0:7400" };
    static const char *const bad[] = { "", ":", "barn", "barn:", ":7400", "barn:0", "barn:65536",
        "barn:07400", "barn:7400 ", "barn:74x", "2001:db8::7:7400", "[::1:7400", "ba rn:1",
        "tcp://barn:7400", "barn:123456" };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(address_is_valid(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(address_is_valid(bad[i]));
}

static void test_an_address_as_long_as_can_be_is_one_and_a_longer_one_is_none(void **state)
{
    char text[ADDRESS_TEXT_MAX + 1];

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text + ADDRESS_TEXT_MAX - 4, ":99", 4);
    assert_true(address_is_valid(text));
    memset(text, 'a', sizeof(text));
    memcpy(text + ADDRESS_TEXT_MAX - 3, ":99", 4);
    assert_false(address_is_valid(text));
}

static void test_every_address_of_a_machine_is_told_from_one_of_them(void **state)
{
    (void)state;
    assert_true(address_is_any("0.0.0.0:7400"));
    assert_true(address_is_any("[::]:7400"));
    assert_false(address_is_any("10.0.0.0:7400"));
    assert_false(address_is_any("[::1]:7400"));
}

static void test_a_list_of_addresses_is_full_at_its_limit(void **state)
{
    struct address_list list = { .count = 0 };

    (void)state;
    for (int i = 0; i < ADDRESS_LIST_MAX; i++)
        assert_true(address_add(&list, "barn:1"));
    assert_false(address_add(&list, "barn:2"));
    assert_int_equal(list.count, ADDRESS_LIST_MAX);
    assert_string_equal(list.items[ADDRESS_LIST_MAX - 1], "barn:1");
}

static void test_a_machines_own_addresses_can_be_dialled(void **state)
{
    struct address_list list = { .count = 0 };

    (void)state;
    address_add_own(&list, "[::]:7400");
    for (size_t i = 0; i < list.count; i++) {
        assert_true(address_is_valid(list.items[i]));
        assert_string_equal(strrchr(list.items[i], ':'), ":7400");
        assert_null(strstr(list.items[i], "127.0.0.1"));
        assert_null(strstr(list.items[i], "[::1]"));
    }
}

static void test_a_free_port_is_found_on_loopback(void **state)
{
    char one[ADDRESS_TEXT_MAX];

    (void)state;
    assert_int_equal(address_free_port(one), 0);
    assert_true(address_is_valid(one));
    assert_int_equal(strncmp(one, "127.0.0.1:", 10), 0);
}

static void test_a_hosts_name_becomes_a_nodes(void **state)
{
    static const char *const pairs[][2] = {
        { "desk", "desk" },
        { "Alice-PC.home.example", "alice-pc" },
        { "__my  laptop__", "my-laptop" },
        { "---", "node" },
        { "", "node" },
        { ".hidden", "node" },
        { "f\303\274r", "f-r" },
        { "0123456789012345678901234567890123456789", "0123456789012345678901234567890" },
        { "012345678901234567890123456789-9", "012345678901234567890123456789" },
    };
    char name[NODE_NAME_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        node_name_make(pairs[i][0], name);
        assert_string_equal(name, pairs[i][1]);
        assert_true(node_name_is_valid(name));
    }
}

static void test_a_nodes_name_holds_what_a_certificate_takes(void **state)
{
    (void)state;
    assert_true(node_name_is_valid("a"));
    assert_true(node_name_is_valid("7-of-9"));
    assert_true(node_name_is_valid("0123456789012345678901234567890"));
    assert_false(node_name_is_valid("01234567890123456789012345678901"));
    assert_false(node_name_is_valid(""));
    assert_false(node_name_is_valid("-a"));
    assert_false(node_name_is_valid("a-"));
    assert_false(node_name_is_valid("A"));
    assert_false(node_name_is_valid("a.b"));
}

static void test_an_instant_says_how_far_away_it_is(void **state)
{
    char text[INSTANT_TEXT_MAX];

    (void)state;
    setenv("TZ", "UTC", 1);
    assert_string_equal(
            instant_print(1767225600 + 83520, 1767225600, text), "2026-01-01 23:12 (in 23h 12m)");
    assert_string_equal(instant_print(1767225600, 1767225600, text), "2026-01-01 00:00 (0 ms ago)");
    assert_string_equal(
            instant_print(1767225600, 1767225690, text), "2026-01-01 00:00 (1m 30s ago)");
    instant_print(UINT64_MAX, 0, text);
    instant_print(0, UINT64_MAX, text);
}

/* Puts the modules of a printed code into `modules`, row by row, and returns how many a row has. */
static int read_halves(const char *text, bool upper_is_dark, uint8_t *modules)
{
    static const char *const halves[] = { " ", "▄", "▀", "█" };
    int width = 0;
    int row = 0;
    int column = 0;

    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            width = column;
            column = 0;
            row += 2;
            continue;
        }
        for (int i = 3; i >= 0; i--) {
            if (strncmp(text, halves[i], strlen(halves[i])) != 0)
                continue;
            modules[row * width + column] = ((i & 2) != 0) == upper_is_dark;
            modules[(row + 1) * width + column] = ((i & 1) != 0) == upper_is_dark;
            column += 1;
            text += strlen(halves[i]) - 1;
            break;
        }
    }
    return width;
}

static void test_a_printed_code_holds_every_module_inside_its_margin(void **state)
{
    static const char token[] = "mu1.ATl4QyocD-A5EGaB5QyE-cSgoaKjpKWmpwABAgMEBQYHCAkKCwwNDg8QERI";
    const struct qr_style style = { .columns = 80, .is_utf8 = true };
    QRcode *code = QRcode_encodeString8bit(token, 0, QR_ECLEVEL_L);
    static char text[65536];
    static uint8_t modules[16384];
    FILE *stream = fmemopen(text, sizeof(text), "w");
    int width;

    (void)state;
    assert_int_equal(qr_print(stream, token, &style), 0);
    fputc('\0', stream);
    fclose(stream);
    read_halves(text, false, modules); /* the first line tells the width */
    width = code->width + 8;
    memset(modules, 0, sizeof(modules));
    assert_int_equal(read_halves(text, false, modules), width);
    for (int row = 0; row < code->width; row++) {
        for (int column = 0; column < code->width; column++)
            assert_int_equal(modules[(row + 4) * width + column + 4],
                    code->data[row * code->width + column] & 1);
    }
    for (int i = 0; i < 4 * width; i++)
        assert_int_equal(modules[i], 0);
    QRcode_free(code);
}

static void test_a_code_that_does_not_fit_prints_nothing(void **state)
{
    struct qr_style style = { .columns = 28, .is_utf8 = true };
    char text[4096] = "";
    char longest[3000];
    FILE *stream = fmemopen(text, sizeof(text), "w");

    (void)state;
    assert_int_equal(qr_print(stream, "mu", &style), -E2BIG); /* 21 modules and two margins */
    assert_int_equal(ftell(stream), 0);
    style.is_utf8 = false;
    style.columns = 57;
    assert_int_equal(qr_print(stream, "mu", &style), -E2BIG);
    style.columns = 58;
    assert_int_equal(qr_print(stream, "mu", &style), 0);
    memset(longest, 'a', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    style.columns = 10000;
    assert_int_equal(qr_print(stream, longest, &style), -E2BIG);
    fclose(stream);
}

static void test_a_key_file_is_its_owners_alone_and_never_overwrites(void **state)
{
    struct folder folder;
    char path[256];
    char text[8] = "";
    struct stat found;
    int fd = -1;
    int other = -1;

    (void)state;
    folder_make(&folder);
    snprintf(path, sizeof(path), "%s/alice.root.key", folder.path);
    umask(0);
    assert_int_equal(file_reserve(path, &fd), 0);
    assert_int_equal(file_reserve(path, &other), -EEXIST);
    assert_int_equal(other, -1);
    assert_int_equal(file_fill(fd, path, "sealed", 6), 0);
    close(fd);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0600);
    assert_int_equal(found.st_size, 6);
    fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, text, sizeof(text)), 6);
    assert_string_equal(text, "sealed");
    close(fd);
    assert_int_equal(file_reserve("/nonexistent/key", &other), -ENOENT);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_address_is_a_host_and_a_port),
        cmocka_unit_test(test_an_address_as_long_as_can_be_is_one_and_a_longer_one_is_none),
        cmocka_unit_test(test_every_address_of_a_machine_is_told_from_one_of_them),
        cmocka_unit_test(test_a_list_of_addresses_is_full_at_its_limit),
        cmocka_unit_test(test_a_machines_own_addresses_can_be_dialled),
        cmocka_unit_test(test_a_free_port_is_found_on_loopback),
        cmocka_unit_test(test_a_hosts_name_becomes_a_nodes),
        cmocka_unit_test(test_a_nodes_name_holds_what_a_certificate_takes),
        cmocka_unit_test(test_an_instant_says_how_far_away_it_is),
        cmocka_unit_test(test_a_printed_code_holds_every_module_inside_its_margin),
        cmocka_unit_test(test_a_code_that_does_not_fit_prints_nothing),
        cmocka_unit_test(test_a_key_file_is_its_owners_alone_and_never_overwrites),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
