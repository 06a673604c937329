// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>

#include "base/list.h"
#include "tests/unit/cmocka.h"
#include "transport/channel.h"

enum { BIG_BODY = 900000, BYTES_MAX = 8 << 20, DESCRIPTORS_FEW = 128 };

/* A server that answers each PING with a PONG of the same id and body. */
struct server {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct listener *listener;
    unsigned channels; /* alive */
    unsigned accepted;
    size_t queued_max; /* the most that ever waited for a peer */
    struct channel *last;
    bool refusing;
    bool throttling; /* reads no more behind what comes next */
    size_t received;
};

/* A client that counts what comes back. */
struct client {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct channel *channel;
    uint64_t next_id; /* the PONG that must come next */
    size_t bytes;
    unsigned closed;
    bool out_of_order;
};

static int server_receive(struct channel *channel, struct frame_reader *reader, void *user)
{
    struct server *server = user;
    struct envelope envelope;
    enum frame_outcome outcome;
    bool more;

    pthread_mutex_lock(&server->lock);
    while ((outcome = frame_next(reader, &envelope)) == FRAME_ENVELOPE) {
        envelope.kind = ENVELOPE_PONG;
        assert_int_equal(channel_put(channel, &envelope, OUTBOX_RESULTS), OUTBOX_OK);
        server->received += 1;
    }
    if (server->throttling)
        assert_false(channel_throttle(channel, true));
    if (channel_queued(channel) > server->queued_max)
        server->queued_max = channel_queued(channel);
    more = channel_take(channel);
    pthread_mutex_unlock(&server->lock);
    if (more)
        channel_send(channel);
    return outcome == FRAME_END ? 0 : -EPROTO;
}

static void server_closed(struct channel *channel, void *user)
{
    struct server *server = user;

    pthread_mutex_lock(&server->lock);
    server->channels -= 1;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    channel_unref(channel);
}

static int server_accepted(struct listener *listener, struct channel *channel, void *user)
{
    static const struct channel_events events = { .receive = server_receive,
        .closed = server_closed };
    struct server *server = user;
    bool refusing;

    (void)listener;
    pthread_mutex_lock(&server->lock);
    refusing = server->refusing;
    server->channels += refusing ? 0 : 1;
    server->accepted += 1;
    server->last = channel;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    if (refusing)
        return -EACCES;
    channel_adopt(channel, &server->lock, &events, server);
    return 0;
}

static void server_listener_closed(struct listener *listener, void *user)
{
    struct server *server = user;

    (void)listener;
    pthread_mutex_lock(&server->lock);
    server->listener = NULL;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

static void server_open(struct server *server, const char *address)
{
    static const struct listener_events events = { server_accepted, server_listener_closed };

    *server = (struct server){ 0 };
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->changed, NULL);
    assert_int_equal(listener_open(&server->listener, address, 0600, &events, server), 0);
}

static void server_wait_channels(struct server *server, unsigned channels)
{
    pthread_mutex_lock(&server->lock);
    while (server->channels != channels)
        pthread_cond_wait(&server->changed, &server->lock);
    pthread_mutex_unlock(&server->lock);
}

static void server_stop_listening(struct server *server)
{
    if (server->listener == NULL)
        return;
    listener_close(server->listener);
    pthread_mutex_lock(&server->lock);
    while (server->listener != NULL)
        pthread_cond_wait(&server->changed, &server->lock);
    pthread_mutex_unlock(&server->lock);
}

/* The listener first, as it may still hand over a channel. */
static void server_close(struct server *server)
{
    server_stop_listening(server);
    server_wait_channels(server, 0);
    pthread_mutex_destroy(&server->lock);
    pthread_cond_destroy(&server->changed);
}

static int client_receive(struct channel *channel, struct frame_reader *reader, void *user)
{
    struct client *client = user;
    struct envelope envelope;

    (void)channel;
    pthread_mutex_lock(&client->lock);
    while (frame_next(reader, &envelope) == FRAME_ENVELOPE) {
        client->out_of_order |= envelope.id != client->next_id;
        client->next_id += 1;
        client->bytes += envelope.body.size;
    }
    pthread_cond_broadcast(&client->changed);
    pthread_mutex_unlock(&client->lock);
    return 0;
}

static void client_closed(struct channel *channel, void *user)
{
    struct client *client = user;

    (void)channel;
    pthread_mutex_lock(&client->lock);
    client->closed += 1;
    pthread_cond_broadcast(&client->changed);
    pthread_mutex_unlock(&client->lock);
}

static void client_open(struct client *client, const char *address)
{
    static const struct channel_events events = { .receive = client_receive,
        .closed = client_closed };

    *client = (struct client){ .next_id = 1 };
    pthread_mutex_init(&client->lock, NULL);
    pthread_cond_init(&client->changed, NULL);
    assert_int_equal(
            channel_dial(&client->channel, address, 2000, &client->lock, &events, client), 0);
    channel_start(client->channel);
}

static void client_ping(struct client *client, uint64_t id, struct span body)
{
    struct envelope envelope = { .kind = ENVELOPE_PING, .id = id, .body = body };
    bool more;

    pthread_mutex_lock(&client->lock);
    while (channel_put(client->channel, &envelope, OUTBOX_CALLS) == OUTBOX_FULL)
        pthread_cond_wait(&client->changed, &client->lock);
    more = channel_take(client->channel);
    pthread_mutex_unlock(&client->lock);
    if (more)
        channel_send(client->channel);
}

static void client_wait_id(struct client *client, uint64_t next_id)
{
    pthread_mutex_lock(&client->lock);
    while (client->next_id < next_id && client->closed == 0)
        pthread_cond_wait(&client->changed, &client->lock);
    assert_false(client->out_of_order);
    assert_true(client->next_id == next_id);
    pthread_mutex_unlock(&client->lock);
}

static void client_wait_closed(struct client *client)
{
    pthread_mutex_lock(&client->lock);
    while (client->closed == 0)
        pthread_cond_wait(&client->changed, &client->lock);
    assert_int_equal(client->closed, 1);
    pthread_mutex_unlock(&client->lock);
}

static void client_close(struct client *client)
{
    channel_close(client->channel);
    channel_close(client->channel);
    client_wait_closed(client);
    channel_unref(client->channel);
    pthread_mutex_destroy(&client->lock);
    pthread_cond_destroy(&client->changed);
}

/* An address in a folder of the test's own. */
static const char *fresh_address(char address[64])
{
    char folder[] = "/tmp/mu-channel-XXXXXX";

    assert_non_null(mkdtemp(folder));
    snprintf(address, 64, "ipc://%s/s", folder);
    return address;
}

static void forget_address(char address[64])
{
    unlink(address + 6);
    *strrchr(address, '/') = '\0';
    rmdir(address + 6);
}

static void ping_all_sizes(const char *address)
{
    static uint8_t body[BIG_BODY];
    struct client client;
    uint64_t id = 0;

    client_open(&client, address);
    for (size_t size = 1; size <= BIG_BODY; size = size * 3 + 1)
        client_ping(&client, ++id, (struct span){ body, size });
    client_ping(&client, ++id, (struct span){ body, BIG_BODY });
    for (int i = 0; i < 20000; i++)
        client_ping(&client, ++id, (struct span){ body, (size_t)(i % 200) });
    client_wait_id(&client, id + 1);
    client_close(&client);
}

static void test_what_is_sent_comes_back_in_order_over_ipc(void **state)
{
    char address[64];
    struct server server;

    (void)state;
    server_open(&server, fresh_address(address));
    ping_all_sizes(address);
    server_close(&server);
    forget_address(address);
}

static void test_what_is_sent_comes_back_in_order_over_tcp(void **state)
{
    char address[64];
    struct server server;

    (void)state;
    server_open(&server, "tcp://127.0.0.1:0");
    assert_true(listener_port(server.listener) != 0);
    snprintf(address, sizeof(address), "tcp://127.0.0.1:%u", listener_port(server.listener));
    ping_all_sizes(address);
    server_close(&server);
}

/* A socket, as soon as there is a descriptor for it: the server lives in this process, and may
 * still be letting go of those that closed before. */
static int raw_socket(void)
{
    int fd;

    do {
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    } while (fd < 0 && errno == EMFILE && sched_yield() == 0);
    assert_true(fd >= 0);
    return fd;
}

static int raw_connect(const char *address)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int fd = raw_socket();

    snprintf(name.sun_path, sizeof(name.sun_path), "%s", address + 6);
    assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    return fd;
}

static void test_a_listener_outlives_peers_that_leave_at_once_and_a_lack_of_descriptors(
        void **state)
{
    char address[64];
    struct server server;
    struct client client;
    struct rlimit before;
    struct rlimit few;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){ .rlim_cur = DESCRIPTORS_FEW, .rlim_max = before.rlim_max };
    server_open(&server, fresh_address(address));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    for (int i = 0; i < 10000; i++)
        close(raw_connect(address));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    client_open(&client, address);
    client_ping(&client, 1, (struct span){ 0 });
    client_wait_id(&client, 2);
    client_close(&client);
    server_close(&server);
    forget_address(address);
}

static void raw_expect_closed(int fd)
{
    uint8_t bytes[64];

    while (read(fd, bytes, sizeof(bytes)) > 0)
        continue;
    close(fd);
}

static void test_a_peer_that_breaks_the_protocol_is_closed(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } bad[] = {
        { "GET / HTTP/1.1\r\n\r\n", 18 },
        { "\x00SP\x00\x00\x30\x00\x00", 8 }, /* another protocol */
        { "\x00SP\x00\x00\x10\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x01", 17 }, /* no 01 */
        { "\x00SP\x00\x00\x10\x00\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff", 17 }, /* too long */
        { "\x00SP\x00\x00\x10\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02zz", 19 },
    };
    char address[64];
    struct server server;

    (void)state;
    server_open(&server, fresh_address(address));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int fd = raw_connect(address);

        assert_int_equal(write(fd, bad[i].bytes, bad[i].size), bad[i].size);
        raw_expect_closed(fd);
    }
    server_close(&server);
    forget_address(address);
}

/* How many whole envelopes stand behind the greeting. */
static size_t count_envelopes(const uint8_t *bytes, size_t size)
{
    struct span frames = { bytes + FRAME_GREETING_SIZE, size - FRAME_GREETING_SIZE };
    struct frame_reader reader;
    struct envelope envelope;
    size_t count = 0;
    size_t needed;

    if (size < FRAME_GREETING_SIZE)
        return 0;
    assert_int_equal(frame_scan(frames, FRAME_IPC, &frames.size, &needed), FRAME_END);
    frame_reader_init(&reader, frames, FRAME_IPC);
    while (frame_next(&reader, &envelope) == FRAME_ENVELOPE)
        count += 1;
    return count;
}

static void test_a_peer_that_does_not_read_is_not_read_from(void **state)
{
    static uint8_t body[10000];
    struct envelope ping = { .kind = ENVELOPE_PING, .id = 1, .body = { body, sizeof(body) } };
    struct outbox outbox;
    struct span frame;
    char address[64];
    struct server server;
    size_t sent = 0;
    size_t seen = 0;
    uint8_t *bytes = malloc(BYTES_MAX);
    ssize_t size;
    int fd;

    (void)state;
    server_open(&server, fresh_address(address));
    outbox_init(&outbox, FRAME_IPC);
    outbox_put(&outbox, &ping, OUTBOX_CALLS);
    frame = outbox_take(&outbox);
    fd = raw_connect(address);
    assert_int_equal(write(fd, frame_greeting, FRAME_GREETING_SIZE), FRAME_GREETING_SIZE);
    while ((size = send(fd, frame.data + sent % frame.size, frame.size - sent % frame.size,
                    MSG_DONTWAIT)) > 0 ||
            sent < OUTBOX_SOFT_MAX)
        sent += size > 0 ? (size_t)size : 0; /* until everything on the way is full */
    while (sent % frame.size != 0 || count_envelopes(bytes, seen) < sent / frame.size) {
        struct pollfd poller = { .fd = fd,
            .events = sent % frame.size != 0 ? POLLIN | POLLOUT : POLLIN };

        assert_true(poll(&poller, 1, -1) == 1);
        if ((poller.revents & POLLOUT) != 0) { /* the rest of the last one */
            size = send(fd, frame.data + sent % frame.size, frame.size - sent % frame.size,
                    MSG_DONTWAIT);
            sent += size > 0 ? (size_t)size : 0;
        }
        if ((poller.revents & POLLIN) != 0) {
            size = read(fd, bytes + seen, BYTES_MAX - seen);
            assert_true(size > 0);
            seen += (size_t)size;
        }
    }
    assert_true(sent > OUTBOX_SOFT_MAX);
    assert_true(server.queued_max < OUTBOX_SOFT_MAX + 4 * READ_SIZE);
    close(fd);
    free(bytes);
    outbox_deinit(&outbox);
    server_close(&server);
    forget_address(address);
}

/* Reads until `count` envelopes came in all. */
static void raw_await(int fd, uint8_t *bytes, size_t *seenp, size_t count)
{
    while (count_envelopes(bytes, *seenp) < count) {
        ssize_t size = read(fd, bytes + *seenp, BYTES_MAX - *seenp);

        assert_true(size > 0);
        *seenp += (size_t)size;
    }
}

static void test_a_throttled_peer_is_read_from_when_its_owner_says_so(void **state)
{
    static uint8_t body[1000];
    struct envelope ping = { .kind = ENVELOPE_PING, .id = 1, .body = { body, sizeof(body) } };
    struct outbox outbox;
    struct span frame;
    char address[64];
    struct server server;
    size_t sent = 0;
    size_t seen = 0;
    uint8_t *bytes = malloc(BYTES_MAX);
    ssize_t size;
    bool resume;
    int fd;

    (void)state;
    server_open(&server, fresh_address(address));
    server.throttling = true;
    outbox_init(&outbox, FRAME_IPC);
    outbox_put(&outbox, &ping, OUTBOX_CALLS);
    frame = outbox_take(&outbox);
    fd = raw_connect(address);
    assert_int_equal(write(fd, frame_greeting, FRAME_GREETING_SIZE), FRAME_GREETING_SIZE);
    assert_int_equal(write(fd, frame.data, frame.size), frame.size);
    raw_await(fd, bytes, &seen, 1);
    while ((size = send(fd, frame.data + sent % frame.size, frame.size - sent % frame.size,
                    MSG_DONTWAIT)) > 0)
        sent += (size_t)size; /* until the socket is full */
    pthread_mutex_lock(&server.lock);
    assert_int_equal(server.received, 1);
    server.throttling = false;
    resume = channel_throttle(server.last, false);
    pthread_mutex_unlock(&server.lock);
    assert_true(resume);
    channel_resume(server.last);
    raw_await(fd, bytes, &seen, 1 + sent / frame.size);
    close(fd);
    free(bytes);
    outbox_deinit(&outbox);
    server_close(&server);
    forget_address(address);
}

static void test_both_ends_hear_of_the_end_once_whoever_closes(void **state)
{
    char address[64];
    struct server server;
    struct client client;

    (void)state;
    server_open(&server, fresh_address(address));
    for (int i = 0; i < 200; i++) {
        client_open(&client, address);
        client_ping(&client, 1, (struct span){ 0 });
        client_wait_id(&client, 2);
        if (i % 2 == 0) {
            pthread_mutex_lock(&server.lock);
            channel_close(server.last);
            pthread_mutex_unlock(&server.lock);
            client_wait_closed(&client);
        }
        client_close(&client);
        server_wait_channels(&server, 0);
    }
    server_close(&server);
    forget_address(address);
}

static void test_a_refused_peer_is_told_by_a_closed_connection(void **state)
{
    static const struct channel_events events = { .receive = client_receive,
        .closed = client_closed };
    char address[64];
    struct server server;
    struct channel *channel = NULL;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

    (void)state;
    server_open(&server, fresh_address(address));
    server.refusing = true;
    assert_true(channel_dial(&channel, address, 2000, &lock, &events, NULL) < 0);
    assert_null(channel);
    server_close(&server);
    forget_address(address);
}

static void test_dialling_nobody_says_why(void **state)
{
    static const struct channel_events events = { .receive = client_receive,
        .closed = client_closed };
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    struct channel *channel = NULL;
    char address[64];
    int fd;

    (void)state;
    fresh_address(address);
    assert_int_equal(channel_dial(&channel, address, 500, &lock, &events, NULL), -ENOENT);
    assert_int_equal(channel_dial(&channel, "udp://x", 500, &lock, &events, NULL), -EINVAL);
    {
        struct sockaddr_un name = { .sun_family = AF_UNIX };

        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        snprintf(name.sun_path, sizeof(name.sun_path), "%s", address + 6);
        assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
        assert_int_equal(channel_dial(&channel, address, 500, &lock, &events, NULL), -ECONNREFUSED);
        assert_int_equal(listen(fd, 1), 0); /* one that never greets */
        assert_int_equal(channel_dial(&channel, address, 100, &lock, &events, NULL), -ETIMEDOUT);
        close(fd);
    }
    forget_address(address);
}

static void test_a_socket_of_the_dead_is_replaced_and_of_the_living_is_not(void **state)
{
    static const struct listener_events events = { server_accepted, NULL };
    struct listener *second = NULL;
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    char address[64];
    struct server server;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    fresh_address(address);
    snprintf(name.sun_path, sizeof(name.sun_path), "%s", address + 6);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    close(fd);
    server_open(&server, address);
    assert_int_equal(listener_open(&second, address, 0600, &events, NULL), -EADDRINUSE);
    pthread_mutex_lock(&server.lock);
    while (server.accepted == 0) /* the second one knocked to see who lives there */
        pthread_cond_wait(&server.changed, &server.lock);
    pthread_mutex_unlock(&server.lock);
    assert_int_equal(listener_open(&second, "udp://x", 0600, &events, NULL), -EINVAL);
    server_close(&server);
    forget_address(address);
}

static void test_a_stock_pair0_socket_can_attach(void **state)
{
    struct outbox outbox;
    struct span bytes;
    char address[64];
    struct server server;
    struct frame_reader reader;
    struct envelope envelope;
    nng_socket socket;
    void *message;
    size_t size;

    (void)state;
    server_open(&server, fresh_address(address));
    outbox_init(&outbox, FRAME_IPC);
    outbox_put(&outbox, &(struct envelope){ .kind = ENVELOPE_PING, .id = 77 }, OUTBOX_CALLS);
    bytes = outbox_take(&outbox);
    assert_int_equal(nng_pair0_open(&socket), 0);
    assert_int_equal(nng_dial(socket, address, NULL, 0), 0);
    assert_int_equal(nng_send(socket, (void *)(uintptr_t)(bytes.data + FRAME_IPC),
                             bytes.size - FRAME_IPC, 0),
            0);
    assert_int_equal(nng_recv(socket, &message, &size, NNG_FLAG_ALLOC), 0);
    frame_reader_init(&reader, (struct span){ message, size }, FRAME_BARE);
    assert_int_equal(frame_next(&reader, &envelope), FRAME_ENVELOPE);
    assert_int_equal(envelope.kind, ENVELOPE_PONG);
    assert_true(envelope.id == 77);
    nng_free(message, size);
    /* The server closes: on a busy machine nng_close() of a connected socket may never return (nng
     * 1.5.2), so this one lives as long as the process, and would dial again. */
    server_stop_listening(&server);
    pthread_mutex_lock(&server.lock);
    channel_close(server.last);
    pthread_mutex_unlock(&server.lock);
    outbox_deinit(&outbox);
    server_close(&server);
    forget_address(address);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_sent_comes_back_in_order_over_ipc),
        cmocka_unit_test(test_what_is_sent_comes_back_in_order_over_tcp),
        cmocka_unit_test(
                test_a_listener_outlives_peers_that_leave_at_once_and_a_lack_of_descriptors),
        cmocka_unit_test(test_a_peer_that_breaks_the_protocol_is_closed),
        cmocka_unit_test(test_a_peer_that_does_not_read_is_not_read_from),
        cmocka_unit_test(test_a_throttled_peer_is_read_from_when_its_owner_says_so),
        cmocka_unit_test(test_both_ends_hear_of_the_end_once_whoever_closes),
        cmocka_unit_test(test_a_refused_peer_is_told_by_a_closed_connection),
        cmocka_unit_test(test_dialling_nobody_says_why),
        cmocka_unit_test(test_a_socket_of_the_dead_is_replaced_and_of_the_living_is_not),
        cmocka_unit_test(test_a_stock_pair0_socket_can_attach),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
