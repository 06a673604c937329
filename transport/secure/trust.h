/* transport/secure/trust.h - who is believed to be who: one network, its root key, and what was
 * revoked in it.
 *
 * Time is an argument, unix time in seconds, and may differ by CLOCK_TOLERANCE_S from the issuer's.
 */
#pragma once

#include "transport/secure/chain.h"
#include "transport/secure/revocation.h"

/* Each has a text for logs (trust_text). A peer is never told. */
enum trust_outcome {
    TRUST_OK,
    TRUST_BROKEN_CHAIN,    /* one is not issued by the next */
    TRUST_WRONG_KIND,      /* the first is not what was asked for, or an issuer may not issue it */
    TRUST_FOREIGN_NETWORK, /* one belongs to another network */
    TRUST_FOREIGN_ROOT,    /* the last is not issued by the pinned key */
    TRUST_FOREIGN_NAME,    /* a node's name ends in another owner than its authority's */
    TRUST_ROLES_EXCEEDED,  /* more roles than its issuer may give */
    TRUST_NOT_YET_VALID,
    TRUST_EXPIRED,
    TRUST_REVOKED,
    TRUST_BAD_SIGNATURE,
    TRUST_STALE,       /* a strict network, and no revocation list of the last REVOCATION_FRESH_S */
    TRUST_BAD_LIST,    /* of trust_revoke: no list, or not signed by who it names */
    TRUST_OLD_LIST,    /* of trust_revoke: a newer one is held */
    TRUST_SAME_LIST,   /* of trust_revoke: it is held already */
    TRUST_FORKED_LIST, /* of trust_revoke: another one of this version is held, and stays */
    TRUST_LISTS_FULL,  /* of trust_revoke: TRUST_LISTS_MAX signers have lists */
    TRUST_OUTCOMES
};

struct trust {
    struct network_id network;
    struct public_key root;
    bool strict; /* believe nobody where revocation lists are stale */
    uint32_t list_count;
    struct revocation_list *lists[TRUST_LISTS_MAX]; /* owned, one a signer */
};

/* Who a chain says that its first key is. */
struct identity {
    struct public_key key;
    struct network_id network;
    uint32_t roles;
    uint64_t until_s; /* when the first of the chain's certificates ends */
    char name[CERTIFICATE_NAME_MAX + 1];
};

/* Trusts the network of `root`, with nothing revoked. `strict` is the caller's to set. */
void trust_init(struct trust *trust, const struct public_key *root);

/* Safe on zeroes, and safe twice. */
void trust_deinit(struct trust *trust);

/* Says whether `chain` makes its first key a node of the network now: node ← authority ← root, or
 * node ← root, the root's own certificate shown or not. `*identity` is set on TRUST_OK only. */
enum trust_outcome trust_check(const struct trust *trust, const struct chain *chain, uint64_t now_s,
        struct identity *identity);

/* Says whether `certificate` makes its key an authority of the network now. */
enum trust_outcome trust_check_authority(
        const struct trust *trust, const struct certificate *certificate, uint64_t now_s);

/* Takes over a revocation list of the root, or of an authority that the root certified; one whose
 * certificate ended or was revoked still counts, as it can only void what it issued itself. Returns
 * 0; an enum trust_outcome, and nothing changed; or -ENOMEM. */
int trust_revoke(struct trust *trust, struct span list);

/* An outcome in words. */
const char *trust_text(enum trust_outcome outcome);
