// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/router/say.h"
#include "mu/bus/v1/bus.pb-c.h"
#include "mu/node/v1/node.pb-c.h"
#include "mu/registry/v1/registry.pb-c.h"
#include "mu/router/v1/router.pb-c.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"

static struct bus bus;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

/* Says HELLO as `service` and returns the answer's status. */
static struct status hello(struct peer *peer, const char *service, size_t types_size)
{
    Mu__Bus__V1__Hello message = MU__BUS__V1__HELLO__INIT;
    struct status status = { 0 };
    struct envelope welcome;
    uint8_t body[512];
    uint8_t types[64] = { 1 };

    message.service = (char *)(uintptr_t)service;
    message.version = (char *)(uintptr_t) "1";
    message.types = (ProtobufCBinaryData){ types_size, types };
    assert_int_equal(bus_say(&bus, peer,
                             (struct envelope){ .kind = ENVELOPE_HELLO,
                                     .body = { body, mu__bus__v1__hello__pack(&message, body) } }),
            0);
    welcome = bus_hear_one(&bus, peer, ENVELOPE_WELCOME);
    if (welcome.status.size > 0)
        assert_int_equal(status_read(&status, welcome.status), ENVELOPE_OK);
    return status;
}

static struct peer *supervised(const char *service, uint64_t instance)
{
    struct peer_identity identity = { .uid = 1,
        .pid = 3,
        .instance = instance,
        .service = service,
        .limits = { .calls_max = 7 },
        .link = FRAME_IPC };

    return router_attach(&bus.router, &identity, NULL);
}

static void test_a_hello_that_does_not_fit_is_refused_with_a_reason(void **state)
{
    struct peer_identity stranger = { .uid = 9, .link = FRAME_IPC };

    (void)state;
    assert_int_equal(hello(bus_caller(&bus), "Greeter", 0).code, CODE_INVALID_ARGUMENT);
    assert_int_equal(hello(bus_caller(&bus), "", 0).code, CODE_INVALID_ARGUMENT);
    assert_int_equal(hello(bus_caller(&bus), "greeter", 31).code, CODE_INVALID_ARGUMENT);
    assert_int_equal(hello(bus_caller(&bus), "registry", 0).code, CODE_PERMISSION_DENIED);
    assert_int_equal(hello(bus_caller(&bus), "node", 0).code, CODE_PERMISSION_DENIED);
    assert_int_equal(hello(bus_caller(&bus), "router", 0).code, CODE_PERMISSION_DENIED);
    assert_int_equal(hello(supervised("greeter", 5), "other", 0).code, CODE_PERMISSION_DENIED);
    assert_int_equal(hello(router_attach(&bus.router, &stranger, NULL), "greeter", 0).code,
            CODE_PERMISSION_DENIED);
    assert_int_equal(hello(bus_caller(&bus), "greeter", 32).code, 0);
    assert_int_equal(hello(supervised("registry", 6), "registry", 0).code, 0);
}

static void test_one_channel_is_one_service(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");

    (void)state;
    assert_int_equal(hello(greeter, "other", 0).code, CODE_INVALID_ARGUMENT);
}

static void test_a_hello_that_is_no_message_ends_the_channel(void **state)
{
    uint8_t *large = calloc(1, ROUTER_HELLO_SIZE_MAX + 1);

    (void)state;
    assert_int_equal(bus_say(&bus, bus_caller(&bus),
                             (struct envelope){ .kind = ENVELOPE_HELLO,
                                     .body = bus_text("\x0a\x02\xff\xfe") }),
            -EPROTO);
    assert_int_equal(bus_say(&bus, bus_caller(&bus),
                             (struct envelope){ .kind = ENVELOPE_HELLO,
                                     .body = { large, ROUTER_HELLO_SIZE_MAX + 1 } }),
            -EPROTO);
    free(large);
}

static void test_ready_and_drain_come_in_their_order(void **state)
{
    struct peer *peer = bus_caller(&bus);

    (void)state;
    assert_int_equal(bus_say(&bus, peer, (struct envelope){ .kind = ENVELOPE_READY }), -EPROTO);
    assert_int_equal(bus_say(&bus, peer, (struct envelope){ .kind = ENVELOPE_DRAIN }), -EPROTO);
    assert_int_equal(hello(peer, "greeter", 0).code, 0);
    assert_int_equal(bus_say(&bus, peer, (struct envelope){ .kind = ENVELOPE_READY }), 0);
    assert_int_equal(bus_say(&bus, peer, (struct envelope){ .kind = ENVELOPE_READY }), -EPROTO);
}

static void test_a_draining_service_finishes_what_it_has_and_gets_no_more(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *caller = bus_caller(&bus);
    struct envelope call = bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter);

    (void)state;
    assert_int_equal(bus_say(&bus, greeter, (struct envelope){ .kind = ENVELOPE_DRAIN }), 0);
    assert_int_equal(bus_hear(&bus, greeter), 0);
    bus_say(&bus, caller,
            (struct envelope){
                    .kind = ENVELOPE_CALL, .id = 2, .endpoint = bus_text("greeter.Hello") });
    bus_expect_result(&bus, caller, 2, CODE_UNAVAILABLE, EXECUTED_NO);
    bus_say(&bus, greeter, (struct envelope){ .kind = ENVELOPE_RESULT, .id = call.id });
    bus_expect_result(&bus, caller, 1, 0, 0);
    bus_hear_one(&bus, greeter, ENVELOPE_DRAIN);
}

static void test_calls_go_on_with_another_instance_while_one_drains(void **state)
{
    struct peer *first = bus_service(&bus, "greeter");
    struct peer *second = bus_service(&bus, "greeter");
    struct peer *caller = bus_caller(&bus);

    (void)state;
    bus_say(&bus, first, (struct envelope){ .kind = ENVELOPE_DRAIN });
    bus_hear_one(&bus, first, ENVELOPE_DRAIN);
    for (uint64_t id = 1; id <= 20; id++)
        bus_call(&bus, caller, id, "greeter.Hello", SHAPE_UNARY, second);
}

static struct peer *registry(void)
{
    struct peer *peer = supervised("registry", 99);

    assert_int_equal(hello(peer, "registry", 0).code, 0);
    assert_int_equal(bus_say(&bus, peer, (struct envelope){ .kind = ENVELOPE_READY }), 0);
    return peer;
}

static bool heard_call(size_t index, const char *endpoint)
{
    struct span said = bus.heard[index].endpoint;

    return bus.heard[index].kind == ENVELOPE_CALL && said.size == strlen(endpoint) &&
           memcmp(said.data, endpoint, said.size) == 0;
}

static void test_a_registry_hears_of_those_who_are_there_then_of_each_change(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *reg = registry();
    Mu__Registry__V1__ResetRequest *reset;
    Mu__Registry__V1__AttachRequest *attach;
    Mu__Registry__V1__DetachRequest *detach;
    Mu__Bus__V1__Caller *stamp;
    uint64_t instance = greeter->instance;

    (void)state;
    assert_int_equal(bus_hear(&bus, reg), 1);
    assert_true(heard_call(0, "registry.Reset"));
    stamp = mu__bus__v1__caller__unpack(NULL, bus.heard[0].caller.size, bus.heard[0].caller.data);
    assert_string_equal(stamp->service, "router");
    mu__bus__v1__caller__free_unpacked(stamp, NULL);
    reset = mu__registry__v1__reset_request__unpack(
            NULL, bus.heard[0].body.size, bus.heard[0].body.data);
    assert_int_equal(reset->n_instances, 2); /* the greeter, and the registry itself */
    assert_true(reset->instances[0]->instance == instance);
    assert_string_equal(reset->instances[0]->service, "greeter");
    assert_string_equal(reset->instances[0]->version, "1.2.3");
    mu__registry__v1__reset_request__free_unpacked(reset, NULL);
    bus_service(&bus, "talk");
    assert_int_equal(bus_hear(&bus, reg), 1);
    assert_true(heard_call(0, "registry.Attach"));
    attach = mu__registry__v1__attach_request__unpack(
            NULL, bus.heard[0].body.size, bus.heard[0].body.data);
    assert_string_equal(attach->instance->service, "talk");
    mu__registry__v1__attach_request__free_unpacked(attach, NULL);
    router_detach(&bus.router, greeter, bus.now_us);
    assert_int_equal(bus_hear(&bus, reg), 1);
    assert_true(heard_call(0, "registry.Detach"));
    detach = mu__registry__v1__detach_request__unpack(
            NULL, bus.heard[0].body.size, bus.heard[0].body.data);
    assert_true(detach->instance == instance);
    mu__registry__v1__detach_request__free_unpacked(detach, NULL);
}

static void test_a_registry_hears_of_more_than_one_message_holds(void **state)
{
    struct peer *reg;
    uint32_t told = 0;

    (void)state;
    for (int i = 0; i < ROUTER_RESET_INSTANCES_MAX + 10; i++)
        bus_service(&bus, "many");
    reg = registry();
    bus_hear(&bus, reg);
    assert_true(heard_call(0, "registry.Reset"));
    for (size_t i = 1; i < bus.heard_count; i++)
        told += heard_call(i, "registry.Attach");
    assert_int_equal(told, 11);
}

static void test_the_supervisor_hears_of_its_processes_and_of_no_others(void **state)
{
    struct peer *node = router_attach_supervisor(&bus.router, NULL);
    struct peer *greeter = supervised("greeter", 55);
    Mu__Node__V1__AttachedRequest *request;

    (void)state;
    bus_service(&bus, "byhand");
    assert_int_equal(bus_hear(&bus, node), 0);
    assert_int_equal(hello(greeter, "greeter", 0).code, 0);
    assert_int_equal(greeter->calls_max, 7);
    bus_say(&bus, greeter, (struct envelope){ .kind = ENVELOPE_READY });
    for (int ready = 1; ready >= 0; ready--) {
        assert_int_equal(bus_hear(&bus, node), 1);
        assert_true(heard_call(0, "node.Attached"));
        request = mu__node__v1__attached_request__unpack(
                NULL, bus.heard[0].body.size, bus.heard[0].body.data);
        assert_true(request->instance == 55);
        assert_int_equal(request->ready, ready);
        mu__node__v1__attached_request__free_unpacked(request, NULL);
        if (ready == 1)
            router_detach(&bus.router, greeter, bus.now_us);
    }
}

static void test_a_body_too_large_for_the_supervisor_is_refused(void **state)
{
    struct peer *node = router_attach_supervisor(&bus.router, NULL);
    struct peer *caller = bus_caller(&bus);
    uint8_t *body = calloc(1, ROUTER_NODE_BODY_MAX + 1);
    struct envelope call = { .kind = ENVELOPE_CALL, .id = 1, .endpoint = bus_text("node.Apply") };

    (void)state;
    call.body = (struct span){ body, ROUTER_NODE_BODY_MAX + 1 };
    bus_say(&bus, caller, call);
    bus_expect_result(&bus, caller, 1, CODE_RESOURCE_EXHAUSTED, EXECUTED_NO);
    call.body.size -= 1;
    bus_say(&bus, caller, call);
    bus_hear_one(&bus, node, ENVELOPE_CALL);
    free(body);
}

static void test_the_router_answers_for_itself(void **state)
{
    struct peer *caller = bus_caller(&bus);
    struct envelope result;
    Mu__Router__V1__StatsReply *stats;

    (void)state;
    bus_service(&bus, "greeter");
    bus_say(&bus, caller,
            (struct envelope){
                    .kind = ENVELOPE_CALL, .id = 1, .endpoint = bus_text("router.Stats") });
    result = bus_hear_one(&bus, caller, ENVELOPE_RESULT);
    stats = mu__router__v1__stats_reply__unpack(NULL, result.body.size, result.body.data);
    assert_non_null(stats);
    assert_int_equal(stats->channels_open, 2);
    assert_int_equal(stats->n_instances, 1);
    assert_string_equal(stats->instances[0]->service, "greeter");
    mu__router__v1__stats_reply__free_unpacked(stats, NULL);
    bus_say(&bus, caller,
            (struct envelope){
                    .kind = ENVELOPE_CALL, .id = 2, .endpoint = bus_text("router.mu.Health") });
    bus_expect_result(&bus, caller, 2, 0, 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        test(test_a_hello_that_does_not_fit_is_refused_with_a_reason),
        test(test_one_channel_is_one_service),
        test(test_a_hello_that_is_no_message_ends_the_channel),
        test(test_ready_and_drain_come_in_their_order),
        test(test_a_draining_service_finishes_what_it_has_and_gets_no_more),
        test(test_calls_go_on_with_another_instance_while_one_drains),
        test(test_a_registry_hears_of_those_who_are_there_then_of_each_change),
        test(test_a_registry_hears_of_more_than_one_message_holds),
        test(test_the_supervisor_hears_of_its_processes_and_of_no_others),
        test(test_a_body_too_large_for_the_supervisor_is_refused),
        test(test_the_router_answers_for_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
