// SPDX-License-Identifier: Apache-2.0
#include "registry/etcd/cache.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "registry/etcd/limits.h"
#include "registry/limits.h"

enum { CACHE_SIZE = 268435456, CACHE_NUMBER_SIZE = 8, CACHE_PRUNE_MAX = 64 };

static struct mu_bytes cache_text(const char *text)
{
    return (struct mu_bytes){ (const uint8_t *)text, strlen(text) };
}

struct cache_key {
    uint8_t bytes[2 + REGISTRY_NODE_MAX + 1];
};

static struct mu_bytes cache_node_key(struct cache_key *key, const char *node)
{
    snprintf((char *)key->bytes, sizeof(key->bytes), "o/%s", node);
    return cache_text((char *)key->bytes);
}

static struct mu_bytes cache_types_key(struct cache_key *key, const uint8_t types[32])
{
    memcpy(key->bytes, "s/", 2);
    memcpy(key->bytes + 2, types, 32);
    return (struct mu_bytes){ key->bytes, 34 };
}

static int cache_put(struct cache *cache, struct mu_bytes key, struct mu_bytes value)
{
    int r = mu_store_put(cache->store, key, value);

    return r == MU_STORE_FULL ? err_new(-ENOSPC) : err_fold(r);
}

int cache_commit(struct cache *cache)
{
    int r = mu_store_commit(cache->store);

    return r == MU_STORE_FULL ? err_new(-ENOSPC) : err_fold(r);
}

/* Writes one thing, at once. */
static int cache_write(struct cache *cache, const char *key, struct mu_bytes value)
{
    int r = cache_put(cache, cache_text(key), value);

    if (r == 0)
        r = cache_commit(cache);
    if (r < 0)
        mu_store_abort(cache->store);
    return r < 0 ? err_trace(r) : 0;
}

int cache_open(struct cache *cache, const char *path)
{
    int r = mu_store_open(&cache->store, path, CACHE_SIZE);

    return r < 0 ? err_trace(r) : 0;
}

void cache_close(struct cache *cache)
{
    cache->store = mu_store_close(cache->store);
}

int cache_keys(
        struct cache *cache, uint8_t secret[STATEMENT_SECRET_SIZE], uint8_t key[STATEMENT_KEY_SIZE])
{
    struct mu_bytes value;
    int r = mu_store_get(cache->store, cache_text("k"), &value);

    if (r < 0)
        return err_trace(r);
    if (r == MU_STORE_NONE) {
        crypto_sign_keypair(key, secret);
        return cache_write(cache, "k", (struct mu_bytes){ secret, STATEMENT_SECRET_SIZE });
    }
    if (value.size != STATEMENT_SECRET_SIZE)
        return err_new(-EBADMSG);
    memcpy(secret, value.data, STATEMENT_SECRET_SIZE);
    crypto_sign_ed25519_sk_to_pk(key, secret);
    return 0;
}

/* A number under a key of one letter; 0 where there is none. */
static int cache_get_number(struct cache *cache, const char *key, uint64_t *numberp)
{
    struct mu_bytes value;
    uint64_t number = 0;
    int r = mu_store_get(cache->store, cache_text(key), &value);

    if (r < 0)
        return err_trace(r);
    if (r == MU_STORE_OK && value.size != CACHE_NUMBER_SIZE)
        return err_new(-EBADMSG);
    for (unsigned i = 0; r == MU_STORE_OK && i < CACHE_NUMBER_SIZE; i++)
        number |= (uint64_t)value.data[i] << (8 * i);
    *numberp = number;
    return 0;
}

static int cache_set_number(struct cache *cache, const char *key, uint64_t number)
{
    uint8_t bytes[CACHE_NUMBER_SIZE];

    for (unsigned i = 0; i < CACHE_NUMBER_SIZE; i++)
        bytes[i] = (uint8_t)(number >> (8 * i));
    return cache_write(cache, key, (struct mu_bytes){ bytes, sizeof(bytes) });
}

int cache_next_sequence(struct cache *cache, uint64_t now_us, uint64_t *sequencep)
{
    uint64_t last;
    int r = cache_get_number(cache, "n", &last);

    if (r < 0)
        return err_trace(r);
    last = now_us > last ? now_us : last + 1;
    r = cache_set_number(cache, "n", last);
    if (r == 0)
        *sequencep = last;
    return r;
}

int cache_get_adopted(struct cache *cache, uint64_t *journalp)
{
    return cache_get_number(cache, "a", journalp);
}

int cache_set_adopted(struct cache *cache, uint64_t journal)
{
    return cache_set_number(cache, "a", journal);
}

int cache_put_statement(struct cache *cache, const char *node, struct mu_bytes statement)
{
    struct cache_key key;

    return cache_put(cache, cache_node_key(&key, node), statement);
}

int cache_put_types(struct cache *cache, const uint8_t types[32], struct mu_bytes set)
{
    struct cache_key key;

    return cache_put(cache, cache_types_key(&key, types), set);
}

int cache_get_statement(struct cache *cache, const char *node, struct mu_bytes *statementp)
{
    struct cache_key key;

    return mu_store_get(cache->store, cache_node_key(&key, node), statementp);
}

int cache_get_types(struct cache *cache, const uint8_t types[32], struct mu_bytes *setp)
{
    struct cache_key key;

    return mu_store_get(cache->store, cache_types_key(&key, types), setp);
}

/* Types that are to go, some at a time: what is visited must not be written. */
struct cache_pruning {
    cache_keep_fn fn;
    void *user;
    uint64_t bytes; /* of those that stay */
    uint32_t count;
    uint8_t types[CACHE_PRUNE_MAX][32];
};

static int cache_find_unneeded(struct mu_bytes key, struct mu_bytes value, void *user)
{
    struct cache_pruning *pruning = user;
    bool keep = key.size == 34 && pruning->bytes + value.size <= ETCD_CACHE_TYPES_MAX &&
                pruning->fn(key.data + 2, pruning->user);

    if (keep)
        pruning->bytes += value.size;
    else if (key.size == 34 && pruning->count < CACHE_PRUNE_MAX)
        memcpy(pruning->types[pruning->count++], key.data + 2, 32);
    return 0;
}

int cache_prune_types(struct cache *cache, cache_keep_fn fn, void *user)
{
    struct cache_pruning pruning;
    int r;

    do {
        pruning = (struct cache_pruning){ .fn = fn, .user = user };
        r = mu_store_each(cache->store, cache_text("s/"), cache_find_unneeded, &pruning);
        for (uint32_t i = 0; r >= 0 && i < pruning.count; i++) {
            struct cache_key key;

            r = mu_store_delete(cache->store, cache_types_key(&key, pruning.types[i]));
        }
    } while (r >= 0 && pruning.count == CACHE_PRUNE_MAX);
    return r < 0 ? err_trace(r) : cache_commit(cache);
}
