// SPDX-License-Identifier: Apache-2.0
/* A client whose router says that it will be restarted: nothing is lost, and nothing goes twice. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "client/connection.h"
#include "tests/unit/client_fixture.h"
#include "tests/unit/cmocka.h"

enum { WORD = 1, CALLS = 50 };

static void await(struct outcome *outcome, enum mu_code code)
{
    outcome_await(outcome);
    assert_int_equal(outcome->code, code);
}

static void call(struct fixture *fixture, uint32_t timeout_ms, struct outcome *outcome)
{
    const struct mu_call_options options = { .timeout_ms = timeout_ms };

    *outcome = (struct outcome){ 0 };
    mu_call_async(fixture->client, "greeter.Hello", (struct mu_bytes){ (const uint8_t *)"body", 4 },
            &options, outcome_note, outcome);
}

static void answer_next(struct fixture *fixture)
{
    struct heard heard = peer_hear(&fixture->peer, ENVELOPE_CALL);

    assert_memory_equal(heard.envelope.body.data, "body", 4);
    peer_say(&fixture->peer, &(struct envelope){ .kind = ENVELOPE_RESULT, .id = heard.envelope.id },
            1);
    heard_free(&heard);
}

/* Says the word, and waits until the client knows it. */
static void say_word(struct fixture *fixture)
{
    const struct envelope word[] = { { .kind = ENVELOPE_DRAIN, .id = WORD },
        { .kind = ENVELOPE_PING, .id = WORD } };
    struct heard heard;

    peer_say(&fixture->peer, word, 2);
    heard = peer_hear(&fixture->peer, ENVELOPE_PONG);
    assert_int_equal(heard.envelope.id, WORD);
    heard_free(&heard);
}

/* Nothing is under way towards the router. */
static void expect_silence(struct fixture *fixture)
{
    struct heard heard;

    peer_say(&fixture->peer, &(struct envelope){ .kind = ENVELOPE_PING, .id = 9 }, 1);
    heard = peer_hear(&fixture->peer, ENVELOPE_PONG);
    assert_int_equal(heard.envelope.id, 9);
    heard_free(&heard);
}

static void test_calls_under_way_end_here_and_new_ones_go_by_the_next_connection(void **state)
{
    struct fixture *fixture = *state;
    struct outcome before;
    struct outcome after;
    struct heard heard;

    call(fixture, 30000, &before);
    heard = peer_hear(&fixture->peer, ENVELOPE_CALL);
    say_word(fixture);
    call(fixture, 30000, &after);
    expect_silence(fixture);
    peer_say(&fixture->peer, &(struct envelope){ .kind = ENVELOPE_RESULT, .id = heard.envelope.id },
            1);
    heard_free(&heard);
    await(&before, MU_OK);
    assert_int_equal(atomic_load(&after.runs), 0);
    peer_hang_up(&fixture->peer);
    answer_next(fixture);
    await(&after, MU_OK);
}

static void test_all_that_was_sent_is_in_front_of_the_pong(void **state)
{
    static struct outcome outcomes[CALLS];
    const struct envelope word[] = { { .kind = ENVELOPE_DRAIN, .id = WORD },
        { .kind = ENVELOPE_PING, .id = WORD } };
    struct fixture *fixture = *state;
    size_t sent = 0;

    for (size_t i = 0; i < CALLS; i++) {
        if (i == CALLS / 2)
            peer_say(&fixture->peer, word, 2);
        call(fixture, 30000, &outcomes[i]);
    }
    for (;; sent++) {
        struct heard heard = peer_hear(&fixture->peer, ENVELOPE_NONE);
        enum envelope_kind kind = heard.envelope.kind;

        peer_say(&fixture->peer,
                &(struct envelope){ .kind = ENVELOPE_RESULT, .id = heard.envelope.id }, 1);
        heard_free(&heard);
        if (kind == ENVELOPE_PONG)
            break;
    }
    assert_in_range(sent, CALLS / 2, CALLS);
    expect_silence(fixture);
    peer_hang_up(&fixture->peer);
    for (size_t i = sent; i < CALLS; i++)
        answer_next(fixture);
    for (size_t i = 0; i < CALLS; i++)
        await(&outcomes[i], MU_OK);
}

static void test_a_call_that_waits_ends_by_its_own_time_and_was_not_executed(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome;

    say_word(fixture);
    call(fixture, 50, &outcome);
    await(&outcome, MU_UNAVAILABLE);
    assert_int_equal(outcome.executed, MU_EXECUTED_NO);
    expect_silence(fixture);
}

static void test_a_stream_that_is_opened_meanwhile_waits_too(void **state)
{
    struct fixture *fixture = *state;
    struct mu_stream *stream;
    struct mu_bytes item;
    struct heard heard;

    say_word(fixture);
    assert_int_equal(mu_stream_open(fixture->client, "greeter.Watch", MU_SERVER_STREAM,
                             (struct mu_bytes){ 0 }, NULL, &stream),
            0);
    expect_silence(fixture);
    peer_hang_up(&fixture->peer);
    heard = peer_hear(&fixture->peer, ENVELOPE_CALL);
    peer_say(&fixture->peer, &(struct envelope){ .kind = ENVELOPE_RESULT, .id = heard.envelope.id },
            1);
    heard_free(&heard);
    assert_int_equal(mu_stream_receive(stream, 10000, &item), MU_STREAM_ENDED);
    assert_int_equal(mu_stream_finish(stream, NULL), MU_OK);
}

static void test_the_next_connection_takes_calls_as_ever(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome;

    say_word(fixture);
    peer_hang_up(&fixture->peer);
    for (int i = 0; i < 3; i++) {
        call(fixture, 30000, &outcome);
        answer_next(fixture);
        await(&outcome, MU_OK);
    }
}

static void test_a_drain_without_a_number_says_nothing_to_a_client(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome;

    peer_say(&fixture->peer, &(struct envelope){ .kind = ENVELOPE_DRAIN }, 1);
    expect_silence(fixture);
    call(fixture, 30000, &outcome);
    answer_next(fixture);
    await(&outcome, MU_OK);
}

int main(void)
{
#define with_peer(test) cmocka_unit_test_setup_teardown(test, fixture_start, fixture_stop)
    const struct CMUnitTest tests[] = {
        with_peer(test_calls_under_way_end_here_and_new_ones_go_by_the_next_connection),
        with_peer(test_all_that_was_sent_is_in_front_of_the_pong),
        with_peer(test_a_call_that_waits_ends_by_its_own_time_and_was_not_executed),
        with_peer(test_a_stream_that_is_opened_meanwhile_waits_too),
        with_peer(test_the_next_connection_takes_calls_as_ever),
        with_peer(test_a_drain_without_a_number_says_nothing_to_a_client),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
