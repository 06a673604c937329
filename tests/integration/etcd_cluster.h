/* tests/integration/etcd_cluster.h - a real etcd cluster of three members on loopback ports of its
 * own, which can be hurt, and a way to it that does not go through a node. What must not fail fails
 * the test. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "registry/etcd/gateway.h"
#include "tests/unit/registry_folder.h"

enum { CLUSTER_MEMBERS = 3 };

struct member {
    pid_t pid;  /* 0: it does not run */
    int output; /* its standard error */
    uint16_t client_port;
    uint16_t peer_port;
};

struct cluster {
    struct folder folder;
    struct member members[CLUSTER_MEMBERS];
    struct gateway gateway;
    char endpoints[256]; /* as a node file has them */
};

/* Starts all members and waits until they serve. */
void cluster_start(struct cluster *cluster);
void cluster_stop(struct cluster *cluster);

/* SIGKILL, and the same again from its own disk. */
void cluster_kill(struct cluster *cluster, int member);
void cluster_restart(struct cluster *cluster, int member);

/* SIGSTOP and SIGCONT: it keeps its connections and says nothing. */
void cluster_freeze(struct cluster *cluster, int member);
void cluster_thaw(struct cluster *cluster, int member);

/* Kills a member, empties its disk, and has it join anew. */
void cluster_wipe_member(struct cluster *cluster, int member);

/* Kills all members, empties their disks, and starts them as a new cluster at the same ports. */
void cluster_wipe(struct cluster *cluster);

int cluster_leader(struct cluster *cluster);

/* The member that listens at `endpoint`. */
int cluster_member(const struct cluster *cluster, const char *endpoint);

/* Asks any member, until one answers. The caller frees the answer. */
char *cluster_ask(struct cluster *cluster, const char *path, const char *request);

/* Writes and deletes a key, as somebody who got hold of etcd. */
void cluster_put(struct cluster *cluster, const char *key, struct mu_bytes value);
void cluster_delete(struct cluster *cluster, const char *first, const char *behind);

/* The value of a key, for the caller to free; size 0 and NULL where there is none. */
struct mu_bytes cluster_get(struct cluster *cluster, const char *key);

/* Forgets all revisions before the last. */
void cluster_compact(struct cluster *cluster);
