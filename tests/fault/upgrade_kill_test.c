// SPDX-License-Identifier: Apache-2.0
/* An upgrade that does not go well: programs that do not run change nothing, and a node that is
 * killed in the middle is there again with all that it had acknowledged. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "mu/registry/v1/registry.mu.h"
#include "probe/v1/probe.mu.h"
#include "tests/fault/upgrade_copy.h"
#include "tests/unit/cmocka.h"

enum { LOOK_MS = 1 };

static struct node node;
static char prefix[COPY_PATH_MAX];

static int set_up(void **state)
{
    (void)state;
    node_start(&node, NULL);
    copy_make(&node, "new", prefix);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    node_deinit(&node);
    return 0;
}

/* Has the registry keep a service for good. */
static void register_service(char *name)
{
    Mu__Registry__V1__RegisterRequest request = MU__REGISTRY__V1__REGISTER_REQUEST__INIT;
    Mu__Node__V1__Manifest manifest = MU__NODE__V1__MANIFEST__INIT;
    Mu__Registry__V1__RegisterReply *reply = NULL;
    struct mu_status status;

    manifest.name = name;
    manifest.version = (char *)"1";
    manifest.program = (char *)TEST_PROBE;
    request.manifest = &manifest;
    if (registry_register(node.client, &request, NULL, &reply, &status) != MU_OK)
        fail_msg("%s is not registered: %s", name, status.message);
    mu__registry__v1__register_reply__free_unpacked(reply, NULL);
}

static void test_programs_that_do_not_run_change_nothing(void **state)
{
    uint32_t before = node_process(&node, "router").pid;
    char program[2 * COPY_PATH_MAX];
    struct mu_status status;
    int fd;

    (void)state;
    assert_int_equal(copy_take_over(&node, "/nowhere", &status), MU_FAILED_PRECONDITION);
    assert_non_null(strstr(status.message, "no mu-node that runs in /nowhere"));
    assert_int_equal(copy_take_over(&node, "new", &status), MU_FAILED_PRECONDITION);
    assert_non_null(strstr(status.message, "no absolute path"));
    snprintf(program, sizeof(program), "%s/libexec/mu/mu-router", prefix);
    fd = open(program, O_WRONLY | O_TRUNC | O_CLOEXEC); /* as an installation that broke off */
    assert_true(fd >= 0);
    assert_true(write(fd, "#!/bin/sh\necho nothing\n", 23) == 23);
    close(fd);
    assert_int_equal(copy_take_over(&node, prefix, &status), MU_FAILED_PRECONDITION);
    assert_non_null(strstr(status.message, "mu-router does not say its version"));
    assert_int_equal(unlink(program), 0);
    assert_int_equal(copy_take_over(&node, prefix, &status), MU_FAILED_PRECONDITION);
    assert_non_null(strstr(status.message, "mu-router does not run"));
    assert_int_equal(node_process(&node, "router").pid, before);
}

static void test_a_program_that_goes_away_meanwhile_leaves_the_node_with_what_it_had(void **state)
{
    char program[2 * COPY_PATH_MAX];
    uint32_t before = node_process(&node, "router").pid;

    (void)state;
    register_service((char *)"kept");
    snprintf(program, sizeof(program), "%s/libexec/mu/mu-node", prefix);
    assert_int_equal(copy_take_over(&node, prefix, NULL), MU_OK);
    assert_int_equal(unlink(program), 0);
    node_await_text(&node, "node.err", "the node goes on with what it had");
    while (node_await(&node, "router", MU__NODE__V1__PROCESS_STATE__PROCESS_UP).pid == before)
        poll(NULL, 0, LOOK_MS);
    node_await(&node, "kept", MU__NODE__V1__PROCESS_STATE__PROCESS_UP);
    assert_false(copy_runs(&node, prefix));
}

/* ---- killed in the middle ---- */

static bool is_asked(void)
{
    return true;
}

static bool is_stopping(void)
{
    return strstr(node_read(&node, "node.err"), "calls wait from now on") != NULL;
}

static bool is_given(void)
{
    return strstr(node_read(&node, "node.err"), "takes over") != NULL;
}

static bool is_other(void)
{
    return copy_runs(&node, prefix);
}

static bool has_router(void)
{
    char path[NODE_DIR_MAX + 16];

    snprintf(path, sizeof(path), "%s/run/i", node.dir);
    return copy_runs(&node, prefix) && access(path, F_OK) == 0;
}

static bool is_back(void)
{
    return strstr(node_read(&node, "node.err"), "calls go on") != NULL;
}

static void await(bool (*there)(void))
{
    uint64_t deadline_ms = clock_ms() + NODE_PATIENCE_MS;

    while (!there()) {
        assert_true(clock_ms() < deadline_ms);
        poll(NULL, 0, LOOK_MS);
    }
}

static void test_a_node_that_is_killed_in_an_upgrade_is_there_again_with_all_it_had(void **state)
{
    static bool (*const moments[])(
            void) = { is_asked, is_stopping, is_given, is_other, has_router, is_back };
    char name[sizeof(moments) / sizeof(moments[0])][16];

    (void)state;
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        char path[NODE_DIR_MAX + 16];

        snprintf(name[i], sizeof(name[i]), "kept%zu", i);
        register_service(name[i]);
        snprintf(path, sizeof(path), "%s/node.err", node.dir);
        assert_int_equal(truncate(path, 0), 0);
        assert_int_equal(copy_take_over(&node, prefix, NULL), MU_OK);
        await(moments[i]);
        node_end(&node, SIGKILL);
        while (recv(node.notify_fd, path, sizeof(path), MSG_DONTWAIT) > 0)
            continue; /* what it said before */
        node_launch(&node);
        node_await_ready(&node);
        for (size_t j = 0; j <= i; j++)
            node_await(&node, name[j], MU__NODE__V1__PROCESS_STATE__PROCESS_UP);
    }
}

int main(void)
{
#define on_node(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        on_node(test_programs_that_do_not_run_change_nothing),
        on_node(test_a_program_that_goes_away_meanwhile_leaves_the_node_with_what_it_had),
        on_node(test_a_node_that_is_killed_in_an_upgrade_is_there_again_with_all_it_had),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
