// SPDX-License-Identifier: Apache-2.0
/* What mu-exec makes of a process, as the process itself sees it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/cage/cage.h"
#include "tests/integration/supervisor/node.h"
#include "tests/unit/cmocka.h"

#define DOWN MU__NODE__V1__PROCESS_STATE__PROCESS_DOWN

static struct node node;

static int teardown(void **state)
{
    (void)state;
    node_deinit(&node);
    return 0;
}

/* Runs a shell script as the service "look" and gives what it wrote. */
static const char *look(const char *script, const char *more)
{
    char yaml[2048];

    snprintf(yaml, sizeof(yaml),
            "services:\n"
            "  - name: look\n"
            "    program: /bin/sh\n"
            "    args: ['-c', '%s']\n"
            "    sandbox: { processes: true }\n"
            "%s",
            script, more);
    node_start(&node, yaml);
    node_await(&node, "look", DOWN);
    return node_said(&node, "look");
}

static void test_limits_are_set_and_cannot_be_raised(void **state)
{
    (void)state;
    assert_string_equal(look("ulimit -Sn; ulimit -Hn; ulimit -c", "    limits: { files: 77 }\n"),
            "77\n77\n0\n");
}

static void test_the_size_of_a_file_is_limited(void **state)
{
    (void)state;
    assert_string_equal(look("ulimit -f", "    limits: { file_mib: 3 }\n"), "6144\n");
}

#if !CAGE_IS_INSTRUMENTED /* a sanitizer's own, in mu-exec, does not fit any limit */
static void test_memory_is_limited(void **state)
{
    (void)state;
    assert_string_equal(look("ulimit -v", "    limits: { memory_mib: 512 }\n"), "524288\n");
}
#endif

static void test_privileges_cannot_be_gained(void **state)
{
    (void)state;
    assert_string_equal(look("grep NoNewPrivs /proc/self/status", ""), "NoNewPrivs:\t1\n");
}

static void test_only_four_descriptors_pass(void **state)
{
    (void)state;
    assert_string_equal(
            look("ls /proc/$$/fd; readlink /proc/$$/fd/0; readlink /proc/$$/fd/3; echo", ""),
            "0\n1\n2\n3\n/dev/null\n/memfd:bootstrap (deleted)\n\n");
}

/* SIGXFSZ alone is ignored: a file that would grow too large is an error of write(2). */
static void test_it_is_the_head_of_a_session_with_signals_as_usual(void **state)
{
    (void)state;
    assert_string_equal(look("read p c s pp g se rest < /proc/$$/stat; test $p = $se && echo head; "
                             "exec grep -E \"Sig(Blk|Ign)\" /proc/self/status",
                                ""),
            "head\nSigBlk:\t0000000000000000\nSigIgn:\t0000000001000000\n");
}

static void test_its_environment_is_short(void **state)
{
    const char *text;

    (void)state;
    setenv("SECRET_TOKEN", "hunter2", 1);
    setenv("LD_PRELOAD_TEST", "x", 1);
    text = look("env", "    env: { GREETING: hello, HOME: /nowhere }\n");
    assert_null(strstr(text, "hunter2"));
    assert_null(strstr(text, "LD_PRELOAD_TEST"));
    assert_null(strstr(text, "NOTIFY_SOCKET"));
    assert_non_null(strstr(text, "GREETING=hello\n"));
    assert_non_null(strstr(text, "HOME=/nowhere\n"));
    assert_non_null(strstr(text, "MU_DIR=/tmp/"));
    unsetenv("SECRET_TOKEN");
    unsetenv("LD_PRELOAD_TEST");
}

static void test_it_is_not_run_by_hand(void **state)
{
    char program[512];
    int status;
    pid_t pid;

    (void)state;
    node_init(&node);
    snprintf(program, sizeof(program), "%s", TEST_NODE);
    snprintf(strrchr(program, '/'), 16, "/mu-exec");
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        execl(program, program, "/bin/true", NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 100);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_limits_are_set_and_cannot_be_raised),
        TEST(test_the_size_of_a_file_is_limited),
#if !CAGE_IS_INSTRUMENTED
        TEST(test_memory_is_limited),
#endif
        TEST(test_privileges_cannot_be_gained),
        TEST(test_only_four_descriptors_pass),
        TEST(test_it_is_the_head_of_a_session_with_signals_as_usual),
        TEST(test_its_environment_is_short),
        TEST(test_it_is_not_run_by_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
