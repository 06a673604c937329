/* services/network/link/joining.h - how this node gets into a network: by the token of a node that
 * is in it.
 *
 * All addresses of the token are dialled at once; the first node that lets this one in is asked for
 * a certificate. Its answer is believed if it hangs from the root that the token names. */
#pragma once

#include "mu/link/v1/link.mu.h"
#include "services/network/link/membership.h"
#include "transport/secure/token.h"

struct inbox_item;
struct mesh;

struct joining {
    struct mu_call *call; /* owned, to be answered; NULL: nothing is under way */
    struct token token;
    struct key key; /* owned: the one to be certified */
    char name[CERTIFICATE_NAME_MAX + 1];
    struct whereabouts whereabouts;
    uint64_t link;   /* who was asked; 0: nobody yet */
    uint32_t missed; /* bits: addresses of the token that did not lead to a link */
    uint64_t until_ms;
    char reason[160]; /* why the last address did not */
};

/* Begins; the call is answered here or later. */
void joining_start(
        struct mesh *mesh, struct mu_call *call, const Mu__Link__V1__JoinRequest *request);

/* A link to somebody who takes this node for one that joins. */
void joining_up(struct mesh *mesh, const struct inbox_item *item);

/* The answer of whoever was asked. */
void joining_answer(
        struct mesh *mesh, const struct inbox_item *item, const Mu__Link__V1__JoinAnswer *answer);

/* A link is down, or an address was missed. */
void joining_down(struct mesh *mesh, const struct inbox_item *item);
void joining_missed(struct mesh *mesh, const struct inbox_item *item);

/* Gives up where the time is over. Returns when to look again; UINT64_MAX: never. */
uint64_t joining_due(struct mesh *mesh, uint64_t now_ms);

/* Forgets it, with the call, which is over. */
void joining_forget(struct mesh *mesh);

/* Gives up: answers the call. */
void joining_stop(struct mesh *mesh, enum mu_code code, const char *reason);
