/* client/item.h - items of a stream that wait for whoever takes them, in order. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "transport/envelope.h"

struct item {
    struct item *next; /* owned: by the queue, while it is in one */
    size_t size;
    uint8_t bytes[];
};

struct item_queue {
    struct item *first; /* owned */
    struct item *last;
};

/* Appends a copy. False where memory ends. */
static inline bool item_push(struct item_queue *queue, struct span body)
{
    struct item *item = malloc(sizeof(*item) + body.size);

    if (item == NULL)
        return false;
    item->next = NULL;
    item->size = body.size;
    if (body.size != 0)
        memcpy(item->bytes, body.data, body.size);
    if (queue->first == NULL)
        queue->first = item;
    else
        queue->last->next = item;
    queue->last = item;
    return true;
}

/* The oldest one, the caller's from here on; NULL where there is none. */
static inline struct item *item_pop(struct item_queue *queue)
{
    struct item *item = queue->first;

    if (item != NULL)
        queue->first = item->next;
    return item;
}

static inline void item_clear(struct item_queue *queue)
{
    struct item *item;

    while ((item = item_pop(queue)) != NULL)
        free(item);
}
