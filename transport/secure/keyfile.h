/* transport/secure/keyfile.h - keys on disk: a node's as it is, for the node alone to read; a
 * root's sealed with a passphrase (docs/protocol.md, "Key files").
 *
 * A file is there whole or not at all, and is never overwritten: a key that is gone is gone. */
#pragma once

#include "transport/secure/seal.h"

enum keyfile_outcome {
    KEYFILE_OK,
    KEYFILE_EXISTS,  /* there is a file of this name; it stays as it is */
    KEYFILE_MISSING, /* there is none */
    KEYFILE_EXPOSED, /* its mode lets others read or write it, or it belongs to somebody else */
    KEYFILE_BAD,     /* not a key file, a damaged one, or one that asks for too much */
    KEYFILE_WRONG    /* not its passphrase */
};

/* Each function below returns 0, an enum keyfile_outcome, or a -errno. `name` is a file's name in
 * `folder`. `*key` is set on 0 only, and is then the caller's to deinit. */

/* Writes a node's key, mode 0600. */
int keyfile_write(const char *folder, const char *name, const struct key *key);

int keyfile_read(const char *folder, const char *name, struct key *key);

/* Writes a key sealed with `passphrase`, mode 0600; KEYFILE_BAD for a cost outside of its limits.
 */
int keyfile_write_sealed(const char *folder, const char *name, const struct key *key,
        struct span passphrase, const struct seal_cost *cost);

int keyfile_read_sealed(
        const char *folder, const char *name, struct span passphrase, struct key *key);
