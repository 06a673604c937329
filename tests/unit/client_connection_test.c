// SPDX-License-Identifier: Apache-2.0
/* A client against a router that is silent, or breaks its promises. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "client/connection.h"
#include "client/verdict.h"
#include "mu/bus/v1/bus.pb-c.h"
#include "mu/client.h"
#include "tests/unit/client_fixture.h"
#include "tests/unit/cmocka.h"

enum { MANY = 300 };

static void test_addresses_that_lead_nowhere_are_said_at_once(void **state)
{
    struct mu_client_options missing = { .address = "ipc:///tmp/mu-there-is-none/bus.sock" };
    struct mu_client_options wrong = { .address = "http://localhost" };
    struct mu_client_options dir = { .dir = "/tmp/mu-there-is-none" };
    struct mu_client_options refused = { .address = "tcp://127.0.0.1:1" };
    char long_address[1024];
    struct mu_client_options too_long = { .address = long_address };
    struct mu_client *client;

    (void)state;
    memset(long_address, 'x', sizeof(long_address) - 1);
    long_address[sizeof(long_address) - 1] = '\0';
    memcpy(long_address, "ipc:///", 7);
    assert_int_equal(mu_client_open(&client, &missing), -ENOENT);
    assert_int_equal(mu_client_open(&client, &wrong), -EINVAL);
    assert_int_equal(mu_client_open(&client, &dir), -ENOENT);
    assert_int_equal(mu_client_open(&client, &refused), -ECONNREFUSED);
    assert_int_equal(mu_client_open(&client, &too_long), -ENAMETOOLONG);
    assert_null(mu_client_close(NULL));
}

static void test_a_call_says_what_it_wants_on_the_wire(void **state)
{
    uint8_t trace[MU_TRACE_SIZE] = { 1, 2, 3 };
    struct mu_call_options options = { .timeout_ms = 1234, .trace = trace };
    struct fixture *fixture = *state;
    struct outcome outcome = { 0 };
    struct heard heard;
    uint64_t id;

    id = mu_call_async(fixture->client, "greeter.Hello",
            (struct mu_bytes){ (const uint8_t *)"body", 4 }, &options, outcome_note, &outcome);
    heard = peer_hear(&fixture->peer, ENVELOPE_CALL);
    assert_int_equal(heard.envelope.id, id);
    assert_int_equal(heard.envelope.id >> 63, 0);
    assert_int_equal(heard.envelope.timeout_ms, 1234);
    assert_int_equal(heard.envelope.shape, SHAPE_UNARY);
    assert_int_equal(heard.envelope.parent, 0);
    assert_int_equal(heard.envelope.endpoint.size, 13);
    assert_memory_equal(heard.envelope.endpoint.data, "greeter.Hello", 13);
    assert_memory_equal(heard.envelope.trace.data, trace, MU_TRACE_SIZE);
    assert_memory_equal(heard.envelope.body.data, "body", 4);
    heard_free(&heard);
    options.timeout_ms = UINT32_MAX;
    mu_call_async(fixture->client, "greeter.Hello", (struct mu_bytes){ 0 }, &options, outcome_note,
            &outcome);
    heard = peer_hear(&fixture->peer, ENVELOPE_CALL);
    assert_int_equal(heard.envelope.timeout_ms, MU_TIMEOUT_MAX_MS);
    heard_free(&heard);
    mu_client_close(fixture->client);
    fixture->client = NULL;
    assert_int_equal(atomic_load(&outcome.runs), 2);
    assert_int_equal(outcome.code, MU_CANCELLED);
    assert_int_equal(outcome.executed, MU_EXECUTED_UNKNOWN);
}

static void test_answers_in_any_order_reach_their_calls_once(void **state)
{
    static struct outcome outcomes[MANY];
    struct envelope results[2 * MANY];
    struct fixture *fixture = *state;

    memset(outcomes, 0, sizeof(outcomes));
    for (size_t i = 0; i < MANY; i++)
        mu_call_async(
                fixture->client, "a.B", (struct mu_bytes){ 0 }, NULL, outcome_note, &outcomes[i]);
    for (size_t i = 0; i < MANY; i++) {
        struct heard heard = peer_hear(&fixture->peer, ENVELOPE_CALL);
        struct envelope *result = &results[2 * (MANY - 1 - i)];

        *result = (struct envelope){ .kind = ENVELOPE_RESULT,
            .id = heard.envelope.id,
            .body = { (const uint8_t *)"xxxxxxxx", i % 9 } };
        result[1] = result[0]; /* a second answer finds nobody */
        heard_free(&heard);
    }
    peer_say(&fixture->peer, results, (size_t)2 * MANY);
    for (size_t i = 0; i < MANY; i++) {
        outcome_await(&outcomes[i]);
        assert_int_equal(outcomes[i].code, MU_OK);
        assert_int_equal(outcomes[i].size, i % 9);
    }
}

static void test_a_client_takes_exactly_its_limit_of_calls(void **state)
{
    static struct outcome outcomes[MU_CLIENT_CALLS_MAX + 1];
    struct fixture *fixture = *state;

    memset(outcomes, 0, sizeof(outcomes));
    for (int i = 0; i <= MU_CLIENT_CALLS_MAX; i++)
        mu_call_async(
                fixture->client, "a.B", (struct mu_bytes){ 0 }, NULL, outcome_note, &outcomes[i]);
    for (int i = 0; i < MU_CLIENT_CALLS_MAX; i++)
        assert_int_equal(atomic_load(&outcomes[i].runs), 0);
    assert_int_equal(atomic_load(&outcomes[MU_CLIENT_CALLS_MAX].runs), 1);
    assert_int_equal(outcomes[MU_CLIENT_CALLS_MAX].code, MU_RESOURCE_EXHAUSTED);
    assert_int_equal(outcomes[MU_CLIENT_CALLS_MAX].executed, MU_EXECUTED_NO);
    peer_hang_up(&fixture->peer);
    for (int i = 0; i < MU_CLIENT_CALLS_MAX; i++) {
        outcome_await(&outcomes[i]);
        assert_int_equal(outcomes[i].code, MU_UNAVAILABLE);
        assert_int_equal(outcomes[i].executed, MU_EXECUTED_UNKNOWN);
    }
}

static void test_a_silent_router_costs_a_call_no_more_than_its_time(void **state)
{
    struct mu_call_options options = { .timeout_ms = 60 };
    struct fixture *fixture = *state;
    struct outcome outcome = { 0 };
    struct mu_result result;
    struct heard heard;
    uint64_t start_ms = clock_ms();

    mu_call_async(fixture->client, "a.B", (struct mu_bytes){ 0 }, &options, outcome_note, &outcome);
    assert_int_equal(mu_call(fixture->client, "a.B", (struct mu_bytes){ 0 }, &options, &result),
            MU_DEADLINE_EXCEEDED);
    assert_int_equal(result.status.executed, MU_EXECUTED_UNKNOWN);
    outcome_await(&outcome);
    assert_int_equal(outcome.code, MU_DEADLINE_EXCEEDED);
    assert_in_range(clock_ms() - start_ms, 60, 60 + 1000);
    for (int i = 0; i < 2; i++) {
        heard = peer_hear(&fixture->peer, ENVELOPE_CALL);
        heard_free(&heard);
    }
    for (int i = 0; i < 2; i++) { /* the router is told, in case it lives */
        heard = peer_hear(&fixture->peer, ENVELOPE_CANCEL);
        heard_free(&heard);
    }
}

static void test_a_call_parked_behind_one_that_was_given_up_leaves_at_once(void **state)
{
    struct mu_call_options options = { .timeout_ms = MU_TIMEOUT_MAX_MS };
    struct envelope nobodys = { .kind = ENVELOPE_CALL, .id = UINT64_MAX >> 1 };
    struct fixture *fixture = *state;
    struct outcome outcome = { 0 };
    struct heard heard;

    pthread_mutex_lock(&fixture->client->lock);
    assert_true(parking_add(&fixture->client->parking, &nobodys, 0));
    pthread_mutex_unlock(&fixture->client->lock);
    mu_call_async(fixture->client, "a.B", (struct mu_bytes){ 0 }, &options, outcome_note, &outcome);
    heard = peer_hear(&fixture->peer, ENVELOPE_CALL);
    assert_int_not_equal(heard.envelope.id, nobodys.id);
    peer_say(&fixture->peer, &(struct envelope){ .kind = ENVELOPE_RESULT, .id = heard.envelope.id },
            1);
    heard_free(&heard);
    outcome_await(&outcome);
}

static void test_a_ping_is_answered_with_its_number(void **state)
{
    struct fixture *fixture = *state;
    struct heard heard;

    peer_say(&fixture->peer, &(struct envelope){ .kind = ENVELOPE_PING, .id = 77 }, 1);
    heard = peer_hear(&fixture->peer, ENVELOPE_PONG);
    assert_int_equal(heard.envelope.id, 77);
    heard_free(&heard);
}

static void test_what_a_client_does_not_serve_it_ignores(void **state)
{
    static const enum envelope_kind kinds[] = { ENVELOPE_CALL, ENVELOPE_ITEM, ENVELOPE_END,
        ENVELOPE_CREDIT, ENVELOPE_CANCEL, ENVELOPE_WELCOME, ENVELOPE_DRAIN, ENVELOPE_RESULT };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        peer_say(&fixture->peer, &(struct envelope){ .kind = kinds[i], .id = 5 }, 1);
        peer_say(&fixture->peer, &(struct envelope){ .kind = kinds[i], .id = UINT64_MAX }, 1);
    }
    test_a_ping_is_answered_with_its_number(state);
}

static void note_message(const struct mu_status *status, const ProtobufCMessage *reply,
        const struct mu_message_hearer *hearer)
{
    struct outcome *outcome = hearer->user;

    outcome->code = status->code;
    outcome->size = reply != NULL;
    atomic_fetch_add(&outcome->runs, 1);
}

static void test_an_answer_that_is_no_reply_is_internal(void **state)
{
    Mu__Bus__V1__Hello request = MU__BUS__V1__HELLO__INIT;
    struct fixture *fixture = *state;
    struct outcome outcome = { 0 };
    struct heard heard;

    mu_call_message_async(fixture->client, "a.B", &request.base, &mu__bus__v1__welcome__descriptor,
            NULL, &(struct mu_message_hearer){ .fn = note_message, .user = &outcome });
    heard = peer_hear(&fixture->peer, ENVELOPE_CALL);
    peer_say(&fixture->peer,
            &(struct envelope){ .kind = ENVELOPE_RESULT,
                    .id = heard.envelope.id,
                    .body = { (const uint8_t *)"\xff\xff\xff", 3 } },
            1);
    heard_free(&heard);
    outcome_await(&outcome);
    assert_int_equal(outcome.code, MU_INTERNAL);
    assert_int_equal(outcome.size, 0);
}

struct typed_call {
    pthread_t thread;
    struct mu_client *client;
    struct mu_status status;
    ProtobufCMessage *reply;
};

static void *call_typed(void *user)
{
    Mu__Bus__V1__Hello request = MU__BUS__V1__HELLO__INIT;
    struct typed_call *call = user;

    mu_call_message(call->client, "a.B", &request.base, &mu__bus__v1__welcome__descriptor, NULL,
            &call->reply, &call->status);
    return NULL;
}

static void test_a_typed_call_unpacks_a_good_answer_and_refuses_a_bad_one(void **state)
{
    static const struct span bodies[] = { { (const uint8_t *)"\x08\x07", 2 },
        { (const uint8_t *)"\x08", 1 } };
    struct fixture *fixture = *state;

    for (int i = 0; i < 2; i++) {
        struct typed_call call = { .client = fixture->client };
        struct heard heard;

        assert_int_equal(pthread_create(&call.thread, NULL, call_typed, &call), 0);
        heard = peer_hear(&fixture->peer, ENVELOPE_CALL);
        peer_say(&fixture->peer,
                &(struct envelope){
                        .kind = ENVELOPE_RESULT, .id = heard.envelope.id, .body = bodies[i] },
                1);
        heard_free(&heard);
        pthread_join(call.thread, NULL);
        assert_int_equal(call.status.code, i == 0 ? MU_OK : MU_INTERNAL);
        if (i == 0)
            assert_int_equal(((Mu__Bus__V1__Welcome *)call.reply)->instance, 7);
        protobuf_c_message_free_unpacked(call.reply, NULL);
    }
}

/* ---- streams ---- */

static struct mu_stream *open_stream(struct fixture *fixture, enum mu_shape shape, uint64_t *idp)
{
    struct mu_stream *stream;
    struct heard heard;

    assert_int_equal(
            mu_stream_open(fixture->client, "a.B", shape, (struct mu_bytes){ 0 }, NULL, &stream),
            0);
    heard = peer_hear(&fixture->peer, ENVELOPE_CALL);
    assert_int_equal(heard.envelope.timeout_ms, 0);
    *idp = heard.envelope.id;
    heard_free(&heard);
    return stream;
}

static void test_a_sender_beyond_its_credit_ends_the_stream(void **state)
{
    static uint8_t large[STREAM_WINDOW];
    struct fixture *fixture = *state;
    struct envelope items[2];
    struct mu_status status;
    struct mu_stream *stream;
    struct mu_bytes item;
    struct heard heard;
    uint64_t id;

    stream = open_stream(fixture, MU_SERVER_STREAM, &id);
    for (int i = 0; i < 2; i++)
        items[i] = (struct envelope){
            .kind = ENVELOPE_ITEM, .id = id, .body = { large, sizeof(large) }
        };
    peer_say(&fixture->peer, items, 2);
    heard = peer_hear(&fixture->peer, ENVELOPE_CANCEL);
    heard_free(&heard);
    assert_int_equal(mu_stream_receive(stream, 5000, &item), MU_STREAM_OK);
    assert_int_equal(item.size, sizeof(large));
    assert_int_equal(mu_stream_receive(stream, 5000, &item), MU_STREAM_ENDED);
    assert_int_equal(mu_stream_finish(stream, &status), MU_INTERNAL);
}

static void test_credit_goes_back_as_items_are_consumed(void **state)
{
    static uint8_t quarter[STREAM_WINDOW / 4];
    struct fixture *fixture = *state;
    struct mu_stream *stream;
    struct mu_bytes item;
    struct heard heard;
    uint64_t id;

    stream = open_stream(fixture, MU_TWO_WAY, &id);
    peer_say(&fixture->peer,
            &(struct envelope){
                    .kind = ENVELOPE_ITEM, .id = id, .body = { quarter, sizeof(quarter) } },
            1);
    assert_int_equal(mu_stream_receive(stream, 5000, &item), MU_STREAM_OK);
    heard = peer_hear(&fixture->peer, ENVELOPE_CREDIT);
    assert_int_equal(heard.envelope.id, id);
    assert_int_equal(heard.envelope.credit, sizeof(quarter) + STREAM_ITEM_COST);
    heard_free(&heard);
    mu_stream_end(stream);
    mu_stream_end(stream); /* said once */
    heard = peer_hear(&fixture->peer, ENVELOPE_END);
    heard_free(&heard);
    peer_say(&fixture->peer, &(struct envelope){ .kind = ENVELOPE_RESULT, .id = id }, 1);
    assert_int_equal(mu_stream_receive(stream, 5000, &item), MU_STREAM_ENDED);
    assert_int_equal(mu_stream_finish(stream, NULL), MU_OK);
}

struct sender {
    pthread_t thread;
    struct mu_stream *stream;
    atomic_int sent;
    enum mu_stream_outcome outcome;
};

static void *send_large(void *user)
{
    static const uint8_t large[STREAM_WINDOW];
    struct sender *sender = user;

    do {
        sender->outcome = mu_stream_send(sender->stream, (struct mu_bytes){ large, sizeof(large) });
        atomic_fetch_add(&sender->sent, sender->outcome == MU_STREAM_OK);
    } while (sender->outcome == MU_STREAM_OK);
    return NULL;
}

static void test_a_sender_waits_for_credit_and_wakes_when_the_stream_ends(void **state)
{
    struct fixture *fixture = *state;
    struct sender sender = { 0 };
    struct mu_status status;
    struct heard heard;
    uint64_t id;

    sender.stream = open_stream(fixture, MU_CLIENT_STREAM, &id);
    assert_int_equal(pthread_create(&sender.thread, NULL, send_large, &sender), 0);
    heard = peer_hear(&fixture->peer, ENVELOPE_ITEM);
    heard_free(&heard);
    assert_int_equal(atomic_load(&sender.sent) <= 1, 1);
    peer_say(&fixture->peer,
            &(struct envelope){ .kind = ENVELOPE_CREDIT, .id = id, .credit = STREAM_WINDOW }, 1);
    heard = peer_hear(&fixture->peer, ENVELOPE_ITEM);
    heard_free(&heard);
    peer_hang_up(&fixture->peer);
    pthread_join(sender.thread, NULL);
    assert_int_equal(sender.outcome, MU_STREAM_ENDED);
    assert_int_equal(mu_stream_finish(sender.stream, &status), MU_UNAVAILABLE);
    assert_int_equal(status.executed, MU_EXECUTED_UNKNOWN);
}

static void test_an_item_of_another_type_ends_a_typed_stream(void **state)
{
    struct fixture *fixture = *state;
    ProtobufCMessage *message;
    struct mu_stream *stream;
    struct mu_status status;
    uint64_t id;

    stream = open_stream(fixture, MU_SERVER_STREAM, &id);
    peer_say(&fixture->peer,
            &(struct envelope){
                    .kind = ENVELOPE_ITEM, .id = id, .body = { (const uint8_t *)"\xff", 1 } },
            1);
    assert_int_equal(
            mu_stream_receive_message(stream, 5000, &mu__bus__v1__welcome__descriptor, &message),
            MU_STREAM_ENDED);
    assert_int_equal(mu_stream_finish(stream, &status), MU_INTERNAL);
    assert_non_null(strstr(status.message, "mu.bus.v1.Welcome"));
}

int main(void)
{
#define with_peer(test) cmocka_unit_test_setup_teardown(test, fixture_start, fixture_stop)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_that_lead_nowhere_are_said_at_once),
        with_peer(test_a_call_says_what_it_wants_on_the_wire),
        with_peer(test_answers_in_any_order_reach_their_calls_once),
        with_peer(test_a_client_takes_exactly_its_limit_of_calls),
        with_peer(test_a_silent_router_costs_a_call_no_more_than_its_time),
        with_peer(test_a_call_parked_behind_one_that_was_given_up_leaves_at_once),
        with_peer(test_a_ping_is_answered_with_its_number),
        with_peer(test_what_a_client_does_not_serve_it_ignores),
        with_peer(test_an_answer_that_is_no_reply_is_internal),
        with_peer(test_a_typed_call_unpacks_a_good_answer_and_refuses_a_bad_one),
        with_peer(test_a_sender_beyond_its_credit_ends_the_stream),
        with_peer(test_credit_goes_back_as_items_are_consumed),
        with_peer(test_a_sender_waits_for_credit_and_wakes_when_the_stream_ends),
        with_peer(test_an_item_of_another_type_ends_a_typed_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
