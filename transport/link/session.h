/* transport/link/session.h - one secured connection, between two nodes or a client and its node:
 * the handshake, then records both ways, a PING now and then, and an end in order
 * (docs/protocol.md, "Between link processes", "Clients").
 *
 *     HANDSHAKE ── established ──▶ OPEN ── ended ──▶ OVER
 *
 * Records are opened and sealed on nng's threads without the lock; what they mean, and which ones
 * are next, is settled with it. */
#pragma once

#include <stdatomic.h>

#include "transport/link/assembly.h"
#include "transport/link/guard.h"
#include "transport/secure/handshake.h"
#include "transport/stream.h"

enum {
    SESSION_PING_SIZE = 16,     /* bytes of a PING's body: its number, its sender's mark */
    SESSION_PINGS_MAX = 4,      /* that wait for their answer */
    SESSION_RECORDS_MAX = 32,   /* sealed at a time */
    SESSION_TURN_SIZE = 65536,  /* bytes of records above which no more are sealed at a time */
    SESSION_READ_SIZE = 262144, /* bytes of the read buffer of a busy session */
    SESSION_ADDRESS_MAX = 136   /* bytes of `host:port` with the final NUL */
};

enum session_state { SESSION_HANDSHAKE, SESSION_OPEN, SESSION_OVER };

struct session;

/* All come with the lock. A reason is a text for good; NULL: all is well. */
struct session_events {
    /* A first message came that must be computed on; for accepted sessions. False: not now. */
    bool (*spend)(struct session *session, void *user);
    /* The peer is known, and has let us in: the owner sets `own_mark`. Returns why it is not
     * wanted, or NULL. */
    const char *(*established)(struct session *session, void *user);
    /* It said its `peer_mark`; not of a joining session, where there are none. As above. */
    const char *(*greeted)(struct session *session, void *user);
    /* A whole message, or Frame. Borrowed until the return; a reason ends the session. */
    const char *(*message)(struct session *session, struct span message, void *user);
    const char *(*frame)(struct session *session, struct span frame, void *user);
    /* A PONG came: the peer has acted on what it was sent before that PING. */
    void (*answered)(struct session *session, void *user);
    /* Records were taken from the lanes. */
    void (*taken)(struct session *session, void *user);
    /* Both have left it: the peer has had all that was sent, and sends nothing more. `ended`
     * follows.
     */
    void (*left)(struct session *session, void *user);
    /* It is over; once, and nothing after it. The owner gives its reference back. */
    void (*ended)(struct session *session, const char *reason, void *user);
    /* Nothing of it is left, and it touches the guard no more. Without the lock. */
    void (*freed)(void *user);
};

struct session_figures {
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t records_in;
    uint64_t records_out;
    uint32_t round_trip_us; /* smoothed as in RFC 6298; 0: not measured yet */
};

struct session {
    atomic_uint refs;      /* the owner's, and the stream's until it is closed */
    struct stream *stream; /* counted */
    struct guard *guard;   /* borrowed: until it is freed */
    bool dialled;
    bool joins;                /* this side has no certificate */
    struct public_key own_key; /* zeroes where it has none */
    char address[SESSION_ADDRESS_MAX];
    struct stream_address from; /* of an accepted one */
    bool at_door;               /* it has a place of door.h: its owner's */

    /* Guarded by the lock. */
    const struct session_events *events; /* borrowed for good */
    void *user;                          /* borrowed: the owner's, until `ended` */
    struct list node;                    /* the owner's */
    struct sender sender;
    enum session_state state;
    bool lost;                   /* it ended because its stream did */
    bool spoken;                 /* a first message came, and was paid for */
    struct handshake *handshake; /* owned; NULL once it is established */
    struct handshake_peer peer;  /* from `established` on */
    uint8_t link_id[NOISE_HASH_SIZE];
    uint64_t own_mark;   /* by which this side tells the link that it belongs to from an
                          * earlier one to the same node; 0 where it is joining */
    uint64_t peer_mark;  /* the other side's, once it is `greeted` */
    uint64_t ended_mark; /* the peer's mark of the link that own_mark was for, which has ended; or
                          * 0. A peer that comes with it still believes in that link */
    uint64_t later_mark; /* the peer's mark on a session that began after this one and was greeted
                          * before it; or 0. Another mark than that is of an earlier link */
    bool greeted;
    bool carries; /* envelopes may pass: between nodes once it is greeted, else by session_admit */
    uint64_t began_ms;
    uint64_t open_ms;
    struct session_figures figures;
    struct lanes *lanes; /* borrowed: what it sends; NULL while it is not the one in use */
    struct assembly assembly;
    uint32_t credit;                     /* bytes of envelopes that the peer takes now */
    uint32_t spent;                      /* bytes sent that it has not given back */
    uint32_t owed;                       /* bytes taken that this side has not given back */
    uint32_t give;                       /* of those, what the next CREDIT gives back */
    uint64_t heard_ms;                   /* when a record came last */
    uint64_t answered_ms;                /* when the last PING was made that was answered; first
                                          * `open_ms`. Both ways were there then */
    uint64_t ping_ms;                    /* when the last PING left; 0: none did */
    uint64_t pings;                      /* made so far: the number in the last one */
    uint64_t pongs;                      /* the number in the last PONG */
    uint64_t ping_us[SESSION_PINGS_MAX]; /* when the last ones were made */
    uint8_t pong[SESSION_PING_SIZE];     /* the body of the one that is due */
    bool ping_due;
    bool pong_due;
    bool leaving; /* session_leave */
    bool goaway_sent;
    bool goaway_came;
    const char *closing; /* session_close: the reason */
    bool close_sent;     /* and nothing behind it */
    bool close_came;
    uint64_t parting_ms; /* when `leaving` or `closing` began */
    bool sending;        /* from sender.take to the end of that send */
    size_t flight_size;  /* bytes of the handshake that were ever to be sent */
    size_t flight_sent;  /* of those, what was handed to the stream */
    uint8_t flight[2 * HANDSHAKE_OUT_MAX];

    /* The send's alone, while `sending`. */
    struct record_writer writer;
    struct span raw; /* of `flight`: goes as it is, and no records with it */
    uint8_t *out;    /* owned */
    size_t out_size;
    uint32_t record_count;
    struct record records[SESSION_RECORDS_MAX]; /* bodies in `out`, to be sealed there */

    /* The read's alone. */
    struct record_reader reader;
    bool reading_records;
};

/* What a session begins with. */
struct session_setup {
    struct guard *guard;
    const struct session_events *events;
    void *user;
    const char *address;               /* dialled, or NULL */
    const struct stream_address *from; /* accepted, or NULL */
    const struct handshake_self *self; /* borrowed until it is established */
    const struct handshake_psk *psks;  /* the one that is used, or those that may be */
    size_t psk_count;
    uint64_t now_ms;
};

/* Makes a session of a stream and adopts that; stream_start is to follow, without the lock. The
 * caller owns a reference in `*sessionp`; on failure the stream is still his. With the lock.
 * Returns 0 or -ENOMEM. */
int session_begin(
        struct session **sessionp, const struct session_setup *setup, struct stream *stream);

struct session *session_unref(struct session *session);

/* ---- with the lock ---- */

/* Ends it now; `ended` is called from here. Fine for one that is over. */
void session_end(struct session *session, const char *reason);

/* Ends it behind the messages that wait in its lanes, and a CLOSE. */
void session_close(struct session *session, const char *reason, uint64_t now_ms);

/* Leaves it for another one: sends the rest of what has begun, then GOAWAY. */
void session_leave(struct session *session, uint64_t now_ms);

/* Gives it the lanes, from which it sends from now on; NULL takes them away. */
void session_lend(struct session *session, struct lanes *lanes);

/* Lets envelopes pass where one side has no certificate: its client is known by now. */
void session_admit(struct session *session);

/* Looks after it when the lock is let go: there is something new in its lanes. */
void session_touch(struct session *session);

/* Lets the peer send again, in place of `size` bytes that it sent. Returns how many of them were
 * the session's own. */
size_t session_give(struct session *session, size_t size);

/* What is due by time, once it is open: a PING each `ping_ms`, and the end of a session whose peer
 * has answered none that was made in the last `dead_ms`. Returns when to look again. */
uint64_t session_tick(struct session *session, uint64_t now_ms, uint32_t ping_ms, uint32_t dead_ms);

/* True where one side has no certificate: there is nothing but messages, but for session_admit. */
static inline bool session_is_joining(const struct session *session)
{
    return session->joins || session->peer.joining;
}
