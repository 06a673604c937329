/* base/list.h - a doubly linked ring, embedded in what it links. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next; /* borrowed: the neighbours, or the head itself */
    struct list *prev;
};

#define list_entry(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

/* Walks `node` over the ring; the body must not remove it. */
#define list_for_each(node, head)                                                                  \
    for (struct list *node = (head)->next; node != (head); node = node->next)

/* The same, for a body that may remove `node`. */
#define list_for_each_safe(node, head)                                                             \
    for (struct list *node = (head)->next, *node##_next = node->next; node != (head);              \
            node = node##_next, node##_next = node->next)

static inline void list_init(struct list *head)
{
    head->next = head;
    head->prev = head;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

/* Appends `node`, which is in no ring, at the end. */
static inline void list_push(struct list *head, struct list *node)
{
    node->next = head;
    node->prev = head->prev;
    head->prev->next = node;
    head->prev = node;
}

/* Takes `node` out of its ring and leaves it a ring of its own, so that a second removal is fine.
 */
static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}
