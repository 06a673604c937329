// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "kernel/output.h"
#include "tests/unit/cmocka.h"

static char folder[64];
static struct list logs;
static struct loop loop;
static struct output output;
static int pipe_end;

static int setup(void **state)
{
    struct logfile *log;
    int fds[2];

    (void)state;
    list_init(&logs);
    snprintf(folder, sizeof(folder), "/tmp/mu-log-XXXXXX");
    if (mkdtemp(folder) == NULL || loop_open(&loop) < 0 || pipe2(fds, O_NONBLOCK | O_CLOEXEC) < 0)
        return -1;
    pipe_end = fds[1];
    if (logfile_open(&log, &logs, folder, "greeter") < 0)
        return -1;
    return output_open(&output, &loop, fds[0], log);
}

static int teardown(void **state)
{
    char path[128];

    (void)state;
    output_close(&output);
    output_close(&output);
    close(pipe_end);
    loop_close(&loop);
    assert_true(list_is_empty(&logs));
    for (int i = 0; i <= LOG_FILES_OLD + 1; i++) {
        if (i == 0)
            snprintf(path, sizeof(path), "%s/greeter.log", folder);
        else
            snprintf(path, sizeof(path), "%s/greeter.log.%d", folder, i);
        unlink(path);
    }
    return rmdir(folder);
}

static long size_of(const char *name)
{
    char path[128];
    struct stat stat_buffer;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return stat(path, &stat_buffer) == 0 ? (long)stat_buffer.st_size : -1;
}

static const char *content(void)
{
    static char text[65536];
    char path[128];
    FILE *file;
    size_t size;

    snprintf(path, sizeof(path), "%s/greeter.log", folder);
    file = fopen(path, "r");
    assert_non_null(file);
    size = fread(text, 1, sizeof(text) - 1, file);
    text[size] = '\0';
    fclose(file);
    return text;
}

/* The texts of the log's lines, one a line; each line is checked to be whole. */
static const char *texts(void)
{
    static const char mark[] = "\"level\":\"info\",\"service\":\"greeter\",\"msg\":\"";
    static char text[65536];
    const char *line = content();
    size_t length = 0;

    for (const char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        const char *msg = strstr(line, mark);

        assert_memory_equal(line, LOG_LINE_START, strlen(LOG_LINE_START));
        assert_memory_equal(end - 2, "\"}", 2);
        assert_non_null(msg);
        assert_true(msg < end);
        msg += strlen(mark);
        memcpy(text + length, msg, (size_t)(end - 2 - msg));
        length += (size_t)(end - 2 - msg);
        text[length++] = '\n';
    }
    text[length] = '\0';
    return text;
}

static void say(const char *text)
{
    assert_int_equal(write(pipe_end, text, strlen(text)), strlen(text));
    assert_int_equal(loop_turn(&loop, 0), 0);
}

static void test_whole_lines_are_written_at_once_and_the_rest_waits(void **state)
{
    (void)state;
    say("one\ntwo\nthr");
    assert_string_equal(texts(), "one\ntwo\n");
    say("ee");
    assert_string_equal(texts(), "one\ntwo\n");
    say("\nfour\n");
    assert_string_equal(texts(), "one\ntwo\nthree\nfour\n");
}

static void test_the_last_words_of_a_process_are_kept(void **state)
{
    (void)state;
    say("one\ntw");
    assert_int_equal(write(pipe_end, "o\nthree", 7), 7);
    output_close(&output);
    assert_string_equal(texts(), "one\ntwo\nthree\n");
}

static void test_a_line_that_is_too_long_is_cut(void **state)
{
    static char text[OUTPUT_LINE_MAX + 2];
    const char *first;

    (void)state;
    memset(text, 'x', OUTPUT_LINE_MAX);
    say(text);
    assert_string_equal(texts(), "");
    say("y");
    first = texts();
    assert_int_equal(strcspn(first, "\n"), OUTPUT_LINE_MAX);
    say("\n");
    assert_string_equal(strchr(texts(), '\n'), "\ny\n");
}

static void test_a_line_with_a_time_of_its_own_is_left_as_it_is(void **state)
{
    static const char own[] = LOG_LINE_START "2026-01-31T12:00:00.000Z\",\"msg\":\"one\"}\n";

    (void)state;
    say(own);
    assert_string_equal(content(), own);
}

static void test_any_other_line_becomes_one_that_programs_read(void **state)
{
    (void)state;
    say("tab\t\"quoted\" \033[31mred\r\n\n{\"msg\":\"x\"}\n");
    assert_string_equal(
            texts(), "tab\\u0009\\\"quoted\\\" \\u001b[31mred\n\n{\\\"msg\\\":\\\"x\\\"}\n");
}

static void test_bytes_that_are_no_letters_are_replaced(void **state)
{
    (void)state;
    say("\xc3\xa9 \xff \xc3\n\xf0\x9f\x98\x80 \xed\xa0\x80\n");
    assert_string_equal(texts(), "\xc3\xa9 \xef\xbf\xbd \xef\xbf\xbd\n\xf0\x9f\x98\x80 "
                                 "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\n");
}

static void test_the_worst_line_has_room(void **state)
{
    static char text[OUTPUT_LINE_MAX + 2];

    (void)state;
    memset(text, 1, OUTPUT_LINE_MAX);
    text[OUTPUT_LINE_MAX] = '\n';
    say(text);
    assert_int_equal(strlen(texts()), 6 * OUTPUT_LINE_MAX + 1);
}

static void test_a_log_begins_anew_and_keeps_three(void **state)
{
    static char line[4096];
    struct iovec piece = { line, sizeof(line) };

    (void)state;
    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    for (int file = 1; file <= LOG_FILES_OLD + 2; file++) {
        for (size_t size = 0; size < LOG_FILE_MAX; size += sizeof(line))
            logfile_write(output.log, &piece, 1);
        assert_int_equal(size_of("greeter.log"), LOG_FILE_MAX);
    }
    assert_int_equal(size_of("greeter.log.1"), LOG_FILE_MAX);
    assert_int_equal(size_of("greeter.log.3"), LOG_FILE_MAX);
    assert_int_equal(size_of("greeter.log.4"), -1);
}

static void test_a_log_that_others_write_to_is_trimmed(void **state)
{
    (void)state;
    assert_false(logfile_trim(output.log));
    assert_int_equal(ftruncate(output.log->fd, LOG_FILE_MAX), 0);
    assert_false(logfile_trim(output.log));
    assert_int_equal(ftruncate(output.log->fd, LOG_FILE_MAX + 1), 0);
    assert_true(logfile_trim(output.log));
    assert_int_equal(size_of("greeter.log"), 0);
    assert_int_equal(size_of("greeter.log.1"), LOG_FILE_MAX + 1);
}

static void test_processes_of_one_service_share_a_log(void **state)
{
    struct logfile *same;
    struct logfile *other;

    (void)state;
    assert_int_equal(logfile_open(&same, &logs, folder, "greeter"), 0);
    assert_ptr_equal(same, output.log);
    assert_int_equal(logfile_open(&other, &logs, "/nowhere", "x"), -ENOENT);
    assert_null(logfile_close(same));
    assert_null(logfile_close(NULL));
    assert_int_equal(output.log->users, 1);
}

static void test_a_flood_is_read_no_faster_than_its_rate(void **state)
{
    static char block[4096];
    uint64_t begun_ms = clock_ms();
    size_t written = 0;
    uint64_t windows; /* that have begun, however slow this machine is */
    long size;
    int turns = 0;

    (void)state;
    memset(block, 'x', sizeof(block));
    block[sizeof(block) - 1] = '\n';
    while (output_due(&output) == UINT64_MAX && turns++ < 1000) {
        while (write(pipe_end, block, sizeof(block)) > 0)
            written += sizeof(block);
        assert_int_equal(loop_turn(&loop, 0), 0);
    }
    assert_int_not_equal(output_due(&output), UINT64_MAX);
    windows = (clock_ms() - begun_ms) / OUTPUT_RATE_MS + 1;
    size = size_of("greeter.log");
    assert_in_range(size, OUTPUT_RATE_MAX, windows * (OUTPUT_RATE_MAX + OUTPUT_TURN_MAX));
    assert_int_equal(loop_turn(&loop, 0), 0);
    assert_int_equal(size_of("greeter.log"), size);
    output_tick(&output, output_due(&output));
    assert_int_equal(output_due(&output), UINT64_MAX);
    while ((size_t)size_of("greeter.log") < written)
        assert_int_equal(loop_turn(&loop, 0), 0);
}

static void test_a_closed_output_is_not_looked_at_again(void **state)
{
    (void)state;
    close(pipe_end);
    pipe_end = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_int_equal(loop_turn(&loop, 0), 0);
    assert_int_equal(output_due(&output), UINT64_MAX);
    assert_false(output.watched);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_whole_lines_are_written_at_once_and_the_rest_waits),
        TEST(test_the_last_words_of_a_process_are_kept),
        TEST(test_a_line_that_is_too_long_is_cut),
        TEST(test_a_line_with_a_time_of_its_own_is_left_as_it_is),
        TEST(test_any_other_line_becomes_one_that_programs_read),
        TEST(test_bytes_that_are_no_letters_are_replaced),
        TEST(test_the_worst_line_has_room),
        TEST(test_a_log_begins_anew_and_keeps_three),
        TEST(test_a_log_that_others_write_to_is_trimmed),
        TEST(test_processes_of_one_service_share_a_log),
        TEST(test_a_flood_is_read_no_faster_than_its_rate),
        TEST(test_a_closed_output_is_not_looked_at_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
