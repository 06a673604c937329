/* services/network/link/srv.h - nodes of a network by a name in DNS: the SRV records (RFC 2782) of
 * `_mu._tcp.NAME`. What DNS says is believed no more than any address: who is there has to prove
 * that it is of the network. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

#include "services/network/link/network_limits.h"
#include "transport/envelope.h"
#include "transport/secure/identity_limits.h"

struct srv_answer {
    uint32_t count;
    char addresses[SRV_TARGETS_MAX][ADDRESS_SIZE_MAX + 1]; /* `host:port` */
};

/* True for a domain name: labels of letters, digits and `-`, and a dot between two of them. */
bool srv_name_is_valid(struct span name);

/* Asks, and waits for the answer, SRV_MS at most. `server` may be NULL: then it is asked whom
 * /etc/resolv.conf names. Records that lead nowhere are left out. Returns 0, -EINVAL for a name
 * that is none, -ENOENT where DNS knows none, -ETIMEDOUT. */
int srv_ask(const char *name, const struct sockaddr_in *server, struct srv_answer *answer);

/* Reads the records out of a DNS answer. */
void srv_read(struct srv_answer *answer, struct span message);
