/* services/network/link/links_inner.h - the inside of struct links, for links.c, lobby.c, link.c
 * and dialing.c. */
#pragma once

#include "base/random.h"
#include "services/network/link/door.h"
#include "transport/link/guard.h"
#include "services/network/link/links.h"
#include "transport/link/session.h"

struct dialing;

enum { LINKS_CAUSES_MAX = 64 };

struct links_refusal {
    const char *cause; /* a text for good; NULL: none */
    uint64_t count;
};

struct links {
    struct guard guard;                    /* guards all that follows but what is set for good */
    struct links_options options;          /* set for good, with no zeroes left but `client` */
    const struct links_events *events;     /* borrowed for good */
    void *user;                            /* borrowed for good */
    const struct links_identity *identity; /* borrowed: the owner's; NULL: nobody */
    struct random random;
    bool stopping;
    uint64_t rest_until_ms; /* the router hung up: no link begins before that */

    struct list links; /* of struct link */
    struct list
            sessions; /* of struct session: in their handshakes, those that came first in front */
    struct list dialings; /* of struct dialing */
    uint32_t link_count;
    uint32_t joining_count;
    uint32_t asking_count; /* clients that are not known yet, and … */
    uint32_t client_count; /* … those that are; they count for neither of the other two */
    uint64_t last_number;

    struct listener *listener; /* borrowed: until its `closed` */
    struct door door;
    struct links_refusal refusals[LINKS_CAUSES_MAX];

    pthread_t thread; /* which does what is due */
    pthread_cond_t due;
    bool woken;
};

/* Has the thread look after everything now. With the lock. */
void links_wake(struct links *links);
