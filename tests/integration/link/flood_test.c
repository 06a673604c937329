// SPDX-License-Identifier: Apache-2.0
/* A node that strangers flood with connections lets its own in all the same, and holds no more than
 * it said it would. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/link_node.h"

enum {
    STRANGERS = 4 * DOOR_HALF_OPEN_MAX, /* connections that come at once */
    HANDSHAKES = 200,                   /* of an honest node, while the flood lasts */
    FLOOD_RATE = 3000,                  /* connections a second, at least what the promise names */
    PROMISED_MS = 50,                   /* for 99 of 100 of them */
    SILENT = 100,                       /* connections of strangers that say nothing */
    FIRST_SIZE = HANDSHAKE_PREAMBLE_SIZE + HANDSHAKE_FIRST_SIZE
};

struct flood {
    uint16_t port;
    pthread_t thread;
    atomic_bool stop;
    atomic_uint_fast64_t connections;
    uint8_t first[FIRST_SIZE]; /* as an honest node's, but for its tag */
};

/* 127.0.0.9, of the honest node's own source. */
#define NEAR 0x7f000009u

/* 127.9.n.1: n sources of strangers. */
static uint32_t elsewhere(uint32_t n)
{
    return 0x7f090001u + (n << 8);
}

/* A stranger's connection; -1 where there is none. */
static int stranger_connect(uint16_t port, uint32_t from_ip)
{
    struct sockaddr_in from = { .sin_family = AF_INET };
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct linger at_once = { .l_onoff = 1 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    from.sin_addr.s_addr = htonl(from_ip);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)); /* leaves no TIME_WAIT */
    if (bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
            connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void *flood_run(void *user)
{
    struct flood *flood = user;
    uint64_t begun_us = clock_us();
    uint8_t junk[200];

    randombytes_buf(junk, sizeof(junk));
    for (uint64_t i = 0; !atomic_load(&flood->stop); i++) {
        int fd = stranger_connect(flood->port, elsewhere((uint32_t)(i % 3)));

        if (fd < 0)
            continue;
        if (i % 3 == 1)
            (void)!send(fd, junk, sizeof(junk), MSG_NOSIGNAL);
        else if (i % 3 == 2)
            (void)!send(fd, flood->first, sizeof(flood->first), MSG_NOSIGNAL);
        close(fd);
        atomic_fetch_add(&flood->connections, 1);
        while (i * 1000000 / FLOOD_RATE > clock_us() - begun_us && !atomic_load(&flood->stop))
            sched_yield();
    }
    return NULL;
}

static void flood_start(struct flood *flood, uint16_t port, const struct handshake_psk *psk)
{
    static const uint8_t head[8] = { 'M', 'u', 'L', '1', LINK_VERSION, LINK_SUITE };

    flood->port = port;
    randombytes_buf(flood->first, sizeof(flood->first));
    memcpy(flood->first, head, sizeof(head));
    memcpy(flood->first + sizeof(head), psk->id, PSK_ID_SIZE);
    flood->first[HANDSHAKE_PREAMBLE_SIZE] = 0;
    flood->first[HANDSHAKE_PREAMBLE_SIZE + 1] = HANDSHAKE_FIRST_SIZE - 2;
    assert_int_equal(pthread_create(&flood->thread, NULL, flood_run, flood), 0);
}

static int compare(const void *one, const void *two)
{
    const uint64_t *first = one;
    const uint64_t *second = two;

    return (*first > *second) - (*first < *second);
}

/* How long it takes to dial until the peer is known, in us. */
static uint64_t time_handshake(struct link_node *node, const char *address, unsigned number)
{
    uint64_t begun_us = clock_us();

    link_node_dial(node, address);
    link_node_wait(node, &node->news.up, number);
    begun_us = clock_us() - begun_us;
    links_lock(node->links);
    links_undial(node->links, address);
    links_close(node->links, link_node_news(node).link, "once more");
    links_unlock(node->links);
    link_node_wait(node, &node->news.down, number);
    return begun_us;
}

static void print_refused(const char *cause, uint64_t count, void *user)
{
    uint64_t *sum = user;

    *sum += count;
    printf("  %8lu %s\n", (unsigned long)count, cause);
}

static void test_a_flood_of_strangers_does_not_keep_a_node_out(void **state)
{
    struct flood flood = { .port = 0 };
    uint64_t took_us[HANDSHAKES];
    int silent[SILENT];
    struct world world;
    struct link_node alice;
    struct link_node bob;
    char address[32];
    uint64_t refused = 0;

    (void)state;
    link_world_init(&world);
    link_node_open(&alice, &world, WORLD_ALICE, NULL);
    /* The honest node comes more often than one would. */
    link_node_open(&bob, &world, WORLD_BOB, &(struct links_options){ .accept_burst = 1000 });
    link_node_listen(&bob, address);
    flood_start(&flood, (uint16_t)strtoul(strchr(address, ':') + 1, NULL, 10), &world.psks[0]);
    for (int i = 0; i < SILENT; i++)
        silent[i] =
                stranger_connect(flood.port, i % 2 == 0 ? NEAR : elsewhere((uint32_t)(100 + i)));
    for (unsigned i = 0; i < HANDSHAKES; i++)
        took_us[i] = time_handshake(&alice, address, i + 1);
    atomic_store(&flood.stop, true);
    pthread_join(flood.thread, NULL);
    for (int i = 0; i < SILENT; i++)
        close(silent[i]);
    qsort(took_us, HANDSHAKES, sizeof(took_us[0]), compare);
    printf("%lu junk connections; handshakes: median %lu us, 99 %% within %lu us; refused:\n",
            (unsigned long)atomic_load(&flood.connections), (unsigned long)took_us[HANDSHAKES / 2],
            (unsigned long)took_us[HANDSHAKES * 99 / 100]);
    links_lock(bob.links);
    links_each_refused(bob.links, print_refused, &refused);
    links_unlock(bob.links);
    assert_true(took_us[HANDSHAKES * 99 / 100] / 1000 < PROMISED_MS);
    assert_true(refused > 0);
    assert_int_equal(link_node_news(&alice).missed, 0);
    link_node_close(&alice);
    link_node_close(&bob);
    world_deinit(&world);
}

/* Counts the connections that are still open, once no more are closed from afar. */
static int count_open(const int *fds, int count)
{
    int open = 0;

    for (int i = 0; i < count; i++) {
        uint8_t byte;

        if (fds[i] >= 0 && recv(fds[i], &byte, 1, MSG_DONTWAIT) < 0)
            open += 1;
    }
    return open;
}

static void test_strangers_hold_few_places_and_not_for_long(void **state)
{
    int fds[STRANGERS];
    uint64_t begun_ms = clock_ms();
    struct world world;
    struct link_node bob;
    char address[32];
    uint16_t port;
    int open;

    (void)state;
    link_world_init(&world);
    link_node_open(&bob, &world, WORLD_BOB, NULL);
    link_node_listen(&bob, address);
    port = (uint16_t)strtoul(strchr(address, ':') + 1, NULL, 10);
    for (int i = 0; i < STRANGERS; i++)
        fds[i] = stranger_connect(port, elsewhere((uint32_t)(i % 20)));
    do {
        open = count_open(fds, STRANGERS);
        sched_yield();
    } while (open > DOOR_HALF_OPEN_MAX && clock_ms() < begun_ms + HANDSHAKE_MS);
    assert_true(open <= DOOR_HALF_OPEN_MAX);
    while (count_open(fds, STRANGERS) > 0) {
        assert_true(clock_ms() - begun_ms < 10000);
        sched_yield();
    }
    for (int i = 0; i < STRANGERS; i++)
        close(fds[i]);
    link_node_close(&bob);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_flood_of_strangers_does_not_keep_a_node_out),
        cmocka_unit_test(test_strangers_hold_few_places_and_not_for_long),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
