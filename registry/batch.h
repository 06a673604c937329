/* registry/batch.h - changes that must last: written to the journal, then committed together, then
 * made in the catalog, then answered. So nobody ever sees what a restart would forget. */
#pragma once

#include <stdint.h>

#include "base/list.h"
#include "registry/catalog.h"
#include "registry/journal.h"

enum { BATCH_ORDERS_MAX = 64 }; /* changes that share a commit */

struct batch {
    struct catalog *catalog; /* borrowed for good, as is the journal */
    struct journal *journal;
    struct list orders; /* what waits for the commit, at most one change of each service */
    struct list loose;  /* sets that may have lost their last reference, while orders are made */
    uint32_t order_count;
    uint64_t bytes;     /* that they add to what is kept */
    uint64_t bytes_max; /* REGISTRY_BYTES_MAX */
};

/* Says how a change went: CATALOG_OK; _UNCHANGED; _NONE; _FULL, of a limit or of the disk; -errno.
 * Runs exactly once for each change, at once or when it is committed. */
typedef void (*batch_fn)(int outcome, void *user);

void batch_init(struct batch *batch, struct catalog *catalog, struct journal *journal);

/* Drops what waits; each `fn` hears -ECANCELED. Safe on zeroes, and safe twice. */
void batch_deinit(struct batch *batch);

/* Publishes types together with their `set`, whose hash and size stand in the publication (which
 * has no fault). Makes room, where a limit is reached, by forgetting the types of what nobody runs.
 */
void batch_publish(struct batch *batch, const struct publication *publication, struct mu_bytes set,
        batch_fn fn, void *user);

/* Registers a service, or replaces its manifest of `size` (1 at least) bytes. */
void batch_register(struct batch *batch, const char *service, const uint8_t *manifest, size_t size,
        batch_fn fn, void *user);

/* Takes a registration back, and forgets the types of versions that nobody runs. Of a service that
 * was never registered and that nobody runs, forgets all. Otherwise CATALOG_NONE. */
void batch_deregister(struct batch *batch, const char *service, batch_fn fn, void *user);

/* Commits what waits, and makes and answers it. With nothing waiting it does nothing. */
void batch_settle(struct batch *batch);
