// SPDX-License-Identifier: Apache-2.0
#include "registry/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "registry/name.h"
#include "registry/record.h"

/* REGISTRY_BYTES_MAX of records, each of which may take a page of which it needs half, is well
 * below what the store allows itself of this. */
enum { JOURNAL_SIZE = 1073741824 };

static struct mu_bytes journal_text(const char *text)
{
    return (struct mu_bytes){ .data = (const uint8_t *)text, .size = strlen(text) };
}

static struct mu_bytes journal_set_key(
        uint8_t key[2 + TYPES_HASH_SIZE], const uint8_t types[TYPES_HASH_SIZE])
{
    memcpy(key, "s/", 2);
    memcpy(key + 2, types, TYPES_HASH_SIZE);
    return (struct mu_bytes){ .data = key, .size = 2 + TYPES_HASH_SIZE };
}

static struct mu_bytes journal_manifest_key(char key[REGISTRY_NAME_MAX + 3], const char *service)
{
    snprintf(key, REGISTRY_NAME_MAX + 3, "m/%s", service);
    return journal_text(key);
}

/* ---- revisions ---- */

/* Writes a number, and commits. Returns 0, -ENOSPC or -errno. */
static int journal_put_number(struct journal *journal, const char *key, uint64_t number)
{
    uint8_t value[8];
    int r;

    for (unsigned i = 0; i < sizeof(value); i++)
        value[i] = (uint8_t)(number >> (8 * i));
    r = mu_store_put(journal->store, journal_text(key),
            (struct mu_bytes){ .data = value, .size = sizeof(value) });
    if (r == 0)
        r = mu_store_commit(journal->store);
    if (r != 0) {
        mu_store_abort(journal->store);
        return r == MU_STORE_FULL ? err_new(-ENOSPC) : err_trace(r);
    }
    return 0;
}

/* Reads a number that is not 0; 0 where there is none. Returns 0, -EBADMSG or -errno. */
static int journal_get_number(struct journal *journal, const char *key, uint64_t *numberp)
{
    struct mu_bytes value;
    uint64_t number = 0;
    int r = mu_store_get(journal->store, journal_text(key), &value);

    if (r == MU_STORE_NONE) {
        *numberp = 0;
        return 0;
    }
    if (r < 0)
        return err_trace(r);
    if (value.size != 8)
        return err_new(-EBADMSG);
    for (unsigned i = 0; i < 8; i++)
        number |= (uint64_t)value.data[i] << (8 * i);
    if (number == 0 || number > UINT64_MAX / 2)
        return err_new(-EBADMSG);
    *numberp = number;
    return 0;
}

static int journal_put_reserved(struct journal *journal, uint64_t reserved)
{
    int r = journal_put_number(journal, "r", reserved);

    if (r == 0)
        journal->reserved = reserved;
    return r;
}

static int journal_get_reserved(struct journal *journal, uint64_t *reservedp)
{
    int r = journal_get_number(journal, "r", reservedp);

    if (r == 0 && *reservedp == 0)
        *reservedp = 1;
    return r;
}

bool journal_needs_reserve(const struct journal *journal, const struct catalog *catalog)
{
    return catalog_revision(catalog) + REGISTRY_REVISION_BLOCK / 4 >= journal->reserved;
}

int journal_reserve(struct journal *journal, const struct catalog *catalog)
{
    return journal_put_reserved(journal, catalog_revision(catalog) + REGISTRY_REVISION_BLOCK);
}

/* ---- opening ---- */

int journal_open(struct journal *journal, const char *path, uint64_t *revisionp)
{
    uint64_t revision = 0;
    int r;

    *journal = (struct journal){ 0 };
    r = mu_store_open(&journal->store, path, JOURNAL_SIZE);
    if (r == 0)
        r = journal_get_reserved(journal, &revision);
    if (r == 0)
        r = journal_put_reserved(journal, revision + REGISTRY_REVISION_BLOCK);
    if (r < 0) {
        journal_close(journal);
        return err_trace(r);
    }
    *revisionp = revision;
    return 0;
}

int journal_identify(struct journal *journal, uint64_t candidate, uint64_t *identityp)
{
    int r = journal_get_number(journal, "i", identityp);

    if (r < 0 || *identityp != 0)
        return r;
    r = journal_put_number(journal, "i", candidate);
    if (r == 0)
        *identityp = candidate;
    return r;
}

void journal_close(struct journal *journal)
{
    journal->store = mu_store_close(journal->store);
}

static int journal_load_manifest(struct mu_bytes key, struct mu_bytes value, void *user)
{
    struct catalog *catalog = user;
    char name[REGISTRY_NAME_MAX + 1];
    int r;

    if (key.size - 2 > REGISTRY_NAME_MAX || value.size == 0)
        return err_new(-EBADMSG);
    memcpy(name, key.data + 2, key.size - 2);
    name[key.size - 2] = '\0';
    if (!name_is_valid(name) || strlen(name) != key.size - 2)
        return err_new(-EBADMSG);
    r = catalog_register(catalog, name, value.data, value.size);
    return r < 0 ? err_trace(r) : r == CATALOG_OK ? 0 : err_new(-EBADMSG);
}

static int journal_load_version(struct mu_bytes key, struct mu_bytes value, void *user)
{
    struct catalog *catalog = user;
    uint8_t freed[TYPES_HASH_SIZE];
    struct record record;
    bool was_freed;
    int r;

    r = record_read(&record, key, value);
    if (r < 0)
        return err_trace(r);
    r = catalog_publish(catalog, &record.publication, freed, &was_freed);
    return r < 0 ? err_trace(r) : r == CATALOG_OK ? 0 : err_new(-EBADMSG);
}

/* The sets that are there, and those of them that nothing refers to. */
struct leftover {
    const struct catalog *catalog;
    uint32_t needed;
    uint32_t count;
    uint8_t (*types)[TYPES_HASH_SIZE]; /* owned */
};

static int journal_find_leftover(struct mu_bytes key, struct mu_bytes value, void *user)
{
    struct leftover *leftover = user;
    void *types;

    (void)value;
    if (key.size != 2 + TYPES_HASH_SIZE)
        return err_new(-EBADMSG);
    if (sets_has(&leftover->catalog->sets, key.data + 2)) {
        leftover->needed += 1;
        return 0;
    }
    types = realloc(leftover->types, (leftover->count + 1) * sizeof(*leftover->types));
    if (types == NULL)
        return err_new(-ENOMEM);
    leftover->types = types;
    memcpy(leftover->types[leftover->count], key.data + 2, TYPES_HASH_SIZE);
    leftover->count += 1;
    return 0;
}

static int journal_delete_leftover(struct journal *journal, const struct catalog *catalog)
{
    struct leftover leftover = { .catalog = catalog };
    int r = mu_store_each(journal->store, journal_text("s/"), journal_find_leftover, &leftover);

    if (r == 0 && leftover.needed != catalog->sets.count)
        r = err_new(-EBADMSG);
    for (uint32_t i = 0; r == 0 && i < leftover.count; i++)
        r = journal_delete_set(journal, leftover.types[i]);
    free(leftover.types);
    return r == 0 ? journal_commit(journal) : err_trace(r);
}

int journal_load(struct journal *journal, struct catalog *catalog)
{
    int r;

    r = mu_store_each(journal->store, journal_text("m/"), journal_load_manifest, catalog);
    if (r == 0)
        r = mu_store_each(journal->store, journal_text("t/"), journal_load_version, catalog);
    if (r == 0)
        r = journal_delete_leftover(journal, catalog);
    return err_fold(r);
}

/* ---- writing ---- */

int journal_put_manifest(
        struct journal *journal, const char *service, const uint8_t *manifest, size_t size)
{
    char key[REGISTRY_NAME_MAX + 3];

    return mu_store_put(journal->store, journal_manifest_key(key, service),
            (struct mu_bytes){ .data = manifest, .size = size });
}

int journal_put_version(struct journal *journal, const struct publication *publication)
{
    CLEANUP(cleanup_free) uint8_t *value = malloc(RECORD_VALUE_MAX);
    char key[RECORD_KEY_MAX];
    size_t size;

    if (value == NULL)
        return err_new(-ENOMEM);
    record_key(key, publication->service, publication->version);
    size = record_write(value, publication);
    return mu_store_put(
            journal->store, journal_text(key), (struct mu_bytes){ .data = value, .size = size });
}

int journal_put_set(
        struct journal *journal, const uint8_t types[TYPES_HASH_SIZE], struct mu_bytes set)
{
    uint8_t key[2 + TYPES_HASH_SIZE];

    return mu_store_put(journal->store, journal_set_key(key, types), set);
}

static int journal_delete(struct journal *journal, struct mu_bytes key)
{
    int r = mu_store_delete(journal->store, key);

    return r < 0 ? err_trace(r) : 0;
}

int journal_delete_manifest(struct journal *journal, const char *service)
{
    char key[REGISTRY_NAME_MAX + 3];

    return journal_delete(journal, journal_manifest_key(key, service));
}

int journal_delete_version(struct journal *journal, const char *service, const char *version)
{
    char key[RECORD_KEY_MAX];

    record_key(key, service, version);
    return journal_delete(journal, journal_text(key));
}

int journal_delete_set(struct journal *journal, const uint8_t types[TYPES_HASH_SIZE])
{
    uint8_t key[2 + TYPES_HASH_SIZE];

    return journal_delete(journal, journal_set_key(key, types));
}

int journal_get_set(
        struct journal *journal, const uint8_t types[TYPES_HASH_SIZE], struct mu_bytes *setp)
{
    uint8_t key[2 + TYPES_HASH_SIZE];

    return mu_store_get(journal->store, journal_set_key(key, types), setp);
}

int journal_commit(struct journal *journal)
{
    return mu_store_commit(journal->store);
}

void journal_abort(struct journal *journal)
{
    mu_store_abort(journal->store);
}
