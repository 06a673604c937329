/* services/network/link/inbox.h - what happened and waits to be dealt with.
 *
 * Links and the node speak on threads of their libraries, which must not wait; what they say is
 * copied here, and one thread deals with it in order, as it may write to the disk. Bounded: who is
 * linked can fill a share of it, and no more. Safe to use from many threads. */
#pragma once

#include <pthread.h>

#include "base/list.h"
#include "services/network/link/links.h"

enum inbox_kind {
    INBOX_UP,      /* a link is up */
    INBOX_CARRIES, /* its node channel is open: `number` */
    INBOX_MESSAGE, /* a link's peer said something: `bytes` */
    INBOX_DOWN,    /* a link is down: `text` is why */
    INBOX_MISSED,  /* nothing came of dialling `address`: `text` is why */
    INBOX_OFFERS,  /* this node's services changed */
    INBOX_REPLY    /* the node answered a call: `reply` takes `bytes` */
};

struct inbox_item;
struct mesh;

/* Takes the packed answer of a call, NULL bytes where it failed. */
typedef void (*inbox_reply_fn)(struct mesh *mesh, const struct inbox_item *item);

struct inbox_item {
    struct list link;
    enum inbox_kind kind;
    struct link_peer peer; /* of UP, MESSAGE, DOWN; its address is `address` */
    char address[ADDRESS_SIZE_MAX + 1];
    char text[128];
    inbox_reply_fn reply;
    uint64_t number; /* of CARRIES: the channel's; of a reply: its own */
    size_t size;
    uint8_t bytes[]; /* of protobuf-c's, to be unpacked */
};

struct inbox {
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t filled;
    struct list items;
    size_t bytes; /* of all of them, with their heads */
    bool woken;   /* who waits is to come back */
    bool closed;
};

void inbox_init(struct inbox *inbox);

/* Frees what is left in it. It stays closed for those who come late. */
void inbox_deinit(struct inbox *inbox);

/* A new item with a copy of `bytes`; NULL without memory. */
struct inbox_item *inbox_item_new(enum inbox_kind kind, struct span bytes);

enum inbox_outcome { INBOX_OK, INBOX_FULL };

/* Puts `item`, and owns it from INBOX_OK on. Messages of links can be refused; all can, once it is
 * closed. */
enum inbox_outcome inbox_put(struct inbox *inbox, struct inbox_item *item);

/* Takes the oldest item, waiting for one until `until_ms` (base/clock.h; UINT64_MAX: for ever).
 * NULL where there is none, or the inbox is closed. The caller frees it. */
struct inbox_item *inbox_take(struct inbox *inbox, uint64_t until_ms);

/* Has inbox_take come back, now or the next time, also with nothing. */
void inbox_wake(struct inbox *inbox);

/* Wakes who waits; nothing more comes out. */
void inbox_close(struct inbox *inbox);

/* Is it closed? */
bool inbox_is_closed(struct inbox *inbox);
