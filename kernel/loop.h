/* kernel/loop.h - waiting for descriptors. One thing is handed out at a time, so that what is
 * handled may close any other; the kernel goes round, so that none starves. */
#pragma once

#include <stdint.h>
#include <sys/epoll.h>

struct loop_source;

/* `events` are of EPOLLIN and its kin. */
typedef void (*loop_fn)(struct loop_source *source, uint32_t events);

/* Embedded in whatever waits for the descriptor. */
struct loop_source {
    int fd; /* owned by whoever embeds it */
    loop_fn fn;
};

struct loop {
    int fd; /* owned */
};

/* Returns 0 or -errno. */
int loop_open(struct loop *loop);
void loop_close(struct loop *loop);

/* Waits for `events` on `source->fd`, until it is removed or closed. Returns 0 or -errno. */
int loop_add(struct loop *loop, struct loop_source *source, uint32_t events);
int loop_change(struct loop *loop, struct loop_source *source, uint32_t events);
void loop_remove(struct loop *loop, struct loop_source *source);

/* Waits up to `timeout_ms` (-1: for ever) and handles one thing at most. Returns 0 or -errno. */
int loop_turn(struct loop *loop, int timeout_ms);
