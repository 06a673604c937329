// SPDX-License-Identifier: Apache-2.0
#include "kernel/loop.h"

#include <errno.h>
#include <unistd.h>

#include "base/err.h"

int loop_open(struct loop *loop)
{
    loop->fd = epoll_create1(EPOLL_CLOEXEC);
    return loop->fd >= 0 ? 0 : err_new(-errno);
}

void loop_close(struct loop *loop)
{
    if (loop->fd >= 0)
        close(loop->fd);
    loop->fd = -1;
}

static int loop_control(
        const struct loop *loop, int operation, struct loop_source *source, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = source };

    return epoll_ctl(loop->fd, operation, source->fd, &event) == 0 ? 0 : err_new(-errno);
}

int loop_add(struct loop *loop, struct loop_source *source, uint32_t events)
{
    return loop_control(loop, EPOLL_CTL_ADD, source, events);
}

int loop_change(struct loop *loop, struct loop_source *source, uint32_t events)
{
    return loop_control(loop, EPOLL_CTL_MOD, source, events);
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
    loop_control(loop, EPOLL_CTL_DEL, source, 0);
}

int loop_turn(struct loop *loop, int timeout_ms)
{
    struct epoll_event event;
    struct loop_source *source;
    int count = epoll_wait(loop->fd, &event, 1, timeout_ms);

    if (count < 0 && errno != EINTR)
        return err_new(-errno);
    if (count == 1) {
        source = event.data.ptr;
        source->fn(source, event.events);
    }
    return 0;
}
