/* client/host.h - a running service: its calls, and the threads that handle them.
 *
 * The channel's thread takes a whole batch of envelopes under the client's lock and wakes the
 * handlers once; they take calls off the queue, many at a time while handlers are fast, and answers
 * gather until the batch is done. One lock, the client's, guards it all. */
#pragma once

#include "client/connection.h"
#include "client/served.h"
#include "client/served_table.h"
#include "client/tally.h"
#include "client/turns.h"
#include "mu/arena.h"

enum {
    HOST_BATCH_MAX = 256,       /* calls taken off the queue at a time */
    HOST_SPARES_MAX = 1024,     /* calls kept for later use */
    HOST_BACKLOG_MAX = 4194304, /* bytes of answers that wait for the router, above which no new
                                   calls are handled */
    HOST_LINE = 64,             /* bytes of a cache line */
    HOST_CALLS_MAX = 16384      /* the most that a manifest may ask for */
};

struct host {
    const struct mu_service *service; /* borrowed for good */
    const char *name;                 /* borrowed for good: on the bus */
    struct mu_client *client;         /* owned */
    uint32_t calls_max;
    uint64_t started_us;
    size_t batch_max; /* calls that a thread takes off the queue at a time */

    /* Guarded by the client's lock. */
    struct served_table table;
    struct turns turns;     /* what is due */
    struct mu_call *spares; /* owned */
    uint32_t spare_count;
    struct alarm_clock alarms;
    struct tallies tallies;
    uint32_t busy;      /* handlers' threads that are handling */
    uint32_t idle;      /* that wait */
    uint32_t unsettled; /* calls handled since the last settle */
    uint64_t now_us;    /* of the batch being taken; 0: not looked at yet */
    bool welcomed;      /* WELCOME came, with `welcome` */
    struct mu_status welcome;
    bool serving;  /* READY was said on this connection */
    bool draining; /* and DRAIN */
    bool closed;   /* no call is taken any more */
    bool drained;
    bool lost; /* the connection */

    atomic_uint bell; /* rung whenever a handlers' thread has reason to look */
    atomic_uint stop; /* signals that came */
    atomic_bool over; /* handlers' threads end */
};

/* Prepares a host for a client that connection_new made with host_duty. Returns 0 or -ENOMEM. */
int host_init(
        struct host *host, const struct mu_service *service, const char *name, uint32_t calls_max);
void host_deinit(struct host *host);

extern const struct connection_duty host_duty;

/* Wakes handlers' threads; any thread, any signal handler. */
void host_ring(struct host *host, int count);

/* Handles what is due, or waits for it until `until_us` of clock_us() at most. Does not wait when
 * the bell rang since it was `seen`. */
void host_turn(struct host *host, struct mu_arena *arena, unsigned seen, uint64_t until_us);

/* Says DRAIN, once and where there was a READY; with the lock. Whoever first sees that a signal
 * came does it, as any one thread may be held up by a handler. */
void host_drain(struct host *host);

/* Answers every call that is still open: the service stops. No handlers' thread runs any more. */
void host_fail_all(struct host *host);

/* ---- between intake, dispatch and answers; all with the lock ---- */

/* Something is due for the call. */
void host_raise(struct host *host, struct mu_call *call, unsigned events);

/* A call with room for `tail` bytes; NULL where memory ends. */
struct mu_call *host_call_new(struct host *host, size_t tail);

/* Frees a call that is answered and in nobody's hands. */
void host_call_free(struct host *host, struct mu_call *call);

/* The call is answered: takes it out of the table, and frees it as soon as nobody holds it. */
void host_call_end(struct host *host, struct mu_call *call);

/* Ends the call on the wire with `status`; its handler has it still, and learns that it is over. */
void host_abandon(struct host *host, struct mu_call *call, const struct mu_status *status);

/* Nobody waits for the call any more. */
void host_end_interest(struct host *host, struct mu_call *call);
