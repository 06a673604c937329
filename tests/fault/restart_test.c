// SPDX-License-Identifier: Apache-2.0
/* Services, the registry and the router are restarted again and again, and the node is given to
 * another installation and back, while calls go on, some of them on behalf of others: none of them
 * fails. MU_RESTART_CALLS makes it longer; MU_RESTART_OTHER names an installation, maybe of another
 * version, that the node is given to in place of a second copy of this one. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "probe/v1/probe.mu.h"
#include "relay/v1/relay.mu.h"
#include "tests/fault/upgrade_copy.h"
#include "tests/unit/cmocka.h"

enum { CALLERS = 4, CALLS = 2000, RESTARTS_MIN = 12, TIMEOUT_MS = 20000, LOOK_MS = 2 };

/* What is promised is a wait of so long: for a service that starts (kernel/limits.h), and of a
 * program that has just started for a router. A machine that needs longer for a start, because of
 * what else it does, is to blame itself. */
enum { SERVICE_LATE_MS = 1900, NODE_LATE_MS = 4800 };

static struct node node;
static char copies[2][COPY_PATH_MAX];
static unsigned calls_each;
static atomic_uint running;
static atomic_uint calls;
static atomic_uint failed;
static unsigned excused; /* of them: the machine was late */

static void note(const char *what, const struct mu_status *status)
{
    atomic_fetch_add(&calls, 1);
    if (status->code != MU_OK && atomic_fetch_add(&failed, 1) == 0)
        print_message("the first that failed, of %s: code %d, executed %d: %s (%s)\n", what,
                (int)status->code, (int)status->executed, status->message, status->origin);
}

static void echo(struct mu_client *client, const char *what)
{
    static char text[] = "said once, heard once";
    const struct mu_call_options options = { .timeout_ms = TIMEOUT_MS };
    Probe__V1__EchoRequest request = PROBE__V1__ECHO_REQUEST__INIT;
    Probe__V1__EchoReply *reply = NULL;
    struct mu_status status;

    request.text = text;
    if (probe_echo(client, &request, &options, &reply, &status) == MU_OK) {
        if (strcmp(reply->text, text) != 0)
            status.code = MU_INTERNAL;
        probe__v1__echo_reply__free_unpacked(reply, NULL);
    }
    note(what, &status);
}

/* Has a service call another on this call's behalf. */
static void relay(struct mu_client *client)
{
    static char endpoint[] = "probe.Echo";
    const struct mu_call_options options = { .timeout_ms = TIMEOUT_MS };
    Relay__V1__CallRequest request = RELAY__V1__CALL_REQUEST__INIT;
    Relay__V1__CallReply *reply = NULL;
    struct mu_status status;

    request.endpoint = endpoint;
    if (relay_call(client, &request, &options, &reply, &status) == MU_OK) {
        status.code = (enum mu_code)reply->code;
        status.executed = (enum mu_executed)reply->executed;
        snprintf(status.message, sizeof(status.message), "%s", reply->message);
        relay__v1__call_reply__free_unpacked(reply, NULL);
    }
    note("a service that calls another", &status);
}

static struct mu_client *open_client(void)
{
    const struct mu_client_options place = { .dir = node.dir };
    struct mu_client *client = NULL;
    struct mu_status status = { .code = MU_OK };
    int r = mu_client_open(&client, &place);

    if (r < 0) {
        status.code = MU_UNAVAILABLE;
        snprintf(status.message, sizeof(status.message), "%s", strerror(-r));
        note("a program that has just started", &status);
    }
    return client;
}

static void *call_again_and_again(void *user)
{
    struct mu_client *client = open_client();

    for (unsigned i = 0; client != NULL && i < calls_each; i++) {
        if (user != NULL)
            relay(client);
        else
            echo(client, "a client");
    }
    mu_client_close(client);
    atomic_fetch_sub(&running, 1);
    return NULL;
}

/* Programs come and go as well. */
static void *open_again_and_again(void *user)
{
    (void)user;
    while (atomic_load(&running) > 0) {
        struct mu_client *client = open_client();

        if (client != NULL)
            echo(client, "a program that has just started");
        mu_client_close(client);
    }
    return NULL;
}

/* Waits until another process of `service` than `before` is up. */
static void await_another(const char *service, uint32_t before)
{
    while (node_await(&node, service, MU__NODE__V1__PROCESS_STATE__PROCESS_UP).pid == before)
        poll(NULL, 0, LOOK_MS);
}

/* What was begun at `began_ms`, when `failed_before` calls had failed, is done. */
static void excuse(uint64_t began_ms, unsigned failed_before, uint64_t late_ms)
{
    if (clock_ms() - began_ms > late_ms)
        excused += atomic_load(&failed) - failed_before;
}

static void restart(const char *service)
{
    uint64_t late_ms = strcmp(service, "router") == 0 ? NODE_LATE_MS : SERVICE_LATE_MS;
    uint32_t before = node_process(&node, service).pid;
    unsigned failed_before = atomic_load(&failed);
    uint64_t began_ms = clock_ms();
    struct mu_status status;

    if (node_request(&node, "node.Restart", service, &status) != MU_OK)
        fail_msg("%s is not restarted: %s", service, status.message);
    await_another(service, before);
    node_await(&node, "relay", MU__NODE__V1__PROCESS_STATE__PROCESS_UP);
    excuse(began_ms, failed_before, late_ms);
}

static void take_over(const char *prefix)
{
    uint32_t before = node_process(&node, "router").pid;
    unsigned failed_before = atomic_load(&failed);
    uint64_t began_ms = clock_ms();
    struct mu_status status;

    if (copy_take_over(&node, prefix, &status) != MU_OK)
        fail_msg("%s does not take over: %s", prefix, status.message);
    await_another("router", before);
    node_await(&node, "relay", MU__NODE__V1__PROCESS_STATE__PROCESS_UP);
    assert_true(copy_runs(&node, prefix));
    excuse(began_ms, failed_before, NODE_LATE_MS);
}

static void test_no_call_fails_whatever_is_restarted(void **state)
{
    static const char *const services[] = { "probe", "registry", "relay", "router" };
    const char *wanted = getenv("MU_RESTART_CALLS");
    pthread_t threads[CALLERS + 1];
    unsigned restarts = 0;

    (void)state;
    calls_each = wanted != NULL ? (unsigned)strtoul(wanted, NULL, 10) / CALLERS : CALLS;
    atomic_store(&running, CALLERS);
    for (size_t i = 0; i < CALLERS; i++)
        assert_int_equal(
                pthread_create(&threads[i], NULL, call_again_and_again, i % 2 == 0 ? NULL : &node),
                0);
    assert_int_equal(pthread_create(&threads[CALLERS], NULL, open_again_and_again, NULL), 0);
    for (; atomic_load(&running) > 0 || restarts < RESTARTS_MIN; restarts++) {
        if (restarts % 6 < 4)
            restart(services[restarts % 6]);
        else
            take_over(copies[restarts % 6 - 4]);
    }
    for (size_t i = 0; i <= CALLERS; i++)
        pthread_join(threads[i], NULL);
    print_message("%u calls, %u restarts, %u failed, %u of them while the machine was late\n",
            atomic_load(&calls), restarts, atomic_load(&failed), excused);
    assert_int_equal(atomic_load(&failed), excused);
}

static int set_up(void **state)
{
    const char *other = getenv("MU_RESTART_OTHER");
    char yaml[1024];

    (void)state;
    snprintf(yaml, sizeof(yaml),
            "services:\n"
            "  - { name: probe, program: %s }\n"
            "  - { name: relay, program: %s, needs: [probe], calls: [probe.*] }\n",
            TEST_PROBE, TEST_RELAY);
    node_start(&node, yaml);
    copy_make(&node, "one", copies[0]);
    if (other == NULL)
        copy_make(&node, "two", copies[1]);
    else
        snprintf(copies[1], sizeof(copies[1]), "%s", other);
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
        cmocka_unit_test(test_no_call_fails_whatever_is_restarted),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
