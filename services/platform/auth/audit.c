// SPDX-License-Identifier: Apache-2.0
#include "services/platform/auth/audit.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "record.pb-c.h"

static const char purpose[] = "mu.audit.v1";

/* The record of an entry: its hash, then the entry. */
enum { ENTRY_SIZE_MAX = AUDIT_HASH_SIZE + 4 * (AUDIT_TEXT_MAX + 3) + 2 * 11 };

static void key_of(struct book_key *key, uint64_t number)
{
    book_key_init(key, 'e');
    book_key_add_number(key, number);
}

static void chain_key(struct book_key *key)
{
    book_key_init(key, 'c');
}

static void hash_of(const uint8_t before[AUDIT_HASH_SIZE], const uint8_t *entry, size_t size,
        uint8_t hash[AUDIT_HASH_SIZE])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, AUDIT_HASH_SIZE);
    crypto_generichash_update(&state, (const uint8_t *)purpose, sizeof(purpose));
    crypto_generichash_update(&state, before, AUDIT_HASH_SIZE);
    crypto_generichash_update(&state, entry, size);
    crypto_generichash_final(&state, hash, AUDIT_HASH_SIZE);
}

/* ---- the chain's ends ---- */

int audit_chain(struct book *book, struct audit_chain *chain)
{
    const Mu__Auth__Record__V1__Chain *record;
    ProtobufCMessage *message;
    struct book_key key;
    int r;

    *chain = (struct audit_chain){ .first = 1 };
    chain_key(&key);
    r = book_get_message(book, &key, &mu__auth__record__v1__chain__descriptor, &message);
    if (r != BOOK_OK)
        return r == BOOK_NONE ? BOOK_OK : r;
    record = (const Mu__Auth__Record__V1__Chain *)message;
    if (record->before.len != AUDIT_HASH_SIZE || record->hash.len != AUDIT_HASH_SIZE) {
        r = err_new(-EBADMSG);
    } else {
        chain->first = record->first;
        chain->last = record->last;
        memcpy(chain->before, record->before.data, AUDIT_HASH_SIZE);
        memcpy(chain->hash, record->hash.data, AUDIT_HASH_SIZE);
    }
    protobuf_c_message_free_unpacked(message, NULL);
    return r;
}

static int put_chain(struct book *book, struct audit_chain *chain)
{
    Mu__Auth__Record__V1__Chain record = MU__AUTH__RECORD__V1__CHAIN__INIT;
    struct book_key key;

    record.first = chain->first;
    record.last = chain->last;
    record.before.data = chain->before;
    record.before.len = AUDIT_HASH_SIZE;
    record.hash.data = chain->hash;
    record.hash.len = AUDIT_HASH_SIZE;
    chain_key(&key);
    return book_put_message(book, &key, &record.base);
}

/* Takes the oldest entry off; its hash is the one before the next. */
static int drop_first(struct book *book, struct audit_chain *chain)
{
    struct mu_bytes value;
    struct book_key key;
    int r;

    key_of(&key, chain->first);
    r = book_get(book, &key, &value);
    if (r == BOOK_OK && value.size < AUDIT_HASH_SIZE)
        r = err_new(-EBADMSG);
    if (r != BOOK_OK)
        return r;
    memcpy(chain->before, value.data, AUDIT_HASH_SIZE);
    chain->first += 1;
    return book_delete(book, &key);
}

/* ---- entries ---- */

/* Cuts a text where a character of UTF-8 ends. */
static char *cut(char text[AUDIT_TEXT_MAX + 1], const char *from)
{
    size_t size = strnlen(from != NULL ? from : "", AUDIT_TEXT_MAX + 1);

    if (size > AUDIT_TEXT_MAX) {
        size = AUDIT_TEXT_MAX;
        while (size > 0 && ((unsigned char)from[size] & 0xc0) == 0x80)
            size -= 1;
    }
    if (size > 0)
        memcpy(text, from, size);
    text[size] = '\0';
    return text;
}

static size_t pack(const struct audit_event *event, uint64_t number, uint64_t now_ms, uint8_t *out)
{
    Mu__Auth__Record__V1__Entry record = MU__AUTH__RECORD__V1__ENTRY__INIT;
    char texts[4][AUDIT_TEXT_MAX + 1];

    record.number = number;
    record.time_ms = now_ms;
    record.event = cut(texts[0], event->event);
    record.by = cut(texts[1], event->by);
    record.about = cut(texts[2], event->about);
    record.detail = cut(texts[3], event->detail);
    return mu__auth__record__v1__entry__pack(&record, out);
}

int audit_append(struct book *book, const struct audit_event *event, uint64_t now_ms)
{
    uint8_t value[ENTRY_SIZE_MAX];
    struct audit_chain chain;
    struct book_key key;
    size_t size;
    int r = audit_chain(book, &chain);

    if (r == BOOK_OK && chain.last >= chain.first + AUDIT_ENTRIES_MAX - 1)
        r = err_fold(drop_first(book, &chain));
    if (r != BOOK_OK)
        return r;
    chain.last += 1;
    size = pack(event, chain.last, now_ms, value + AUDIT_HASH_SIZE);
    hash_of(chain.hash, value + AUDIT_HASH_SIZE, size, value);
    memcpy(chain.hash, value, AUDIT_HASH_SIZE);
    key_of(&key, chain.last);
    r = book_put(book, &key, (struct mu_bytes){ value, AUDIT_HASH_SIZE + size });
    return r == BOOK_OK ? put_chain(book, &chain) : r;
}

static int read_entry(struct mu_bytes value, struct audit_entry *entry)
{
    const Mu__Auth__Record__V1__Entry *record;
    ProtobufCMessage *message;
    int r;

    if (value.size < AUDIT_HASH_SIZE)
        return err_new(-EBADMSG);
    r = book_unpack((struct mu_bytes){ value.data + AUDIT_HASH_SIZE, value.size - AUDIT_HASH_SIZE },
            &mu__auth__record__v1__entry__descriptor, &message);
    if (r != BOOK_OK)
        return r;
    record = (const Mu__Auth__Record__V1__Entry *)message;
    *entry = (struct audit_entry){ .number = record->number, .time_ms = record->time_ms };
    memcpy(entry->hash, value.data, AUDIT_HASH_SIZE);
    cut(entry->event, record->event);
    cut(entry->by, record->by);
    cut(entry->about, record->about);
    cut(entry->detail, record->detail);
    protobuf_c_message_free_unpacked(message, NULL);
    return BOOK_OK;
}

int audit_get(struct book *book, uint64_t number, struct audit_entry *entry)
{
    struct mu_bytes value;
    struct book_key key;
    int r;

    key_of(&key, number);
    r = book_get(book, &key, &value);
    return r == BOOK_OK ? read_entry(value, entry) : r;
}

/* ---- verifying ---- */

/* Why entry `number` does not follow `before`; NULL where it does, and `before` is then its hash.
 */
static const char *look_at(struct book *book, uint64_t number, uint8_t before[AUDIT_HASH_SIZE])
{
    uint8_t hash[AUDIT_HASH_SIZE];
    struct audit_entry entry;
    struct mu_bytes value;
    struct book_key key;
    int r;

    key_of(&key, number);
    r = book_get(book, &key, &value);
    if (r == BOOK_NONE)
        return "it is missing";
    if (r != BOOK_OK || value.size < AUDIT_HASH_SIZE)
        return "it is damaged";
    hash_of(before, value.data + AUDIT_HASH_SIZE, value.size - AUDIT_HASH_SIZE, hash);
    if (sodium_memcmp(hash, value.data, AUDIT_HASH_SIZE) != 0)
        return "its hash does not follow from it and the hash before";
    if (read_entry(value, &entry) != BOOK_OK || entry.number != number)
        return "it is not the entry of its number";
    memcpy(before, hash, AUDIT_HASH_SIZE);
    return NULL;
}

/* The hash before entry `number`. */
static int hash_before(struct book *book, const struct audit_chain *chain, uint64_t number,
        uint8_t before[AUDIT_HASH_SIZE])
{
    struct mu_bytes value;
    struct book_key key;
    int r;

    memcpy(before, chain->before, AUDIT_HASH_SIZE);
    if (number == chain->first)
        return BOOK_OK;
    key_of(&key, number - 1);
    r = book_get(book, &key, &value);
    if (r == BOOK_OK && value.size >= AUDIT_HASH_SIZE)
        memcpy(before, value.data, AUDIT_HASH_SIZE);
    return r == -EBADMSG ? BOOK_OK : r; /* which then shows as a break */
}

/* What the chain says of its end must be what stands there. */
static void look_at_end(
        struct book *book, const struct audit_chain *chain, struct audit_verdict *verdict)
{
    struct mu_bytes value;
    struct book_key key;

    key_of(&key, chain->last + 1);
    if (chain->last > 0 && memcmp(verdict->hash, chain->hash, AUDIT_HASH_SIZE) != 0) {
        verdict->broken = chain->last;
        verdict->why = "its hash is not the one that the log ended with";
    } else if (book_get(book, &key, &value) != BOOK_NONE) {
        verdict->broken = chain->last + 1;
        verdict->why = "it stands behind the end of the log";
    }
}

int audit_verify(struct book *book, uint64_t from, uint64_t count, struct audit_verdict *verdict)
{
    struct audit_chain chain;
    uint64_t number;
    int r = audit_chain(book, &chain);

    if (r != BOOK_OK)
        return r;
    number = from == 0 ? chain.first : from;
    if (number < chain.first || number > chain.last + 1)
        return BOOK_NONE;
    *verdict = (struct audit_verdict){ .last = number - 1 };
    r = hash_before(book, &chain, number, verdict->hash);
    if (r < 0)
        return r;
    for (; number <= chain.last && verdict->verified < count; number++) {
        verdict->why = look_at(book, number, verdict->hash);
        if (verdict->why != NULL) {
            verdict->broken = number;
            return BOOK_OK;
        }
        verdict->verified += 1;
        verdict->last = number;
    }
    if (number <= chain.last)
        verdict->next = number;
    else
        look_at_end(book, &chain, verdict);
    return BOOK_OK;
}
