// SPDX-License-Identifier: Apache-2.0
/* Keys stand in the store and not in files of their own: one that signs and the tokens that it
 * signed come and go in the same commits. The store is the service's alone to read. */
#include "services/platform/auth/signing.h"

#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "record.pb-c.h"

static void key_of(struct book_key *key, const struct public_key *public)
{
    struct access_key_id id;

    access_key_id(&id, public);
    book_key_init(key, 'k');
    book_key_add(key, id.bytes, sizeof(id.bytes));
}

static int put(struct book *book, const struct signing_key *signing_key)
{
    Mu__Auth__Record__V1__SigningKey record = MU__AUTH__RECORD__V1__SIGNING_KEY__INIT;
    uint8_t seed[KEY_SEED_SIZE];
    struct access_key_id id;
    struct book_key key;
    int r;

    access_key_id(&id, &signing_key->key.public);
    key_seed(&signing_key->key, seed);
    record.id.data = id.bytes;
    record.id.len = sizeof(id.bytes);
    record.seed.data = seed;
    record.seed.len = sizeof(seed);
    record.created_s = signing_key->created_s;
    record.until_s = signing_key->until_s;
    key_of(&key, &signing_key->key.public);
    r = book_put_message(book, &key, &record.base);
    sodium_memzero(seed, sizeof(seed));
    return r;
}

static int read_record(
        struct signing_key *signing_key, const Mu__Auth__Record__V1__SigningKey *record)
{
    if (record->seed.len != KEY_SEED_SIZE)
        return err_new(-EBADMSG);
    *signing_key = (struct signing_key){
        .created_s = record->created_s,
        .until_s = record->until_s,
    };
    return err_trace(key_init_seed(&signing_key->key, record->seed.data));
}

/* The one that signs comes to the front. */
static int load_one(struct mu_bytes key, struct mu_bytes value, void *user)
{
    struct signing *signing = user;
    struct signing_key *last = &signing->keys[signing->count];
    ProtobufCMessage *message;
    Mu__Auth__Record__V1__SigningKey *record;
    int r;

    (void)key;
    if (signing->count == ACCESS_KEYS_MAX)
        return err_new(-EBADMSG);
    r = book_unpack(value, &mu__auth__record__v1__signing_key__descriptor, &message);
    if (r != BOOK_OK)
        return r;
    record = (Mu__Auth__Record__V1__SigningKey *)message;
    r = read_record(last, record);
    if (record->seed.len > 0)
        sodium_memzero(record->seed.data, record->seed.len);
    protobuf_c_message_free_unpacked(message, NULL);
    if (r < 0)
        return r;
    signing->count += 1;
    if (last->until_s == 0 && last != signing->keys) {
        struct signing_key first = signing->keys[0];

        signing->keys[0] = *last;
        *last = first;
    }
    return 0;
}

int signing_load(struct book *book, struct signing *signing)
{
    struct signing read = { 0 };
    struct book_key all;
    int r;

    book_key_init(&all, 'k');
    r = book_each(book, &all, load_one, &read);
    if (r == 0 && (read.count == 0 || read.keys[0].until_s != 0))
        r = BOOK_NONE;
    if (r != 0) {
        signing_deinit(&read);
        return r;
    }
    *signing = read;
    return BOOK_OK;
}

void signing_deinit(struct signing *signing)
{
    for (uint32_t i = 0; i < signing->count; i++)
        key_deinit(&signing->keys[i].key);
    *signing = (struct signing){ 0 };
}

int signing_rotate(struct book *book, const struct signing *signing, uint64_t now_s)
{
    struct signing_key made = { .created_s = now_s };
    int r = BOOK_OK;

    if (signing->count == ACCESS_KEYS_MAX)
        return BOOK_FULL;
    if (signing->count > 0) {
        struct signing_key old = signing->keys[0];

        old.until_s = now_s + ACCESS_LIFE_MAX_S + CLOCK_TOLERANCE_S;
        r = put(book, &old);
    }
    if (r != BOOK_OK)
        return r;
    r = key_init(&made.key);
    if (r < 0)
        return err_trace(r);
    r = put(book, &made);
    key_deinit(&made.key);
    return r;
}

int signing_sweep(struct book *book, const struct signing *signing, uint64_t now_s, uint32_t *gonep)
{
    int r = BOOK_OK;

    *gonep = 0;
    for (uint32_t i = 0; r == BOOK_OK && i < signing->count; i++) {
        struct book_key key;

        if (signing->keys[i].until_s == 0 || signing->keys[i].until_s > now_s)
            continue;
        key_of(&key, &signing->keys[i].key.public);
        r = err_fold(book_delete(book, &key));
        *gonep += 1;
    }
    return r;
}
