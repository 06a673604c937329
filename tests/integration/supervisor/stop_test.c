// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "tests/integration/supervisor/node.h"
#include "tests/unit/cmocka.h"

#define UP   MU__NODE__V1__PROCESS_STATE__PROCESS_UP
#define DOWN MU__NODE__V1__PROCESS_STATE__PROCESS_DOWN

static struct node node;

static int teardown(void **state)
{
    (void)state;
    node_deinit(&node);
    return 0;
}

static void test_a_node_stops_in_reverse_order_of_need(void **state)
{
    const char *log;

    (void)state;
    node_start(&node, "services:\n"
                      "  - { name: store, program: " TEST_PROBE " }\n"
                      "  - { name: shop, program: " TEST_PROBE ", needs: [store] }\n"
                      "  - { name: till, program: " TEST_PROBE ", needs: [shop] }\n");
    assert_int_equal(node_end(&node, SIGTERM), 0);
    log = node_read(&node, "node.err");
    assert_non_null(strstr(log, "till: exit 0"));
    log = strstr(log, "till: exit 0");
    assert_non_null(strstr(log, "shop: exit 0"));
    log = strstr(log, "shop: exit 0");
    assert_non_null(strstr(log, "store: exit 0"));
    log = strstr(log, "store: exit 0");
    assert_non_null(strstr(log, "registry: exit 0"));
    log = strstr(log, "registry: exit 0");
    assert_non_null(strstr(log, "router: exit 0"));
}

static void test_a_second_signal_hurries(void **state)
{
    uint64_t told_ms;

    (void)state;
    node_start(&node, "services:\n"
                      "  - { name: shop, program: /bin/sh, stop_timeout_ms: 60000,\n"
                      "      args: [-c, 'trap \"\" TERM; echo up; while :; do :; done'],\n"
                      "      ready_timeout_ms: 600 }\n");
    node_await_said(&node, "shop", "up\nup\n");
    told_ms = clock_ms();
    kill(node.pid, SIGTERM);
    node_await_text(&node, "node.err", "told to stop by signal 15");
    assert_int_equal(node_end(&node, SIGINT), 0);
    assert_in_range(clock_ms() - told_ms, 0, NODE_SLOWER * 5000);
}

static void test_a_stop_that_takes_too_long_is_ended(void **state)
{
    (void)state;
    node_start(
            &node, "services: [{ name: shop, program: " TEST_PROBE ", stop_timeout_ms: 300 }]\n");
    kill((pid_t)node_await(&node, "shop", UP).pid, SIGSTOP);
    assert_int_equal(node_request(&node, "node.Stop", "shop", NULL), MU_OK);
    assert_string_equal(
            node_process(&node, "shop").last_exit, "did not stop within 300 ms, signal 9 (Killed)");
}

static void test_a_service_is_stopped_started_and_restarted(void **state)
{
    struct node_process process;
    struct mu_status status;
    uint32_t pid;

    (void)state;
    node_start(&node, "services: [{ name: shop, program: " TEST_PROBE " }]\n");
    assert_int_equal(node_request(&node, "node.Stop", "shop", NULL), MU_OK);
    process = node_process(&node, "shop");
    assert_int_equal(process.state, DOWN);
    assert_string_equal(process.last_exit, "exit 0");
    assert_int_equal(node_request(&node, "node.Start", "shop", NULL), MU_OK);
    pid = node_await(&node, "shop", UP).pid;
    assert_int_equal(node_request(&node, "node.Restart", "shop", NULL), MU_OK);
    do
        process = node_await(&node, "shop", UP);
    while (process.pid == pid);
    assert_string_equal(process.last_exit, "exit 0");
    assert_int_equal(node_request(&node, "node.Start", "nobody", &status), MU_NOT_FOUND);
    assert_int_equal(status.executed, MU_EXECUTED_NO);
    assert_int_equal(node_request(&node, "node.Stop", "router", &status), MU_FAILED_PRECONDITION);
    assert_int_equal(node_request(&node, "node.Attached", "x", &status), MU_PERMISSION_DENIED);
}

static void test_what_is_applied_runs_changes_and_is_removed(void **state)
{
    Mu__Node__V1__Manifest manifest = MU__NODE__V1__MANIFEST__INIT;
    struct node_process process;
    struct mu_status status;
    uint32_t pid;

    (void)state;
    node_start(&node, NULL);
    manifest.name = (char *)"shop";
    manifest.program = (char *)TEST_PROBE;
    assert_int_equal(node_apply(&node, &manifest, NULL), MU_OK);
    pid = node_await(&node, "shop", UP).pid;
    assert_int_equal(node_apply(&node, &manifest, NULL), MU_OK);
    assert_int_equal(node_process(&node, "shop").pid, pid);
    manifest.version = (char *)"2";
    assert_int_equal(node_apply(&node, &manifest, NULL), MU_OK);
    do
        process = node_await(&node, "shop", UP);
    while (process.pid == pid);
    manifest.instances = 65;
    assert_int_equal(node_apply(&node, &manifest, &status), MU_INVALID_ARGUMENT);
    assert_non_null(strstr(status.message, "instances: 65 is out of range"));
    assert_int_equal(node_request(&node, "node.Remove", "shop", NULL), MU_OK);
    assert_int_equal(node_process(&node, "shop").state, DOWN);
    assert_int_equal(node_request(&node, "node.Remove", "shop", NULL), MU_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_node_stops_in_reverse_order_of_need),
        TEST(test_a_second_signal_hurries),
        TEST(test_a_stop_that_takes_too_long_is_ended),
        TEST(test_a_service_is_stopped_started_and_restarted),
        TEST(test_what_is_applied_runs_changes_and_is_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
