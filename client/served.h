/* client/served.h - a call that this process serves: the inside of a struct mu_call. */
#pragma once

#include <stdatomic.h>

#include "client/alarm.h"
#include "client/credit.h"
#include "client/item.h"
#include "mu/service.h"

struct host;
struct tally;

enum {
    SERVED_TAIL_MIN =
            640 /* bytes for name, body and caller that every allocation has, to be used again */
};

/* What may be due for a call, run one at a time on a handlers' thread. */
enum served_event {
    SERVED_OPEN = 1,
    SERVED_ITEM = 2,
    SERVED_END = 4,
    SERVED_CREDIT = 8,
    SERVED_TIMER = 16,
    SERVED_OVER = 32,
    SERVED_DROP = 64 /* over before it was opened: nobody's any more */
};

enum served_place {
    SERVED_IDLE,   /* in the table only */
    SERVED_QUEUED, /* something is due */
    SERVED_HELD    /* in the hands of a handlers' thread */
};

/* What a call needs only if it streams, or wants to hear of something later. Guarded by the
 * client's lock. */
struct served_rest {
    bool starved; /* a send was refused for want of credit */
    mu_call_fn on_credit;
    mu_call_fn on_over;
    mu_call_fn on_timer;
    struct alarm timer;
    struct alarm deadline;
    struct alarm refill;
    struct item_queue items;
    struct credit_sender out;
    struct credit_receiver in;
};

/* What a unary call needs stands in the first three cache lines and in the tail; of the rest it
 * touches nothing. */
struct mu_call {
    struct host *host;     /* borrowed: outlives its calls */
    struct mu_call *next;  /* borrowed: in the queue, or among the free ones */
    struct mu_call *chain; /* borrowed: in the table */
    uint64_t id;
    uint64_t deadline_us; /* of clock_us(); UINT64_MAX: none */
    uint64_t opened_us;   /* when its handler started */
    uint32_t epoch;       /* of the connection it came by */
    enum mu_shape shape;
    const struct mu_method
            *method;      /* borrowed for good; NULL until it is opened, or the library's own */
    struct tally *tally;  /* borrowed: the host's, of its method */
    void *data;           /* the handler's */
    atomic_bool over;     /* nobody waits for it any more */
    atomic_bool answered; /* the handler has let go of it */
    atomic_bool caller_read;

    /* Guarded by the client's lock. */
    bool has_rest;
    bool timed;   /* how long it took is counted already */
    uint8_t lane; /* of its caller, in the host's turns */
    enum served_place place;
    unsigned due; /* of enum served_event */

    uint8_t trace[MU_TRACE_SIZE];
    const char *name;             /* the method's, in `tail` */
    struct mu_bytes body;         /* in `tail` */
    struct mu_bytes caller_bytes; /* in `tail` */
    size_t room;                  /* of `tail` */

    /* Not cleared for a new call. */
    struct served_rest rest; /* once has_rest */
    struct mu_caller caller; /* once caller_read; texts behind the tail's bytes */
    uint8_t tail[];
};

/* The rest of a call, made ready when it is first asked for. With the lock. */
struct served_rest *served_rest(struct mu_call *call);

/* The number by which the router knows the call, on connection `epoch`. */
uint64_t served_id(const struct mu_call *call);
uint32_t served_epoch(const struct mu_call *call);

/* True where the call is on behalf of a user of this node's. Needs no lock. */
bool served_has_user(const struct mu_call *call);

/* The call that this thread is handling, or NULL. */
struct mu_call *served_current(void);
void served_set_current(struct mu_call *call);
