// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/limits.h"
#include "kernel/logscan.h"
#include "tests/unit/cmocka.h"

enum { FOUND_MAX = 64, PATH_ROOM = 128 };

static const char trace[] = "4bf92f3577b34da6a3ce929d0e0e4736";
static char folder[64];

struct found {
    char lines[FOUND_MAX][256]; /* `service: line` */
    size_t count;
    size_t room; /* lines that are taken a step */
};

static void path_of(const char *name, char path[PATH_ROOM])
{
    snprintf(path, PATH_ROOM, "%s/%s", folder, name);
}

static void put(const char *name, const char *text)
{
    char path[PATH_ROOM];
    FILE *file;

    path_of(name, path);
    file = fopen(path, "a");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void put_line(const char *name, const char *text)
{
    char line[256];

    snprintf(
            line, sizeof(line), "{\"ts\":\"x\",\"msg\":\"%s\",\"trace_id\":\"%s\"}\n", text, trace);
    put(name, line);
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/mu-logscan-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    static const char *const names[] = { "counter", "greeter", "shop", "note" };
    char path[PATH_ROOM];
    char name[32];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (int file = 0; file <= LOG_FILES_OLD + 1; file++) {
            snprintf(name, sizeof(name), file == 0 ? "%s.log" : "%s.log.%d", names[i], file);
            path_of(name, path);
            unlink(path);
        }
    }
    path_of("note.txt", path);
    unlink(path);
    return rmdir(folder);
}

static bool take(const char *service, const char *line, size_t size, void *user)
{
    struct found *found = user;

    if (found->room == 0)
        return false;
    found->room -= 1;
    assert_true(found->count < FOUND_MAX);
    snprintf(found->lines[found->count++], sizeof(found->lines[0]), "%s: %.*s", service, (int)size,
            line);
    return true;
}

/* Looks through all of it. Returns how many steps that took. */
static int scan_all(const char *service, const char *what, size_t room, struct found *found)
{
    struct logscan scan = { .folder = folder, .trace = what, .service = service };
    int steps = 1;

    memset(found, 0, sizeof(*found));
    found->room = room;
    while (logscan_step(&scan, take, found)) {
        found->room = room;
        steps += 1;
        assert_true(steps < 1000);
    }
    return steps;
}

static void test_lines_of_a_trace_are_found_in_all_files_of_all_services(void **state)
{
    struct found found;

    (void)state;
    put_line("shop.log", "new");
    put_line("shop.log.3", "oldest");
    put_line("shop.log.4", "no log of ours");
    put_line("greeter.log", "hello");
    put("greeter.log", "{\"ts\":\"x\",\"msg\":\"other\",\"trace_id\":\"4bf92f36\"}\nplain\n\n");
    put_line("note.txt", "not a log");
    scan_all("", trace, FOUND_MAX, &found);
    assert_int_equal(found.count, 3);
    assert_non_null(strstr(found.lines[0], "greeter: {\"ts\":\"x\",\"msg\":\"hello\""));
    assert_non_null(strstr(found.lines[1], "shop: {\"ts\":\"x\",\"msg\":\"new\""));
    assert_non_null(strstr(found.lines[2], "oldest"));
    scan_all("shop", "4bf9", FOUND_MAX, &found);
    assert_int_equal(found.count, 2);
    scan_all("nobody", "4bf9", FOUND_MAX, &found);
    assert_int_equal(found.count, 0);
}

static void test_only_the_trace_id_of_a_line_counts(void **state)
{
    static const struct {
        const char *line;
        bool is_of;
    } cases[] = {
        { "{\"trace_id\":\"4bf92f35\"}", true },
        { "{\"trace_id\" : \"4bf92f35\"}", true },
        { "{\"msg\":\"\\\"trace_id\\\":\\\"4bf92f35\\\"\"}", false },
        { "{\"msg\":\"4bf92f35\",\"trace_id\":\"00\"}", false },
        { "{\"trace_id\":\"004bf92f35\"}", false },
        { "{\"trace_id\":\"4bf9", false },
        { "{\"trace_id\"", false },
        { "", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(
                logscan_is_of(cases[i].line, strlen(cases[i].line), "4bf92f"), cases[i].is_of);
}

static void test_what_finds_no_room_comes_with_the_next_step(void **state)
{
    struct found found;
    char text[8];

    (void)state;
    for (int i = 0; i < 10; i++) {
        snprintf(text, sizeof(text), "%d", i);
        put_line(i < 5 ? "counter.log" : "shop.log", text);
    }
    assert_true(scan_all("", trace, 3, &found) >= 4);
    assert_int_equal(found.count, 10);
    for (size_t i = 0; i < found.count; i++) {
        snprintf(text, sizeof(text), "\"%d\"", (int)i);
        assert_non_null(strstr(found.lines[i], text));
    }
}

/* The limit: a step reads so much and no more, and nothing is lost at its edge. */
static void test_a_long_log_takes_several_steps_and_each_line_comes_once(void **state)
{
    static char block[4096];
    struct found found;
    char text[16];
    int steps;

    (void)state;
    memset(block, 'x', sizeof(block) - 2);
    block[sizeof(block) - 2] = '\n';
    for (int i = 0; i < 3 * LOG_SCAN_MAX / (int)sizeof(block); i++) {
        put("shop.log", block);
        if (i % 32 == 0) {
            snprintf(text, sizeof(text), "line %d", i);
            put_line("shop.log", text);
        }
    }
    steps = scan_all("", trace, FOUND_MAX, &found);
    assert_in_range(steps, 3, 4);
    assert_int_equal(found.count, 3 * LOG_SCAN_MAX / (int)sizeof(block) / 32);
}

static void test_a_line_that_is_being_written_is_left_for_later(void **state)
{
    struct found found;

    (void)state;
    put_line("shop.log", "whole");
    put("shop.log", "{\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\"");
    scan_all("", trace, FOUND_MAX, &found);
    assert_int_equal(found.count, 1);
}

static void test_a_file_begun_anew_meanwhile_is_read_from_the_front(void **state)
{
    struct logscan scan = { .folder = folder, .trace = trace, .service = "" };
    struct found found = { .room = FOUND_MAX };
    char from[PATH_ROOM];
    char to[PATH_ROOM];

    (void)state;
    put_line("shop.log", "old");
    put_line("shop.log", "old");
    snprintf(scan.place.service, sizeof(scan.place.service), "shop");
    scan.place.offset = 150; /* as if it had come so far before the rotation */
    path_of("shop.log", from);
    path_of("shop.log.1", to);
    assert_int_equal(rename(from, to), 0);
    put_line("shop.log", "new");
    while (logscan_step(&scan, take, &found))
        continue;
    assert_int_equal(found.count, 3);
    assert_non_null(strstr(found.lines[0], "new"));
}

static void test_what_is_no_trace_is_not_looked_for(void **state)
{
    (void)state;
    assert_true(logscan_is_trace("4bf9"));
    assert_true(logscan_is_trace(trace));
    assert_false(logscan_is_trace("4bf"));
    assert_false(logscan_is_trace("4BF9"));
    assert_false(logscan_is_trace("4bf92f3577b34da6a3ce929d0e0e47360"));
    assert_false(logscan_is_trace("\"}{\""));
    assert_false(logscan_is_trace(""));
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_lines_of_a_trace_are_found_in_all_files_of_all_services),
        test(test_only_the_trace_id_of_a_line_counts),
        test(test_what_finds_no_room_comes_with_the_next_step),
        test(test_a_long_log_takes_several_steps_and_each_line_comes_once),
        test(test_a_line_that_is_being_written_is_left_for_later),
        test(test_a_file_begun_anew_meanwhile_is_read_from_the_front),
        test(test_what_is_no_trace_is_not_looked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
