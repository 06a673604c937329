// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/integration/supervisor/node.h"
#include "tests/unit/cmocka.h"

#define UP       MU__NODE__V1__PROCESS_STATE__PROCESS_UP
#define STARTING MU__NODE__V1__PROCESS_STATE__PROCESS_STARTING
#define WAITING  MU__NODE__V1__PROCESS_STATE__PROCESS_WAITING

static struct node node;

static int teardown(void **state)
{
    (void)state;
    node_deinit(&node);
    return 0;
}

/* Runs mu-node with `arguments` to its end, its standard error in `text`. Returns the exit status.
 */
static int run_node(const char *const *arguments, char *text, size_t size)
{
    const char *argv[8] = { TEST_NODE };
    int fds[2];
    size_t used = 0;
    ssize_t got;
    int status;
    pid_t pid;

    for (int i = 0; arguments[i] != NULL; i++)
        argv[i + 1] = arguments[i];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(fds[1], STDERR_FILENO);
        execv(TEST_NODE, (char *const *)argv);
        _exit(127);
    }
    close(fds[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    fcntl(fds[0], F_SETFL, O_NONBLOCK); /* a daemon has it open still */
    while (used < size - 1 && (got = read(fds[0], text + used, size - 1 - used)) > 0)
        used += (size_t)got;
    text[used] = '\0';
    close(fds[0]);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static bool exists(const char *file)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", node.dir, file);
    return access(path, F_OK) == 0;
}

static void test_a_node_boots_runs_its_file_and_leaves_nothing_behind(void **state)
{
    (void)state;
    node_start(&node, "services:\n"
                      "  - name: shop\n"
                      "    program: " TEST_PROBE "\n"
                      "    needs: [store]\n"
                      "  - name: store\n"
                      "    program: " TEST_PROBE "\n"
                      "    instances: 2\n");
    assert_int_equal(node_process(&node, "node").state, UP);
    assert_int_equal(node_process(&node, "node").pid, node.pid);
    assert_int_equal(node_process(&node, "router").state, UP);
    assert_int_equal(node_process(&node, "registry").state, UP);
    assert_int_equal(node_process(&node, "shop").state, UP);
    assert_int_equal(node_process(&node, "store").state, UP);
    assert_true(exists("run/bus.sock"));
    assert_int_equal(node_end(&node, SIGTERM), 0);
    assert_false(exists("run/bus.sock"));
    assert_false(exists("run/node.lock"));
    assert_false(exists("run/i"));
}

static void test_a_need_that_nobody_knows_is_named(void **state)
{
    (void)state;
    node_start(&node, "services: [{ name: shop, needs: [nobody] }]\n");
    assert_string_equal(node_await(&node, "shop", WAITING).reason,
            "waits for nobody, which this node does not know");
}

static void test_one_folder_has_one_node(void **state)
{
    const char *const arguments[] = { "--dir", node.dir, NULL };
    const char *const daemon[] = { "--dir", node.dir, "--daemon", NULL };
    char expected[128];
    char text[2048];

    (void)state;
    node_start(&node, NULL);
    snprintf(expected, sizeof(expected), "/run already, as process %d; stop it with `mu down`",
            (int)node.pid);
    assert_int_equal(run_node(arguments, text, sizeof(text)), 1);
    assert_non_null(strstr(text, expected));
    assert_int_equal(run_node(daemon, text, sizeof(text)), 1);
    assert_non_null(strstr(text, expected));
    assert_int_equal(node_process(&node, "registry").state, UP);
}

static void test_a_daemon_answers_when_it_is_ready(void **state)
{
    const char *const arguments[] = { "--dir", node.dir, "--daemon", NULL };
    const struct mu_client_options options = { .dir = node.dir };
    char text[2048];

    (void)state;
    node_init(&node);
    assert_int_equal(run_node(arguments, text, sizeof(text)), 0);
    assert_string_equal(text, "");
    assert_int_equal(mu_client_open(&node.client, &options), 0);
    assert_int_equal(node_process(&node, "registry").state, UP);
    node.pid = (pid_t)strtol(node_read(&node, "run/node.lock"), NULL, 10);
    assert_int_equal(node_request(&node, "node.Shutdown", "", NULL), MU_OK);
    assert_true(node_is_gone(node.pid, NODE_PATIENCE_MS));
    node.pid = 0;
    assert_false(exists("run/node.lock"));
    node_await_text(&node, "state/log/node.log", "told to stop by process");
}

static void test_what_keeps_a_daemon_from_starting_is_said(void **state)
{
    const char *const arguments[] = { "--dir", node.dir, "--daemon", NULL };
    char text[2048];
    char path[128];

    (void)state;
    node_init(&node);
    node_write_file(&node, "services: [{ name: a, needs: [b] }, { name: b, needs: [a] }]\n");
    assert_int_equal(run_node(arguments, text, sizeof(text)), 1);
    assert_non_null(strstr(text, "b needs a, a needs b; remove one of the needs"));
    node_write_file(&node, "services: [{ name: Shop }]\n");
    assert_int_equal(run_node(arguments, text, sizeof(text)), 1);
    assert_non_null(strstr(text, "config/node.yaml: name: `Shop` cannot name a service"));
    node_write_file(&node, "servces: []\n");
    assert_int_equal(run_node(arguments, text, sizeof(text)), 1);
    assert_non_null(strstr(text, "servces"));
    node_write_file(&node, "name: test\n");
    snprintf(path, sizeof(path), "%s/run/bus.sock", node.dir);
    assert_int_equal(mkdir(path, 0700), 0); /* no socket can be here */
    assert_int_equal(run_node(arguments, text, sizeof(text)), 1);
    assert_non_null(strstr(text, "the router did not come up: exit "));
    assert_non_null(strstr(text, "/router.log"));
}

static void test_wrong_arguments_are_explained(void **state)
{
    const char *const unknown[] = { "--fly", NULL };
    const char *const extra[] = { "now", NULL };
    const char *const name[] = { "--dir", node.dir, "--name", "my node", NULL };
    const char *const file[] = { "--dir", node.dir, "--file", "/nowhere/node.yaml", NULL };
    char text[4096];

    (void)state;
    node_init(&node);
    assert_int_equal(run_node(unknown, text, sizeof(text)), 2);
    assert_non_null(strstr(text, "usage: mu-node"));
    assert_int_equal(run_node(extra, text, sizeof(text)), 2);
    assert_non_null(strstr(text, "`now` is one argument too many"));
    assert_int_equal(run_node(name, text, sizeof(text)), 1);
    assert_non_null(strstr(text, "`my node` cannot name a node"));
    assert_int_equal(run_node(file, text, sizeof(text)), 1);
    assert_non_null(strstr(text, "/nowhere/node.yaml: No such file or directory"));
}

static void test_a_supervisor_that_is_killed_leaves_no_orphan(void **state)
{
    char *args[] = { (char *)"-c", (char *)"trap '' TERM INT HUP; while :; do read x <&4; done" };
    Mu__Node__V1__Manifest stubborn = MU__NODE__V1__MANIFEST__INIT;
    Mu__Node__V1__ListReply *list;
    uint64_t killed_ms;

    (void)state;
    node_start(&node, "services: [{ name: shop, program: " TEST_PROBE ", instances: 3 }]\n");
    stubborn.name = (char *)"stubborn";
    stubborn.program = (char *)"/bin/sh";
    stubborn.args = args;
    stubborn.n_args = 2;
    stubborn.ready_timeout_ms = 600000;
    assert_int_equal(node_apply(&node, &stubborn, NULL), MU_OK);
    node_await(&node, "stubborn", STARTING);
    list = node_list(&node);
    assert_non_null(list);
    node_end(&node, SIGKILL);
    killed_ms = clock_ms();
    for (size_t i = 1; i < list->n_processes; i++) {
        if (list->processes[i]->pid != 0)
            assert_true(node_is_gone((pid_t)list->processes[i]->pid, 1000));
    }
    assert_in_range(clock_ms() - killed_ms, 0, NODE_SLOWER * 1000);
    mu__node__v1__list_reply__free_unpacked(list, NULL);
    assert_true(exists("run/i"));
    node_write_file(&node, "name: test\n");
    node_launch(&node);
    node_await_ready(&node);
    assert_int_equal(node_end(&node, SIGTERM), 0);
    assert_false(exists("run/i"));
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_node_boots_runs_its_file_and_leaves_nothing_behind),
        TEST(test_a_need_that_nobody_knows_is_named),
        TEST(test_one_folder_has_one_node),
        TEST(test_a_daemon_answers_when_it_is_ready),
        TEST(test_what_keeps_a_daemon_from_starting_is_said),
        TEST(test_wrong_arguments_are_explained),
        TEST(test_a_supervisor_that_is_killed_leaves_no_orphan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
