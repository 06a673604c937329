/* kernel/router/limits.h - what one router carries. docs/limits.md quotes it. */
#pragma once

enum {
    ROUTER_PEERS_MAX = 4096,          /* channels */
    ROUTER_CALLS_MAX = 65536,         /* calls under way */
    ROUTER_SERVICES_MAX = 4096,       /* names of services that were here */
    ROUTER_CALLS_MADE_MAX = 8192,     /* calls that one channel has under way */
    ROUTER_CALLS_TAKEN = 2048,        /* calls that one instance is sent at a time, by default */
    ROUTER_CALLS_TAKEN_MAX = 16384,   /* the most that it may ask for */
    ROUTER_HELLO_SIZE_MAX = 8192,     /* bytes of a Hello, its metadata included */
    ROUTER_NODE_BODY_MAX = 131072,    /* bytes of a call to the supervisor: one packet */
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
    POLICIES_MAX = 128,               /* that hold at a time on one node */
    POLICY_ENDPOINTS_KEPT = 512,      /* endpoints whose policies are found already */
    POLICY_KEPT_BYTES_MAX = 16777216, /* of calls that may be sent again; beyond it none is */
    POLICY_RETRIES_MAX = 3,           /* tries after the first */
    POLICY_RETRY_PERCENT = 10,        /* of a policy's calls that may be tried again */
    POLICY_RETRIES_SAVED = 20,        /* retries at once, whatever its calls: the budget's bucket */
    POLICY_BACKOFF_MAX_MS = 10000,    /* the longest first pause that one may ask for */
    POLICY_EJECTIONS_MAX = 10,        /* an instance is left out for eject_ms times this at most */
    POLICY_BREAKER_MAX = 1000000,     /* failures in a row that one may ask for */
    POLICY_BREAKER_CALLS_MIN = 10,    /* in a window, below which its part that failed says little */
    POLICY_BREAKER_MAX_MS = 600000,   /* the longest window and eject_ms */
    POLICY_RATE_MAX = 1000000,        /* calls a second that one may ask for, and at once */
    POLICY_WEIGHTS_MAX = 8,           /* versions with a share of their own */
    POLICY_LABELS_MAX = 4,            /* labels that instances must have */
    POLICY_LABEL_SIZE_MAX = 63,       /* bytes of a label's key, and of its value */
    POLICY_FAULT_MAX_MS = 3600000     /* for which a fault may be put into calls */
};
