/* services/network/link/links.h - all links of the process.
 *
 * The life of a link:
 *
 *   dialled (links_dial) or accepted (links_listen, behind door.h)
 *     → a session: handshake within HANDSHAKE_MS, else `missed` (dialled) or a count (accepted)
 *     → `up`: the peer is known, messages may be sent. Where neither side joins, the router is
 *       asked for a node channel (gate.h), and calls travel from then on
 *     → `message`, as often as the peer sends one
 *     → `down`: once for each `up`, with the reason. Whatever ends, be it the stream, the node
 *       channel, the certificate or the patience of LINK_DEAD_MS, ends all of it. An address
 *       that was dialled is dialled again: at once behind a link that was up, else with backoff
 *
 * A link outlives its sessions: before one ends by plan (after an hour), the side that dialled
 * makes the next, and traffic moves over without a call lost or doubled and without `down`. Where
 * two nodes dial each other at the same time, one of the two sessions stays, by the same rule on
 * both sides (link.h).
 *
 * A link is between two keys. With another identity (links_set_identity) what was dialled is
 * dialled again for a link of the new key; the old links stay until their owner ends them.
 *
 * One lock guards everything here and, if the owner likes, what is the owner's: links_lock and
 * links_unlock. All functions that do not say otherwise are called with it. The events come with
 * it, on threads of the library; they may call everything here but links_lock, links_unlock,
 * links_new and links_free, and must not wait for anything (so no mu_call). What they or the owner
 * put leaves when the lock is let go. */
#pragma once

#include "mu/client.h"
#include "services/network/link/path_limits.h"
#include "transport/link/session_limits.h"
#include "transport/secure/handshake.h"

struct links; /* opaque */

enum { LINKS_CLIENT_NAME_MAX = 65 }; /* bytes with the final NUL */

/* Who this process is to other nodes. All borrowed, and only looked at with the lock; `self` has
 * `limits = links_limits`. */
struct links_identity {
    const struct handshake_self *self;
    const struct handshake_psk *psks; /* what may be dialled with here: the network's own ones
                                       * first, the present one before the previous, then tokens */
    size_t psk_count;
};

/* What links take, for handshake_self. */
extern const struct link_limits links_limits;

/* A client, once it is known. */
struct links_client {
    struct public_key key;
    char name[LINKS_CLIENT_NAME_MAX]; /* by which the router stamps its calls */
    uint64_t until_s;                 /* when its link ends; unix time */
};

/* Who is at the other end of a link. Borrowed, in an event, until its return. */
struct link_peer {
    uint64_t link;              /* this link's number, never used again */
    bool joining;               /* there is nothing but messages: this side or the other has no
                                 * certificate yet */
    bool client;                /* it came with a client token; with `joining` */
    bool dialled;               /* by this side */
    const char *address;        /* `host:port`: dialled, or where the peer's stream comes from */
    struct handshake_peer peer; /* its identity is zeroes where the other side joins */
    uint8_t link_id[NOISE_HASH_SIZE]; /* of its first session */
};

/* Each may be NULL. */
struct links_events {
    void (*up)(const struct link_peer *peer, void *user);
    /* The router has opened the link's node channel: `channel` is its number in router.Routes. Once
     * for each `up`, where nobody joins; calls travel from now on. */
    void (*carries)(const struct link_peer *peer, uint64_t channel, void *user);
    /* The bytes of one mu.link.v1.PeerMessage, as they came: nothing of them is checked. */
    void (*message)(const struct link_peer *peer, struct span message, void *user);
    void (*down)(const struct link_peer *peer, const char *reason, void *user);
    /* Nothing came of dialling `address` this time. It goes on, until links_undial. */
    void (*missed)(const char *address, const char *reason, void *user);
};

/* What may differ from LINK_… in path_limits.h; 0 stands for that. */
struct links_options {
    struct mu_client *client; /* borrowed until links_free: how the router is asked for node
                               * channels. NULL: there is no router, and links carry no calls */
    uint32_t ping_ms;
    uint32_t dead_ms;
    uint32_t renewal_ms; /* what a session lasts, give or take a tenth */
    uint32_t accept_rate;
    uint32_t accept_burst;
};

/* Makes an empty set, with a thread of its own for what is due. `*events` and `user` are borrowed
 * until links_free. Without a lock. Returns 0 or -ENOMEM. */
int links_new(struct links **linksp, const struct links_options *options,
        const struct links_events *events, void *user);

/* Ends all links (`down`: "this node stops"), waits until nothing is left, frees. Without the lock,
 * and not from an event. NULL is fine. Returns NULL. */
struct links *links_free(struct links *links);

void links_lock(struct links *links);
/* Lets go, and sends what was put. */
void links_unlock(struct links *links);

/* Who we are from now on, for sessions that begin from now on; NULL: nobody. Then nothing is
 * dialled and nobody is let in. The old one is not looked at any more from the return on, but for
 * trust (`psks[].trust`), which live links go on using in links_check_all. */
void links_set_identity(struct links *links, const struct links_identity *identity);

/* Takes links at "host:port"; port 0 lets the kernel pick. Returns 0, -EADDRINUSE, -EINVAL,
 * -EALREADY where it listens already, or another -errno. */
int links_listen(struct links *links, const char *address);
/* Takes no more; links that are up stay. Fine where it does not listen. */
void links_unlisten(struct links *links);
/* The port that it listens at, 0 for none. */
uint16_t links_port(const struct links *links);

/* Dials `address` ("host:port"), from now on and after each loss, while no link to the node behind
 * it is up. `psk` is copied (a join token's); NULL: the network's present one. Returns 0, also
 * where it is dialled already (the psk is replaced); -EINVAL, -ENOSPC (LINK_DIALS_MAX), -ENOMEM. */
int links_dial(struct links *links, const char *address, const struct handshake_psk *psk);
/* Stops that; a link that is up stays. Fine where it is not dialled. */
void links_undial(struct links *links, const char *address);

/* Dials without a pause when the present links end: this side is about to end them, and no node is
 * to be spared. */
void links_dial_at_once(struct links *links);

/* What became of a message. */
enum links_outcome {
    LINKS_OK,       /* it leaves, unless the link is lost before */
    LINKS_NO_LINK,  /* there is no such link (any more) */
    LINKS_TOO_LONG, /* over LINK_MESSAGE_MAX */
    LINKS_FULL      /* more than LINK_MESSAGES_MAX wait: the peer does not read */
};

/* Sends one packed PeerMessage (copied). */
enum links_outcome links_send(struct links *links, uint64_t link, struct span message);

/* Sends it to every node that is linked and not joining, but for link number `except` (0: none).
 * One whose queue is full misses it. */
void links_broadcast(struct links *links, struct span message, uint64_t except);

/* The peer of a link has another key by now. The link stays, and where this side dialled it dials
 * again, for a link to the other key. Fine where there is none. */
void links_moved(struct links *links, uint64_t link);

/* Ends a link behind what was sent before; `reason`, a text for good, comes back in `down`. Fine
 * where there is none. */
void links_close(struct links *links, uint64_t link, const char *reason);

/* Lets calls travel on a link whose peer came with a client token and showed who it is. Returns why
 * not, a text for good, or NULL. */
const char *links_admit(struct links *links, uint64_t link, const struct links_client *client);

/* Ends all links of a client, at once. */
void links_end_client(struct links *links, const struct public_key *key, const char *reason);

/* How many links of a client there are. */
uint32_t links_count_client(const struct links *links, const struct public_key *key);

/* The link of the present identity to the node `key`; 0 for none. */
uint64_t links_find(const struct links *links, const struct public_key *key);

/* Looks at each peer's certificates again: ends the links whose peer `trust` no longer believes at
 * `now_s` (unix time), and the connections that are about to be links of such. To be called behind
 * each change of revocations. That a certificate came to its end is noticed without it. */
void links_check_all(struct links *links, const struct trust *trust, uint64_t now_s);

/* As mu.link.v1.LinkState. */
enum link_state {
    LINK_STATE_NONE = 0,
    LINK_STATE_DIALING = 1,
    LINK_STATE_HANDSHAKE = 2,
    LINK_STATE_UP = 3,
    LINK_STATE_LEAVING = 4,
    LINK_STATE_BACKOFF = 5
};

/* One link, or one address where there is none yet. As mu.link.v1.LinkInfo. */
struct link_info {
    uint64_t link;               /* 0 for an address */
    const struct public_key *id; /* NULL where it is not known */
    const char *name;            /* `node.owner`, or "" */
    const char *address;
    const char *reason; /* why the last one ended or none can be made, or "" */
    enum link_state state;
    bool joining;
    bool client;
    bool dialled;
    uint64_t channel;  /* the router's number of its node channel; 0: it has none yet */
    uint32_t sessions; /* it has had so far */
    uint64_t up_ms;
    uint64_t bytes_in; /* this and the next three of the session in use */
    uint64_t bytes_out;
    uint64_t records_in;
    uint64_t records_out;
    uint32_t round_trip_us; /* smoothed; 0: not measured yet */
    uint32_t queued_bytes;  /* wait for the peer */
    uint32_t retry_ms;      /* with LINK_STATE_BACKOFF */
};

typedef void (*link_info_fn)(const struct link_info *info, void *user);

/* Tells of all links and then of all addresses that have none; all borrowed until `fn` returns. */
void links_each(const struct links *links, link_info_fn fn, void *user);

typedef void (*link_refused_fn)(const char *cause, uint64_t count, void *user);

/* Tells how many connections were refused before their peer was known, by cause, where any were. */
void links_each_refused(const struct links *links, link_refused_fn fn, void *user);
