// SPDX-License-Identifier: Apache-2.0
/* Each is a record of its own: a login writes the counter of one, whatever the others are. */
#include "services/platform/auth/passkey.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "record.pb-c.h"

enum { ID_HASH_SIZE = 16, SECRET_SIZE = crypto_generichash_KEYBYTES };

/* ---- records ---- */

/* All of the account's where `id` is NULL. */
static void key_of(struct book_key *key, const char *account, const struct span *id)
{
    uint8_t hash[ID_HASH_SIZE];

    book_key_init(key, 'p');
    book_key_add_name(key, account);
    if (id == NULL)
        return;
    crypto_generichash(hash, sizeof(hash), id->data, id->size, NULL, 0);
    book_key_add(key, hash, sizeof(hash));
}

static struct span id_of(const struct passkey *passkey)
{
    return (struct span){ passkey->id, passkey->id_size };
}

bool passkey_label_is_valid(const char *label)
{
    size_t size = strlen(label);

    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)label[i] < 0x20 || label[i] == 0x7f)
            return false;
    }
    return size >= 1 && size <= PASSKEY_LABEL_MAX &&
           text_is_valid((struct span){ (const uint8_t *)label, size });
}

static bool take_text(char *text, size_t size, const char *from)
{
    int length = snprintf(text, size, "%s", from);

    return length >= 0 && (size_t)length < size;
}

static int read_record(struct passkey *passkey, const Mu__Auth__Record__V1__Passkey *record)
{
    *passkey = (struct passkey){
        .key = { .algorithm = (enum passkey_algorithm)record->algorithm },
        .counter = record->counter,
        .made_ms = record->made_ms,
        .used_s = record->used_s,
    };
    if (record->id.len == 0 || record->id.len > PASSKEY_ID_MAX ||
            record->key.len != PASSKEY_KEY_SIZE || !passkey_label_is_valid(record->label) ||
            !take_text(passkey->label, sizeof(passkey->label), record->label) ||
            !take_text(passkey->account, sizeof(passkey->account), record->account))
        return err_new(-EBADMSG);
    memcpy(passkey->key.bytes, record->key.data, PASSKEY_KEY_SIZE);
    memcpy(passkey->id, record->id.data, record->id.len);
    passkey->id_size = (uint32_t)record->id.len;
    return BOOK_OK; /* that it is a key was looked at when it came */
}

static int gather(struct mu_bytes key, struct mu_bytes value, void *user)
{
    struct passkeys *passkeys = user;
    ProtobufCMessage *record;
    int r;

    (void)key;
    if (passkeys->count == PASSKEYS_MAX)
        return err_new(-EBADMSG);
    r = book_unpack(value, &mu__auth__record__v1__passkey__descriptor, &record);
    if (r != BOOK_OK)
        return r;
    r = read_record(
            &passkeys->each[passkeys->count], (const Mu__Auth__Record__V1__Passkey *)record);
    protobuf_c_message_free_unpacked(record, NULL);
    passkeys->count += r == BOOK_OK;
    return r;
}

/* Few, so one is put where it belongs after the other. */
static void sort(struct passkeys *passkeys)
{
    for (uint32_t i = 1; i < passkeys->count; i++) {
        struct passkey one = passkeys->each[i];
        uint32_t at = i;

        for (; at > 0 && passkeys->each[at - 1].made_ms > one.made_ms; at--)
            passkeys->each[at] = passkeys->each[at - 1];
        passkeys->each[at] = one;
    }
}

int passkey_load(struct book *book, const char *account, struct passkeys *passkeys)
{
    struct book_key key;
    int r;

    passkeys->count = 0;
    key_of(&key, account, NULL);
    r = book_each(book, &key, gather, passkeys);
    if (r == 0)
        sort(passkeys);
    return r;
}

int passkey_count(struct book *book, const char *account, size_t *countp)
{
    struct book_key key;

    key_of(&key, account, NULL);
    return book_count(book, &key, PASSKEYS_MAX, countp);
}

const struct passkey *passkey_of_id(const struct passkeys *passkeys, struct span id)
{
    for (uint32_t i = 0; i < passkeys->count; i++) {
        const struct passkey *passkey = &passkeys->each[i];

        if (passkey->id_size == id.size && memcmp(passkey->id, id.data, id.size) == 0)
            return passkey;
    }
    return NULL;
}

const struct passkey *passkey_of_label(const struct passkeys *passkeys, const char *label)
{
    for (uint32_t i = 0; i < passkeys->count; i++) {
        if (strcmp(passkeys->each[i].label, label) == 0)
            return &passkeys->each[i];
    }
    return NULL;
}

/* Is there room for it, or is it there already? */
static int look_for_room(struct book *book, const struct passkey *passkey)
{
    struct span id = id_of(passkey);
    struct mu_bytes value;
    struct book_key key;
    size_t count;
    int r;

    key_of(&key, passkey->account, &id);
    r = book_get(book, &key, &value);
    if (r != BOOK_NONE)
        return r;
    r = passkey_count(book, passkey->account, &count);
    if (r != BOOK_OK)
        return r;
    return count < PASSKEYS_MAX ? BOOK_OK : BOOK_FULL;
}

int passkey_put(struct book *book, const struct passkey *passkey)
{
    Mu__Auth__Record__V1__Passkey record = MU__AUTH__RECORD__V1__PASSKEY__INIT;
    struct span id = id_of(passkey);
    struct passkey copy = *passkey;
    struct book_key key;
    int r = look_for_room(book, passkey);

    if (r != BOOK_OK)
        return r;
    record.account = copy.account;
    record.label = copy.label;
    record.id.data = copy.id;
    record.id.len = copy.id_size;
    record.algorithm = (uint32_t)copy.key.algorithm;
    record.key.data = copy.key.bytes;
    record.key.len = PASSKEY_KEY_SIZE;
    record.counter = copy.counter;
    record.made_ms = copy.made_ms;
    record.used_s = copy.used_s;
    key_of(&key, passkey->account, &id);
    return book_put_message(book, &key, &record.base);
}

int passkey_delete(struct book *book, const struct passkey *passkey)
{
    struct span id = id_of(passkey);
    struct book_key key;

    key_of(&key, passkey->account, &id);
    return book_delete(book, &key);
}

int passkey_delete_all(struct book *book, const char *account)
{
    struct book_key key;

    key_of(&key, account, NULL);
    return book_delete_all(book, &key);
}

/* ---- those that are made up ---- */

static void secret_key(struct book_key *key)
{
    book_key_init(key, 'q');
}

int passkey_make_secret(struct book *book, bool *madep)
{
    uint8_t secret[SECRET_SIZE];
    struct mu_bytes value;
    struct book_key key;
    int r;

    secret_key(&key);
    r = book_get(book, &key, &value);
    *madep = r == BOOK_NONE;
    if (r != BOOK_NONE)
        return r;
    randombytes_buf(secret, sizeof(secret));
    r = book_put(book, &key, (struct mu_bytes){ secret, sizeof(secret) });
    sodium_memzero(secret, sizeof(secret));
    return r;
}

/* The `part`th 64 bytes that belong to a name. */
static void derive(const uint8_t secret[SECRET_SIZE], const char *account, char part,
        uint8_t out[crypto_generichash_BYTES_MAX])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, secret, SECRET_SIZE, crypto_generichash_BYTES_MAX);
    crypto_generichash_update(&state, (const uint8_t *)&part, 1);
    crypto_generichash_update(&state, (const uint8_t *)account, strlen(account));
    crypto_generichash_final(&state, out, crypto_generichash_BYTES_MAX);
}

/* A key that takes as long to look at as one of its kind: most devices have ES256. */
static void make_up_key(struct passkey_key *key, const uint8_t seed[crypto_sign_SEEDBYTES])
{
    /* a point of P-256 as good as any: its generator */
    static const uint8_t point[PASSKEY_KEY_SIZE] = { 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47,
        0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33,
        0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a,
        0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b,
        0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5 };
    uint8_t private[crypto_sign_SECRETKEYBYTES];

    *key = (struct passkey_key){ .algorithm = PASSKEY_ES256 };
    memcpy(key->bytes, point, sizeof(point));
    if (seed[0] >= 0x20)
        return;
    *key = (struct passkey_key){ .algorithm = PASSKEY_EDDSA };
    crypto_sign_seed_keypair(key->bytes, private, seed);
    sodium_memzero(private, sizeof(private));
}

int passkey_make_up(struct book *book, const char *account, struct passkeys *passkeys)
{
    static const uint8_t id_sizes[] = { 64, 48, 64, 32, 64, 48, 16, 64 }; /* as devices have them */
    uint8_t secret[SECRET_SIZE];
    uint8_t shape[crypto_generichash_BYTES_MAX];
    struct mu_bytes value;
    struct book_key key;
    int r;

    secret_key(&key);
    r = book_get(book, &key, &value);
    if (r == BOOK_OK && value.size != sizeof(secret))
        r = err_new(-EBADMSG);
    if (r != BOOK_OK)
        return err_fold(r);
    memcpy(secret, value.data, sizeof(secret));
    derive(secret, account, 's', shape);
    passkeys->count = shape[0] < 0xc0 ? 1 : 2;
    for (uint32_t i = 0; i < passkeys->count; i++) {
        struct passkey *passkey = &passkeys->each[i];

        *passkey = (struct passkey){ .label = "-", .id_size = id_sizes[shape[1 + i] % 8] };
        derive(secret, account, (char)('0' + i), passkey->id);
        make_up_key(&passkey->key, shape + 32);
    }
    sodium_memzero(secret, sizeof(secret));
    return BOOK_OK;
}
