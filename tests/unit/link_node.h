/* tests/unit/link_node.h - a node's link process in the test's own: links, what was heard of them,
 * and a router. */
#pragma once

#include "services/network/link/links.h"
#include "tests/unit/link_router.h"
#include "tests/unit/secure_world.h"

/* What happened, counted; with `lock`. */
struct link_news {
    unsigned up;
    unsigned carries;
    unsigned down;
    unsigned missed;
    unsigned messages;
    uint64_t link; /* of the last `up` */
    bool joining;  /* the last `up` was */
    struct public_key key;
    const char *reason; /* of the last `down` or `missed` */
    size_t message_size;
    uint8_t message[64]; /* the beginning of the last one */
};

struct link_node {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct link_news news;
    struct links *links;
    struct handshake_self self;
    struct links_identity identity;
    struct mu_client *client;
    struct link_router router;
    /* Called with each message, with the links' lock; may be NULL. */
    void (*on_message)(struct link_node *node, uint64_t link, struct span message);
    void *user;
};

/* Certificates that are valid for an hour from now. */
void link_world_init(struct world *world);

/* Node `at` of a world, with a router and the options (may be NULL); it listens nowhere. */
void link_node_open(struct link_node *node, const struct world *world, enum world_node at,
        const struct links_options *options);
void link_node_close(struct link_node *node);

/* Listens at a port of 127.0.0.1, or of `host`; `address` is where. */
void link_node_listen(struct link_node *node, char address[32]);

void link_node_dial(struct link_node *node, const char *address);

/* Waits until a counter is `count` at least. */
void link_node_wait(struct link_node *node, const unsigned *counter, unsigned count);

struct link_news link_node_news(struct link_node *node);

/* Describes its one link; a state of NONE where it has none. */
struct link_info link_node_info(struct link_node *node);

/* Waits for what `is` says of that. */
void link_node_wait_info(struct link_node *node, bool (*is)(const struct link_info *info));

/* Two nodes that are linked: `one` dialled `two`. */
void link_nodes_link(struct link_node *one, struct link_node *two);
