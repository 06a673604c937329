/* services/network/link/renewal.h - this node's next certificate, in time.
 *
 * Due after 70 % of the present one's life. An authority gives it to itself; any other node asks
 * whichever authority is linked, or else a neighbour, which may know one; and asks again until it
 * has it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mu/link/v1/link.mu.h"
#include "transport/secure/key.h"

struct inbox_item;
struct mesh;
struct seat;

struct renewal {
    uint64_t next_ms;     /* when to try; 0: when it is due */
    uint32_t pause_ms;    /* before the next try */
    uint64_t asked;       /* the link that was asked last */
    bool waiting;         /* for its answer */
    uint64_t door;        /* a link that is good for asking only, as the certificate ended; or 0 */
    struct mu_call *call; /* owned: of who wants a new key; NULL: a renewal */
    struct key key;       /* owned: that key */
};

/* When the certificate is due, unix time in s. */
uint64_t renewal_due_s(const struct seat *seat);

/* Tries if it is time. Returns when to look again (base/clock.h); UINT64_MAX: never. */
uint64_t renewal_due(struct mesh *mesh, uint64_t now_ms);

/* Somebody who may know an authority is linked: tries at once where it is due. */
void renewal_hurry(struct mesh *mesh);

/* The link number `link` is up, whose node takes this one for one that joins, as its certificate
 * has ended: that is whom to ask when it is time. And it is down. */
void renewal_door(struct mesh *mesh, uint64_t link);
void renewal_door_shut(struct mesh *mesh, uint64_t link);

/* The answer to a renewal or a change of keys. */
void renewal_answer(
        struct mesh *mesh, const struct inbox_item *item, const Mu__Link__V1__JoinAnswer *answer);

/* Changes this node's key; the call is answered here or later. */
void renewal_rotate(struct mesh *mesh, struct mu_call *call);

/* Forgets what is under way, with the call, which is over. */
void renewal_forget(struct mesh *mesh);

/* Gives up what is under way: answers the call. */
void renewal_stop(struct mesh *mesh, const char *reason);
