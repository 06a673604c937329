// SPDX-License-Identifier: Apache-2.0
/* Entries are sorted, so that a list has one spelling and a certificate is found in ten steps.
 * Whole lists replace each other, because with lists that add up nobody could ever be sure to
 * hold all of them; and an old list offered again is told by its version alone. */
#include "transport/secure/revocation.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "transport/secure/big_endian.h"

/* Where the fields stand. */
enum {
    AT_CERTIFICATES = 4,
    AT_ZERO = 5,
    AT_NETWORK = 8,
    AT_SIGNER = 24,
    AT_VERSION = 56,
    AT_ISSUED_AT = 64,
    AT_COUNT = 72,
    AT_ZERO_TOO = 76
};

enum { HASH_SIZE = 64 };

static const uint8_t magic[4] = { 'M', 'u', 'R', '1' };
static const struct public_key everybody = { { 0 } };

void revocation_list_init(struct revocation_list *list, const struct network_id *network)
{
    memset(list, 0, sizeof(*list));
    list->network = *network;
}

/* The index of the first entry that is not below `subject`. */
static uint32_t list_find(const struct revocation_list *list, const struct public_key *subject)
{
    uint32_t low = 0;
    uint32_t high = list->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (memcmp(list->entries[middle].subject.bytes, subject->bytes, PUBLIC_KEY_SIZE) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The entry of a subject, or NULL. */
static const struct revocation *list_entry(
        const struct revocation_list *list, const struct public_key *subject)
{
    uint32_t at = list_find(list, subject);

    if (at == list->count || !public_key_equal(&list->entries[at].subject, subject))
        return NULL;
    return &list->entries[at];
}

enum revocation_outcome revocation_list_add(
        struct revocation_list *list, const struct public_key *subject, uint64_t until_s)
{
    uint32_t at;
    struct revocation *entry;

    if (until_s > TIME_MAX_S)
        return REVOCATION_BAD;
    if (subject == NULL)
        subject = &everybody;
    at = list_find(list, subject);
    entry = &list->entries[at];
    if (at < list->count && public_key_equal(&entry->subject, subject)) {
        if (until_s > entry->until_s)
            entry->until_s = until_s;
        return REVOCATION_OK;
    }
    if (list->count == REVOCATIONS_MAX)
        return REVOCATION_FULL;
    memmove(entry + 1, entry, (list->count - at) * sizeof(*entry));
    *entry = (struct revocation){ .subject = *subject, .until_s = until_s };
    list->count += 1;
    return REVOCATION_OK;
}

void revocation_list_forget(struct revocation_list *list, uint64_t before_s)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < list->count; i++) {
        if (list->entries[i].until_s >= before_s)
            list->entries[kept++] = list->entries[i];
    }
    list->count = kept;
}

static uint8_t *head_write(const struct revocation_list *list, uint8_t *out)
{
    out = bytes_write(out, magic, sizeof(magic));
    *out++ = list->by_authority ? 1 : 0;
    out = bytes_write(out, "\0\0", AT_NETWORK - AT_ZERO);
    out = bytes_write(out, list->network.bytes, NETWORK_ID_SIZE);
    out = bytes_write(out, list->signer.bytes, PUBLIC_KEY_SIZE);
    out = be64_write(out, list->version);
    out = be64_write(out, list->issued_at_s);
    out = be32_write(out, list->count);
    return be32_write(out, 0);
}

static uint8_t *entry_write(const struct revocation *entry, uint8_t *out)
{
    out = bytes_write(out, entry->subject.bytes, PUBLIC_KEY_SIZE);
    return be64_write(out, entry->until_s);
}

/* What is signed: BLAKE2b-512 of head and entries. */
static void list_hash(const struct revocation_list *list, uint8_t hash[HASH_SIZE])
{
    crypto_generichash_state state;
    uint8_t bytes[REVOCATION_HEAD_SIZE];

    crypto_generichash_init(&state, NULL, 0, HASH_SIZE);
    head_write(list, bytes);
    crypto_generichash_update(&state, bytes, REVOCATION_HEAD_SIZE);
    for (uint32_t i = 0; i < list->count; i++) {
        entry_write(&list->entries[i], bytes);
        crypto_generichash_update(&state, bytes, REVOCATION_ENTRY_SIZE);
    }
    crypto_generichash_final(&state, hash, HASH_SIZE);
}

enum revocation_outcome revocation_list_sign(struct revocation_list *list, const struct key *signer,
        const struct certificate *authority, uint64_t issued_at_s)
{
    uint8_t hash[HASH_SIZE];

    if (issued_at_s > TIME_MAX_S || list->version == UINT64_MAX ||
            (authority != NULL && !public_key_equal(&authority->subject, &signer->public)))
        return REVOCATION_BAD;
    list->signer = signer->public;
    list->version += 1;
    list->issued_at_s = issued_at_s;
    list->by_authority = authority != NULL;
    list->authority = authority != NULL ? *authority : (struct certificate){ 0 };
    list_hash(list, hash);
    key_sign(signer, KEY_FOR_REVOCATIONS, (struct span){ hash, sizeof(hash) }, list->signature);
    return REVOCATION_OK;
}

bool revocation_list_verify(const struct revocation_list *list)
{
    uint8_t hash[HASH_SIZE];

    list_hash(list, hash);
    return key_verify(&list->signer, KEY_FOR_REVOCATIONS, (struct span){ hash, sizeof(hash) },
            list->signature);
}

bool revocation_list_voids(
        const struct revocation_list *list, const struct certificate *certificate)
{
    const struct revocation *own = list_entry(list, &certificate->subject);
    const struct revocation *all = list_entry(list, &everybody);

    return (own != NULL && certificate->not_before_s <= own->until_s) ||
           (all != NULL && certificate->not_before_s <= all->until_s);
}

enum revocation_order revocation_list_order(
        const struct revocation_list *held, const struct revocation_list *offered)
{
    uint8_t hashes[2][HASH_SIZE];

    CHECK(public_key_equal(&held->signer, &offered->signer));

    if (offered->version != held->version)
        return offered->version < held->version ? REVOCATION_OLDER : REVOCATION_NEWER;
    list_hash(held, hashes[0]);
    list_hash(offered, hashes[1]);
    return memcmp(hashes[0], hashes[1], HASH_SIZE) == 0 ? REVOCATION_SAME : REVOCATION_FORKED;
}

/* Reads the fixed part, and tells where the list's parts must end by what it says. */
static bool head_read(struct revocation_list *list, struct span bytes)
{
    static const uint8_t zero[AT_NETWORK - AT_ZERO];
    const uint8_t *at = bytes.data;

    if (bytes.size < REVOCATION_HEAD_SIZE || memcmp(at, magic, sizeof(magic)) != 0 ||
            at[AT_CERTIFICATES] > 1 || memcmp(at + AT_ZERO, zero, sizeof(zero)) != 0 ||
            be32_read(at + AT_ZERO_TOO) != 0)
        return false;
    list->by_authority = at[AT_CERTIFICATES] == 1;
    memcpy(list->network.bytes, at + AT_NETWORK, NETWORK_ID_SIZE);
    memcpy(list->signer.bytes, at + AT_SIGNER, PUBLIC_KEY_SIZE);
    list->version = be64_read(at + AT_VERSION);
    list->issued_at_s = be64_read(at + AT_ISSUED_AT);
    list->count = be32_read(at + AT_COUNT);
    return list->version != 0 && list->issued_at_s <= TIME_MAX_S && list->count <= REVOCATIONS_MAX;
}

static bool entries_read(struct revocation_list *list, const uint8_t *at)
{
    for (uint32_t i = 0; i < list->count; i++, at += REVOCATION_ENTRY_SIZE) {
        struct revocation *entry = &list->entries[i];

        memcpy(entry->subject.bytes, at, PUBLIC_KEY_SIZE);
        entry->until_s = be64_read(at + PUBLIC_KEY_SIZE);
        if (entry->until_s > TIME_MAX_S ||
                (i > 0 && memcmp(entry[-1].subject.bytes, at, PUBLIC_KEY_SIZE) >= 0))
            return false;
    }
    return true;
}

enum revocation_outcome revocation_list_read(struct revocation_list *list, struct span bytes)
{
    size_t size;
    struct span rest;

    if (!head_read(list, bytes))
        return REVOCATION_BAD;
    size = REVOCATION_HEAD_SIZE + (size_t)list->count * REVOCATION_ENTRY_SIZE + SIGNATURE_SIZE;
    if (bytes.size < size || !entries_read(list, bytes.data + REVOCATION_HEAD_SIZE))
        return REVOCATION_BAD;
    memcpy(list->signature, bytes.data + size - SIGNATURE_SIZE, SIGNATURE_SIZE);
    rest = (struct span){ bytes.data + size, bytes.size - size };
    if (!list->by_authority)
        return rest.size == 0 ? REVOCATION_OK : REVOCATION_BAD;
    if (certificate_read(&list->authority, rest) != CERTIFICATE_OK ||
            !public_key_equal(&list->authority.subject, &list->signer))
        return REVOCATION_BAD;
    return REVOCATION_OK;
}

size_t revocation_list_size(const struct revocation_list *list)
{
    return REVOCATION_HEAD_SIZE + (size_t)list->count * REVOCATION_ENTRY_SIZE + SIGNATURE_SIZE +
           (list->by_authority ? certificate_size(&list->authority) : 0);
}

uint8_t *revocation_list_write(const struct revocation_list *list, uint8_t *out)
{
    out = head_write(list, out);
    for (uint32_t i = 0; i < list->count; i++)
        out = entry_write(&list->entries[i], out);
    out = bytes_write(out, list->signature, SIGNATURE_SIZE);
    return list->by_authority ? certificate_write(&list->authority, out) : out;
}
