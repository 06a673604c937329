/* services/network/link/vault.h - what must last of this node's network, in the service's state
 * folder: keys in key files (keyring.h), all else in a store.
 *
 * What is put lasts from vault_commit on, all of it at once or none of it. A put that fails takes
 * back what was put before it. Used by one thread at a time. */
#pragma once

#include "mu/store.h"
#include "services/network/link/network_limits.h"
#include "services/network/link/membership.h"

enum { VAULT_FOLDER_MAX = 512 }; /* bytes with the final NUL */

struct vault {
    struct mu_store *store; /* owned */
    char folder[VAULT_FOLDER_MAX];
};

/* Outcomes; each function below returns 0, one of them, or -errno (-EBADMSG where what is there is
 * not what was written). */
enum vault_outcome {
    VAULT_OK = 0,
    VAULT_NONE = 1,   /* there is no such thing */
    VAULT_FULL = 2,   /* no room: the disk's, the store's or a limit's; nothing was written */
    VAULT_EXPOSED = 3 /* others can read or write a key file */
};

/* Opens the vault in the folder `path`, which is there. The caller closes it. */
int vault_open(struct vault *vault, const char *path);

/* Drops what was not committed. Safe on zeroes, and safe twice. */
void vault_close(struct vault *vault);

/* Makes what was put last. After anything but 0 nothing of it was written. */
int vault_commit(struct vault *vault);

void vault_abort(struct vault *vault);

/* ---- this node ---- */

/* Reads the membership; VAULT_NONE where this node is in no network. `*membership` is set on 0
 * only, and is then the caller's to deinit. */
int vault_load(struct vault *vault, struct membership *membership);

/* Makes `membership` the one that lasts, and commits it with what was put before. Key files that it
 * does not name are gone behind it, so a key that was replaced is. */
int vault_save(struct vault *vault, const struct membership *membership);

/* Forgets everything, and commits. */
int vault_forget(struct vault *vault);

/* ---- records of any kind, for the nouns that keep some ---- */

struct vault_key {
    size_t size;
    uint8_t bytes[MU_STORE_KEY_MAX];
};

/* The key of a record: what kind it is, and of what. Borrowed from `key`. */
struct mu_bytes vault_key(struct vault_key *key, const char *kind, const void *of, size_t size);

/* `*valuep` is borrowed until the next write. */
int vault_get(struct vault *vault, struct mu_bytes key, struct mu_bytes *valuep);

int vault_put(struct vault *vault, struct mu_bytes key, struct mu_bytes value);

/* Puts, where that makes at most `max` records of the kind. */
int vault_put_one_of(struct vault *vault, const char *kind, size_t max, struct mu_bytes key,
        struct mu_bytes value);

int vault_delete(struct vault *vault, struct mu_bytes key);

/* Visits the records of a kind, as mu_store_each does. */
int vault_each(struct vault *vault, const char *kind, mu_store_fn fn, void *user);
