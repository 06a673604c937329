// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"
#include "transport/channel.h"
#include "transport/stream.h"

enum { SIZE = 3000000, TIMEOUT_MS = 5000 };

/* One end: what it has to say, and what it heard. */
struct end {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct stream *stream; /* counted; NULL before there is one */
    int code;              /* of a dial; 1 before it is over */
    unsigned closed;
    bool sending;
    size_t left; /* bytes to say, of the pattern below */
    size_t heard;
    bool wrong;
    size_t part; /* the most that is used of what came at a time; 0: all */
};

/* A listener, and the end that it accepts. */
struct host {
    struct end end;
    struct listener *listener;
    bool refusing;
    struct stream_address from;
    char address[64];
};

static uint8_t pattern[SIZE];

static void change(struct end *end)
{
    pthread_cond_broadcast(&end->changed);
    pthread_mutex_unlock(&end->lock);
}

static bool end_receive(struct stream *stream, struct stream_input *input, void *user)
{
    struct end *end = user;

    (void)stream;
    pthread_mutex_lock(&end->lock);
    input->used = end->part != 0 && end->part < input->size ? end->part : input->size;
    end->wrong |= end->heard + input->used > SIZE ||
                  memcmp(input->bytes, pattern + end->heard, input->used) != 0;
    end->heard += input->used;
    input->needed = input->size - input->used + 1;
    change(end);
    return true;
}

/* What is said next, 100,000 bytes at a time. With the lock. */
static struct span end_next(struct end *end)
{
    size_t size = end->left < 100000 ? end->left : 100000;

    end->left -= size;
    return (struct span){ pattern + SIZE - end->left - size, size };
}

static struct span end_sent(struct stream *stream, bool failed, void *user)
{
    struct end *end = user;
    struct span next = { 0 };

    (void)stream;
    pthread_mutex_lock(&end->lock);
    if (!failed)
        next = end_next(end);
    end->sending = next.size > 0;
    change(end);
    return next;
}

static void end_closed(struct stream *stream, void *user)
{
    struct end *end = user;

    (void)stream;
    pthread_mutex_lock(&end->lock);
    end->closed += 1;
    change(end);
}

static const struct stream_events end_events = { end_receive, end_sent, end_closed };

static void end_init(struct end *end)
{
    *end = (struct end){ .code = 1 };
    pthread_mutex_init(&end->lock, NULL);
    pthread_cond_init(&end->changed, NULL);
}

/* Says the whole pattern. */
static void end_say(struct end *end)
{
    struct span first;
    bool mine;

    pthread_mutex_lock(&end->lock);
    end->left = SIZE;
    mine = !end->sending && stream_claim(end->stream);
    assert_true(mine);
    end->sending = true;
    first = end_next(end);
    pthread_mutex_unlock(&end->lock);
    stream_send(end->stream, first);
}

static void end_wait_heard(struct end *end, size_t size)
{
    pthread_mutex_lock(&end->lock);
    while (end->heard < size && end->closed == 0)
        pthread_cond_wait(&end->changed, &end->lock);
    assert_int_equal(end->heard, size);
    assert_false(end->wrong);
    pthread_mutex_unlock(&end->lock);
}

static void end_wait_closed(struct end *end)
{
    pthread_mutex_lock(&end->lock);
    while (end->closed == 0)
        pthread_cond_wait(&end->changed, &end->lock);
    assert_int_equal(end->closed, 1);
    pthread_mutex_unlock(&end->lock);
}

/* ---- listening and dialling ---- */

static bool host_admit(const struct stream_address *from, void *user)
{
    struct host *host = user;
    bool refusing;

    pthread_mutex_lock(&host->end.lock);
    host->from = *from;
    refusing = host->refusing;
    pthread_mutex_unlock(&host->end.lock);
    return !refusing;
}

static bool host_accepted(struct stream *stream, const struct stream_address *from, void *user)
{
    struct host *host = user;

    assert_int_equal(from->port, host->from.port);
    stream_adopt(stream, &end_events, &host->end);
    pthread_mutex_lock(&host->end.lock);
    host->end.stream = stream;
    change(&host->end);
    return true;
}

static void host_closed(struct listener *listener, void *user)
{
    struct host *host = user;

    (void)listener;
    pthread_mutex_lock(&host->end.lock);
    host->listener = NULL;
    change(&host->end);
}

static void host_open(struct host *host)
{
    static const struct stream_listener_events events = { host_admit, host_accepted, host_closed };

    memset(host, 0, sizeof(*host));
    end_init(&host->end);
    assert_int_equal(stream_listen(&host->listener, "tcp://127.0.0.1:0", &events, host), 0);
    snprintf(host->address, sizeof(host->address), "tcp://127.0.0.1:%u",
            listener_port(host->listener));
}

static void host_close(struct host *host)
{
    listener_close(host->listener);
    pthread_mutex_lock(&host->end.lock);
    while (host->listener != NULL)
        pthread_cond_wait(&host->end.changed, &host->end.lock);
    pthread_mutex_unlock(&host->end.lock);
}

static void dialled(struct stream *stream, int code, void *user)
{
    struct end *end = user;

    if (stream != NULL)
        stream_adopt(stream, &end_events, end);
    pthread_mutex_lock(&end->lock);
    end->stream = stream;
    end->code = code;
    change(end);
}

/* Dials and waits. Returns what came of it. */
static int end_dial(struct end *end, const char *address)
{
    struct stream_dial *dial;

    end_init(end);
    assert_int_equal(stream_dial(&dial, address, TIMEOUT_MS, dialled, end), 0);
    pthread_mutex_lock(&end->lock);
    while (end->code == 1)
        pthread_cond_wait(&end->changed, &end->lock);
    pthread_mutex_unlock(&end->lock);
    if (end->stream != NULL)
        stream_start(end->stream);
    return end->code;
}

static void host_wait(struct host *host)
{
    pthread_mutex_lock(&host->end.lock);
    while (host->end.stream == NULL)
        pthread_cond_wait(&host->end.changed, &host->end.lock);
    pthread_mutex_unlock(&host->end.lock);
}

static void both_end(struct end *one, struct end *two)
{
    stream_close(one->stream);
    stream_close(one->stream);
    end_wait_closed(one);
    end_wait_closed(two);
    assert_false(stream_claim(one->stream));
    one->stream = stream_unref(one->stream);
    two->stream = stream_unref(two->stream);
}

/* ---- tests ---- */

static void test_what_is_said_is_heard_both_ways_and_the_end_once(void **state)
{
    struct host host;
    struct end end;

    (void)state;
    host_open(&host);
    assert_int_equal(end_dial(&end, host.address), 0);
    host_wait(&host);
    end_say(&end);
    end_say(&host.end);
    end_wait_heard(&end, SIZE);
    end_wait_heard(&host.end, SIZE);
    both_end(&end, &host.end);
    host_close(&host);
}

static void test_what_was_not_used_comes_again_with_what_follows(void **state)
{
    struct host host;
    struct end end;

    (void)state;
    host_open(&host);
    host.end.part = SIZE / 100; /* more than a read brings at first */
    assert_int_equal(end_dial(&end, host.address), 0);
    host_wait(&host);
    pthread_mutex_lock(&host.end.lock);
    host.end.part = 0;
    pthread_mutex_unlock(&host.end.lock);
    end_say(&end);
    end_wait_heard(&host.end, SIZE);
    both_end(&host.end, &end);
    host_close(&host);
}

static void test_a_paused_stream_reads_no_further_until_it_is_resumed(void **state)
{
    struct host host;
    struct end end;

    (void)state;
    host_open(&host);
    assert_int_equal(end_dial(&end, host.address), 0);
    host_wait(&host);
    stream_pause(host.end.stream);
    end_say(&end);
    pthread_mutex_lock(&host.end.lock);
    while (host.end.heard == 0) /* what was being read comes */
        pthread_cond_wait(&host.end.changed, &host.end.lock);
    pthread_mutex_unlock(&host.end.lock);
    for (int i = 0; i < 10000; i++)
        sched_yield(); /* nothing to wait for: it is that nothing more comes */
    pthread_mutex_lock(&host.end.lock);
    assert_true(host.end.heard < SIZE / 2);
    pthread_mutex_unlock(&host.end.lock);
    stream_resume(host.end.stream);
    end_wait_heard(&host.end, SIZE);
    stream_pause(end.stream); /* one that is paused ends, too */
    both_end(&end, &host.end);
    host_close(&host);
}

static void test_one_who_listens_knows_where_a_stream_comes_from_before_it_takes_it(void **state)
{
    struct host host;
    struct end end;

    (void)state;
    host_open(&host);
    host.refusing = true;
    assert_int_equal(end_dial(&end, host.address), 0);
    end_wait_closed(&end);
    stream_unref(end.stream);
    assert_int_equal(host.from.family, 4);
    assert_int_equal(host.from.bytes[0], 127);
    assert_true(host.from.port != 0);
    assert_null(host.end.stream);
    host_close(&host);
}

static void test_dialling_says_why_nothing_came_of_it(void **state)
{
    struct stream_dial *dial;
    struct host host;
    struct end end;

    (void)state;
    host_open(&host);
    host_close(&host);
    assert_int_equal(end_dial(&end, host.address), -ECONNREFUSED);
    assert_int_equal(stream_dial(&dial, "ipc:///nowhere/at/all", 1, dialled, &end), -EINVAL);
}

static void test_a_dial_can_be_given_up(void **state)
{
    struct stream_dial *dial;
    struct end end;

    (void)state;
    for (int i = 0; i < 20; i++) {
        end_init(&end);
        /* Nobody answers there (RFC 5737). */
        assert_int_equal(stream_dial(&dial, "tcp://192.0.2.1:9", TIMEOUT_MS, dialled, &end), 0);
        pthread_mutex_lock(&end.lock);
        if (end.code == 1)
            stream_dial_cancel(dial);
        while (end.code == 1)
            pthread_cond_wait(&end.changed, &end.lock);
        assert_true(end.code < 0);
        pthread_mutex_unlock(&end.lock);
    }
}

static void test_an_address_is_printed_as_it_would_be_dialled(void **state)
{
    struct stream_address four = { .family = 4, .port = 7400, .bytes = { 192, 0, 2, 1 } };
    struct stream_address six = {
        .family = 6, .port = 9, .bytes = { 0x20, 1, 0xd, 0xb8, [15] = 7 }
    };
    struct stream_address none = { .family = 0 };
    char text[STREAM_ADDRESS_TEXT];

    (void)state;
    stream_address_print(&four, text);
    assert_string_equal(text, "192.0.2.1:7400");
    stream_address_print(&six, text);
    assert_string_equal(text, "[2001:db8::7]:9");
    stream_address_print(&none, text);
    assert_string_equal(text, "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_said_is_heard_both_ways_and_the_end_once),
        cmocka_unit_test(test_what_was_not_used_comes_again_with_what_follows),
        cmocka_unit_test(test_a_paused_stream_reads_no_further_until_it_is_resumed),
        cmocka_unit_test(test_one_who_listens_knows_where_a_stream_comes_from_before_it_takes_it),
        cmocka_unit_test(test_dialling_says_why_nothing_came_of_it),
        cmocka_unit_test(test_a_dial_can_be_given_up),
        cmocka_unit_test(test_an_address_is_printed_as_it_would_be_dialled),
    };

    for (size_t i = 0; i < SIZE; i++)
        pattern[i] = (uint8_t)(i * 31 + i / 251);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
