// SPDX-License-Identifier: Apache-2.0
/* bench_raw - the floor: client, router and service over Unix sockets with epoll, and next to no
 * protocol. A frame is a size, a client's number, the body. Everything that one read brought is
 * handled before anything is written, so frames travel in batches by themselves. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "bench/load.h"

enum {
    RAW_BUFFER = 64 << 20, /* bytes, of address space; more than all calls of a load together */
    RAW_READ = 65536,      /* bytes taken by one read */
    RAW_WAIT_MS = 100
};

struct raw_head {
    uint32_t size; /* of the body */
    uint32_t client;
};

struct raw_buffer {
    uint8_t *bytes;
    size_t start, end;
};

struct raw_link {
    int fd;
    uint32_t index; /* the client's number, in the router */
    struct raw_buffer in, out;
    bool dirty; /* stands in the list of those to flush */
    bool stuck; /* the kernel's buffer is full: waits for EPOLLOUT */
    struct raw_link *next;
};

struct raw_loop {
    int epoll;
    struct raw_link *dirty;
};

static uint8_t *raw_buffer_new(void)
{
    uint8_t *bytes = mmap(NULL, RAW_BUFFER, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    CHECK(bytes != MAP_FAILED);
    return bytes;
}

static void raw_watch(struct raw_loop *loop, struct raw_link *link, uint32_t wanted, int how)
{
    struct epoll_event event = { .events = wanted, .data.ptr = link };

    CHECK(epoll_ctl(loop->epoll, how, link->fd, &event) == 0);
}

static void raw_link_init(struct raw_loop *loop, struct raw_link *link, int fd)
{
    link->fd = fd;
    link->in = (struct raw_buffer){ .bytes = raw_buffer_new() };
    link->out = (struct raw_buffer){ .bytes = raw_buffer_new() };
    raw_watch(loop, link, EPOLLIN, EPOLL_CTL_ADD);
}

static void raw_link_deinit(struct raw_link *link)
{
    close(link->fd);
    munmap(link->in.bytes, RAW_BUFFER);
    munmap(link->out.bytes, RAW_BUFFER);
    link->fd = -1;
}

/* Forgets what was taken from the front. */
static void raw_buffer_pack(struct raw_buffer *buffer)
{
    memmove(buffer->bytes, buffer->bytes + buffer->start, buffer->end - buffer->start);
    buffer->end -= buffer->start;
    buffer->start = 0;
}

/* Room for a body behind `link`, with its head in front. */
static uint8_t *raw_put(struct raw_loop *loop, struct raw_link *link, struct raw_head head)
{
    uint8_t *at;

    if (link->out.start > RAW_BUFFER / 2)
        raw_buffer_pack(&link->out);
    at = link->out.bytes + link->out.end;
    CHECK(link->out.end + sizeof(head) + head.size <= RAW_BUFFER);
    memcpy(at, &head, sizeof(head));
    link->out.end += sizeof(head) + head.size;
    if (!link->dirty) {
        link->dirty = true;
        link->next = loop->dirty;
        loop->dirty = link;
    }
    return at + sizeof(head);
}

static void raw_link_flush(struct raw_loop *loop, struct raw_link *link)
{
    struct raw_buffer *out = &link->out;
    bool stuck;

    link->dirty = false;
    while (out->start < out->end) {
        ssize_t size = send(link->fd, out->bytes + out->start, out->end - out->start,
                MSG_NOSIGNAL | MSG_DONTWAIT);

        if (size < 0)
            break;
        out->start += (size_t)size;
    }
    stuck = out->start < out->end;
    if (!stuck)
        out->start = out->end = 0;
    if (stuck != link->stuck)
        raw_watch(loop, link, stuck ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
    link->stuck = stuck;
}

static void raw_flush(struct raw_loop *loop)
{
    struct raw_link *link;

    while ((link = loop->dirty) != NULL) {
        loop->dirty = link->next;
        raw_link_flush(loop, link);
    }
}

/* Reads once. Returns whether the link lives. */
static bool raw_link_fill(struct raw_link *link)
{
    struct raw_buffer *in = &link->in;
    ssize_t size;

    if (in->start > 0)
        raw_buffer_pack(in);
    size = recv(link->fd, in->bytes + in->end, RAW_READ, MSG_DONTWAIT);
    if (size <= 0)
        return size < 0 && errno == EAGAIN;
    in->end += (size_t)size;
    return true;
}

/* The next whole frame, or NULL. */
static const uint8_t *raw_link_next(struct raw_link *link, struct raw_head *head)
{
    struct raw_buffer *in = &link->in;
    const uint8_t *at = in->bytes + in->start;

    if (in->end - in->start < sizeof(*head))
        return NULL;
    memcpy(head, at, sizeof(*head));
    if (in->end - in->start < sizeof(*head) + head->size)
        return NULL;
    in->start += sizeof(*head) + head->size;
    return at + sizeof(*head);
}

static struct sockaddr_un raw_address(const struct load_options *options, const char *end)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    CHECK(snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", options->address, end) <
            (int)sizeof(address.sun_path));
    return address;
}

static int raw_listen(const struct load_options *options, const char *end)
{
    struct sockaddr_un address = raw_address(options, end);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(listen(fd, LOAD_LANES_MAX) == 0);
    return fd;
}

static int raw_connect(const struct load_options *options, const char *end)
{
    struct sockaddr_un address = raw_address(options, end);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}

static void raw_route_frames(struct raw_loop *loop, struct raw_link *from, struct raw_link *service,
        struct raw_link *links)
{
    struct raw_head head;
    const uint8_t *body;

    while ((body = raw_link_next(from, &head)) != NULL) {
        struct raw_link *to = service;

        if (from == service)
            to = &links[head.client % LOAD_LANES_MAX];
        else
            head.client = from->index;
        if (to->fd >= 0)
            memcpy(raw_put(loop, to, head), body, head.size);
    }
}

static void raw_accept(struct raw_loop *loop, int listener, struct raw_link *links)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    CHECK(fd >= 0);
    for (uint32_t i = 0; i < LOAD_LANES_MAX; i++) {
        if (links[i].fd >= 0)
            continue;
        links[i] = (struct raw_link){ .index = i };
        raw_link_init(loop, &links[i], fd);
        return;
    }
    close(fd);
}

_Noreturn static void raw_route(const struct load_options *options)
{
    static struct raw_link links[LOAD_LANES_MAX];
    struct raw_loop loop = { .epoll = epoll_create1(EPOLL_CLOEXEC) };
    struct raw_link front = { .fd = raw_listen(options, "front") };
    struct raw_link service = { 0 };
    struct epoll_event events[LOAD_LANES_MAX];
    int back = raw_listen(options, "back");

    for (uint32_t i = 0; i < LOAD_LANES_MAX; i++)
        links[i].fd = -1;
    load_say_ready();
    raw_link_init(&loop, &service, accept4(back, NULL, NULL, SOCK_CLOEXEC));
    raw_watch(&loop, &front, EPOLLIN, EPOLL_CTL_ADD);
    for (;;) {
        int count = epoll_wait(loop.epoll, events, LOAD_LANES_MAX, -1);

        for (int i = 0; i < count; i++) {
            struct raw_link *link = events[i].data.ptr;

            if (link == &front) {
                raw_accept(&loop, front.fd, links);
                continue;
            }
            if ((events[i].events & EPOLLOUT) != 0)
                raw_link_flush(&loop, link);
            if (raw_link_fill(link))
                raw_route_frames(&loop, link, &service, links);
            else
                raw_link_deinit(link);
        }
        raw_flush(&loop);
    }
}

static int raw_serve(const struct load_options *options)
{
    struct raw_loop loop = { .epoll = epoll_create1(EPOLL_CLOEXEC) };
    struct raw_link link = { 0 };
    struct epoll_event event;
    struct raw_head head;
    const uint8_t *body;

    raw_link_init(&loop, &link, raw_connect(options, "back"));
    load_say_ready();
    for (;;) {
        if (epoll_wait(loop.epoll, &event, 1, -1) != 1)
            continue;
        if ((event.events & EPOLLOUT) != 0)
            raw_link_flush(&loop, &link);
        if (!raw_link_fill(&link))
            return 0;
        while ((body = raw_link_next(&link, &head)) != NULL)
            memcpy(raw_put(&loop, &link, head), body, head.size);
        raw_flush(&loop);
    }
}

struct raw_caller {
    struct raw_link links[LOAD_LANES_MAX];
    struct lane *lanes[LOAD_LANES_MAX];
    struct raw_loop loop;
    uint32_t body_size;
};

static void raw_send(struct raw_caller *caller, uint32_t lane, uint32_t call)
{
    struct raw_head head = { .size = caller->body_size };

    lane_request(caller->lanes[lane], call, raw_put(&caller->loop, &caller->links[lane], head));
}

static void raw_take(struct raw_caller *caller, struct raw_link *link)
{
    struct lane *lane = caller->lanes[link->index];
    struct raw_head head;
    const uint8_t *body;

    CHECK(raw_link_fill(link));
    while ((body = raw_link_next(link, &head)) != NULL) {
        uint32_t call = lane_find(lane, body, head.size);

        if (lane_answer(lane, call, body, head.size))
            raw_send(caller, link->index, call);
    }
}

static int raw_call(const struct load_options *options)
{
    static struct raw_caller caller;
    struct epoll_event events[LOAD_LANES_MAX];
    struct load *load;

    caller.loop.epoll = epoll_create1(EPOLL_CLOEXEC);
    caller.body_size = options->body_size;
    for (uint32_t i = 0; i < options->lane_count; i++) {
        caller.links[i].index = i;
        raw_link_init(&caller.loop, &caller.links[i], raw_connect(options, "front"));
    }
    load = load_new(options);
    for (uint32_t i = 0; i < options->lane_count; i++) {
        caller.lanes[i] = load_lane(load, i);
        for (uint32_t call = 0; call < options->outstanding; call++)
            raw_send(&caller, i, call);
    }
    raw_flush(&caller.loop);
    while (!load_is_over(load)) {
        int count = epoll_wait(caller.loop.epoll, events, LOAD_LANES_MAX, RAW_WAIT_MS);

        for (int i = 0; i < count; i++) {
            if ((events[i].events & EPOLLOUT) != 0)
                raw_link_flush(&caller.loop, events[i].data.ptr);
            raw_take(&caller, events[i].data.ptr);
        }
        raw_flush(&caller.loop);
    }
    return load_report(load, "raw");
}

int main(int argc, char **argv)
{
    struct load_options options;

    load_parse(&options, argc, argv);
    if (strcmp(options.role, "route") == 0)
        raw_route(&options);
    return strcmp(options.role, "serve") == 0 ? raw_serve(&options) : raw_call(&options);
}
