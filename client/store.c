// SPDX-License-Identifier: Apache-2.0
/* One LMDB environment, its unnamed database, and at most one transaction of each kind.
 *
 * LMDB's own locks are off (MDB_NOLOCK). They serve many processes and threads; here one process
 * owns the environment, by flock on its folder, and one thread at a time uses it. Without them
 * there is no lock file, a transaction may be committed by another thread than the one that began
 * it, and a process that dies leaves nothing to clean up. What NOLOCK asks in return holds by
 * construction: the reader is reset before a writer begins, so no snapshot is read whose pages a
 * writer could take.
 *
 * LMDB frees pages only by writing others, so a full map cannot even delete. That is why puts stop
 * at MU_STORE_FULL_PERCENT of it, counted in live pages. */
#include "mu/store.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/place.h"

enum {
    STORE_SUM_SIZE = 16,       /* bytes of the checksum in front of a value */
    STORE_FREE_DBI = 0,        /* LMDB's own list of free pages */
    STORE_META_PAGES = 2,      /* at the start of the file */
    STORE_DISK_SLACK = 1048576 /* bytes free below which a failed write means a full disk */
};

/* What LMDB calls its file in the folder. */
static const char STORE_FILE[] = "data.mdb";

struct mu_store {
    MDB_env *env; /* owned */
    MDB_dbi dbi;
    MDB_txn *reader; /* owned; reset while `writer` is open */
    MDB_txn *writer; /* owned; NULL while nothing was written */
    int folder_fd;   /* owned; its flock is what keeps others out */
    int spoiled;     /* why the transaction is lost, an outcome or -errno; 0: it is not */
    bool reading;    /* `reader` holds a snapshot */
    size_t page_size;
    size_t live_max; /* pages */
    size_t written;  /* bytes put since the last commit */
};

/* What LMDB said, as an outcome or -errno. */
static int store_code(int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return 0;
    case MDB_NOTFOUND:
        return MU_STORE_NONE;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return MU_STORE_FULL;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
        return err_new(-EBADMSG);
    case MDB_PANIC:
        return err_new(-EIO);
    default:
        return err_new(rc > 0 ? -rc : -EPROTO);
    }
}

static _Noreturn void store_die(const char *what, int rc)
{
    log_error("store: %s: %s; what is on the disk is unknown, so this process ends", what,
            mdb_strerror(rc));
    abort();
}

static void store_sum(uint8_t sum[STORE_SUM_SIZE], const MDB_val *key, struct mu_bytes value)
{
    crypto_generichash_state state;
    uint8_t key_size[2] = { (uint8_t)(key->mv_size >> 8), (uint8_t)key->mv_size };

    crypto_generichash_init(&state, NULL, 0, STORE_SUM_SIZE);
    crypto_generichash_update(&state, key_size, sizeof(key_size));
    crypto_generichash_update(&state, key->mv_data, key->mv_size);
    crypto_generichash_update(&state, value.data, value.size);
    crypto_generichash_final(&state, sum, STORE_SUM_SIZE);
}

static MDB_val store_val(struct mu_bytes bytes)
{
    return (MDB_val){ .mv_size = bytes.size, .mv_data = (void *)(uintptr_t)bytes.data };
}

static struct mu_bytes store_bytes(const MDB_val *val)
{
    return (struct mu_bytes){ .data = val->mv_data, .size = val->mv_size };
}

/* Checks a record and gives the value in it. */
static int store_verify(const MDB_val *key, const MDB_val *record, struct mu_bytes *valuep)
{
    uint8_t sum[STORE_SUM_SIZE];
    struct mu_bytes value = { 0 };

    if (record->mv_size < STORE_SUM_SIZE)
        return err_new(-EBADMSG);
    value.data = (const uint8_t *)record->mv_data + STORE_SUM_SIZE;
    value.size = record->mv_size - STORE_SUM_SIZE;
    store_sum(sum, key, value);
    if (memcmp(sum, record->mv_data, STORE_SUM_SIZE) != 0)
        return err_new(-EBADMSG);
    *valuep = value;
    return 0;
}

/* Makes the folder and locks it. A new name in a folder lasts only once that folder is synced. */
static int store_open_folder(const char *path, int *fdp)
{
    CLEANUP(cleanup_close) int fd = -1;
    CLEANUP(cleanup_close) int parent = -1;
    int r;

    r = place_make(path, 0700);
    if (r < 0)
        return err_trace(r);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_new(-errno);
    parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent >= 0)
        fsync(parent);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return err_new(errno == EWOULDBLOCK ? -EBUSY : -errno);
    *fdp = fd;
    fd = -1;
    return 0;
}

static int store_open_env(struct mu_store *store, const char *path, size_t size_max)
{
    const unsigned flags = MDB_NOLOCK | MDB_NOTLS | MDB_NORDAHEAD;
    MDB_envinfo info;
    MDB_stat stat;
    int rc;

    rc = mdb_env_create(&store->env);
    if (rc == 0)
        rc = mdb_env_set_mapsize(store->env, size_max);
    if (rc == 0)
        rc = mdb_env_open(store->env, path, flags, 0600);
    if (rc == 0)
        rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &store->reader);
    if (rc == 0)
        rc = mdb_dbi_open(store->reader, NULL, 0, &store->dbi);
    if (rc != 0)
        return err_fold(store_code(rc));
    mdb_txn_reset(store->reader);
    if (fsync(store->folder_fd) < 0)
        return err_new(-errno);

    mdb_env_info(store->env, &info);
    mdb_env_stat(store->env, &stat);
    store->page_size = stat.ms_psize;
    store->live_max = info.me_mapsize / stat.ms_psize * MU_STORE_FULL_PERCENT / 100;
    return 0;
}

int mu_store_open(struct mu_store **storep, const char *path, size_t size_max)
{
    struct mu_store *store;
    int r;

    if (size_max == 0)
        size_max = MU_STORE_SIZE_DEFAULT;
    if (size_max < MU_STORE_SIZE_MIN)
        size_max = MU_STORE_SIZE_MIN;
    if (sodium_init() < 0)
        return err_new(-ENOSYS);
    store = calloc(1, sizeof(*store));
    if (store == NULL)
        return err_new(-ENOMEM);
    store->folder_fd = -1;
    r = store_open_folder(path, &store->folder_fd);
    if (r == 0)
        r = store_open_env(store, path, size_max);
    if (r < 0) {
        mu_store_close(store);
        return err_trace(r);
    }
    *storep = store;
    return 0;
}

struct mu_store *mu_store_close(struct mu_store *store)
{
    if (store == NULL)
        return NULL;
    mu_store_abort(store);
    if (store->reader != NULL)
        mdb_txn_abort(store->reader);
    if (store->env != NULL)
        mdb_env_close(store->env);
    cleanup_close(&store->folder_fd);
    free(store);
    return NULL;
}

/* The transaction to read from: the open one, else a snapshot of what was committed last. */
static int store_read(struct mu_store *store, MDB_txn **txnp)
{
    int rc = 0;

    if (store->writer != NULL) {
        *txnp = store->writer;
        return 0;
    }
    if (!store->reading) {
        rc = mdb_txn_renew(store->reader);
        if (rc != 0)
            return err_fold(store_code(rc));
        store->reading = true;
    }
    *txnp = store->reader;
    return 0;
}

/* Opens the transaction unless it is open. Returns 0, or what spoiled it. */
static int store_write(struct mu_store *store)
{
    int rc;

    if (store->spoiled != 0 || store->writer != NULL)
        return store->spoiled;
    if (store->reading)
        mdb_txn_reset(store->reader);
    store->reading = false;
    rc = mdb_txn_begin(store->env, NULL, 0, &store->writer);
    if (rc == MDB_PANIC)
        store_die("begin", rc);
    return rc == 0 ? 0 : err_fold(store_code(rc));
}

/* LMDB leaves a transaction unusable after most errors: drop it, and remember why until the caller
 * hears of it from commit, or aborts. */
static int store_spoil(struct mu_store *store, int code)
{
    mdb_txn_abort(store->writer);
    store->writer = NULL;
    store->spoiled = code;
    return code;
}

int mu_store_get(struct mu_store *store, struct mu_bytes key, struct mu_bytes *valuep)
{
    MDB_val name = store_val(key);
    MDB_val record;
    MDB_txn *txn = NULL;
    int r;

    if (key.size < 1 || key.size > MU_STORE_KEY_MAX)
        return err_new(-EINVAL);
    r = store_read(store, &txn);
    if (r == 0)
        r = store_code(mdb_get(txn, store->dbi, &name, &record));
    if (r != 0)
        return err_trace(r);
    return err_trace(store_verify(&name, &record, valuep));
}

static size_t store_pages(const MDB_stat *stat)
{
    return stat->ms_branch_pages + stat->ms_leaf_pages + stat->ms_overflow_pages;
}

/* Would a record of `size` bytes more take the live pages over the limit? */
static bool store_is_full(const struct mu_store *store, size_t size)
{
    MDB_stat own;
    MDB_stat unused;
    size_t live;

    if (mdb_stat(store->writer, store->dbi, &own) != 0 ||
            mdb_stat(store->writer, STORE_FREE_DBI, &unused) != 0)
        return true;
    live = STORE_META_PAGES + store_pages(&own) + store_pages(&unused);
    return live + 1 + size / store->page_size > store->live_max;
}

int mu_store_put(struct mu_store *store, struct mu_bytes key, struct mu_bytes value)
{
    MDB_val name = store_val(key);
    MDB_val record = { .mv_size = STORE_SUM_SIZE + value.size };
    int rc;
    int r;

    if (key.size < 1 || key.size > MU_STORE_KEY_MAX || value.size > MU_STORE_VALUE_MAX)
        return err_new(-EINVAL);
    r = store_write(store);
    if (r != 0)
        return err_trace(r);
    if (store_is_full(store, key.size + record.mv_size))
        return MU_STORE_FULL;
    rc = mdb_put(store->writer, store->dbi, &name, &record, MDB_RESERVE);
    if (rc != 0)
        return store_spoil(store, store_code(rc));
    store_sum(record.mv_data, &name, value);
    if (value.size > 0)
        memcpy((uint8_t *)record.mv_data + STORE_SUM_SIZE, value.data, value.size);
    store->written += key.size + record.mv_size;
    return MU_STORE_OK;
}

int mu_store_delete(struct mu_store *store, struct mu_bytes key)
{
    MDB_val name = store_val(key);
    int rc;
    int r;

    if (key.size < 1 || key.size > MU_STORE_KEY_MAX)
        return err_new(-EINVAL);
    r = store_write(store);
    if (r != 0)
        return r == MU_STORE_FULL ? err_new(-ENOSPC) : err_trace(r);
    rc = mdb_del(store->writer, store->dbi, &name, NULL);
    if (rc == 0 || rc == MDB_NOTFOUND)
        return store_code(rc);
    r = store_spoil(store, store_code(rc));
    return r == MU_STORE_FULL ? err_new(-ENOSPC) : err_trace(r);
}

/* LMDB reports a write cut short as EIO, whatever the reason. A disk without room is the harmless
 * one: the meta page, which alone makes a transaction count, is written after all others. */
static bool store_disk_is_full(const struct mu_store *store)
{
    struct statvfs disk;

    if (fstatvfs(store->folder_fd, &disk) < 0)
        return false;
    return (uint64_t)disk.f_bavail * disk.f_frsize < 2 * store->written + STORE_DISK_SLACK;
}

int mu_store_commit(struct mu_store *store)
{
    int r = store->spoiled;
    int rc;

    if (r == 0 && store->writer != NULL) {
        rc = mdb_txn_commit(store->writer);
        store->writer = NULL;
        r = rc == EIO && store_disk_is_full(store) ? MU_STORE_FULL : store_code(rc);
        if (r < 0 && r != -ENOMEM)
            store_die("commit", rc);
    }
    store->spoiled = 0;
    store->written = 0;
    return r;
}

void mu_store_abort(struct mu_store *store)
{
    if (store->writer != NULL)
        mdb_txn_abort(store->writer);
    store->writer = NULL;
    store->spoiled = 0;
    store->written = 0;
}

static bool store_has_prefix(const MDB_val *key, struct mu_bytes prefix)
{
    return key->mv_size >= prefix.size &&
           (prefix.size == 0 || memcmp(key->mv_data, prefix.data, prefix.size) == 0);
}

int mu_store_each(struct mu_store *store, struct mu_bytes prefix, mu_store_fn fn, void *user)
{
    MDB_val name = store_val(prefix);
    struct mu_bytes value;
    MDB_cursor *cursor;
    MDB_val record;
    MDB_txn *txn = NULL;
    int rc;
    int r;

    if (prefix.size > MU_STORE_KEY_MAX)
        return err_new(-EINVAL);
    r = store_read(store, &txn);
    if (r < 0)
        return err_trace(r);
    rc = mdb_cursor_open(txn, store->dbi, &cursor);
    if (rc != 0)
        return err_fold(store_code(rc));

    rc = mdb_cursor_get(cursor, &name, &record, prefix.size > 0 ? MDB_SET_RANGE : MDB_FIRST);
    while (rc == 0 && r == 0 && store_has_prefix(&name, prefix)) {
        r = store_verify(&name, &record, &value);
        if (r == 0)
            r = fn(store_bytes(&name), value, user);
        if (r == 0)
            rc = mdb_cursor_get(cursor, &name, &record, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    if (r == 0 && rc != 0 && rc != MDB_NOTFOUND)
        r = err_fold(store_code(rc));
    return r;
}

int mu_store_copy(struct mu_store *store, const char *path)
{
    CLEANUP(cleanup_close) int folder = -1;
    CLEANUP(cleanup_close) int file = -1;
    int r;

    r = store_open_folder(path, &folder);
    if (r < 0)
        return err_trace(r);
    file = openat(folder, STORE_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return err_new(-errno);
    r = store_code(mdb_env_copyfd2(store->env, file, MDB_CP_COMPACT));
    if (r == 0 && (fsync(file) < 0 || fsync(folder) < 0))
        r = err_new(-errno);
    if (r != 0)
        unlinkat(folder, STORE_FILE, 0);
    return r == MU_STORE_FULL ? err_new(-ENOSPC) : err_fold(r);
}
