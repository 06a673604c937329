/* services/network/link/authority.h - a node with an authority's key lets others in, gives them
 * their next certificates, and takes certificates back.
 *
 * `now_s` is unix time. What is answered is on the disk. */
#pragma once

#include "services/network/link/seat.h"
#include "transport/secure/issue.h"

/* Makes a join token of the network that admits `uses` nodes (1..TOKEN_USES_MAX) until
 * `not_after_s`. `*token` is the caller's to wipe. Returns 0, VAULT_FULL (too many tokens, or the
 * disk), or -errno. */
int authority_invite(struct seat *seat, uint32_t uses, uint64_t not_after_s,
        const struct whereabouts *whereabouts, uint64_t now_s, struct token *token);

/* Answers a request: for a node's first certificate, its next one, or one for its new key. `linked`
 * is who asks, as the link proved; NULL for who joins. With a new key it is noted in the same step
 * that the old one is to be revoked ROTATION_REVOKE_S later. Returns 0 and the certificates, or an
 * enum issue_outcome, or -errno. */
int authority_answer(struct seat *seat, const struct request *request,
        const struct public_key *linked, uint64_t now_s, struct chain *chain);

/* Voids every certificate that this authority gave to `subject` until now, and lets others have its
 * name. Returns 0, VAULT_FULL (the list's entries, or the disk) or -errno. */
int authority_revoke(struct seat *seat, const struct public_key *subject, uint64_t now_s);

/* Revokes the keys that were replaced, where it is time. `*next_sp` is when to come again, unix
 * time; UINT64_MAX: no key waits. True where this authority has a new list. */
bool authority_revoke_replaced(struct seat *seat, uint64_t now_s, uint64_t *next_sp);

/* True where this authority gave out the certificate, and can take it back. */
bool authority_issued(const struct seat *seat, const struct certificate *certificate);
