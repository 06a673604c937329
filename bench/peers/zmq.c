// SPDX-License-Identifier: Apache-2.0
/* bench_zmq - DEALER, a ROUTER-DEALER proxy, DEALER over ipc: the fastest of ZeroMQ's brokered
 * shapes.
 *
 * DEALER on both ends instead of REQ and REP spares each message the empty delimiter, and lets many
 * calls be outstanding. The high-water marks are off: a ROUTER drops beyond its own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <zmq.h>

#include "base/check.h"
#include "bench/load.h"

enum { ZMQ_WAIT_MS = 100, ZMQ_PATH_MAX = 256 };

struct zmq_lane {
    void *socket; /* owned */
    struct lane *lane;
    uint32_t body_size;
};

static void *zmq_socket_open(void *context, int type)
{
    void *socket = zmq_socket(context, type);
    int unlimited = 0;
    int linger = 0;

    CHECK(socket != NULL);
    CHECK(zmq_setsockopt(socket, ZMQ_SNDHWM, &unlimited, sizeof(unlimited)) == 0);
    CHECK(zmq_setsockopt(socket, ZMQ_RCVHWM, &unlimited, sizeof(unlimited)) == 0);
    CHECK(zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof(linger)) == 0);
    return socket;
}

static void zmq_path(char *path, const struct load_options *options, const char *end)
{
    snprintf(path, ZMQ_PATH_MAX, "ipc://%s/%s", options->address, end);
}

static int zmq_route(const struct load_options *options)
{
    void *context = zmq_ctx_new();
    void *front = zmq_socket_open(context, ZMQ_ROUTER);
    void *back = zmq_socket_open(context, ZMQ_DEALER);
    char path[ZMQ_PATH_MAX];

    zmq_path(path, options, "front");
    CHECK(zmq_bind(front, path) == 0);
    zmq_path(path, options, "back");
    CHECK(zmq_bind(back, path) == 0);
    load_say_ready();
    zmq_proxy(front, back, NULL);
    return 1;
}

static int zmq_serve(const struct load_options *options)
{
    void *context = zmq_ctx_new();
    void *socket = zmq_socket_open(context, ZMQ_DEALER);
    char path[ZMQ_PATH_MAX];

    zmq_path(path, options, "back");
    CHECK(zmq_connect(socket, path) == 0);
    load_say_ready();
    for (;;) {
        zmq_msg_t part;

        zmq_msg_init(&part);
        if (zmq_msg_recv(&part, socket, 0) < 0)
            return 1;
        if (zmq_msg_send(&part, socket, zmq_msg_more(&part) ? ZMQ_SNDMORE : 0) < 0)
            return 1;
    }
}

static void zmq_lane_send(struct zmq_lane *lane, uint32_t call)
{
    zmq_msg_t message;

    CHECK(zmq_msg_init_size(&message, lane->body_size) == 0);
    lane_request(lane->lane, call, zmq_msg_data(&message));
    if (zmq_msg_send(&message, lane->socket, 0) < 0)
        lane_error(lane->lane, call);
}

/* Takes answers until there are none; the first one is waited for with `flags` 0. */
static void zmq_lane_drain(struct zmq_lane *lane, int flags)
{
    zmq_msg_t message;

    zmq_msg_init(&message);
    while (zmq_msg_recv(&message, lane->socket, flags) >= 0) {
        const void *body = zmq_msg_data(&message);
        size_t size = zmq_msg_size(&message);
        uint32_t call = lane_find(lane->lane, body, size);

        if (lane_answer(lane->lane, call, body, size))
            zmq_lane_send(lane, call);
        flags = ZMQ_DONTWAIT;
    }
    zmq_msg_close(&message);
}

/* The descriptor of a socket tells of news only after the socket was found empty: drain it first,
 * and whenever it says anything. */
static void zmq_watch_lanes(struct zmq_lane *lanes, uint32_t lane_count, const struct load *load)
{
    struct epoll_event events[LOAD_LANES_MAX];
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    CHECK(epoll >= 0);
    for (uint32_t i = 0; i < lane_count; i++) {
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = &lanes[i] };
        size_t size = sizeof(int);
        int fd;

        CHECK(zmq_getsockopt(lanes[i].socket, ZMQ_FD, &fd, &size) == 0);
        CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
        zmq_lane_drain(&lanes[i], ZMQ_DONTWAIT);
    }
    while (!load_is_over(load)) {
        int count = epoll_wait(epoll, events, LOAD_LANES_MAX, ZMQ_WAIT_MS);

        for (int i = 0; i < count; i++)
            zmq_lane_drain(events[i].data.ptr, ZMQ_DONTWAIT);
    }
}

static int zmq_call(const struct load_options *options)
{
    static struct zmq_lane lanes[LOAD_LANES_MAX];
    void *context = zmq_ctx_new();
    struct load *load;
    char path[ZMQ_PATH_MAX];
    int wait_ms = ZMQ_WAIT_MS;

    zmq_path(path, options, "front");
    for (uint32_t i = 0; i < options->lane_count; i++) {
        lanes[i].socket = zmq_socket_open(context, ZMQ_DEALER);
        lanes[i].body_size = options->body_size;
        CHECK(zmq_setsockopt(lanes[i].socket, ZMQ_RCVTIMEO, &wait_ms, sizeof(wait_ms)) == 0);
        CHECK(zmq_connect(lanes[i].socket, path) == 0);
    }
    load = load_new(options);
    for (uint32_t i = 0; i < options->lane_count; i++) {
        lanes[i].lane = load_lane(load, i);
        for (uint32_t call = 0; call < options->outstanding; call++)
            zmq_lane_send(&lanes[i], call);
    }
    if (options->lane_count > 1)
        zmq_watch_lanes(lanes, options->lane_count, load);
    while (!load_is_over(load))
        zmq_lane_drain(&lanes[0], 0);
    for (uint32_t i = 0; i < options->lane_count; i++)
        zmq_close(lanes[i].socket);
    zmq_ctx_term(context);
    return load_report(load, "zmq");
}

int main(int argc, char **argv)
{
    struct load_options options;

    load_parse(&options, argc, argv);
    if (strcmp(options.role, "route") == 0)
        return zmq_route(&options);
    return strcmp(options.role, "serve") == 0 ? zmq_serve(&options) : zmq_call(&options);
}
