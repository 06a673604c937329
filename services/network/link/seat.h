/* services/network/link/seat.h - this node's seat in its network: what it is there, what it
 * believes, and the vault in which both last.
 *
 * Used by one thread at a time. */
#pragma once

#include "services/network/link/vault.h"
#include "transport/secure/trust.h"

struct seat {
    struct vault vault;
    bool joined; /* without it the next two are empty */
    struct membership membership;
    struct trust trust; /* in the network, with what was revoked */
    uint32_t life_s;    /* of certificates that it issues; 0: a day */
};

/* Opens the vault in `folder` and takes the seat that is in there, if one is. The caller closes it.
 * Returns 0, an enum vault_outcome (VAULT_EXPOSED), or -errno. */
int seat_open(struct seat *seat, const char *folder);

/* Wipes the secrets. Safe on zeroes, and safe twice. */
void seat_close(struct seat *seat);

/* Takes `membership` as its own when it is on the disk, together with what was put into the vault
 * before; then the caller's is empty. Returns 0, VAULT_FULL or -errno; then nothing changed. */
int seat_take(struct seat *seat, struct membership *membership);

/* Forgets network, keys and all. Returns 0, VAULT_FULL or -errno; then nothing changed. */
int seat_leave(struct seat *seat);

/* Takes over a revocation list, on the disk, too. Returns 0; an enum trust_outcome where it is none
 * or not a newer one; or -errno. One that the disk has no room for counts until the next start, and
 * stands in the log. */
int seat_revoke(struct seat *seat, struct span list);

/* Makes `*trust` believe the same. The caller deinits it. Returns 0 or -ENOMEM. */
int seat_copy_trust(const struct seat *seat, struct trust *trust);

/* True where a list voids certificates of the key `subject`. */
bool seat_has_revoked(const struct seat *seat, const struct public_key *subject);

/* The list of `signer`; NULL where there is none. Borrowed until the next one is taken over. */
const struct revocation_list *seat_list(const struct seat *seat, const struct public_key *signer);
