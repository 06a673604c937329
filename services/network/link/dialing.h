/* services/network/link/dialing.h - one address that is dialled: when, and what came of it.
 *
 * The first try is at once; the pauses before the next ones are random, up to 100 ms, 200 ms, … 30
 * s
 * ("full jitter": Brooker, Exponential Backoff And Jitter, 2015). A link that lasted makes the next
 * try a first one. */
#pragma once

#include "base/list.h"
#include "base/random.h"
#include "transport/link/session.h"

struct links;

enum {
    DIALING_HEALTHY_MS = 10000 /* a link that was up for so long begins anew with the pauses */
};

struct dialing {
    struct list node;    /* in links->dialings */
    struct links *links; /* borrowed */
    char address[SESSION_ADDRESS_MAX];
    bool wanted;   /* by the owner: links_dial */
    bool renewing; /* to renew a link that is up */
    bool has_psk;
    struct handshake_psk psk;    /* where it has one of its own */
    struct stream_dial *attempt; /* borrowed: until its callback */
    struct session *session;     /* borrowed: in its handshake */
    struct public_key key;       /* of the node behind it, once known */
    bool known;
    uint64_t link;      /* the last one that came of it, 0 for none */
    uint64_t due_ms;    /* not before */
    uint32_t step;      /* tries since a link lasted */
    const char *reason; /* why the last try failed, "" */
};

/* The pause before the next try: 0, then 0..min(100 ms * 2^n, LINK_BACKOFF_MAX_MS). */
uint32_t dialing_pause(uint32_t step, struct random *random);

/* ---- all with the lock ---- */

struct dialing *dialing_find(struct links *links, const char *address);

/* Finds it or makes it; neither wanted nor renewing when it is new. NULL without memory. */
struct dialing *dialing_open(struct links *links, const char *address);

/* Renews the link to the node `key`, which is up, by the address that it was dialled by. */
void dialing_renew(struct links *links, const char *address, const struct public_key *key);

/* What came of a session that was dialled: `reason` is NULL where it is established. */
void dialing_settle(struct links *links, struct session *session, const char *reason);

/* A link is gone that was up for `lasted_ms`: whatever led to it is dialled again. */
void dialing_lost(
        struct links *links, uint64_t link, const struct public_key *key, uint64_t lasted_ms);

/* Begins what is due and forgets what nobody wants. Returns when to look again. */
uint64_t dialing_tick(struct links *links, uint64_t now_ms);

/* Describes it as a link that is none yet. False where there is nothing to say. */
struct link_info;
bool dialing_describe(const struct dialing *dialing, struct link_info *info);

/* Ends all attempts, and wants none any more. */
void dialing_stop(struct links *links);
