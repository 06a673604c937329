/* client/credit.h - both ends of a stream's credit, in bytes. Pure.
 *
 * Each direction starts with STREAM_WINDOW; an item costs its size and STREAM_ITEM_COST. A sender
 * may send while it has any credit, so that an item larger than the window passes; the receiver
 * gives credit back as its application consumes, in steps of a quarter of the window. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/limits.h"

struct credit_sender {
    int64_t left; /* bytes; below zero by one item at most */
};

struct credit_receiver {
    int64_t open; /* bytes that the sender used and did not get back */
    int64_t owed; /* of those, consumed */
};

static inline int64_t credit_cost(size_t size)
{
    return (int64_t)size + STREAM_ITEM_COST;
}

static inline void credit_sender_init(struct credit_sender *sender)
{
    sender->left = STREAM_WINDOW;
}

/* False: not now. True: the item may leave, and is paid for. */
static inline bool credit_spend(struct credit_sender *sender, size_t size)
{
    if (sender->left <= 0)
        return false;
    sender->left -= credit_cost(size);
    return true;
}

/* Credit came; more than a window is never due. */
static inline void credit_refill(struct credit_sender *sender, uint32_t credit)
{
    sender->left += credit;
    if (sender->left > STREAM_WINDOW)
        sender->left = STREAM_WINDOW;
}

/* An item came. False where the sender had no credit left for it. */
static inline bool credit_charge(struct credit_receiver *receiver, size_t size)
{
    if (receiver->open >= STREAM_WINDOW)
        return false;
    receiver->open += credit_cost(size);
    return true;
}

/* An item was consumed. Returns the credit to give back now, or 0. */
static inline uint32_t credit_consume(struct credit_receiver *receiver, size_t size)
{
    int64_t owed = receiver->owed + credit_cost(size);

    receiver->owed = owed;
    if (owed < STREAM_WINDOW / 4)
        return 0;
    receiver->open -= owed;
    receiver->owed = 0;
    return (uint32_t)owed;
}
