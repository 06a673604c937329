/* kernel/limits.h - the supervisor's limits, by name. docs/limits.md quotes them. */
#pragma once

enum {
    SERVICES_MAX = 512,          /* services of a node, router and registry among them */
    CHILDREN_MAX = 1024,         /* processes of all services together */
    WAITERS_MAX = 64,            /* callers that wait for a service to be down */
    REGISTRY_STARTS_MAX = 3,     /* tries to start the registry before a boot is given up */
    SETTLE_MAX_MS = 10000,       /* a boot waits so long for services once the kernel is up */
    BACKOFF_FIRST_MS = 100,      /* the largest pause before the second restart; it doubles */
    BACKOFF_HEALTHY_MS = 60000,  /* one that was up for so long starts again at once */
    BACKOFF_KERNEL_MAX_MS = 500, /* the largest pause of router and registry */
    CHANNEL_LOST_MS = 500,       /* for a process whose channel closed to exit by itself */
    LOG_FILE_MAX = 8388608,      /* bytes of a log, above which a new file is begun */
    LOG_FILES_OLD = 3,           /* older files kept: NAME.log.1 is the newest of them */
    LOG_SCAN_MAX = 1048576,      /* bytes of logs that one call of node.Logs looks through */
    LOG_PAGE_LINES_MAX = 64,     /* lines in its answer */
    LOG_PAGE_SIZE_MAX = 131072,  /* bytes of them */
    OUTPUT_LINE_MAX = 4096,      /* bytes of a line; longer ones are cut in two */
    OUTPUT_TURN_MAX = 65536,     /* bytes of one process's output read at a time */
    OUTPUT_RATE_MAX = 1048576,   /* bytes of it read within OUTPUT_RATE_MS; the rest waits */
    OUTPUT_RATE_MS = 100,        /* ms */
    OUTPUT_LAST_MAX = 262144,    /* bytes of it read after its process ended */
    CONTROL_PACKET_MAX = 200000, /* bytes of one packet between supervisor and router */
    CONTROL_QUEUE_MAX = 4194304, /* bytes that wait for a router which does not read */
    GRANTS_MAX = 512,            /* endpoints and patterns that operators granted, all together */
    GRANT_ENDPOINTS_MAX = 64,    /* of one grant */
    GRANT_SIZE_MAX = 16384,      /* bytes of its file */
    POLICY_SIZE_MAX = 16384,     /* bytes of a policy's file */
    REPLY_SIZE_MAX = 196608      /* bytes of one of the supervisor's answers */
};

/* A router that is restarted on purpose, or a node that is upgraded. */
enum {
    DRAIN_DEFAULT_MS = 3000, /* for calls under way, where nobody says it: others wait meanwhile */
    DRAIN_MAX_MS = 30000,    /* the most that one may ask for */
    DRAIN_ANSWER_MS = 2000,  /* beyond that, for the router to say that it is done */
    TURNOVER_SETTLE_MS = 5000, /* calls wait so long for services once the kernel is up again */
    SUCCESSOR_TRY_MS = 3000    /* for a program that is to take over to say its version */
};

/* What the router is told to expect. */
enum {
    EXPECTED_MS = 2000,          /* calls wait so long for a service that starts */
    EXPECTED_PAUSE_MAX_MS = 1000 /* and for one that pauses before its next start no longer */
};
