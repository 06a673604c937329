// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "services/interface/mu/log_line.h"
#include "services/interface/mu/tail.h"
#include "tests/unit/cli_output.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/registry_folder.h"

struct log {
    struct folder folder;
    char path[128];
    char old[128];
    char told[4096]; /* the lines, each ended by `|` */
};

static int log_make(void **state)
{
    struct log *log = calloc(1, sizeof(*log));

    folder_make(&log->folder);
    snprintf(log->path, sizeof(log->path), "%s/a.log", log->folder.path);
    snprintf(log->old, sizeof(log->old), "%s/a.log.1", log->folder.path);
    *state = log;
    return 0;
}

static int log_remove(void **state)
{
    struct log *log = *state;

    folder_remove(&log->folder);
    free(log);
    return 0;
}

static void log_write_to(const char *path, const char *text)
{
    FILE *file = fopen(path, "a");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void log_take(const char *line, size_t size, void *user)
{
    struct log *log = user;

    snprintf(log->told + strlen(log->told), sizeof(log->told) - strlen(log->told), "%.*s|",
            (int)size, line);
}

static void log_expect(struct log *log, const char *told)
{
    assert_string_equal(log->told, told);
    log->told[0] = '\0';
}

static void test_the_last_lines_come_first(void **state)
{
    struct log *log = *state;
    struct tail tail;

    log_write_to(log->path, "1\n2\n3\n4\n");
    assert_int_equal(tail_open(&tail, log->path, 2, log_take, log), 0);
    log_expect(log, "3|4|");
    tail_close(&tail);
    assert_int_equal(tail_open(&tail, log->path, 4, log_take, log), 0);
    log_expect(log, "1|2|3|4|");
    tail_close(&tail);
    assert_int_equal(tail_open(&tail, log->path, 9, log_take, log), 0);
    log_expect(log, "1|2|3|4|");
    tail_close(&tail);
    assert_int_equal(tail_open(&tail, log->path, 0, log_take, log), 0);
    log_expect(log, "");
    tail_close(&tail);
    tail_close(&tail);
}

static void test_lines_from_before_the_rotation_fill_up(void **state)
{
    struct log *log = *state;
    struct tail tail;

    log_write_to(log->old, "1\n2\n3\n");
    log_write_to(log->path, "4\n");
    assert_int_equal(tail_open(&tail, log->path, 3, log_take, log), 0);
    log_expect(log, "2|3|4|");
    tail_close(&tail);
}

static void test_what_comes_is_told_once_also_over_a_rotation(void **state)
{
    struct log *log = *state;
    struct tail tail;

    assert_int_equal(tail_open(&tail, log->path, 5, log_take, log), 0);
    tail_read(&tail, log_take, log);
    log_expect(log, "");
    log_write_to(log->path, "1\n2");
    tail_read(&tail, log_take, log);
    log_expect(log, "1|");
    log_write_to(log->path, "2\n");
    tail_read(&tail, log_take, log);
    log_expect(log, "22|");
    log_write_to(log->path, "3\n");
    assert_int_equal(rename(log->path, log->old), 0);
    tail_read(&tail, log_take, log);
    log_expect(log, "3|");
    log_write_to(log->old, "4\n");
    log_write_to(log->path, "5\n");
    tail_read(&tail, log_take, log);
    log_expect(log, "4|5|");
    tail_read(&tail, log_take, log);
    log_expect(log, "");
    tail_close(&tail);
}

static void test_a_line_over_the_limit_comes_in_parts(void **state)
{
    struct log *log = *state;
    char *line = malloc(TAIL_LINE_MAX + 2);
    struct tail tail;

    memset(line, 'x', TAIL_LINE_MAX);
    memcpy(line + TAIL_LINE_MAX, "y", 2);
    assert_int_equal(tail_open(&tail, log->path, 1, log_take, log), 0);
    log_write_to(log->path, line);
    log_write_to(log->path, "\n");
    tail_read(&tail, log_take, log);
    assert_int_equal(tail.size, 0);
    tail_close(&tail);
    free(line);
}

static void test_a_line_of_json_is_shown_for_people(void **state)
{
    static const char line[] = "{\"ts\":\"2026-01-31T12:00:01.123Z\",\"level\":\"warn\","
                               "\"service\":\"greeter\",\"msg\":\"a \\\"b\\\"\",\"call\":7}";
    static struct output output;
    struct cli cli = { 0 };
    char time[LOG_LINE_TIME_MAX];

    (void)state;
    setenv("TZ", "UTC", 1);
    log_line_time(line, strlen(line), time);
    assert_string_equal(time, "2026-01-31T12:00:01.123Z");
    log_line_time("plain", 5, time);
    assert_string_equal(time, "");
    output_catch(&output, stdout);
    log_line_print(&cli, "greeter", line, strlen(line));
    log_line_print(&cli, "greeter", "plain", 5);
    output_release(&output);
    assert_string_equal(output.text, "12:00:01 warn  greeter: a \"b\" call=7\n"
                                     "               greeter: plain\n");
}

static void test_what_would_steer_a_terminal_is_shown_instead(void **state)
{
    static const char line[] = "{\"ts\":\"2026-01-31T12:00:01.123Z\",\"level\":\"\\u001b[1m\","
                               "\"msg\":\"a\\u001b[2Jb\\u009bc\",\"k\\u0007\":\"v\\u007f\"}";
    struct cli cli = { .no_color = true };
    struct output output;

    (void)state;
    setenv("TZ", "UTC", 1);
    output_catch(&output, stdout);
    log_line_print(&cli, "x", line, strlen(line));
    log_line_print(&cli, "x", "raw\033]0;t\007 tab\t\xc3\xa9", 16);
    output_release(&output);
    assert_string_equal(output.text, "12:00:01       x: a\\x1b[2Jb\\xc2\\x9bc k\\x07=v\\x7f\n"
                                     "               x: raw\\x1b]0;t\\x07 tab\t\xc3\xa9\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_last_lines_come_first, log_make, log_remove),
        cmocka_unit_test_setup_teardown(
                test_lines_from_before_the_rotation_fill_up, log_make, log_remove),
        cmocka_unit_test_setup_teardown(
                test_what_comes_is_told_once_also_over_a_rotation, log_make, log_remove),
        cmocka_unit_test_setup_teardown(
                test_a_line_over_the_limit_comes_in_parts, log_make, log_remove),
        cmocka_unit_test(test_a_line_of_json_is_shown_for_people),
        cmocka_unit_test(test_what_would_steer_a_terminal_is_shown_instead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
