/* registry/etcd/limits.h - every limit of the registry's messenger to etcd, by name. docs/limits.md
 * quotes them. */
#pragma once

enum {
    ETCD_ENDPOINTS_MAX = 8,           /* members of a cluster that are asked */
    ETCD_ENDPOINT_SIZE_MAX = 255,     /* bytes of `http://host:port` */
    ETCD_PREFIX_SIZE_MAX = 127,       /* bytes of what all keys start with */
    ETCD_KEY_SIZE_MAX = 383,          /* bytes of a key that is looked at */
    ETCD_NODES_MAX = 1023,            /* other nodes that are believed */
    ETCD_OFFERS_MAX = 1024,           /* instances that a node offers to others */
    ETCD_REGISTRATIONS_MAX = 4096,    /* of this node */
    ETCD_STATEMENT_SIZE_MAX = 786432, /* bytes of a statement */
    ETCD_ANSWER_SIZE_MAX = 16777216,  /* bytes of one answer, or of one event of a watch */
    ETCD_PAGE_KEYS = 64,              /* keys that are asked for at a time */
    ETCD_PAGES_MAX = 1024,            /* of a list; what is behind them is not looked at */
    ETCD_CACHE_TYPES_MAX = 33554432,  /* bytes of others' types that are kept for a restart */
    ETCD_ANSWER_MS = 2000,            /* for each answer; then the next member is asked */
    ETCD_KEEP_MS = 3000,              /* for a registration to be kept, whoever is asked */
    ETCD_LEASE_S = 10,                /* s that what a node offers stays in etcd without it */
    ETCD_RENEW_MS = 3000,             /* between two renewals of that */
    ETCD_OFFERS_MS = 100,             /* between two times that a node writes what it offers */
    ETCD_BACKOFF_FIRST_MS = 50,       /* the first pause before all members were asked again */
    ETCD_BACKOFF_MAX_MS = 2000,       /* the longest; it doubles up to it */
    ETCD_PENDING_MS = 30000, /* a kept registration waits so long for the registry's word */
    ETCD_NEWS_MAX = 1024     /* the registry's news that wait to be looked at */
};
