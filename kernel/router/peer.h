/* kernel/router/peer.h - one channel as the router's core sees it: who is there, what waits for it,
 * which calls it makes and takes. Behind it is a process or, on a node channel, a whole node. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "kernel/router/breaker.h"
#include "kernel/router/bucket.h"
#include "kernel/router/call.h"
#include "kernel/router/claim.h"
#include "kernel/router/drain.h"
#include "transport/outbox.h"

struct method;
struct neighbour;
struct service;
struct user;

/* A call that rights let through: another one of which all of this holds is let through, too, and
 * nothing needs to be asked again. */
struct passed {
    const struct method *method;   /* NULL: there was none */
    const struct service *service; /* that its caller was */
    uint64_t user;                 /* number of the one on whose behalf it was; 0: nobody's … */
    uint64_t presenter;            /* … and of the one whose token its channel has */
    uint64_t rules;                /* number of those that were asked */
};

enum peer_state {
    PEER_CALLER,  /* calls others and serves nothing (yet); also a node channel */
    PEER_HELLO,   /* said which service it is */
    PEER_READY,   /* takes calls */
    PEER_DRAINING /* takes no new calls */
};

/* By the manifest; 0: by default. */
struct peer_limits {
    uint32_t calls_max;      /* that it is sent at a time */
    uint32_t calls_made_max; /* that it makes at a time */
    uint32_t rate;           /* calls that it makes in a second; 0: as many as it can */
};

/* What the shell knows of a new channel, from the kernel or from the supervisor. */
struct peer_identity {
    uint32_t uid;
    uint32_t pid;
    bool is_operator;  /* its uid owns the node */
    uint64_t instance; /* 0: not started by the supervisor */
    const char
            *service;  /* borrowed during the call: admitted as this one; NULL unless supervised */
    const char *space; /* the same: its namespace; NULL or "": none */
    struct peer_limits limits;
    struct span calls;   /* borrowed during the call: the manifest's patterns, each with a NUL */
    struct span exports; /* the same: endpoints and to whom, in turn, each with a NUL */
    uint64_t channel;    /* of router.Link: a node's, or a client's; 0: none, but a process */
    bool is_client;      /* with `channel`: a client's */
    enum frame_link link;
};

struct peer {
    struct list link;  /* in router.peers */
    struct list dirty; /* in router.dirty while something waits to be sent */
    struct outbox out;
    void *user;            /* the shell's own */
    bool doomed;           /* the shell is to close it */
    bool throttled;        /* the shell is not to read from it; router.throttled ends that */
    bool slow;             /* it is doomed for that it takes nothing */
    uint64_t taken;        /* bytes, as the shell says of those in router.slow */
    uint64_t taken_before; /* … and what that was at taken_since_us */
    uint64_t taken_since_us;
    struct list by_slow; /* in router.slow while much waits for it */
    uint32_t refused;    /* calls refused for want of room since refused_since_us */
    uint64_t refused_since_us;
    uint64_t throttle_end_us;
    struct list by_throttle;     /* in router.throttled while throttled */
    struct neighbour *neighbour; /* borrowed: router.neighbours'; NULL unless a node channel */
    struct neighbour *visitor;   /* the same, of a client's channel */

    uint64_t instance;
    uint32_t uid;
    uint32_t pid;
    bool is_operator;
    bool supervised;
    bool internal; /* the supervisor, or the router itself */
    enum peer_state state;
    enum farewell farewell;
    bool parts;              /* a link service that waits until its channels may end */
    struct service *service; /* borrowed: services live as long as the router; NULL for a caller */
    char admitted[SERVICE_NAME_MAX + 1]; /* the name it must say; "" for any */
    char space[SERVICE_NAME_MAX + 1];    /* its namespace, by its manifest; "" for none */
    uint8_t *stamp; /* owned: a packed mu.bus.v1.Caller, put on each of its calls; NULL for a node
                       channel, each of whose calls says who makes it */
    size_t stamp_size;
    uint8_t *notice; /* owned: a packed mu.registry.v1.AttachRequest; NULL unless a service */
    size_t notice_size;
    char version[32];

    char *exports; /* owned: its endpoints and who may call them, in turn, each with a NUL; NULL:
                      all of them, all */
    size_t exports_size;
    char *labels; /* owned: its metadata, keys and values in turn, each with a NUL; NULL: none */
    size_t labels_size;
    char *idempotent; /* owned: its methods that are, each with a NUL; NULL: none says so */
    size_t idempotent_size;
    struct breaker breaker;
    bool bound;       /* it calls what its capabilities cover, and nothing else */
    struct list caps; /* owned: struct cap.by_holder */
    uint32_t cap_count;

    struct user *on_behalf; /* held: of the token that it presented; NULL: its calls are its own */

    struct list claims; /* struct claim: at those that it calls; they go when their calls do */
    uint32_t claimants; /* callers that have calls here */

    struct call_index index; /* its calls by their ids */
    struct list calls_made;  /* struct call.by_caller */
    struct list copies;      /* the same of copies of its calls (mirror.h) */
    struct list calls_taken; /* struct call.by_callee */
    struct list waiting;     /* struct tally.waiting: calls in `out`, behind a send under way */
    struct method *called;   /* borrowed, for good: that it called last, most likely the next one,
                                too; NULL: none */
    struct passed passed;    /* its last call that users or rules had a say in */
    uint32_t calls_made_count;
    uint32_t calls_taken_count; /* also those whose callers gave up: it may be busy with them */
    uint32_t calls_max;         /* that it takes at a time */
    uint32_t calls_made_max;    /* that it makes at a time */
    uint32_t rate;              /* that it makes in a second; 0: as many as it can */
    struct bucket bucket;       /* with `rate` */
    size_t body_max;            /* bytes of a call's body that it can take */
    uint32_t latency_us;        /* smoothed */
    uint64_t heard_us;          /* when the youngest call was sent that it answered, … */
    uint64_t lost_us;           /* … and the youngest whose time ran out */
    bool silent;                /* that is the younger one (silence.h) */
    uint32_t place;             /* index in service->ready, while READY */
    uint64_t calls;             /* ever taken */
};
