/* services/network/link/network_limits.h - limits of a node in its network, by name. docs/limits.md
 * quotes them. */
#pragma once

enum {
    VAULT_SIZE_MAX = 33554432,        /* bytes of the store of a node's network */
    VAULT_TOKENS_MAX = 256,           /* join tokens that have not ended */
    VAULT_NAMES_MAX = 16384,          /* names that an authority has given away */
    VAULT_CLIENT_TOKENS_MAX = 1024,   /* client tokens that have not ended */
    VAULT_CLIENTS_MAX = 4096,         /* clients that came with one */
    CLIENT_TOKEN_USES_MAX = 1000,     /* clients that one token may let in */
    CLIENT_LIFE_DEFAULT_S = 7776000,  /* s that a client token lasts where nothing is said */
    CLIENT_LIFE_MAX_S = 31536000,     /* s that a client token may last: a year */
    ADDRESSBOOK_TOLD_MAX = 64,        /* addresses that an operator told this node to dial */
    ADDRESSBOOK_NODES_MAX = 256,      /* nodes whose addresses are kept for the next start */
    NOTEBOOK_NODES_MAX = 256,         /* nodes that may say at a time where they are */
    NOTEBOOK_KEEP_MS = 5000,          /* between two commits of where one node says it is */
    AUTHORITY_LIFE_S = 31536000,      /* s that an authority's certificate lasts: a year */
    INVITATION_LIFE_DEFAULT_S = 3600, /* s that a join token lasts where nothing is said */
    INVITATION_LIFE_MAX_S = 2592000,  /* s that a join token may last: 30 days */
    JOIN_MS = 15000,                  /* for a join, from the first dial to the certificate */
    RENEWAL_RETRY_FIRST_MS = 1000,    /* the pause before a renewal is tried again; it doubles */
    RENEWAL_RETRY_MAX_MS = 300000,    /* the largest such pause */
    RENEWAL_ANSWER_MS = 10000,        /* for an authority to answer; then the next one is asked */
    ROTATION_SETTLE_MS = 2000,       /* behind a change of keys, for a new link beside an old one */
    ROTATION_MS = 8000,              /* behind it, for calls over the old links to end */
    ROTATION_REVOKE_S = 15,          /* behind it, the old key is revoked */
    RELAYS_MAX = 32,                 /* renewals on their way to an authority for others */
    OBSERVATIONS_MAX = 64,           /* questions to nodes that are not answered yet */
    OBSERVATIONS_LINK_MAX = 12,      /* of them over one link */
    OBSERVE_MS = 2000,               /* for another node to answer one */
    OBSERVE_REQUEST_MAX = 4096,      /* bytes of a question's message */
    OBSERVE_REPLY_MAX = 262144,      /* bytes of the answer's */
    NEIGHBOURS_WANTED = 3,           /* links that a node makes by itself, if it knows so many */
    SEEKER_NODES_MAX = 1024,         /* nodes of the network whose addresses are known */
    SEEKER_RETRY_FIRST_MS = 1000,    /* the pause before a known node is dialled again */
    SEEKER_RETRY_MAX_MS = 300000,    /* the largest such pause */
    SEEKER_RETRY_PART = 60,          /* between the two: that part of the time it has been away */
    INBOX_SIZE_MAX = 16777216,       /* bytes that peers said and that wait to be read */
    INBOX_LINK_SIZE_MAX = 4194304,   /* bytes of them of one peer, when much waits */
    DOMAINS_MAX = 4,                 /* DNS names that nodes are found by */
    SRV_TARGETS_MAX = 16,            /* nodes that one DNS name may stand for */
    SRV_MS = 5000,                   /* for a DNS server to answer */
    SRV_AGAIN_MS = 300000,           /* between two questions for one name */
    OFFERS_INSTANCES_MAX = 4096,     /* local instances of which others hear */
    IMPORT_INSTANCES_MAX = 1024,     /* instances of one other node that the registry lists */
    IMPORT_OFFER_INSTANCES_MAX = 16, /* of them of one version of a service */
    DEPARTURES_MAX = 64,             /* link processes that stopped on purpose, as heard last */
    DEPARTURE_MS = 15000,            /* behind that, what is lost is waited for */
    DEPARTURE_BURST = 8,             /* such words of one neighbour that are heard at once */
    DEPARTURE_REFILL_MS = 1000,      /* ms for one more of them */
    CLERK_WAKE_MS = 30000            /* the wall clock is looked at so often */
};
