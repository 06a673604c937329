// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "kernel/limits.h"
#include "kernel/usage.h"
#include "tests/integration/supervisor/node.h"
#include "tests/unit/cmocka.h"

#define UP     MU__NODE__V1__PROCESS_STATE__PROCESS_UP
#define FAILED MU__NODE__V1__PROCESS_STATE__PROCESS_FAILED
#define DOWN   MU__NODE__V1__PROCESS_STATE__PROCESS_DOWN

enum { IDLE_MS = 1000 };

static struct node node;

static int teardown(void **state)
{
    (void)state;
    node_deinit(&node);
    return 0;
}

/* How often the supervisor was put to sleep: its wake-ups. */
static unsigned long node_switches(void)
{
    static const char key[] = "voluntary_ctxt_switches:";
    char path[64];
    char line[256];
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)node.pid);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL && strncmp(line, key, strlen(key)) != 0)
        continue;
    fclose(file);
    assert_memory_equal(line, key, strlen(key));
    return strtoul(line + strlen(key), NULL, 10);
}

static void test_a_crash_loop_ends_in_failed_and_costs_nothing_then(void **state)
{
    struct node_process process;
    uint64_t until_ms;
    unsigned long switches;
    uint64_t cpu_ms;

    (void)state;
    node_start(&node, "services:\n"
                      "  - { name: broken, program: /bin/sh, args: [-c, 'echo bad; exit 3'] }\n");
    process = node_await(&node, "broken", FAILED);
    assert_int_equal(process.restarts, 4);
    assert_string_equal(process.last_exit, "exit 3");
    assert_string_equal(process.reason, "failed 5 times within 60 s");
    assert_string_equal(node_said(&node, "broken"), "bad\nbad\nbad\nbad\nbad\n");
    cpu_ms = usage_cpu_ms((uint32_t)node.pid);
    switches = node_switches();
    for (until_ms = clock_ms() + IDLE_MS; clock_ms() < until_ms;)
        poll(NULL, 0, (int)(until_ms - clock_ms()));
    assert_in_range(usage_cpu_ms((uint32_t)node.pid) - cpu_ms, 0, IDLE_MS / 100);
    assert_in_range(node_switches() - switches, 0, 2);
    assert_int_equal(node_request(&node, "node.Start", "broken", NULL), MU_OK);
    node_await_said(&node, "broken", "bad\nbad\nbad\nbad\nbad\nbad\n");
}

static void test_one_that_is_never_ready_is_killed_in_time(void **state)
{
    (void)state;
    node_start(&node, "services:\n"
                      "  - name: mute\n"
                      "    program: /usr/bin/tail\n"
                      "    args: [-f, /dev/null]\n"
                      "    ready_timeout_ms: 200\n"
                      "    restart: { policy: RESTART_NEVER }\n");
    assert_string_equal(node_await(&node, "mute", FAILED).last_exit,
            "not ready within 200 ms, signal 9 (Killed)");
}

static void test_a_program_that_is_not_there_is_named(void **state)
{
    (void)state;
    node_start(&node, "services: [{ name: lost, program: /nowhere/lost }]\n");
    assert_string_equal(node_await(&node, "lost", FAILED).last_exit,
            "cannot be started: No such file or directory");
    node_await_text(&node, "node.err", "lost: cannot run /nowhere/lost: No such file");
}

static void test_exit_100_is_for_good_and_exit_0_is_done(void **state)
{
    (void)state;
    node_start(&node, "services:\n"
                      "  - { name: wrong, program: /bin/sh, args: [-c, 'exit 100'] }\n"
                      "  - { name: once, program: /bin/true }\n");
    assert_int_equal(node_await(&node, "wrong", FAILED).restarts, 0);
    assert_int_equal(node_await(&node, "once", DOWN).restarts, 0);
}

static void test_a_service_that_is_killed_comes_back_at_once(void **state)
{
    struct node_process before;
    struct node_process after;
    uint64_t killed_ms;

    (void)state;
    node_start(&node, "services: [{ name: shop, program: " TEST_PROBE " }]\n");
    before = node_await(&node, "shop", UP);
    killed_ms = clock_ms();
    kill((pid_t)before.pid, SIGKILL);
    do
        after = node_await(&node, "shop", UP);
    while (after.pid == before.pid);
    assert_in_range(clock_ms() - killed_ms, 0, NODE_SLOWER * 1000);
    assert_int_equal(after.restarts, 1);
    assert_string_equal(after.last_exit, "signal 9 (Killed)");
}

static void test_a_flood_of_output_is_bounded_and_disturbs_nobody(void **state)
{
    Mu__Node__V1__Manifest flood = MU__NODE__V1__MANIFEST__INIT;
    char path[128];
    struct stat about;
    uint64_t asked_ms;
    uint64_t worst_ms = 0;

    (void)state;
    node_start(&node, "services: [{ name: quiet, program: " TEST_PROBE " }]\n");
    flood.name = (char *)"flood";
    flood.program = (char *)"/usr/bin/yes";
    flood.ready_timeout_ms = 600000;
    assert_int_equal(node_apply(&node, &flood, NULL), MU_OK);
    snprintf(path, sizeof(path), "%s/state/log/flood.log.3", node.dir);
    while (stat(path, &about) < 0) {
        asked_ms = clock_ms();
        assert_int_equal(node_process(&node, "quiet").state, UP);
        if (clock_ms() - asked_ms > worst_ms)
            worst_ms = clock_ms() - asked_ms;
        poll(NULL, 0, 20);
    }
    assert_in_range(worst_ms, 0, NODE_SLOWER * 500);
    assert_in_range(about.st_size, LOG_FILE_MAX - 65536, LOG_FILE_MAX);
    path[strlen(path) - 1] = '4';
    assert_int_equal(stat(path, &about), -1);
}

static void test_a_process_whose_channel_is_lost_is_ended(void **state)
{
    struct node_process before;
    struct node_process after;

    (void)state;
    node_start(&node, "services: [{ name: shop, program: " TEST_PROBE " }]\n");
    before = node_await(&node, "shop", UP);
    kill((pid_t)before.pid, SIGSTOP); /* it cannot exit by itself now, nor answer */
    kill((pid_t)node_process(&node, "router").pid, SIGKILL);
    do
        after = node_await(&node, "shop", UP);
    while (after.pid == before.pid);
    assert_string_equal(after.last_exit, "lost its channel, signal 9 (Killed)");
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_crash_loop_ends_in_failed_and_costs_nothing_then),
        TEST(test_one_that_is_never_ready_is_killed_in_time),
        TEST(test_a_program_that_is_not_there_is_named),
        TEST(test_exit_100_is_for_good_and_exit_0_is_done),
        TEST(test_a_service_that_is_killed_comes_back_at_once),
        TEST(test_a_flood_of_output_is_bounded_and_disturbs_nobody),
        TEST(test_a_process_whose_channel_is_lost_is_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
