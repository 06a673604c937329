// SPDX-License-Identifier: Apache-2.0
/* The membership's record names its keys, and a key file is named by its key. So keys are written
 * before the record that needs them, and those that no record names are swept behind it: whenever
 * the process ends, the record that is there has its keys, and what else is there nobody misses. */
#include "services/network/link/vault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "mu/schema.h"
#include "services/network/link/keyring.h"
#include "vault.pb-c.h"

/* Keys of the store: what a record is of, and of whom. */
static const char AT_SELF[] = "self";
static const char AT_PSK[] = "psk";

struct mu_bytes vault_key(struct vault_key *key, const char *kind, const void *of, size_t size)
{
    key->size = strlen(kind);
    CHECK(key->size + size <= sizeof(key->bytes));
    memcpy(key->bytes, kind, key->size);
    memcpy(key->bytes + key->size, of, size);
    key->size += size;
    return (struct mu_bytes){ key->bytes, key->size };
}

static struct mu_bytes text_bytes(const char *text)
{
    return (struct mu_bytes){ (const uint8_t *)text, strlen(text) };
}

/* What the store says is said on; what it calls full is. */
static int outcome_of(int stored)
{
    switch (stored) {
    case MU_STORE_OK:
        return VAULT_OK;
    case MU_STORE_NONE:
        return VAULT_NONE;
    case MU_STORE_FULL:
        return VAULT_FULL;
    default:
        return err_trace(stored);
    }
}

int vault_get(struct vault *vault, struct mu_bytes key, struct mu_bytes *valuep)
{
    return outcome_of(mu_store_get(vault->store, key, valuep));
}

int vault_put(struct vault *vault, struct mu_bytes key, struct mu_bytes value)
{
    int r = outcome_of(mu_store_put(vault->store, key, value));

    if (r != VAULT_OK)
        vault_abort(vault);
    return r;
}

static int count_one(struct mu_bytes key, struct mu_bytes value, void *user)
{
    (void)key;
    (void)value;
    *(size_t *)user += 1;
    return 0;
}

int vault_put_one_of(struct vault *vault, const char *kind, size_t max, struct mu_bytes key,
        struct mu_bytes value)
{
    struct mu_bytes present;
    size_t count = 0;
    int r = mu_store_get(vault->store, key, &present);

    if (r == MU_STORE_NONE)
        r = mu_store_each(vault->store, text_bytes(kind), count_one, &count);
    if (r < 0)
        return err_trace(r);
    if (count >= max) {
        vault_abort(vault);
        return VAULT_FULL;
    }
    return vault_put(vault, key, value);
}

int vault_delete(struct vault *vault, struct mu_bytes key)
{
    return outcome_of(mu_store_delete(vault->store, key));
}

int vault_each(struct vault *vault, const char *kind, mu_store_fn fn, void *user)
{
    return err_trace(mu_store_each(vault->store, text_bytes(kind), fn, user));
}

int vault_open(struct vault *vault, const char *path)
{
    int size = snprintf(vault->folder, sizeof(vault->folder), "%s", path);

    vault->store = NULL;
    if (size < 0 || (size_t)size >= sizeof(vault->folder))
        return err_new(-ENAMETOOLONG);
    return err_trace(mu_store_open(&vault->store, path, VAULT_SIZE_MAX));
}

void vault_close(struct vault *vault)
{
    vault->store = mu_store_close(vault->store);
}

int vault_commit(struct vault *vault)
{
    return outcome_of(mu_store_commit(vault->store));
}

void vault_abort(struct vault *vault)
{
    mu_store_abort(vault->store);
}

/* ---- this node ---- */

/* Keeps the key files that the membership names. */
static void sweep_keys(struct vault *vault, const struct membership *membership)
{
    const struct public_key kept[] = { membership->key.public, membership->authority_key.public };

    keyring_sweep(vault->folder, kept, membership_is_authority(membership) ? 2 : 1);
}

/* What the key ring said. */
static int outcome_of_key(int kept)
{
    if (kept == KEYRING_EXPOSED)
        return VAULT_EXPOSED;
    return kept == KEYRING_FULL ? VAULT_FULL : err_trace(kept);
}

static int key_load(struct vault *vault, const struct public_key *public, struct key *key)
{
    return outcome_of_key(keyring_get(vault->folder, public, key));
}

static bool bytes_are_key(ProtobufCBinaryData bytes, struct public_key *key)
{
    if (bytes.len != PUBLIC_KEY_SIZE)
        return false;
    memcpy(key->bytes, bytes.data, PUBLIC_KEY_SIZE);
    return true;
}

static int whereabouts_read(
        struct whereabouts *whereabouts, const Mu__Link__Vault__V1__Membership *record)
{
    if (!whereabouts_set_listen(whereabouts, record->listen))
        return err_new(-EBADMSG);
    for (size_t i = 0; i < record->n_addresses; i++) {
        if (!whereabouts_add(whereabouts, record->addresses[i]))
            return err_new(-EBADMSG);
    }
    return VAULT_OK;
}

static int psk_load(struct vault *vault, struct membership *membership)
{
    struct mu_bytes psk;
    int r = vault_get(vault, text_bytes(AT_PSK), &psk);

    if (r == VAULT_NONE || (r == VAULT_OK && psk.size != PSK_SIZE))
        return err_new(-EBADMSG);
    return r == VAULT_OK ? err_trace(membership_set_psk(membership, psk.data)) : r;
}

/* What the record says, and the secrets that it names. */
static int membership_read(struct vault *vault, struct membership *membership,
        const Mu__Link__Vault__V1__Membership *record)
{
    const ProtobufCBinaryData authority = record->authority;
    int r;

    if (!bytes_are_key(record->root, &membership->root) ||
            chain_read_all(&membership->chain,
                    (struct span){ record->chain.data, record->chain.len }) != CERTIFICATE_OK)
        return err_new(-EBADMSG);
    network_id_init(&membership->network, &membership->root);
    r = whereabouts_read(&membership->whereabouts, record);
    if (r == VAULT_OK)
        r = key_load(vault, &membership->chain.certificates[0].subject, &membership->key);
    if (r == VAULT_OK && authority.len > 0) {
        if (certificate_read(&membership->authority,
                    (struct span){ authority.data, authority.len }) != CERTIFICATE_OK)
            return err_new(-EBADMSG);
        r = key_load(vault, &membership->authority.subject, &membership->authority_key);
    }
    return r == VAULT_OK ? psk_load(vault, membership) : r;
}

int vault_load(struct vault *vault, struct membership *membership)
{
    const ProtobufCMessageDescriptor *type = &mu__link__vault__v1__membership__descriptor;
    struct membership read = { 0 };
    Mu__Link__Vault__V1__Membership *record;
    struct mu_bytes bytes;
    int r = vault_get(vault, text_bytes(AT_SELF), &bytes);

    if (r != VAULT_OK)
        return r;
    if (mu_body_check(type, bytes, NULL) < 0)
        return err_new(-EBADMSG);
    record = mu__link__vault__v1__membership__unpack(NULL, bytes.size, bytes.data);
    if (record == NULL)
        return err_new(-ENOMEM);
    r = membership_read(vault, &read, record);
    mu__link__vault__v1__membership__free_unpacked(record, NULL);
    if (r != VAULT_OK) {
        membership_deinit(&read);
        return r;
    }
    sweep_keys(vault, &read);
    *membership = read;
    return VAULT_OK;
}

/* The largest record there can be is far below this. */
enum { MEMBERSHIP_SIZE_MAX = 4096 };

static int membership_put(struct vault *vault, const struct membership *membership)
{
    const struct whereabouts *whereabouts = &membership->whereabouts;
    Mu__Link__Vault__V1__Membership record = MU__LINK__VAULT__V1__MEMBERSHIP__INIT;
    uint8_t chain[CHAIN_SIZE_MAX];
    uint8_t authority[CERTIFICATE_SIZE_MAX];
    uint8_t bytes[MEMBERSHIP_SIZE_MAX];
    char *addresses[TOKEN_ADDRESSES_MAX];
    size_t size;

    record.root.data = (uint8_t *)(uintptr_t)membership->root.bytes;
    record.root.len = PUBLIC_KEY_SIZE;
    record.chain.data = chain;
    record.chain.len = (size_t)(chain_write(&membership->chain, chain) - chain);
    if (membership_is_authority(membership)) {
        record.authority.data = authority;
        record.authority.len =
                (size_t)(certificate_write(&membership->authority, authority) - authority);
    }
    record.listen = (char *)(uintptr_t)whereabouts->listen;
    for (size_t i = 0; i < whereabouts->address_count; i++)
        addresses[i] = (char *)(uintptr_t)whereabouts->addresses[i];
    record.addresses = addresses;
    record.n_addresses = whereabouts->address_count;
    if (mu__link__vault__v1__membership__get_packed_size(&record) > sizeof(bytes))
        return err_new(-E2BIG);
    size = mu__link__vault__v1__membership__pack(&record, bytes);
    return vault_put(vault, text_bytes(AT_SELF), (struct mu_bytes){ bytes, size });
}

int vault_save(struct vault *vault, const struct membership *membership)
{
    int r = outcome_of_key(keyring_put(vault->folder, &membership->key));

    if (r == VAULT_OK)
        r = outcome_of_key(keyring_put(vault->folder, &membership->authority_key));
    if (r == VAULT_OK)
        r = membership_put(vault, membership);
    if (r == VAULT_OK)
        r = vault_put(vault, text_bytes(AT_PSK), (struct mu_bytes){ membership->psk, PSK_SIZE });
    if (r == VAULT_OK)
        r = vault_commit(vault);
    if (r == VAULT_OK)
        sweep_keys(vault, membership);
    return r;
}

/* Keys of the store, gathered: a visit must not write. */
struct gathered {
    struct vault_key keys[64];
    size_t count;
};

static int gather(struct mu_bytes key, struct mu_bytes value, void *user)
{
    struct gathered *gathered = user;

    (void)value;
    vault_key(&gathered->keys[gathered->count], "", key.data, key.size);
    gathered->count += 1;
    return gathered->count == sizeof(gathered->keys) / sizeof(gathered->keys[0]) ? 1 : 0;
}

static int delete_all(struct vault *vault)
{
    struct gathered gathered;
    int r;

    do {
        gathered.count = 0;
        r = mu_store_each(vault->store, (struct mu_bytes){ 0 }, gather, &gathered);
        for (size_t i = 0; i < gathered.count && r >= 0; i++)
            r = mu_store_delete(vault->store,
                    (struct mu_bytes){ gathered.keys[i].bytes, gathered.keys[i].size });
    } while (r >= 0 && gathered.count > 0);
    return r < 0 ? err_trace(r) : VAULT_OK;
}

int vault_forget(struct vault *vault)
{
    int r = delete_all(vault);

    if (r == VAULT_OK)
        r = vault_commit(vault);
    if (r == VAULT_OK)
        keyring_sweep(vault->folder, NULL, 0);
    else
        vault_abort(vault);
    return r;
}
