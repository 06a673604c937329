/* registry/etcd/messenger.h - mu-etcd around its parts: etcd on one side, this node's registry on
 * the other, and one thread that goes between them.
 *
 * Handlers and the follower of the registry's news hand over under the lock, and the thread takes
 * from there; all else is the thread's alone. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "mu/registry/v1/registry.pb-c.h"
#include "mu/service.h"
#include "registry/etcd/cache.h"
#include "registry/etcd/gateway.h"
#include "registry/etcd/holdings.h"
#include "registry/etcd/neighbours.h"
#include "registry/etcd/offers.h"

/* A call that waits until etcd keeps a registration, or keeps it no more. */
struct job {
    struct list link;
    struct mu_call *call; /* owned: to be answered */
    char service[REGISTRY_NAME_MAX + 1];
    uint8_t *manifest; /* owned; NULL: drop it */
    size_t manifest_size;
    uint64_t deadline_ms;
    bool taken; /* its holding knows */
};

/* Something that the registry told. */
struct news {
    struct list link;
    Mu__Registry__V1__WatchReply *told; /* owned; NULL: the registry went away */
};

/* How all of it stands, for Show. */
struct standing {
    bool fresh;
    uint64_t stale_ms;      /* clock_ms since when it is not */
    uint64_t stale_since_s; /* the same, in unix time */
    char reason[GATEWAY_REASON_MAX];
    char endpoint[ETCD_ENDPOINT_SIZE_MAX + 1];
    uint64_t revision;
    uint32_t registrations;
    uint32_t registrations_kept;
    uint64_t counts[NEIGHBOURS_OUTCOMES];
};

struct messenger {
    /* Guarded by `lock`. */
    pthread_mutex_t lock;
    pthread_cond_t room; /* in `news`, or the end */
    struct list jobs;    /* new ones, of struct job.link */
    struct list news;    /* of struct news.link */
    uint32_t news_count;
    bool over;
    struct standing standing;
    struct neighbour *neighbour_copy; /* owned: of neighbours.slots, without the statements */
    struct mu_stream *stream;         /* borrowed from the follower: the one it reads from */

    /* Set before the threads start. */
    struct mu_client *client; /* borrowed for good */
    char node[REGISTRY_NODE_MAX + 1];
    char prefix[ETCD_PREFIX_SIZE_MAX + 1];
    uint8_t secret[STATEMENT_SECRET_SIZE];
    uint8_t key[STATEMENT_KEY_SIZE];
    struct roster roster;
    pthread_t thread;
    pthread_t follower;
    uint32_t threads; /* that run: 0 to 2 */

    /* The thread's own. */
    struct gateway gateway;
    struct cache cache;
    struct neighbours neighbours;
    struct holdings holdings;
    struct offers offers;
    struct list waiting;      /* jobs that were taken, of struct job.link */
    bool listed;              /* all was read, and each change since then, up to `revision` */
    bool connected;           /* asked last with success, and watched */
    bool registry_lives;      /* its news is complete, and it answers */
    uint64_t registry_ms;     /* when to ask it again, where it did not answer */
    uint64_t journal;         /* the registry's, by its number */
    uint64_t adopted;         /* the journal that held all that etcd keeps; 0: none yet */
    uint64_t revision;        /* of etcd, up to which all is known */
    uint64_t lease;           /* 0: none */
    uint64_t offers_revision; /* of this node's offers in etcd; 0: not there */
    uint64_t offers_ms;       /* when they may be written again */
    uint64_t renew_ms;        /* when the lease is to be renewed */
    uint64_t retry_ms;        /* when to connect again */
    uint64_t import_ms;       /* when to import all again */
    uint64_t away_ms;         /* since when etcd does not answer; 0: it does */
    uint32_t backoff_ms;
    uint32_t failures; /* members that failed in a row */
};

/* ---- upstream.c: etcd ---- */

/* Connects, lists all, opens the watch. Returns 0 or -errno, after which the next member is up. */
int upstream_connect(struct messenger *messenger);

/* Takes what the watch has. Returns 0, or -errno where the connection is to be given up. */
int upstream_hear(struct messenger *messenger);

/* Renews the lease of what this node offers, when that is due. Returns as upstream_hear. */
int upstream_renew(struct messenger *messenger);

/* Gives the connection up: from now on what is known is stale. */
void upstream_leave(struct messenger *messenger);

/* This node says goodbye: its lease is revoked, so that nobody waits for it to run out. */
void upstream_close(struct messenger *messenger);

/* Asks etcd, and frees `request`, which may be NULL for want of memory. Returns as gateway_ask. */
int upstream_ask(
        struct messenger *messenger, const char *path, char *request, struct mu_bytes *answerp);

/* ---- upkeep.c: what this node writes ---- */

/* Publishes types and offers, keeps and drops registrations: all that changed. Returns as
 * upstream_hear. */
int upkeep_tell(struct messenger *messenger);

/* When there is something to tell; UINT64_MAX: nothing. */
uint64_t upkeep_due(const struct messenger *messenger, uint64_t now_ms);

/* The set of these types from etcd, checked; the caller frees `*setp`. Returns 0; -ENOENT where
 * there is none, or another; -errno. */
int upkeep_fetch_types(
        struct messenger *messenger, const uint8_t types[32], uint8_t **setp, size_t *sizep);

/* ---- downstream.c: the registry ---- */

/* Follows the registry's news, until the end: a thread's function. */
void *downstream_follow(void *messenger);

/* Takes one piece of news. */
void downstream_take(struct messenger *messenger, const Mu__Registry__V1__WatchReply *told);

/* Imports what changed, takes over registrations, asks for what is not known. */
void downstream_tell(struct messenger *messenger);

/* What the registry knows of the types of an offer, for the caller to free; NULL where it knows
 * nothing. Returns false where it does not answer. */
bool downstream_describe(struct messenger *messenger, const struct offer *offer,
        Mu__Registry__V1__DescribeReply **replyp);

/* ---- messenger.c ---- */

/* Opens the cache in `state_dir`, takes from it what was known, and starts. `settings` are borrowed
 * during the call. Returns 0; -EINVAL with a line in the log; -errno. */
int messenger_open(struct messenger *messenger, struct mu_client *client,
        const Mu__Node__V1__RegistrySettings *settings, const char *state_dir);

/* Ends the threads, and frees all. Safe on zeroes. */
void messenger_close(struct messenger *messenger);

/* Takes a job over: answers its call when it is done, or when its time is over. */
void messenger_add(struct messenger *messenger, struct job *job);

struct job *job_free(struct job *job);
