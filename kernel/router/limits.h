/* kernel/router/limits.h - what one router carries. docs/limits.md quotes it. */
#pragma once

enum {
    ROUTER_PEERS_MAX = 4096,        /* channels */
    ROUTER_CALLS_MAX = 65536,       /* calls under way */
    ROUTER_SERVICES_MAX = 4096,     /* names of services that were here */
    ROUTER_CALLS_MADE_MAX = 8192,   /* calls that one channel has under way */
    ROUTER_CALLS_TAKEN = 2048,      /* calls that one instance is sent at a time, by default */
    ROUTER_CALLS_TAKEN_MAX = 16384, /* the most that it may ask for */
    ROUTER_HELLO_SIZE_MAX = 8192,   /* bytes of a Hello, its metadata included */
    ROUTER_NODE_BODY_MAX = 131072,  /* bytes of a call to the supervisor: one packet */
    ROUTER_REFUSED_MAX = 128,       /* calls of one channel refused for want of room … */
    ROUTER_REFUSED_MS = 100,        /* … in this time, before it is not read from for a moment: */
    ROUTER_THROTTLE_MS = 100,       /* of this length, … */
    ROUTER_THROTTLE_SERVING_MS = 16,  /* … or of this one where others wait for its answers */
    ROUTER_SLOW_MS = 10000,           /* one that takes nothing for so long is closed … */
    ROUTER_SLOW_BYTES = 4194304,      /* … while so many bytes wait for it */
    ROUTER_SHARE_FREE = 8388608,      /* bytes waiting for a peer above which its senders share */
    ROUTER_TICK_MS = 8,               /* how exactly deadlines are kept */
    ROUTER_RESET_INSTANCES_MAX = 512, /* in one message to the registry */
    ROUTER_NODES_MAX = 256,           /* node channels, connected or still to be */
    ROUTER_CLIENTS_MAX = 256,         /* channels of clients without a node, the same */
    ROUTER_NODE_NAME_MAX = 64,        /* bytes of another node's name, and of its owner's */
    ROUTER_NODE_CALLS_MAX = 16384,    /* calls under way over one node channel, each way */
    ROUTER_CALLS_KEPT = 16384,        /* of ROUTER_CALLS_MAX: not for calls of other nodes */
    ROUTER_HOPS_MAX = 3,              /* links that a call may go over */
    ROUTER_ROUTES_MAX = 4096,         /* services reached through one node channel */
    ROUTER_NAMES_LEARNED_MAX = 4096,  /* names known from other nodes alone */
    ROUTER_NAMES_CHAINED_MAX = 16,    /* such a name is left out where so many have its hash */
    ROUTER_CAPS_MAX = 1024,           /* capabilities that one process holds */
    ROUTER_GRANTS_MAX = 512,          /* of a node's operators */
    ROUTER_TRANSIT_MAX_US = 2000000,  /* on the way from another node */
    ROUTER_USERS_MAX = 2048,          /* access tokens that are known to be good, or in use */
    ROUTER_BUDGETS_MAX = 4096,        /* blocks of tokens whose calls are counted */
    ROUTER_REVOKED_MAX = 4096,        /* revocations of tokens and of subjects */
    NOTES_MAX = 16,                   /* refusals told to the service `auth` at a time */
    NOTE_REASON_MAX = 255,            /* bytes of why, in one of them */
    NOTE_PAUSE_US = 1000000,          /* between two such notes */
    METER_METHODS_MAX = 2048,         /* rows of methods and services that are counted */
    METER_METHODS_THERE_MAX = 1024,   /* of them, of services on other nodes */
    METER_SERVICE_METHODS_MAX = 256,  /* methods of one service with a row of their own */
    METER_PAGE_MAX = 64,              /* rows in one answer of router.Meter */
    JOURNAL_CALLS_MAX = 4096,         /* calls that ended with OK and are remembered */
    JOURNAL_FAILURES_MAX = 2048,      /* calls that ended otherwise and are remembered */
    JOURNAL_PAGE_DEFAULT = 100,       /* calls in one answer of router.Calls, by default */
    JOURNAL_PAGE_MAX = 512,           /* calls in one answer of router.Calls */
    JOURNAL_DECISIONS_MAX = 6,        /* of those considered for a call, remembered with it */
    JOURNAL_MESSAGE_MAX = 256         /* bytes of a status's message that are remembered */
};

/* Calls that wait for an instance on its way. */
enum {
    ROUTER_WAITING_MAX = 4096,           /* calls */
    ROUTER_WAITING_BYTES_MAX = 16777216, /* that they brought */
    ROUTER_WAITING_ASK_MS = 200,  /* one that ended is expected, until the supervisor says more */
    ROUTER_WAITING_RETRY_MS = 100 /* retry_after_ms of a call that waited for nobody */
};

/* Node channels that end on purpose: the link service is restarted, or a router. */
enum {
    ROUTER_PARTING_MS = 3000,     /* for calls under way over those of a link service that stops */
    ROUTER_PARTING_LAST_MS = 500, /* behind that, for the last word of the other side */
    ROUTER_AWAY_MS = 12000,       /* a way that ended on purpose is waited for */
    ROUTER_LEARNING_MS = 5000,    /* a new router may not know yet what other nodes offer */
    ROUTER_AWAY_MAX_MS = 60000    /* the longest that others may have us wait for one */
};

/* The end of a router that is restarted on purpose. */
enum {
    ROUTER_DRAIN_TOLD_MS = 1000,   /* for a caller to say that it heard of it */
    ROUTER_DRAIN_ENDLESS_MS = 500, /* for calls under way that have no deadline, as streams */
    ROUTER_DRAIN_RETRY_MS = 500    /* retry_after_ms of a call that came too late */
};
