/* registry/etcd/cache.h - what is known through etcd, for the time when it is away, and a process
 * that starts then.
 *
 *   k           this node's secret key, 64 bytes: made at the first start
 *   n           the last sequence that a statement of this node had, 8 bytes, little-endian
 *   a           the registry's journal that held all that etcd keeps, by its number, as `n`
 * `n` o/NODE      the last believed statement of a node s/HASH      a FileDescriptorSet that other
 * nodes' instances have
 *
 * Of one thread at a time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mu/store.h"
#include "registry/etcd/statement.h"

struct cache {
    struct mu_store *store; /* owned */
};

/* Opens it in the folder `path`. Returns 0 or -errno, as mu_store_open. */
int cache_open(struct cache *cache, const char *path);

/* Safe on zeroes, and safe twice. */
void cache_close(struct cache *cache);

/* This node's keys, made where there are none. Returns 0 or -errno (-EBADMSG: not what was
 * written). */
int cache_keys(struct cache *cache, uint8_t secret[STATEMENT_SECRET_SIZE],
        uint8_t key[STATEMENT_KEY_SIZE]);

/* A sequence above all that were given before: `now_us`, unless that is not. It is on the disk when
 * this returns. Returns 0 or -errno. */
int cache_next_sequence(struct cache *cache, uint64_t now_us, uint64_t *sequencep);

/* The registry's journal that held all that etcd keeps: any other has to take it over. 0 where
 * there was none. Both return 0 or -errno. */
int cache_get_adopted(struct cache *cache, uint64_t *journalp);
int cache_set_adopted(struct cache *cache, uint64_t journal);

/* Puts and deletes are on the disk after cache_commit. All return 0 or -errno; a full disk is
 * -ENOSPC. */
int cache_put_statement(struct cache *cache, const char *node, struct mu_bytes statement);
int cache_put_types(struct cache *cache, const uint8_t types[32], struct mu_bytes set);
int cache_commit(struct cache *cache);

/* The statement of a node, or the types of that hash; borrowed until the next call. Returns
 * MU_STORE_OK, MU_STORE_NONE or -errno. */
int cache_get_statement(struct cache *cache, const char *node, struct mu_bytes *statementp);
int cache_get_types(struct cache *cache, const uint8_t types[32], struct mu_bytes *setp);

/* Deletes the types for which `fn` says no. Returns 0 or -errno. */
typedef bool (*cache_keep_fn)(const uint8_t types[32], void *user);
int cache_prune_types(struct cache *cache, cache_keep_fn fn, void *user);
