/* mu/store.h - what must last: keys and values in LMDB, one process a store.
 *
 * Default sync mode only: what was committed survives kill -9 and, where the disk honours
 * fdatasync, loss of power. Each value carries a BLAKE2b-128 checksum over its key and itself,
 * since LMDB has none. An input or output error on commit ends the process (abort): nothing can be
 * said any more about what is on the disk. A full disk is no such error: MU_STORE_FULL.
 *
 * Many writes share one commit: put and delete open a transaction, and commit makes all of it last
 * at once or none of it. A service commits in `settle` and answers after that. A store is used by
 * one thread at a time; which one may change. */
#pragma once

#include "mu/api.h"

struct mu_store; /* opaque */

enum {
    MU_STORE_KEY_MAX = 480,             /* bytes, 1 at least */
    MU_STORE_VALUE_MAX = 16777216,      /* bytes */
    MU_STORE_SIZE_MIN = 262144,         /* bytes; smaller sizes are raised to it */
    MU_STORE_SIZE_DEFAULT = 1073741824, /* bytes of address space; the file grows as it is used */
    MU_STORE_FULL_PERCENT = 80          /* of the size, above which writes are refused */
};

/* Outcomes. */
enum mu_store_outcome {
    MU_STORE_OK = 0,
    MU_STORE_NONE = 1, /* no such key */
    MU_STORE_FULL = 2  /* over 80 % of the size: writes are refused, reads and deletes go on */
};

/* Opens the store in folder `path`, making it where there is none. `size_max` bytes, 0 for the
 * default. The caller closes it. Returns 0; -EBUSY where it is open already, here or in another
 * process; -EBADMSG where the file there is no store; -errno. */
MU_PUBLIC int mu_store_open(struct mu_store **storep, const char *path, size_t size_max);

/* Drops an open transaction; NULL is fine. Returns NULL. */
MU_PUBLIC struct mu_store *mu_store_close(struct mu_store *store);

/* Reads see what this store wrote, committed or not. `*valuep` is borrowed until the next put,
 * delete, commit, abort or close. Returns MU_STORE_OK, MU_STORE_NONE, or -errno (-EBADMSG:
 * checksum). */
MU_PUBLIC int mu_store_get(struct mu_store *store, struct mu_bytes key, struct mu_bytes *valuep);

/* Writes into the open transaction, which the first write opens. `value` may be empty, and must not
 * be borrowed from the store. MU_STORE_OK; MU_STORE_FULL; -EINVAL for a key or value over its
 * limit; any other -errno spoils the transaction: what it held is gone, and commit will say so. */
MU_PUBLIC int mu_store_put(struct mu_store *store, struct mu_bytes key, struct mu_bytes value);

/* MU_STORE_OK or _NONE, or -errno as put. */
MU_PUBLIC int mu_store_delete(struct mu_store *store, struct mu_bytes key);

/* Makes what was written last; from 0 on it does. With nothing written it does nothing. Returns 0,
 * MU_STORE_FULL, or the -errno that spoiled the transaction; after both of these nothing of it was
 * written. */
MU_PUBLIC int mu_store_commit(struct mu_store *store);

/* Forgets what was written since the last commit. */
MU_PUBLIC void mu_store_abort(struct mu_store *store);

/* Visits each key that starts with `prefix` (which may be empty), in order; `fn` returns 0 to go
 * on, anything else stops and is returned. The bytes are borrowed during `fn`, which must not
 * write. Otherwise returns 0 or -errno (-EBADMSG: checksum). */
typedef int (*mu_store_fn)(struct mu_bytes key, struct mu_bytes value, void *user);
MU_PUBLIC int mu_store_each(
        struct mu_store *store, struct mu_bytes prefix, mu_store_fn fn, void *user);

/* Writes what was committed, compacted, as a store of its own into the folder `path`, which is made
 * where there is none and must hold no store. Returns 0; -EEXIST; -ENOSPC; -errno. */
MU_PUBLIC int mu_store_copy(struct mu_store *store, const char *path);
