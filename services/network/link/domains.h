/* services/network/link/domains.h - names that an operator told this node to find others by: DNS is
 * asked at the start and now and then while there are few links, on a thread that ends with the
 * answer. With the mesh's lock. */
#pragma once

#include <pthread.h>

#include "services/network/link/srv.h"

struct mesh;

struct domains {
    char names[DOMAINS_MAX][ADDRESS_SIZE_MAX + 1];
    uint32_t count;
    uint32_t next;                          /* which name is asked for next */
    uint64_t next_ms;                       /* when */
    struct srv_answer answers[DOMAINS_MAX]; /* what is dialled because of each */
    bool asking;
    pthread_t thread;          /* while it asks; to be joined when it has */
    struct sockaddr_in server; /* of MU_LINK_DNS; without a port: resolv.conf's */
};

/* Reads MU_LINK_DNS. */
void domains_init(struct domains *domains);

/* Finds nodes by `name` from now on. False where there are DOMAINS_MAX. */
bool domains_add(struct mesh *mesh, const char *name);

/* Asks if it is time. Returns when to look again. */
uint64_t domains_due(struct mesh *mesh, uint64_t now_ms);

/* Forgets all names, and waits for the thread, SRV_MS at most. Without the lock. */
void domains_stop(struct mesh *mesh);
