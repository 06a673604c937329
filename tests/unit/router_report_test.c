// SPDX-License-Identifier: Apache-2.0
/* router.Meter and router.Calls, as whoever may ask reads them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/histogram.h"
#include "kernel/router/say.h"
#include "mu/router/v1/router.pb-c.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"

enum { ASKED_ID = 100 };

static struct bus bus;
static struct peer *greeter;
static struct peer *caller;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    greeter = bus_service(&bus, "greeter");
    caller = bus_caller(&bus);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

static void call_and_answer(uint64_t took_us, const char *status)
{
    struct envelope call = bus_call(&bus, caller, 9, "greeter.Hello", SHAPE_UNARY, greeter);

    bus.now_us += took_us;
    bus_say(&bus, greeter,
            (struct envelope){
                    .kind = ENVELOPE_RESULT, .id = call.id, .status = bus_text(status) });
    bus_hear(&bus, caller);
}

static void refuse(void)
{
    bus_say(&bus, caller,
            (struct envelope){ .kind = ENVELOPE_CALL, .id = 1, .endpoint = bus_text("none.X") });
    bus_hear(&bus, caller);
}

/* The body of the answer, of one that must come. */
static struct span ask(struct peer *peer, const char *endpoint, const ProtobufCMessage *request)
{
    uint8_t body[256];
    struct envelope result;

    assert_true(protobuf_c_message_get_packed_size(request) <= sizeof(body));
    bus_hear(&bus, peer);
    assert_int_equal(bus_say(&bus, peer,
                             (struct envelope){ .kind = ENVELOPE_CALL,
                                     .id = ASKED_ID,
                                     .endpoint = bus_text(endpoint),
                                     .body = { body, protobuf_c_message_pack(request, body) } }),
            0);
    result = bus_hear_one(&bus, peer, ENVELOPE_RESULT);
    assert_int_equal(result.status.size, 0);
    return result.body;
}

static Mu__Router__V1__MeterReply *meter(const Mu__Router__V1__MeterRequest *request)
{
    struct span body = ask(caller, "router.Meter", &request->base);
    Mu__Router__V1__MeterReply *reply =
            mu__router__v1__meter_reply__unpack(NULL, body.size, body.data);

    assert_non_null(reply);
    return reply;
}

static Mu__Router__V1__CallsReply *calls(const Mu__Router__V1__CallsRequest *request)
{
    struct span body = ask(caller, "router.Calls", &request->base);
    Mu__Router__V1__CallsReply *reply =
            mu__router__v1__calls_reply__unpack(NULL, body.size, body.data);

    assert_non_null(reply);
    return reply;
}

static void test_a_method_is_told_with_codes_and_times(void **state)
{
    Mu__Router__V1__MeterRequest request = MU__ROUTER__V1__METER_REQUEST__INIT;
    Mu__Router__V1__MeterReply *reply;

    (void)state;
    router_set_wall(&bus.router, UINT64_C(1700000000000000), bus.now_us);
    call_and_answer(1000, "");
    call_and_answer(2000, "");
    call_and_answer(3000, "\x08\x05");
    request.service = (char *)"greeter";
    request.method = (char *)"Hello";
    reply = meter(&request);
    assert_int_equal(reply->n_methods, 1);
    assert_string_equal(reply->methods[0]->service, "greeter");
    assert_string_equal(reply->methods[0]->method, "Hello");
    assert_int_equal(reply->methods[0]->side, MU__ROUTER__V1__SIDE__SIDE_HERE);
    assert_true(reply->methods[0]->calls == 3);
    assert_int_equal(reply->methods[0]->n_codes, 2);
    assert_int_equal(reply->methods[0]->codes[1]->code, CODE_NOT_FOUND);
    assert_int_equal(reply->methods[0]->took->n_index, 3);
    assert_int_equal(reply->methods[0]->took->index[0], histogram_index(1000));
    assert_true(reply->methods[0]->took->count[0] == 1);
    assert_true(reply->methods[0]->took->sum_us == 6000);
    assert_true(reply->started_us == UINT64_C(1700000000000000));
    assert_true(reply->up_us == 6000 && reply->next == 0);
    mu__router__v1__meter_reply__free_unpacked(reply, NULL);
}

static void test_a_long_table_comes_in_pages_each_row_once(void **state)
{
    Mu__Router__V1__MeterRequest request = MU__ROUTER__V1__METER_REQUEST__INIT;
    uint32_t told = 0;
    char name[64];

    (void)state;
    for (int i = 0; i < 3 * METER_PAGE_MAX; i++) {
        snprintf(name, sizeof(name), "s%d.X", i);
        assert_non_null(meter_name(&bus.router.notebook.meter, bus_text(name), SIDE_HERE));
    }
    do {
        Mu__Router__V1__MeterReply *reply = meter(&request);

        assert_true(reply->n_methods <= METER_PAGE_MAX);
        assert_true(reply->next == 0 || reply->n_methods == METER_PAGE_MAX);
        told += (uint32_t)reply->n_methods;
        request.from = reply->next;
        mu__router__v1__meter_reply__free_unpacked(reply, NULL);
    } while (request.from != 0);
    assert_int_equal(told, bus.router.notebook.meter.count);
}

static void test_the_fullest_page_fits_a_body(void **state)
{
    Mu__Router__V1__MeterRequest request = MU__ROUTER__V1__METER_REQUEST__INIT;
    Mu__Router__V1__MeterReply *reply;
    char name[ENDPOINT_SIZE_MAX + 1];

    (void)state;
    for (int i = 0; i < METER_PAGE_MAX; i++) {
        struct method *method;

        memset(name, 'x', sizeof(name));
        name[0] = (char)('a' + i / 26);
        name[1] = (char)('a' + i % 26);
        name[SERVICE_NAME_MAX] = '.';
        name[ENDPOINT_SIZE_MAX] = '\0';
        method = meter_name(&bus.router.notebook.meter, bus_text(name), SIDE_HERE);
        assert_non_null(method);
        memset(method->codes, 0x7f, sizeof(method->codes));
        memset(method->refused, 0x7f, sizeof(method->refused));
        memset(&method->took, 0x7f, sizeof(method->took));
        memset(&method->queued, 0x7f, sizeof(method->queued));
    }
    reply = meter(&request);
    assert_int_equal(reply->n_methods, METER_PAGE_MAX);
    mu__router__v1__meter_reply__free_unpacked(reply, NULL);
}

static void test_the_newest_calls_come_the_oldest_of_them_first(void **state)
{
    Mu__Router__V1__CallsRequest request = MU__ROUTER__V1__CALLS_REQUEST__INIT;
    Mu__Router__V1__CallsReply *reply;

    (void)state;
    for (uint64_t i = 1; i <= 10; i++)
        call_and_answer(i, "");
    request.limit = 3;
    reply = calls(&request);
    assert_int_equal(reply->n_calls, 3);
    assert_true(reply->more && reply->last == 10 && reply->missed == 0);
    for (uint64_t i = 0; i < 3; i++)
        assert_true(reply->calls[i]->seq == 8 + i && reply->calls[i]->took_us == 8 + i);
    assert_string_equal(reply->calls[0]->endpoint, "greeter.Hello");
    assert_int_equal(reply->calls[0]->trace.len, 16);
    assert_int_equal(reply->calls[0]->span.len, 8);
    assert_int_equal(reply->calls[0]->parent_span.len, 0);
    assert_int_equal(reply->calls[0]->caller_pid, 2);
    mu__router__v1__calls_reply__free_unpacked(reply, NULL);
}

static void test_calls_are_followed_by_their_numbers_and_none_is_left_out(void **state)
{
    Mu__Router__V1__CallsRequest request = MU__ROUTER__V1__CALLS_REQUEST__INIT;
    uint64_t seen = 1;
    bool more = true;

    (void)state;
    for (int i = 0; i < 50; i++)
        call_and_answer(1, i % 7 == 0 ? "\x08\x02" : "");
    request.since = 1;
    request.limit = 8;
    while (more) {
        Mu__Router__V1__CallsReply *reply = calls(&request);

        for (size_t i = 0; i < reply->n_calls; i++)
            assert_true(reply->calls[i]->seq == ++seen);
        request.since = seen;
        more = reply->more;
        mu__router__v1__calls_reply__free_unpacked(reply, NULL);
    }
    assert_true(seen == 50); /* nor are those who read counted */
}

static void test_calls_are_picked_by_what_is_asked_for(void **state)
{
    Mu__Router__V1__CallsRequest request = MU__ROUTER__V1__CALLS_REQUEST__INIT;
    Mu__Router__V1__CallsReply *reply;
    uint8_t trace[2];

    (void)state;
    call_and_answer(10, "");
    call_and_answer(5000, "");
    refuse();
    request.failed = true;
    reply = calls(&request);
    assert_int_equal(reply->n_calls, 1);
    assert_string_equal(reply->calls[0]->endpoint, "none.X");
    assert_true(reply->calls[0]->refused);
    assert_int_equal(reply->calls[0]->cause, MU__ROUTER__V1__CAUSE__CAUSE_NO_SERVICE);
    assert_string_equal(reply->calls[0]->message, "no service \"none\" on this node");
    assert_string_equal(reply->calls[0]->origin, "router");
    memcpy(trace, reply->calls[0]->trace.data, sizeof(trace));
    mu__router__v1__calls_reply__free_unpacked(reply, NULL);
    request.failed = false;
    request.trace = (ProtobufCBinaryData){ sizeof(trace), trace };
    reply = calls(&request);
    assert_int_equal(reply->n_calls, 1);
    mu__router__v1__calls_reply__free_unpacked(reply, NULL);
    request.trace.len = 0;
    request.took_min_us = 1000;
    reply = calls(&request);
    assert_int_equal(reply->n_calls, 1);
    assert_true(reply->calls[0]->took_us == 5000);
    request.took_min_us = 0;
    request.call = reply->calls[0]->call;
    mu__router__v1__calls_reply__free_unpacked(reply, NULL);
    request.service = (char *)"greeter";
    request.method = (char *)"Hello";
    reply = calls(&request);
    assert_int_equal(reply->n_calls, 1);
    mu__router__v1__calls_reply__free_unpacked(reply, NULL);
    request.method = (char *)"Hell";
    reply = calls(&request);
    assert_int_equal(reply->n_calls, 0);
    mu__router__v1__calls_reply__free_unpacked(reply, NULL);
}

static void test_more_than_may_be_asked_for_is_cut_and_a_long_prefix_refused(void **state)
{
    Mu__Router__V1__CallsRequest request = MU__ROUTER__V1__CALLS_REQUEST__INIT;
    Mu__Router__V1__CallsReply *reply;
    uint8_t trace[17] = { 0 };
    uint8_t body[64];

    (void)state;
    for (int i = 0; i < JOURNAL_PAGE_MAX + 1; i++)
        refuse();
    request.limit = UINT32_MAX;
    reply = calls(&request);
    assert_int_equal(reply->n_calls, JOURNAL_PAGE_MAX);
    assert_true(reply->more);
    mu__router__v1__calls_reply__free_unpacked(reply, NULL);
    request.trace = (ProtobufCBinaryData){ sizeof(trace), trace };
    bus_say(&bus, caller,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .endpoint = bus_text("router.Calls"),
                    .body = { body, mu__router__v1__calls_request__pack(&request, body) } });
    bus_expect_result(&bus, caller, 1, CODE_INVALID_ARGUMENT, EXECUTED_NO);
}

static void test_a_process_sees_it_by_a_capability_alone(void **state)
{
    static const char may[] = "router.Meter";
    struct peer *shop = bus_process(&bus, "shop", 5, (struct span){ 0 });
    struct peer *panel =
            bus_process(&bus, "panel", 6, (struct span){ (const uint8_t *)may, sizeof(may) });
    struct envelope call = { .kind = ENVELOPE_CALL, .id = 1, .endpoint = bus_text(may) };

    (void)state;
    bus_say(&bus, shop, call);
    bus_expect_result(&bus, shop, 1, CODE_PERMISSION_DENIED, EXECUTED_NO);
    bus_say(&bus, panel, call);
    bus_expect_result(&bus, panel, 1, 0, 0);
    call.endpoint = bus_text("router.Calls");
    bus_say(&bus, panel, call);
    bus_expect_result(&bus, panel, 1, CODE_PERMISSION_DENIED, EXECUTED_NO);
}

/* ---- whatever happens ---- */

enum { ACTORS = 6, IDS = 8, STEPS = 20000 };

/* Says something of a call: opens, answers, streams, cancels. */
static void act(struct random *random, struct peer *peer, uint64_t *askedp)
{
    static const char *const endpoints[] = { "greeter.Hello", "greeter.Chat", "store.Get", "none.X",
        "?", "router.Nothing", "router.mu.Health", "greeter.Other" };
    const char *endpoint = endpoints[random_below(random, 8)];
    struct envelope envelope = { .id = 1 + random_below(random, IDS),
        .shape = (enum envelope_shape)random_below(random, 4),
        .body = bus_text("body") };

    envelope.kind = (enum envelope_kind)(ENVELOPE_CALL + random_below(random, 4));
    if (random_below(random, 10) == 0)
        envelope.kind = ENVELOPE_CANCEL;
    if (envelope.kind == ENVELOPE_CALL) {
        envelope.endpoint = bus_text(endpoint);
        envelope.timeout_ms = random_below(random, 50);
        if (call_find_by_caller(&bus.router.calls, &peer->index, envelope.id) != NULL)
            return;
        *askedp += 1;
    } else if (random_below(random, 2) == 0 && !list_is_empty(&peer->calls_taken)) {
        envelope.id = call_id(
                &bus.router.calls, list_entry(peer->calls_taken.next, struct call, by_callee));
        if (random_below(random, 4) == 0)
            envelope.status = bus_text("\x08\x0c");
    }
    if (envelope.kind != ENVELOPE_RESULT)
        envelope.status.size = 0;
    bus_say(&bus, peer, envelope);
}

static void test_in_any_run_each_call_is_open_or_noted_once(void **state)
{
    struct peer *actors[ACTORS] = { greeter, caller };
    const struct meter *table = &bus.router.notebook.meter;
    uint64_t asked = 0;
    struct random random;

    (void)state;
    random_init(&random, 11);
    for (int step = 0; step < STEPS; step++) {
        uint32_t i = random_below(&random, ACTORS);
        uint64_t noted = 0;
        uint64_t open = 0;
        uint64_t made = 0;

        if (actors[i] != NULL && random_below(&random, 100) == 0) {
            router_detach(&bus.router, actors[i], bus.now_us);
            actors[i] = NULL;
        } else if (actors[i] == NULL) {
            actors[i] = i % 3 == 0   ? bus_service(&bus, "greeter")
                        : i % 3 == 1 ? bus_caller(&bus)
                                     : bus_service(&bus, "store");
        } else {
            act(&random, actors[i], &asked);
            bus_hear(&bus, actors[i]);
        }
        if (random_below(&random, 20) == 0)
            bus_pass_ms(&bus, random_below(&random, 30));
        for (uint32_t k = 0; k < table->count; k++) {
            open += table->methods[k].open;
            for (int code = 0; code < METER_CODES; code++)
                noted += table->methods[k].codes[code];
        }
        assert_true(noted == bus.router.notebook.journal.last);
        assert_true(noted + open == asked);
        for (int k = 0; k < ACTORS; k++)
            made += actors[k] != NULL ? actors[k]->calls_made_count : 0;
        assert_true(open == made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                test_a_method_is_told_with_codes_and_times, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_long_table_comes_in_pages_each_row_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_fullest_page_fits_a_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_the_newest_calls_come_the_oldest_of_them_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_calls_are_followed_by_their_numbers_and_none_is_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_calls_are_picked_by_what_is_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_more_than_may_be_asked_for_is_cut_and_a_long_prefix_refused, set_up,
                tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_process_sees_it_by_a_capability_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_in_any_run_each_call_is_open_or_noted_once, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
