// SPDX-License-Identifier: Apache-2.0
/* A service is restarted again and again, and so is the registry, while calls go on: none of them
 * fails. MU_RESTART_CALLS makes it longer. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/v1/probe.mu.h"
#include "tests/integration/supervisor/node.h"
#include "tests/unit/cmocka.h"

enum { CALLERS = 4, CALLS = 3000, RESTARTS_MIN = 10, TIMEOUT_MS = 20000 };

static struct node node;
static unsigned calls_each;
static atomic_uint running;
static atomic_uint failed;

static void *call_again_and_again(void *user)
{
    const struct mu_call_options options = { .timeout_ms = TIMEOUT_MS };
    const struct mu_client_options place = { .dir = node.dir };
    struct mu_client *client = NULL;

    assert_int_equal(mu_client_open(&client, &place), 0);
    for (unsigned i = 0; i < calls_each; i++) {
        Probe__V1__EchoRequest request = PROBE__V1__ECHO_REQUEST__INIT;
        Probe__V1__EchoReply *reply = NULL;
        struct mu_status status;

        request.text = user;
        if (probe_echo(client, &request, &options, &reply, &status) == MU_OK &&
                strcmp(reply->text, user) == 0) {
            probe__v1__echo_reply__free_unpacked(reply, NULL);
            continue;
        }
        if (atomic_fetch_add(&failed, 1) == 0)
            print_message("the first that failed: code %d, executed %d: %s\n", (int)status.code,
                    (int)status.executed, status.message);
    }
    mu_client_close(client);
    atomic_fetch_sub(&running, 1);
    return NULL;
}

/* Restarts `service` and waits until another process is up. */
static void restart(const char *service)
{
    uint32_t before = node_process(&node, service).pid;

    assert_int_equal(node_request(&node, "node.Restart", service, NULL), MU_OK);
    while (node_await(&node, service, MU__NODE__V1__PROCESS_STATE__PROCESS_UP).pid == before)
        continue;
}

static void test_no_call_fails_while_what_serves_it_restarts(void **state)
{
    static char text[] = "said once, heard once";
    const char *wanted = getenv("MU_RESTART_CALLS");
    pthread_t threads[CALLERS];
    unsigned restarts = 0;

    (void)state;
    calls_each = wanted != NULL ? (unsigned)strtoul(wanted, NULL, 10) / CALLERS : CALLS;
    atomic_store(&running, CALLERS);
    for (size_t i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_again_and_again, text), 0);
    for (; atomic_load(&running) > 0 || restarts < RESTARTS_MIN; restarts++)
        restart(restarts % 4 == 3 ? "registry" : "probe");
    for (size_t i = 0; i < CALLERS; i++)
        pthread_join(threads[i], NULL);
    print_message("%u calls, %u restarts, %u failed\n", CALLERS * calls_each, restarts,
            atomic_load(&failed));
    assert_int_equal(atomic_load(&failed), 0);
}

static int set_up(void **state)
{
    char yaml[512];

    (void)state;
    snprintf(yaml, sizeof(yaml), "services:\n  - { name: probe, program: %s }\n", TEST_PROBE);
    node_start(&node, yaml);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    node_deinit(&node);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_call_fails_while_what_serves_it_restarts),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
