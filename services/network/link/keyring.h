/* services/network/link/keyring.h - key files of one folder, each named by its public key.
 *
 * Each function returns 0, an enum keyring_outcome or -errno. */
#pragma once

#include "transport/secure/key.h"

enum keyring_outcome {
    KEYRING_OK = 0,
    KEYRING_FULL = 1,   /* the disk is */
    KEYRING_EXPOSED = 2 /* others can read or write the file, or it is somebody else's */
};

/* Writes the key, mode 0600, unless it is there; without a secret there is nothing to write. */
int keyring_put(const char *folder, const struct key *key);

/* Reads the key of `public`; -EBADMSG where its file is missing or damaged. `*key` is set on 0
 * only, and is then the caller's to deinit. */
int keyring_get(const char *folder, const struct public_key *public, struct key *key);

/* Removes all keys but the `count` that are kept; what cannot be removed stands in the log. */
void keyring_sweep(const char *folder, const struct public_key *kept, size_t count);
