/* registry/journal.h - what the registry must know again after a restart.
 *
 *   m/SERVICE           the manifest it was registered with, packed
 *   t/SERVICE/VERSION   what was published of a version: registry/record.h
 *   s/HASH              a FileDescriptorSet, by its BLAKE2b-256
 *   r                   the first revision that was never given out, 8 bytes, little-endian
 *   i                   the journal's identity, the same
 *
 * Writes gather in a transaction until journal_commit; journal_abort takes them back. Revisions are
 * reserved a block at a time, so that none is ever given out twice and few of them cost a commit.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mu/store.h"
#include "registry/catalog.h"

struct journal {
    struct mu_store *store; /* owned */
    uint64_t reserved;      /* revisions below it may be given out */
};

/* Opens the journal in folder `path` and reserves a block of revisions, of which the first is given
 * in
 * `*revisionp`. Returns 0; -EBUSY where another process has it; -ENOSPC; -EBADMSG where it is
 * damaged; -errno. */
int journal_open(struct journal *journal, const char *path, uint64_t *revisionp);

/* Gives the number by which this journal is known, in `*identityp`: `candidate`, which is not 0,
 * where it has none yet. Returns 0, -ENOSPC, -EBADMSG or -errno. */
int journal_identify(struct journal *journal, uint64_t candidate, uint64_t *identityp);

/* Safe on zeroes, and safe twice. */
void journal_close(struct journal *journal);

/* Puts all that is kept into an empty catalog, and removes sets that nothing refers to. Returns 0;
 * -EBADMSG where what is kept contradicts itself; -errno. */
int journal_load(struct journal *journal, struct catalog *catalog);

/* Are the revisions that may be given out running short? More than a quarter of a block, which no
 * event uses up, is enough. */
bool journal_needs_reserve(const struct journal *journal, const struct catalog *catalog);

/* Reserves another block, by a commit; nothing else may be waiting for one. Returns 0, -ENOSPC or
 * -errno. */
int journal_reserve(struct journal *journal, const struct catalog *catalog);

/* All of these return MU_STORE_OK, MU_STORE_FULL or -errno, as mu_store_put. */
int journal_put_manifest(
        struct journal *journal, const char *service, const uint8_t *manifest, size_t size);
int journal_put_version(struct journal *journal, const struct publication *publication);
int journal_put_set(
        struct journal *journal, const uint8_t types[TYPES_HASH_SIZE], struct mu_bytes set);

/* Deleting what is not there is fine. All of these return 0 or -errno. */
int journal_delete_manifest(struct journal *journal, const char *service);
int journal_delete_version(struct journal *journal, const char *service, const char *version);
int journal_delete_set(struct journal *journal, const uint8_t types[TYPES_HASH_SIZE]);

/* The set of that hash; `*setp` is borrowed until the next write, commit or abort. Returns
 * MU_STORE_OK, MU_STORE_NONE or -errno. */
int journal_get_set(
        struct journal *journal, const uint8_t types[TYPES_HASH_SIZE], struct mu_bytes *setp);

/* Makes what was written last. Returns 0, MU_STORE_FULL or -errno; but for 0 nothing was written.
 */
int journal_commit(struct journal *journal);

void journal_abort(struct journal *journal);
