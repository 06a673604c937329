// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tests/integration/supervisor/node.h"
#include "tests/unit/cmocka.h"

#define UP MU__NODE__V1__PROCESS_STATE__PROCESS_UP

enum { SERVICES = 20, ROUNDS = 3, BACK_MS = 3000 };

static struct node node;

static int teardown(void **state)
{
    (void)state;
    node_deinit(&node);
    return 0;
}

static void start(void)
{
    char yaml[8192] = "services:\n";
    size_t used = strlen(yaml);

    for (int i = 0; i < SERVICES; i++)
        used += (size_t)snprintf(yaml + used, sizeof(yaml) - used,
                "  - { name: s%d, program: " TEST_PROBE " }\n", i);
    node_start(&node, yaml);
}

/* How many processes are up, and how often they were started again. */
static size_t count_up(uint32_t *restartsp)
{
    Mu__Node__V1__ListReply *list = node_list(&node);
    size_t up = 0;

    *restartsp = 0;
    for (size_t i = 0; list != NULL && i < list->n_processes; i++) {
        up += list->processes[i]->state == UP;
        *restartsp += list->processes[i]->restarts;
    }
    if (list != NULL)
        mu__node__v1__list_reply__free_unpacked(list, NULL);
    return up;
}

static void test_a_router_that_is_killed_takes_all_along_and_all_come_back(void **state)
{
    uint32_t restarts;

    (void)state;
    start();
    assert_int_equal(count_up(&restarts), SERVICES + 3);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        pid_t router = (pid_t)node_await(&node, "router", UP).pid;
        uint64_t killed_ms = clock_ms();

        kill(router, SIGKILL);
        assert_true(node_is_gone(router, 1000));
        while (count_up(&restarts) < SERVICES + 3 || restarts < round * (SERVICES + 2))
            assert_in_range(clock_ms() - killed_ms, 0, NODE_SLOWER * BACK_MS);
        assert_int_equal(restarts, round * (SERVICES + 2));
    }
    assert_null(strstr(node_read(&node, "node.err"), "it is not started again"));
}

static void test_a_registry_that_is_killed_comes_back_alone(void **state)
{
    struct node_process shop;
    struct node_process before;
    struct node_process after;

    (void)state;
    node_start(&node, "services: [{ name: shop, program: " TEST_PROBE " }]\n");
    shop = node_await(&node, "shop", UP);
    before = node_await(&node, "registry", UP);
    kill((pid_t)before.pid, SIGKILL);
    do
        after = node_await(&node, "registry", UP);
    while (after.pid == before.pid);
    assert_int_equal(node_process(&node, "shop").pid, shop.pid);
}

static void test_what_was_applied_is_known_after_the_router_came_back(void **state)
{
    Mu__Node__V1__Manifest manifest = MU__NODE__V1__MANIFEST__INIT;
    struct node_process before;
    struct node_process after;

    (void)state;
    node_start(&node, NULL);
    manifest.name = (char *)"shop";
    manifest.program = (char *)TEST_PROBE;
    assert_int_equal(node_apply(&node, &manifest, NULL), MU_OK);
    before = node_await(&node, "shop", UP);
    kill((pid_t)node_process(&node, "router").pid, SIGKILL);
    do
        after = node_await(&node, "shop", UP);
    while (after.pid == before.pid);
    assert_string_equal(after.last_exit, "exit 111");
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_router_that_is_killed_takes_all_along_and_all_come_back),
        TEST(test_a_registry_that_is_killed_comes_back_alone),
        TEST(test_what_was_applied_is_known_after_the_router_came_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
