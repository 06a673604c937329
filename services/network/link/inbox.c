// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/inbox.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "services/network/link/network_limits.h"

void inbox_init(struct inbox *inbox)
{
    pthread_condattr_t attributes;

    *inbox = (struct inbox){ .bytes = 0 };
    list_init(&inbox->items);
    pthread_mutex_init(&inbox->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&inbox->filled, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* Answers of the router that come late still find it, and closed. */
void inbox_deinit(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    list_for_each_safe (node, &inbox->items)
        free(list_entry(node, struct inbox_item, link));
    list_init(&inbox->items);
    inbox->closed = true;
    pthread_mutex_unlock(&inbox->lock);
}

struct inbox_item *inbox_item_new(enum inbox_kind kind, struct span bytes)
{
    struct inbox_item *item = malloc(sizeof(*item) + bytes.size);

    if (item == NULL)
        return NULL;
    *item = (struct inbox_item){ .kind = kind, .size = bytes.size };
    if (bytes.size > 0)
        memcpy(item->bytes, bytes.data, bytes.size);
    return item;
}

static size_t item_size(const struct inbox_item *item)
{
    return sizeof(*item) + item->size;
}

/* What waits of one link. Only looked at when much waits. */
static size_t bytes_of(const struct inbox *inbox, uint64_t link)
{
    size_t bytes = 0;

    list_for_each (node, &inbox->items) {
        const struct inbox_item *item = list_entry(node, struct inbox_item, link);

        if (item->kind == INBOX_MESSAGE && item->peer.link == link)
            bytes += item_size(item);
    }
    return bytes;
}

/* One peer's share leaves room for others, unless all of them shout at once. */
static bool has_room(const struct inbox *inbox, const struct inbox_item *item)
{
    if (inbox->closed)
        return false;
    if (item->kind != INBOX_MESSAGE || inbox->bytes < INBOX_LINK_SIZE_MAX)
        return true;
    return inbox->bytes + item_size(item) <= INBOX_SIZE_MAX &&
           bytes_of(inbox, item->peer.link) + item_size(item) <= INBOX_LINK_SIZE_MAX;
}

enum inbox_outcome inbox_put(struct inbox *inbox, struct inbox_item *item)
{
    enum inbox_outcome outcome = INBOX_FULL;

    pthread_mutex_lock(&inbox->lock);
    if (has_room(inbox, item)) {
        list_push(&inbox->items, &item->link);
        inbox->bytes += item_size(item);
        pthread_cond_signal(&inbox->filled);
        outcome = INBOX_OK;
    }
    pthread_mutex_unlock(&inbox->lock);
    return outcome;
}

/* False when the time is over. */
static bool wait_until(struct inbox *inbox, uint64_t until_ms)
{
    const struct timespec until = { .tv_sec = (time_t)(until_ms / 1000),
        .tv_nsec = (long)(until_ms % 1000) * 1000000 };

    if (until_ms == UINT64_MAX)
        return pthread_cond_wait(&inbox->filled, &inbox->lock) == 0;
    return pthread_cond_timedwait(&inbox->filled, &inbox->lock, &until) == 0;
}

struct inbox_item *inbox_take(struct inbox *inbox, uint64_t until_ms)
{
    struct inbox_item *item = NULL;
    bool in_time = true;

    pthread_mutex_lock(&inbox->lock);
    while (list_is_empty(&inbox->items) && !inbox->closed && !inbox->woken && in_time)
        in_time = wait_until(inbox, until_ms);
    inbox->woken = false;
    if (!list_is_empty(&inbox->items) && !inbox->closed) {
        item = list_entry(inbox->items.next, struct inbox_item, link);
        list_remove(&item->link);
        inbox->bytes -= item_size(item);
    }
    pthread_mutex_unlock(&inbox->lock);
    return item;
}

void inbox_wake(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    inbox->woken = true;
    pthread_cond_signal(&inbox->filled);
    pthread_mutex_unlock(&inbox->lock);
}

void inbox_close(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    inbox->closed = true;
    pthread_cond_signal(&inbox->filled);
    pthread_mutex_unlock(&inbox->lock);
}

bool inbox_is_closed(struct inbox *inbox)
{
    bool closed;

    pthread_mutex_lock(&inbox->lock);
    closed = inbox->closed;
    pthread_mutex_unlock(&inbox->lock);
    return closed;
}
