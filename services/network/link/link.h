/* services/network/link/link.h - one link: all sessions with one node, its node channel, and what
 * waits for it.
 *
 * There are one or two sessions. What is sent leaves on `current`; what comes is taken from either.
 * Two there are while the younger takes over from the older (a renewal), or where both nodes
 * dialled each other at the same time. Which one is left is decided by one of the two nodes alone,
 * the one with the lesser key, so they need not agree: it keeps the younger one where both were
 * dialled by the same side, else the older, and says GOAWAY on the other, once the peer has shown
 * by a PONG that it knows of both. A peer that hears it says GOAWAY there, too, once the rest of
 * what it had begun is sent; who has said and heard it says CLOSE; and who hears CLOSE knows that
 * all it sent was taken, and goes on sending on the other session. So nothing is lost, doubled or
 * out of order.
 *
 * That a session is one more of a link, and not the first one of a new link, both sides must see
 * alike: one of them may have lost the link and the other not have noticed. So each tells the other
 * its mark of the link, a random number that it makes with the link and that goes with it. Where
 * the peer comes with another one than before (it lost the link, or started anew), this side's end
 * of the old link ends at once, and a new one begins.
 *
 * What a node said on a connection that it has lost may be read late, behind what it says on the
 * next one. So of two sessions with different marks the one that began later is believed, and the
 * other is hung up on, whichever is read first: nothing old comes behind something newer. */
#pragma once

#include "services/network/link/gate.h"
#include "transport/link/lanes.h"
#include "services/network/link/links_inner.h"

struct link {
    struct list node;    /* in links->links */
    struct links *links; /* borrowed */
    struct link_peer peer;
    struct public_key
            own_key; /* of this side, when it began: a change of keys leaves it as it is */
    struct links_client client; /* once it is `admitted` */
    bool admitted;
    char address[SESSION_ADDRESS_MAX];
    uint64_t up_ms;
    uint64_t renew_ms;       /* when it is to be renewed; UINT64_MAX where the peer makes it */
    struct session *current; /* counted */
    struct session *next;    /* counted; or NULL */
    uint64_t own_mark;
    uint64_t peer_mark;
    uint32_t sessions; /* taken so far */
    struct lanes lanes;
    struct gate *gate; /* owned; NULL where there is none */
    uint64_t channel;  /* the router's number of it, once it is open */
    bool paused;       /* the gate is */
    bool moved;        /* the peer has another key by now, and is to be dialled again */
    bool decides;      /* this side decides which of two sessions stays */
    bool ending;       /* link_end is under way */
};

/* All with the lock. */

/* The link between this side's key and the peer's. NULL where there is none. */
struct link *link_by_keys(const struct links *links, const struct public_key *own_key,
        const struct public_key *peer_key);
/* The same by the key that this side shows now, and no link that `moved`. */
struct link *link_in_use(const struct links *links, const struct public_key *peer_key);
/* False for a link of a key that this side or the peer has replaced. */
bool link_is_current(const struct link *link);
struct link *link_by_number(const struct links *links, uint64_t number);

/* The first one whose number is greater; links stand in that order. To walk them while they end. */
struct link *link_behind(const struct links *links, uint64_t number);
struct link *link_by_session(const struct links *links, const struct session *session);

/* The mark for a session whose peer is known. */
uint64_t link_mark(const struct links *links, const struct session *session);

/* Takes a session whose peer is known, and its mark: a new link, or one more session of a link. The
 * session is the link's from NULL on; else a reason why it is not wanted. */
const char *link_take(struct links *links, struct session *session);

/* As links_admit. */
const char *link_admit(struct link *link, const struct links_client *client);

/* Ends it behind the messages that wait. */
void link_close(struct link *link, const char *reason);

/* Ends it at once: `down`. */
void link_end(struct link *link, const char *reason);

/* What is due by time. Returns when to look again. The link may be gone behind it. */
uint64_t link_tick(struct link *link, uint64_t now_ms);

/* Describes it. */
void link_describe(const struct link *link, struct link_info *info);
