// SPDX-License-Identifier: Apache-2.0
/* The test is the router: it holds the other end of the control socket, and the core's effects are
 * carried out by nobody. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "kernel/config.h"
#include "kernel/endpoints.h"
#include "kernel/hold.h"
#include "kernel/request.h"
#include "mu/bus/v1/bus.pb-c.h"
#include "mu/debug/v1/debug.pb-c.h"
#include "mu/node/v1/node.pb-c.h"
#include "tests/unit/cmocka.h"

static char root[64]; /* the node's state folder */
static struct node node;
static int router;
static uint8_t packet[CONTROL_PACKET_MAX];
static struct status status; /* of the last answer */
static struct span body;     /* of the last answer */
static void apply_kernel(enum service_kind kind)
{
    struct service_config *config;

    assert_int_equal(config_of_kernel(&config, kind, "local"), 0);
    assert_int_equal(
            request_apply(&node.supervisor, config, true, clock_ms(), NULL, 0), REQUEST_OK);
    free(config);
}

static int setup(void **state)
{
    (void)state;
    memset(&node, 0, sizeof(node));
    list_init(&node.processes);
    list_init(&node.logs);
    snprintf(node.name, sizeof(node.name), "home");
    snprintf(root, sizeof(root), "/tmp/mu-endpoints-XXXXXX");
    if (mkdtemp(root) == NULL)
        return -1;
    snprintf(node.folders.place.state, sizeof(node.folders.place.state), "%s", root);
    node.started_ms = clock_ms();
    supervisor_init(&node.supervisor, 1);
    if (loop_open(&node.loop) < 0 ||
            control_init(&node.control, &node.loop, &node_control_events, &node) < 0)
        return -1;
    apply_kernel(SERVICE_ROUTER);
    apply_kernel(SERVICE_REGISTRY);
    return control_open(&node.control, &router);
}

static int teardown(void **state)
{
    char stopped[sizeof(root) + 16];

    (void)state;
    control_deinit(&node.control);
    supervisor_deinit(&node.supervisor);
    loop_close(&node.loop);
    snprintf(stopped, sizeof(stopped), "%s/stopped", root);
    rmdir(stopped);
    return close(router) | rmdir(root);
}

/* Reads the answer to call 9. False where there is none yet. */
static bool answered(void)
{
    ssize_t size = recv(router, packet, sizeof(packet), MSG_DONTWAIT);
    struct frame_reader reader;
    struct envelope envelope;

    if (size < 0)
        return false;
    frame_reader_init(&reader, (struct span){ packet, (size_t)size }, FRAME_BARE);
    assert_int_equal(frame_next(&reader, &envelope), FRAME_ENVELOPE);
    assert_int_equal(envelope.kind, ENVELOPE_RESULT);
    assert_int_equal(envelope.id, 9);
    status = (struct status){ 0 };
    if (envelope.status.size != 0)
        assert_int_equal(status_read(&status, envelope.status), ENVELOPE_OK);
    body = envelope.body;
    return true;
}

static void call_bytes(
        const char *endpoint, const char *service, bool is_operator, struct span request)
{
    Mu__Bus__V1__Caller caller = MU__BUS__V1__CALLER__INIT;
    struct envelope envelope = { .kind = ENVELOPE_CALL,
        .id = 9,
        .endpoint = { (const uint8_t *)endpoint, strlen(endpoint) },
        .body = request };
    uint8_t stamp[256];

    caller.service = (char *)service;
    caller.operator_ = is_operator;
    caller.uid = 1000;
    envelope.caller = (struct span){ stamp, mu__bus__v1__caller__pack(&caller, stamp) };
    endpoints_answer(&node, &envelope);
}

static void call(const char *endpoint, const char *service, bool is_operator,
        const ProtobufCMessage *request)
{
    uint8_t bytes[4096];

    assert_true(protobuf_c_message_get_packed_size(request) <= sizeof(bytes));
    call_bytes(endpoint, service, is_operator,
            (struct span){ bytes, protobuf_c_message_pack(request, bytes) });
}

static void expect_status(uint32_t code, const char *text, uint32_t executed)
{
    char message[512];

    assert_true(answered());
    snprintf(message, sizeof(message), "%.*s", (int)status.message.size,
            (const char *)status.message.data);
    if (strstr(message, text) == NULL)
        fail_msg("`%s` is not in `%s`", text, message);
    assert_int_equal(status.code, code);
    assert_int_equal(status.executed, executed);
    assert_memory_equal(status.origin.data, "node", 4);
}

static void expect_error(uint32_t code, const char *text)
{
    expect_status(code, text, MU_EXECUTED_NO);
}

static void expect_ok(void)
{
    assert_true(answered());
    assert_int_equal(status.code, 0);
}

static void apply(const char *name, const char *need)
{
    Mu__Node__V1__ApplyRequest request = MU__NODE__V1__APPLY_REQUEST__INIT;
    Mu__Node__V1__Manifest manifest = MU__NODE__V1__MANIFEST__INIT;

    manifest.name = (char *)name;
    manifest.needs = (char **)&need;
    manifest.n_needs = need != NULL ? 1 : 0;
    request.manifest = &manifest;
    call("node.Apply", "registry", false, &request.base);
}

static void test_anyone_may_look(void **state)
{
    Mu__Node__V1__StatusRequest status_request = MU__NODE__V1__STATUS_REQUEST__INIT;
    Mu__Node__V1__ListRequest list_request = MU__NODE__V1__LIST_REQUEST__INIT;
    Mu__Node__V1__StatusReply *status_reply;
    Mu__Node__V1__ListReply *list_reply;

    (void)state;
    call("node.Status", "", false, &status_request.base);
    expect_ok();
    status_reply = mu__node__v1__status_reply__unpack(NULL, body.size, body.data);
    assert_non_null(status_reply);
    assert_string_equal(status_reply->node, "home");
    assert_int_equal(status_reply->pid, getpid());
    assert_false(status_reply->ready);
    assert_int_equal(status_reply->processes_up, 1);
    assert_int_equal(status_reply->processes_wanted, 3);
    assert_true(status_reply->memory_kib > 0);
    mu__node__v1__status_reply__free_unpacked(status_reply, NULL);

    call("node.List", "shop", false, &list_request.base);
    expect_ok();
    list_reply = mu__node__v1__list_reply__unpack(NULL, body.size, body.data);
    assert_non_null(list_reply);
    assert_int_equal(list_reply->n_processes, 3);
    assert_string_equal(list_reply->processes[0]->service, "node");
    assert_true(list_reply->processes[0]->kernel);
    assert_string_equal(list_reply->processes[2]->service, "registry");
    assert_int_equal(list_reply->processes[2]->state, MU__NODE__V1__PROCESS_STATE__PROCESS_WAITING);
    assert_string_equal(list_reply->processes[2]->reason, "waits for router");
    mu__node__v1__list_reply__free_unpacked(list_reply, NULL);
}

static void test_its_health_is_that_of_its_parts(void **state)
{
    Mu__Debug__V1__HealthRequest request = MU__DEBUG__V1__HEALTH_REQUEST__INIT;
    Mu__Debug__V1__HealthReply *reply;

    (void)state;
    call("node.mu.Health", "", false, &request.base);
    expect_ok();
    reply = mu__debug__v1__health_reply__unpack(NULL, body.size, body.data);
    assert_non_null(reply);
    assert_false(reply->ok);
    assert_string_equal(reply->reason, "the router is not up");
    assert_false(reply->draining);
    mu__debug__v1__health_reply__free_unpacked(reply, NULL);
}

static void test_its_log_level_is_told_and_changed(void **state)
{
    Mu__Debug__V1__LogLevelRequest request = MU__DEBUG__V1__LOG_LEVEL_REQUEST__INIT;
    enum log_level before = log_get_level();

    (void)state;
    request.level = (char *)"error";
    call("node.mu.LogLevel", "", true, &request.base);
    expect_ok();
    assert_int_equal(log_get_level(), LOG_ERROR);
    request.level = (char *)"loud";
    call("node.mu.LogLevel", "", true, &request.base);
    expect_error(MU_INVALID_ARGUMENT, "no level is called `loud`");
    assert_int_equal(log_get_level(), LOG_ERROR);
    log_set_level(before);
}

static void test_everything_else_is_for_those_who_may(void **state)
{
    static const struct {
        const char *endpoint;
        bool is_operator;
        bool registry;
        bool router;
    } rows[] = {
        { "node.Apply", true, true, false },
        { "node.Remove", true, true, false },
        { "node.Start", true, false, false },
        { "node.Stop", true, false, false },
        { "node.Restart", true, false, false },
        { "node.mu.LogLevel", true, false, false },
        { "node.Attached", false, false, true },
    };
    const struct span nothing = { NULL, 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        call_bytes(rows[i].endpoint, "shop", false, nothing);
        expect_error(MU_PERMISSION_DENIED, "is not for you (user 1000)");
        call_bytes(rows[i].endpoint, "", true, nothing);
        assert_true(answered());
        assert_int_equal(status.code != MU_PERMISSION_DENIED, rows[i].is_operator);
        call_bytes(rows[i].endpoint, "registry", false, nothing);
        assert_true(answered());
        assert_int_equal(status.code != MU_PERMISSION_DENIED, rows[i].registry);
        call_bytes(rows[i].endpoint, "router", false, nothing);
        assert_true(answered());
        assert_int_equal(status.code != MU_PERMISSION_DENIED, rows[i].router);
    }
    call_bytes("node.Shutdown", "registry", false, nothing);
    expect_error(MU_PERMISSION_DENIED, "run `mu` as that user");
}

static void test_an_endpoint_that_is_none_is_unimplemented(void **state)
{
    (void)state;
    call_bytes("node.Fly", "", true, (struct span){ NULL, 0 });
    expect_error(MU_UNIMPLEMENTED, "the node has no endpoint `node.Fly`");
    call_bytes("node.Statu", "", true, (struct span){ NULL, 0 });
    expect_error(MU_UNIMPLEMENTED, "node.Statu");
}

static void test_a_broken_body_is_refused(void **state)
{
    static const uint8_t broken[] = { 0x0a, 0x7f, 0x00 };

    (void)state;
    call_bytes("node.Start", "", true, (struct span){ broken, sizeof(broken) });
    expect_error(MU_INVALID_ARGUMENT, "node.Start: ");
    call_bytes("node.Apply", "", true, (struct span){ NULL, 0 });
    expect_error(MU_INVALID_ARGUMENT, "manifest: missing");
}

static void test_a_call_without_a_caller_is_refused(void **state)
{
    const struct envelope envelope = { .kind = ENVELOPE_CALL,
        .id = 9,
        .endpoint = { (const uint8_t *)"node.Shutdown", strlen("node.Shutdown") } };

    (void)state;
    endpoints_answer(&node, &envelope);
    expect_error(MU_PERMISSION_DENIED, "is not for you");
}

static void test_apply_makes_a_service_known(void **state)
{
    (void)state;
    apply("shop", NULL);
    expect_ok();
    assert_non_null(plan_find(&node.supervisor.services, "shop"));
    apply("Shop", NULL);
    expect_error(MU_INVALID_ARGUMENT, "name: `Shop` cannot name a service");
    apply("registry", NULL);
    expect_error(MU_INVALID_ARGUMENT, "belongs to the node itself");
}

static void test_a_cycle_is_named(void **state)
{
    (void)state;
    apply("a", "b");
    expect_ok();
    apply("b", "a");
    expect_error(MU_INVALID_ARGUMENT, "b needs a, a needs b; remove one of these needs");
}

/* Carries out the replies that are due, and nothing else. */
static void answer_waiters(void)
{
    struct effect effect;

    while (supervisor_next(&node.supervisor, &effect, clock_ms())) {
        if (effect.kind == EFFECT_REPLY)
            endpoints_stopped(&node, effect.call, effect.done);
    }
}

static void stop(const char *name)
{
    Mu__Node__V1__StopRequest request = MU__NODE__V1__STOP_REQUEST__INIT;

    request.service = (char *)name;
    call("node.Stop", "", true, &request.base);
    answer_waiters();
}

static bool is_wanted(const char *name)
{
    return plan_find(&node.supervisor.services, name)->children[0].wanted;
}

/* What a node that starts anew on the same state folder knows: nothing but what is written there.
 */
static void forget_services(void)
{
    supervisor_deinit(&node.supervisor);
    supervisor_init(&node.supervisor, 2);
}

static void test_a_stop_outlives_the_node_until_start_restart_or_remove(void **state)
{
    Mu__Node__V1__StartRequest request = MU__NODE__V1__START_REQUEST__INIT;
    static const char *const ends[] = { "node.Start", "node.Restart", "node.Remove" };

    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        apply("shop", NULL);
        expect_ok();
        assert_true(is_wanted("shop"));
        stop("shop");
        expect_ok();
        forget_services();
        apply("shop", NULL);
        expect_ok();
        assert_false(is_wanted("shop"));
        request.service = (char *)"shop";
        call(ends[i], "", true, &request.base);
        answer_waiters();
        expect_ok();
        forget_services();
        apply("shop", NULL);
        expect_ok();
        assert_true(is_wanted("shop"));
        forget_services();
    }
}

static void test_a_stop_that_cannot_be_written_down_says_so(void **state)
{
    (void)state;
    apply("shop", NULL);
    expect_ok();
    snprintf(node.folders.place.state, sizeof(node.folders.place.state), "/dev/null");
    stop("shop");
    assert_true(answered());
    assert_int_equal(status.code, MU_RESOURCE_EXHAUSTED);
    assert_int_equal(status.executed, MU_EXECUTED_YES);
    assert_false(is_wanted("shop"));
    assert_false(answered());
}

static void test_remove_answers_when_it_is_down(void **state)
{
    Mu__Node__V1__RemoveRequest request = MU__NODE__V1__REMOVE_REQUEST__INIT;

    (void)state;
    apply("shop", NULL);
    expect_ok();
    request.service = (char *)"shop";
    call("node.Remove", "registry", false, &request.base);
    assert_false(answered());
    answer_waiters();
    expect_ok();
    call("node.Remove", "registry", false, &request.base);
    expect_error(MU_NOT_FOUND, "this node runs no service `shop`");
}

static void test_a_stop_that_was_overtaken_says_so(void **state)
{
    (void)state;
    endpoints_stopped(&node, 9, false);
    expect_status(MU_ABORTED, "was started again meanwhile", MU_EXECUTED_YES);
}

static void test_start_stop_and_restart_name_what_they_do_not_know(void **state)
{
    Mu__Node__V1__StartRequest request = MU__NODE__V1__START_REQUEST__INIT;

    (void)state;
    request.service = (char *)"nobody";
    call("node.Start", "", true, &request.base);
    expect_error(MU_NOT_FOUND, "no service `nobody`; `mu ps` lists");
    call("node.Stop", "", true, &request.base);
    expect_error(MU_NOT_FOUND, "no service `nobody`");
    call("node.Restart", "", true, &request.base);
    expect_error(MU_NOT_FOUND, "no service `nobody`");
    request.service = (char *)"registry";
    call("node.Stop", "", true, &request.base);
    expect_error(MU_FAILED_PRECONDITION, "is a part of the node itself");
    call("node.Start", "", true, &request.base);
    expect_ok();
    call("node.Restart", "", true, &request.base);
    expect_ok();
}

static void test_attached_is_about_processes_that_run(void **state)
{
    Mu__Node__V1__AttachedRequest request = MU__NODE__V1__ATTACHED_REQUEST__INIT;

    (void)state;
    request.instance = 12345;
    request.ready = true;
    call("node.Attached", "router", false, &request.base);
    expect_error(MU_NOT_FOUND, "no process of this node is that instance");
}

static void test_shutdown_answers_and_then_stops(void **state)
{
    Mu__Node__V1__ShutdownRequest request = MU__NODE__V1__SHUTDOWN_REQUEST__INIT;

    (void)state;
    call("node.Shutdown", "", true, &request.base);
    expect_ok();
    assert_true(supervisor_is_stopping(&node.supervisor));
    apply("shop", NULL);
    expect_error(MU_UNAVAILABLE, "the node is stopping");
}

static void test_too_many_processes_to_list_are_not_cut_short(void **state)
{
    Mu__Node__V1__ListRequest request = MU__NODE__V1__LIST_REQUEST__INIT;
    static char need[64];

    (void)state;
    memset(need, 'n', 63);
    for (int i = 0; i < SERVICES_MAX - 2; i++) {
        Mu__Node__V1__ApplyRequest apply_request = MU__NODE__V1__APPLY_REQUEST__INIT;
        Mu__Node__V1__Manifest manifest = MU__NODE__V1__MANIFEST__INIT;
        char version[600];
        char name[32];

        memset(version, 'v', sizeof(version) - 1);
        version[sizeof(version) - 1] = '\0';
        snprintf(name, sizeof(name), "s%d", i);
        manifest.name = name;
        manifest.version = version;
        apply_request.manifest = &manifest;
        call("node.Apply", "registry", false, &apply_request.base);
        expect_ok();
    }
    call("node.List", "", false, &request.base);
    assert_true(answered());
    assert_int_equal(status.code, MU_RESOURCE_EXHAUSTED);
    assert_int_equal(status.executed, MU_EXECUTED_YES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_anyone_may_look),
        TEST(test_its_health_is_that_of_its_parts),
        TEST(test_its_log_level_is_told_and_changed),
        TEST(test_everything_else_is_for_those_who_may),
        TEST(test_an_endpoint_that_is_none_is_unimplemented),
        TEST(test_a_broken_body_is_refused),
        TEST(test_a_call_without_a_caller_is_refused),
        TEST(test_apply_makes_a_service_known),
        TEST(test_a_cycle_is_named),
        TEST(test_a_stop_outlives_the_node_until_start_restart_or_remove),
        TEST(test_a_stop_that_cannot_be_written_down_says_so),
        TEST(test_remove_answers_when_it_is_down),
        TEST(test_a_stop_that_was_overtaken_says_so),
        TEST(test_start_stop_and_restart_name_what_they_do_not_know),
        TEST(test_attached_is_about_processes_that_run),
        TEST(test_shutdown_answers_and_then_stops),
        TEST(test_too_many_processes_to_list_are_not_cut_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
