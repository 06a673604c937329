/* client/connection.h - the inside of a struct mu_client: one connection, and the calls made over
 * it.
 *
 * One lock guards it all, the channel's outbox included. Answers are told without it, on the thread
 * that received them. What such a callback calls only gathers in the outbox, and leaves with one
 * send when the batch is told: with a thousand calls in flight that is most of the speed. */
#pragma once

#include <pthread.h>

#include "client/call_plan.h"
#include "client/call_table.h"
#include "client/carrier.h"
#include "client/credentials.h"
#include "client/keeper.h"
#include "client/parking.h"
#include "client/remote.h"
#include "mu/arena.h"

enum {
    ADDRESS_MAX = 320,     /* bytes with the final NUL */
    DIAL_TIMEOUT_MS = 5000 /* for a router that accepts and does not greet */
};

/* What a service does with what is not for its client part; none of these for a client alone. */
struct connection_duty {
    /* An envelope for the service, with the lock; its spans are borrowed until the return. */
    void (*take)(void *user, const struct envelope *envelope);
    /* A batch was taken; with the lock. */
    void (*taken)(void *user);
    /* The connection is gone; without the lock. */
    void (*lost)(void *user);
};

struct mu_client {
    pthread_mutex_t lock;            /* guards everything below that is not set for good */
    pthread_cond_t changed;          /* `attached` became false */
    atomic_uint refs;                /* its owner, the carrier, each stream */
    char address[ADDRESS_MAX];       /* set for good */
    struct credentials *credentials; /* owned, set for good; NULL: it connects to a router here */
    const struct connection_duty
            *duty;   /* borrowed for good; NULL: a client alone, that dials by itself */
    void *duty_user; /* borrowed for good */

    struct mu_arena arena; /* the receiving thread's: answers are unpacked into it */

    struct carrier carrier;   /* none while there is no connection */
    struct remote *attempt;   /* counted, of the thread that dials: to a node, under way */
    uint64_t attempt_ms;      /* when it began */
    char why[REMOTE_WHY_MAX]; /* what the last one said; "" where it said nothing */
    bool attached;            /* until everything that a lost carrier causes is done */
    bool leaving;             /* the router will be restarted: new calls go by the next carrier */
    bool closing;
    uint32_t epoch; /* of this connection, or of the next one; never 0 */
    struct call_table calls;
    struct parking parking;
    struct keeper keeper;
    char *user_token; /* owned: by which its calls are a user's; NULL: they are nobody's */
};

/* Makes a client that is connected to nothing. Returns 0, -ENAMETOOLONG, -EINVAL or -ENOMEM. */
int connection_new(struct mu_client **clientp, const char *address,
        const struct connection_duty *duty, void *duty_user);

/* Makes one for a node elsewhere, which takes the credentials over. Returns 0 or -ENOMEM. */
int connection_new_remote(struct mu_client **clientp, struct credentials *credentials);

struct mu_client *connection_ref(struct mu_client *client);
void connection_unref(struct mu_client *client);

/* Ends every call with CANCELLED, the connection and the keeper; waits for callbacks; drops the
 * owner's reference. */
void connection_close(struct mu_client *client);

/* Connects, and sends `hello` (may be NULL) and then what is parked; one thread at a time. Returns
 * 0, -ECANCELED for a client that is being closed, or what channel_dial does; of a node elsewhere
 * what remote_wait does: -EAGAIN where it goes on with the next call. */
int connection_dial(struct mu_client *client, uint32_t timeout_ms, const struct envelope *hello);

/* Closes the connection, if there is one; what follows is what follows a lost one. */
void connection_drop(struct mu_client *client);

/* Unlocks, and sends what gathered. connection_unlock_later leaves that to the end of the batch,
 * where this thread is handling one. */
void connection_unlock(struct mu_client *client);
void connection_unlock_later(struct mu_client *client);

/* This thread is inside a callback of the client's channel, and must not wait for it. */
bool connection_is_receiving(const struct mu_client *client);

/* From here to batch_end, what this thread unlocks later gathers. Batches of one client do not
 * nest. */
void connection_batch_begin(struct mu_client *client);
void connection_batch_end(void);

/* Puts an envelope, if there is a connection, whatever its outcome. With the lock. */
void connection_put(struct mu_client *client, const struct envelope *envelope);

/* Starts a call: `what` is copied into its slot, but for the number, which is returned. Sent at
 * once or parked. Returns 0 with `*status` where it could not be started. */
uint64_t connection_begin(struct mu_client *client, struct call_plan *plan,
        const struct pending *what, struct mu_status *status);

/* Takes call `id` off the table, tells the router, and copies what it was to `*call`. Returns false
 * where it ended already. */
bool connection_give_up(struct mu_client *client, uint64_t id, struct pending *call);

/* There is a connection, and it takes new calls. With the lock. */
static inline bool connection_is_open(const struct mu_client *client)
{
    return carrier_exists(&client->carrier) && !client->leaving;
}

/* Sends what was parked; those whose caller gave up are dropped. With the lock and an open
 * connection. */
void connection_unpark(struct mu_client *client);

/* How a call ends that found no router; with the lock. */
void connection_explain_absence(const struct mu_client *client, struct mu_status *status);
