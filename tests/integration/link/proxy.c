// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/link/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"

enum { PREAMBLE = 16, LENGTH = 2 };

/* One direction of a connection. */
struct way {
    int from;
    int to;
    unsigned unit; /* of the next one */
    size_t size;
    uint8_t bytes[2 * PROXY_UNIT_MAX];
    size_t held_size; /* a unit that comes behind the next one */
    uint8_t held[PROXY_UNIT_MAX];
};

struct carriage {
    struct proxy *proxy;
    struct proxy_plan plan;
    struct way ways[2];
    bool halved; /* by PROXY_HALF */
};

static int connect_to(uint16_t port)
{
    struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(fd >= 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0)
        return fd;
    close(fd);
    return -1;
}

/* False where the other end is gone. */
static bool say(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        bytes += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* ---- harm ---- */

/* Changes a bit of a unit, but not such that its reader would wait for what never comes. */
static void flip(struct proxy *proxy, uint8_t *unit, size_t size, bool preamble)
{
    size_t skip = preamble ? 0 : 1;
    size_t at = skip + random_below(&proxy->random, (uint32_t)(size - skip));

    unit[at] ^= (uint8_t)(1u << random_below(&proxy->random, 8));
}

static void record_what_is_said(struct proxy *proxy, const uint8_t *unit, size_t size)
{
    pthread_mutex_lock(&proxy->lock);
    if (proxy->recorded + size <= PROXY_RECORDING_MAX) {
        memcpy(proxy->recording + proxy->recorded, unit, size);
        proxy->recorded += size;
    }
    pthread_mutex_unlock(&proxy->lock);
}

static bool say_held(struct way *way)
{
    size_t size = way->held_size;

    way->held_size = 0;
    return say(way->to, way->held, size);
}

/* Passes a unit on as the plan wants it. False where the connection is to end. */
static bool harm(struct carriage *carriage, struct way *way, uint8_t *unit, size_t size)
{
    struct proxy *proxy = carriage->proxy;
    uint8_t other[PROXY_UNIT_MAX];

    switch (carriage->plan.harm) {
    case PROXY_FLIP:
        flip(proxy, unit, size, carriage->plan.direction == 0 && carriage->plan.unit == 0);
        return say(way->to, unit, size);
    case PROXY_DROP:
        return true;
    case PROXY_REPEAT:
        memcpy(other, unit, size);
        return say(way->to, unit, size) && say(way->to, other, size);
    case PROXY_SWAP:
        memcpy(way->held, unit, size);
        way->held_size = size;
        return true;
    case PROXY_CUT:
        say(way->to, unit, random_below(&proxy->random, (uint32_t)size));
        return false;
    case PROXY_INSERT:
        memcpy(other, unit, size);
        for (size_t i = LENGTH; i < size; i++)
            other[i] = (uint8_t)random_next(&proxy->random);
        return say(way->to, other, size) && say(way->to, unit, size);
    case PROXY_REFLECT:
        return say(way->from, unit, size) && say(way->to, unit, size);
    case PROXY_NONE:
    case PROXY_SILENCE:
    case PROXY_HALF:
    default:
        return say(way->to, unit, size);
    }
}

/* ---- carrying ---- */

/* The size of the unit in front, 0 where it is not all there. */
static size_t unit_size(const struct way *way, bool preamble)
{
    size_t size;

    if (preamble)
        return way->size >= PREAMBLE ? PREAMBLE : 0;
    if (way->size < LENGTH)
        return 0;
    size = LENGTH + ((size_t)way->bytes[0] << 8 | way->bytes[1]);
    return way->size >= size ? size : 0;
}

static bool pass_units(struct carriage *carriage, unsigned direction)
{
    struct way *way = &carriage->ways[direction];
    const struct proxy_plan *plan = &carriage->plan;
    bool goes_on = true;
    size_t size;

    while (goes_on && (size = unit_size(way, direction == 0 && way->unit == 0)) > 0) {
        bool meant =
                plan->harm != PROXY_NONE && plan->direction == direction && plan->unit == way->unit;

        if (meant && plan->harm >= PROXY_SILENCE) {
            way->size = 0;
            carriage->halved = plan->harm == PROXY_HALF;
            return !carriage->halved;
        }
        if (direction == 0)
            record_what_is_said(carriage->proxy, way->bytes, size);
        goes_on = meant ? harm(carriage, way, way->bytes, size) : say(way->to, way->bytes, size);
        if (goes_on && !meant && way->held_size > 0)
            goes_on = say_held(way);
        if (meant) {
            pthread_mutex_lock(&carriage->proxy->lock);
            carriage->proxy->harmed += 1;
            pthread_mutex_unlock(&carriage->proxy->lock);
        }
        way->unit += 1;
        way->size -= size;
        memmove(way->bytes, way->bytes + size, way->size);
    }
    return goes_on;
}

/* True while the connection goes on. */
static bool read_way(struct carriage *carriage, unsigned direction)
{
    struct way *way = &carriage->ways[direction];
    ssize_t got = read(way->from, way->bytes + way->size, sizeof(way->bytes) - way->size);

    if (got <= 0)
        return false;
    way->size += (size_t)got;
    return pass_units(carriage, direction);
}

static void carry(struct proxy *proxy, int near)
{
    struct carriage *carriage = calloc(1, sizeof(*carriage));
    int far = connect_to(proxy->upstream);
    bool goes_on = far >= 0;

    CHECK(carriage != NULL);
    carriage->proxy = proxy;
    carriage->ways[0] = (struct way){ .from = near, .to = far };
    carriage->ways[1] = (struct way){ .from = far, .to = near };
    pthread_mutex_lock(&proxy->lock);
    carriage->plan = proxy->plan;
    proxy->recorded = 0;
    pthread_mutex_unlock(&proxy->lock);
    while (goes_on) {
        struct pollfd polls[] = { { .fd = near, .events = POLLIN }, { .fd = far, .events = POLLIN },
            { .fd = proxy->wake[0], .events = POLLIN } };

        CHECK(poll(polls, 3, -1) > 0);
        for (unsigned direction = 0; goes_on && direction < 2; direction++)
            if (polls[direction].revents != 0)
                goes_on = read_way(carriage, direction);
        goes_on = goes_on && polls[2].revents == 0;
    }
    if (carriage->halved && proxy->half_count < PROXY_HALVES_MAX)
        proxy->halves[proxy->half_count++] = far;
    else if (far >= 0)
        close(far);
    close(near);
    free(carriage);
}

static void *run(void *user)
{
    struct proxy *proxy = user;

    for (;;) {
        struct pollfd polls[] = { { .fd = proxy->listener, .events = POLLIN },
            { .fd = proxy->wake[0], .events = POLLIN } };
        int on = 1;
        int fd;

        CHECK(poll(polls, 2, -1) > 0);
        if (polls[1].revents != 0)
            return NULL;
        fd = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        carry(proxy, fd);
    }
}

/* ---- for tests ---- */

void proxy_open(struct proxy *proxy, uint16_t upstream, uint64_t seed)
{
    struct sockaddr_in name = { .sin_family = AF_INET };
    socklen_t size = sizeof(name);

    memset(proxy, 0, sizeof(*proxy));
    pthread_mutex_init(&proxy->lock, NULL);
    random_init(&proxy->random, seed);
    proxy->upstream = upstream;
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(proxy->listener >= 0);
    CHECK(bind(proxy->listener, (struct sockaddr *)&name, sizeof(name)) == 0);
    CHECK(listen(proxy->listener, 64) == 0);
    CHECK(getsockname(proxy->listener, (struct sockaddr *)&name, &size) == 0);
    proxy->port = ntohs(name.sin_port);
    CHECK(pipe2(proxy->wake, O_CLOEXEC) == 0);
    CHECK(pthread_create(&proxy->thread, NULL, run, proxy) == 0);
}

void proxy_close(struct proxy *proxy)
{
    CHECK(write(proxy->wake[1], "", 1) == 1);
    pthread_join(proxy->thread, NULL);
    for (unsigned i = 0; i < proxy->half_count; i++)
        close(proxy->halves[i]);
    close(proxy->listener);
    close(proxy->wake[0]);
    close(proxy->wake[1]);
    pthread_mutex_destroy(&proxy->lock);
}

void proxy_set_plan(struct proxy *proxy, struct proxy_plan plan)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->plan = plan;
    pthread_mutex_unlock(&proxy->lock);
}

uint64_t proxy_harmed(struct proxy *proxy)
{
    uint64_t harmed;

    pthread_mutex_lock(&proxy->lock);
    harmed = proxy->harmed;
    pthread_mutex_unlock(&proxy->lock);
    return harmed;
}

size_t proxy_replay(struct proxy *proxy)
{
    int fd = connect_to(proxy->upstream);
    uint8_t answer[4096];
    size_t answered = 0;
    ssize_t got;

    CHECK(fd >= 0);
    pthread_mutex_lock(&proxy->lock);
    say(fd, proxy->recording, proxy->recorded);
    pthread_mutex_unlock(&proxy->lock);
    while ((got = read(fd, answer, sizeof(answer))) > 0)
        answered += (size_t)got;
    close(fd);
    return answered;
}
