// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/cleanup.h"
#include "base/descriptors.h"
#include "base/err.h"
#include "base/list.h"
#include "base/log.h"
#include "base/place.h"
#include "base/random.h"
#include "tests/unit/cmocka.h"

struct item {
    int number;
    struct list link;
};

static void test_a_list_keeps_order_and_lets_go_of_any_item(void **state)
{
    struct item items[3] = { { .number = 1 }, { .number = 2 }, { .number = 3 } };
    struct list head;
    int sum = 0;

    (void)state;
    list_init(&head);
    assert_true(list_is_empty(&head));
    for (int i = 0; i < 3; i++)
        list_push(&head, &items[i].link);
    list_remove(&items[1].link);
    list_remove(&items[1].link);
    list_for_each (node, &head)
        sum = sum * 10 + list_entry(node, struct item, link)->number;
    assert_int_equal(sum, 13);
    list_for_each_safe (node, &head)
        list_remove(node);
    assert_true(list_is_empty(&head));
}

static void test_random_repeats_from_its_seed_and_stays_below(void **state)
{
    struct random one;
    struct random two;

    (void)state;
    random_init(&one, 7);
    random_init(&two, 7);
    for (int i = 0; i < 1000; i++) {
        uint32_t below = random_below(&one, 10);

        assert_true(below < 10);
        assert_int_equal(below, random_below(&two, 10));
    }
    random_init(&one, 0);
    assert_true(random_next(&one) != 0);
}

static void test_a_broken_promise_ends_the_process(void **state)
{
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        fclose(stderr);
        CHECK(1 + 1 == 3);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void test_errors_pass_unchanged_and_outcomes_are_folded(void **state)
{
    (void)state;
    assert_int_equal(err_new(-ENOENT), -ENOENT);
    assert_int_equal(err_trace(3), 3);
    assert_int_equal(err_fold(0), 0);
    assert_int_equal(err_fold(2), -ENOTRECOVERABLE);
    assert_int_equal(err_fold(-EIO), -EIO);
    setenv("MU_ERR_TRACE", "1", 1);
    assert_int_equal(err_new(-ENOENT), -ENOENT);
    unsetenv("MU_ERR_TRACE");
}

static void test_a_place_below_a_folder_holds_everything_there(void **state)
{
    struct place place;
    char here[PLACE_PATH_MAX];
    char wanted[PLACE_PATH_MAX + 16];

    (void)state;
    assert_int_equal(place_find(&place, "/tmp/x"), 0);
    assert_string_equal(place.run, "/tmp/x/run");
    assert_string_equal(place.state, "/tmp/x/state");
    assert_string_equal(place.config, "/tmp/x/config");
    assert_string_equal(place.bus, "/tmp/x/run/bus.sock");
    assert_int_equal(place_find(&place, "x"), 0);
    assert_non_null(getcwd(here, sizeof(here)));
    snprintf(wanted, sizeof(wanted), "%s/x/run", here);
    assert_string_equal(place.run, wanted);
    setenv("MU_DIR", "/tmp/y", 1);
    assert_int_equal(place_find(&place, NULL), 0);
    assert_string_equal(place.run, "/tmp/y/run");
    unsetenv("MU_DIR");
}

static void test_a_place_whose_sockets_would_not_fit_is_refused(void **state)
{
    struct place place = { .run = "as it was" };
    char dir[PLACE_SOCKET_MAX];

    (void)state;
    memset(dir, 'x', sizeof(dir));
    dir[0] = '/';
    dir[sizeof(dir) - 1] = '\0';
    assert_int_equal(place_find(&place, dir), -ENAMETOOLONG);
    assert_string_equal(place.run, "as it was");
}

static void test_a_place_without_a_name_is_refused_and_not_the_default_one(void **state)
{
    struct place place = { .run = "as it was" };

    (void)state;
    assert_int_equal(place_find(&place, ""), -EINVAL);
    setenv("MU_DIR", "", 1);
    assert_int_equal(place_find(&place, NULL), -EINVAL);
    unsetenv("MU_DIR");
    assert_string_equal(place.run, "as it was");
}

static void test_a_user_s_place_is_where_xdg_says(void **state)
{
    static const char *const runtimes[] = { "/run/user/9", NULL };
    struct place places[2];
    uid_t uid = geteuid();

    (void)state;
    setenv("HOME", "/home/me", 1);
    unsetenv("XDG_STATE_HOME");
    setenv("XDG_CONFIG_HOME", "/conf", 1);
    assert_int_equal(uid == 0 ? seteuid(65534) : 0, 0);
    for (int i = 0; i < 2; i++) {
        if (runtimes[i] != NULL)
            setenv("XDG_RUNTIME_DIR", runtimes[i], 1);
        else
            unsetenv("XDG_RUNTIME_DIR");
        assert_int_equal(place_find(&places[i], NULL), 0);
    }
    assert_int_equal(seteuid(uid), 0);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(places[i].state, "/home/me/.local/state/mu");
        assert_string_equal(places[i].config, "/conf/mu");
    }
    assert_string_equal(places[0].run, "/run/user/9/mu");
    assert_int_equal(strncmp(places[1].run, "/tmp/mu-", 8), 0);
}

static void test_root_s_place_is_the_system_s(void **state)
{
    struct place place;

    (void)state;
    if (geteuid() != 0)
        return; /* the test above was this user's */
    assert_int_equal(place_find(&place, NULL), 0);
    assert_string_equal(place.bus, "/run/mu/bus.sock");
    assert_string_equal(place.state, "/var/lib/mu");
    assert_string_equal(place.config, "/etc/mu");
}

static void test_folders_are_made_with_those_above_them(void **state)
{
    char root[] = "/tmp/mu-base-XXXXXX";
    char path[64];
    struct stat info;

    (void)state;
    assert_non_null(mkdtemp(root));
    snprintf(path, sizeof(path), "%s/a/b", root);
    assert_int_equal(place_make(path, 0700), 0);
    assert_int_equal(place_make(path, 0700), 0);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(place_make("/proc/none/x", 0700), -ENOENT);
    rmdir(path);
    path[strlen(path) - 2] = '\0';
    rmdir(path);
    rmdir(root);
}

/* What the log writes to a pipe. */
static void log_line(char line[LOG_LINE_MAX + 1], enum log_level level, const char *text)
{
    int ends[2];
    int saved = dup(STDERR_FILENO);
    ssize_t size;

    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    log_open("tester");
    log_write(level, "%s", text);
    dup2(saved, STDERR_FILENO);
    close(ends[1]);
    close(saved);
    size = read(ends[0], line, LOG_LINE_MAX);
    line[size > 0 ? size : 0] = '\0';
    close(ends[0]);
}

static void test_a_log_line_is_json_and_escapes_what_it_must(void **state)
{
    char line[LOG_LINE_MAX + 1];

    (void)state;
    log_line(line, LOG_WARN, "a \"quoted\"\nline\\");
    assert_non_null(strstr(line, "\"level\":\"warn\",\"service\":\"tester\""));
    assert_non_null(strstr(line, "\"msg\":\"a \\\"quoted\\\"\\u000aline\\\\\"}\n"));
}

static void test_a_level_below_the_threshold_is_not_written(void **state)
{
    char line[LOG_LINE_MAX + 1];
    enum log_level level = LOG_ERROR;

    (void)state;
    log_line(line, LOG_DEBUG, "quiet");
    assert_string_equal(line, "");
    setenv("MU_LOG_LEVEL", "debug", 1);
    log_line(line, LOG_DEBUG, "loud");
    assert_non_null(strstr(line, "loud"));
    unsetenv("MU_LOG_LEVEL");
    log_set_level(LOG_INFO);
    assert_int_equal(log_level_parse("nonsense", &level), -EINVAL);
    assert_int_equal(level, LOG_ERROR);
    assert_string_equal(log_level_name(log_get_level()), "info");
}

static void test_a_line_too_long_is_cut_and_stays_json(void **state)
{
    char line[LOG_LINE_MAX + 1];
    char text[2 * LOG_LINE_MAX];

    (void)state;
    memset(text, '"', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_line(line, LOG_ERROR, text);
    assert_true(strlen(line) <= LOG_LINE_MAX);
    assert_string_equal(line + strlen(line) - 3, "\"}\n");
}

static const uint8_t *log_trace_here; /* the call that is said to be under way; NULL: none */

static const uint8_t *log_trace_told(void)
{
    return log_trace_here;
}

static void test_a_log_line_names_the_call_that_it_was_written_for(void **state)
{
    static const uint8_t trace[LOG_TRACE_SIZE] = { 0x4b,
        0xf9, [15] = 0x36, [16] = 0x00, [23] = 0xb7 };
    static const char end[] = "\",\"trace_id\":\"4bf90000000000000000000000000036\","
                              "\"span_id\":\"00000000000000b7\"}\n";
    char line[LOG_LINE_MAX + 1];
    char text[2 * LOG_LINE_MAX];

    (void)state;
    memset(text, '"', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_trace_by(log_trace_told);
    log_line(line, LOG_INFO, "for nobody");
    assert_null(strstr(line, "trace_id"));
    log_trace_here = trace;
    log_line(line, LOG_INFO, "for somebody");
    assert_non_null(strstr(line, "\"msg\":\"for somebody\",\"trace_id\""));
    assert_string_equal(line + strlen(line) - strlen(end), end);
    log_line(line, LOG_INFO, text); /* too long: it is the text that is cut */
    assert_true(strlen(line) <= LOG_LINE_MAX);
    assert_string_equal(line + strlen(line) - strlen(end), end);
    log_trace_here = NULL;
}

static void test_cleanup_closes_what_a_scope_opened(void **state)
{
    int seen;

    (void)state;
    {
        CLEANUP(cleanup_close) int fd = dup(STDOUT_FILENO);
        CLEANUP(cleanup_fclose) FILE *file = fopen("/dev/null", "r");
        CLEANUP(cleanup_free) char *text = strdup("x");

        seen = fd;
        assert_non_null(file);
        assert_non_null(text);
    }
    assert_int_equal(close(seen), -1);
    assert_true(clock_ms() <= clock_us() / 1000);
}

/* Which of 0, 1 and 2 are closed, as bits; run in a process of its own. */
static bool descriptors_are_filled(unsigned closed)
{
    int end;

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if ((closed >> fd & 1) != 0)
            close(fd);
    }
    descriptors_open_standard();
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFL) < 0)
            return false;
    }
    end = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return end > STDERR_FILENO;
}

static void test_closed_standard_descriptors_are_filled_and_open_ones_left_alone(void **state)
{
    (void)state;
    for (unsigned closed = 0; closed < 8; closed++) {
        int status;
        pid_t pid = fork();

        if (pid == 0)
            _exit(descriptors_are_filled(closed) ? 0 : 1);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_list_keeps_order_and_lets_go_of_any_item),
        cmocka_unit_test(test_random_repeats_from_its_seed_and_stays_below),
        cmocka_unit_test(test_a_broken_promise_ends_the_process),
        cmocka_unit_test(test_errors_pass_unchanged_and_outcomes_are_folded),
        cmocka_unit_test(test_a_place_below_a_folder_holds_everything_there),
        cmocka_unit_test(test_a_place_whose_sockets_would_not_fit_is_refused),
        cmocka_unit_test(test_a_place_without_a_name_is_refused_and_not_the_default_one),
        cmocka_unit_test(test_a_user_s_place_is_where_xdg_says),
        cmocka_unit_test(test_root_s_place_is_the_system_s),
        cmocka_unit_test(test_folders_are_made_with_those_above_them),
        cmocka_unit_test(test_a_log_line_is_json_and_escapes_what_it_must),
        cmocka_unit_test(test_a_level_below_the_threshold_is_not_written),
        cmocka_unit_test(test_a_line_too_long_is_cut_and_stays_json),
        cmocka_unit_test(test_a_log_line_names_the_call_that_it_was_written_for),
        cmocka_unit_test(test_cleanup_closes_what_a_scope_opened),
        cmocka_unit_test(test_closed_standard_descriptors_are_filled_and_open_ones_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
