// SPDX-License-Identifier: Apache-2.0
#include "services/platform/auth/family.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "record.pb-c.h"
#include "transport/secure/base64url.h"

enum { SECRET_SIZE = 32, HASH_SIZE = 32, TOKEN_SIZE = FAMILY_ID_SIZE + SECRET_SIZE };

static const char prefix[] = "mur1.";
static const char hash_purpose[] = "mu.refresh.v1";

/* ---- tokens ---- */

static void hash_of(const uint8_t token[TOKEN_SIZE], uint8_t hash[HASH_SIZE])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, HASH_SIZE);
    crypto_generichash_update(&state, (const uint8_t *)hash_purpose, sizeof(hash_purpose));
    crypto_generichash_update(&state, token, TOKEN_SIZE);
    crypto_generichash_final(&state, hash, HASH_SIZE);
}

static bool token_read(const char *text, uint8_t token[TOKEN_SIZE])
{
    size_t prefix_size = sizeof(prefix) - 1;
    size_t size;

    return strlen(text) == REFRESH_TEXT_SIZE && strncmp(text, prefix, prefix_size) == 0 &&
           base64url_read((struct span){ (const uint8_t *)text + prefix_size,
                                  REFRESH_TEXT_SIZE - prefix_size },
                   token, TOKEN_SIZE, &size) &&
           size == TOKEN_SIZE;
}

/* ---- keys ---- */

static void family_key(struct book_key *key, const uint8_t id[FAMILY_ID_SIZE])
{
    book_key_init(key, 'f');
    book_key_add(key, id, FAMILY_ID_SIZE);
}

static void index_key(struct book_key *key, const char *account, const uint8_t id[FAMILY_ID_SIZE])
{
    book_key_init(key, 's');
    book_key_add_name(key, account);
    if (id != NULL)
        book_key_add(key, id, FAMILY_ID_SIZE);
}

/* Of all refresh tokens of a session, or of the one with this hash. */
static void refresh_key(
        struct book_key *key, const uint8_t id[FAMILY_ID_SIZE], const uint8_t hash[HASH_SIZE])
{
    book_key_init(key, 'r');
    book_key_add(key, id, FAMILY_ID_SIZE);
    if (hash != NULL)
        book_key_add(key, hash, HASH_SIZE);
}

/* ---- records ---- */

static int family_get(struct book *book, const uint8_t id[FAMILY_ID_SIZE], struct family *family)
{
    ProtobufCMessage *message;
    const Mu__Auth__Record__V1__Family *record;
    struct book_key key;
    int r;

    family_key(&key, id);
    r = book_get_message(book, &key, &mu__auth__record__v1__family__descriptor, &message);
    if (r != BOOK_OK)
        return r;
    record = (const Mu__Auth__Record__V1__Family *)message;
    *family = (struct family){
        .created_s = record->created_s,
        .until_s = record->until_s,
        .generation = record->generation,
    };
    memcpy(family->id, id, FAMILY_ID_SIZE);
    if (strlen(record->account) > ACCESS_SUBJECT_MAX)
        r = err_new(-EBADMSG);
    else
        snprintf(family->account, sizeof(family->account), "%s", record->account);
    protobuf_c_message_free_unpacked(message, NULL);
    return r;
}

static int family_put(struct book *book, const struct family *family)
{
    Mu__Auth__Record__V1__Family record = MU__AUTH__RECORD__V1__FAMILY__INIT;
    struct book_key key;

    record.id.data = (uint8_t *)(uintptr_t)family->id;
    record.id.len = FAMILY_ID_SIZE;
    record.account = (char *)(uintptr_t)family->account;
    record.created_s = family->created_s;
    record.until_s = family->until_s;
    record.generation = family->generation;
    family_key(&key, family->id);
    return book_put_message(book, &key, &record.base);
}

/* Makes the refresh token of the family's generation. */
static int token_make(
        struct book *book, const struct family *family, char text[REFRESH_TEXT_SIZE + 1])
{
    uint8_t token[TOKEN_SIZE];
    uint8_t hash[HASH_SIZE];
    uint8_t generation[sizeof(family->generation)];
    struct book_key key;

    memcpy(token, family->id, FAMILY_ID_SIZE);
    randombytes_buf(token + FAMILY_ID_SIZE, SECRET_SIZE);
    hash_of(token, hash);
    memcpy(text, prefix, sizeof(prefix) - 1);
    sodium_bin2base64(text + sizeof(prefix) - 1, REFRESH_TEXT_SIZE + 1 - (sizeof(prefix) - 1),
            token, sizeof(token), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(token, sizeof(token));
    for (size_t i = 0; i < sizeof(generation); i++)
        generation[i] = (uint8_t)(family->generation >> (8 * i));
    refresh_key(&key, family->id, hash);
    return book_put(book, &key, (struct mu_bytes){ generation, sizeof(generation) });
}

/* ---- sessions ---- */

struct ids {
    uint8_t ids[ACCOUNT_SESSIONS_MAX][FAMILY_ID_SIZE];
    size_t count;
};

static int gather_id(struct mu_bytes key, struct mu_bytes value, void *user)
{
    struct ids *ids = user;

    (void)value;
    if (ids->count == ACCOUNT_SESSIONS_MAX || key.size < FAMILY_ID_SIZE)
        return err_new(-EBADMSG);
    memcpy(ids->ids[ids->count++], key.data + key.size - FAMILY_ID_SIZE, FAMILY_ID_SIZE);
    return 0;
}

static int ids_of(struct book *book, const char *account, struct ids *ids)
{
    struct book_key key;

    ids->count = 0;
    index_key(&key, account, NULL);
    return book_each(book, &key, gather_id, ids);
}

/* Closes those that ended, all of them where `now_s` is UINT64_MAX. */
static int close_ended(struct book *book, const char *account, uint64_t now_s)
{
    struct ids ids;
    int r = ids_of(book, account, &ids);

    for (size_t i = 0; r == 0 && i < ids.count; i++) {
        struct family family;

        r = err_fold(family_get(book, ids.ids[i], &family));
        if (r == 0 && family.until_s <= now_s)
            r = family_close(book, &family);
    }
    return r;
}

/* Makes room for one more. */
static int close_oldest(struct book *book, const char *account)
{
    struct family oldest = { .created_s = UINT64_MAX };
    struct ids ids;
    int r = ids_of(book, account, &ids);

    for (size_t i = 0; r == 0 && i < ids.count; i++) {
        struct family family;

        r = err_fold(family_get(book, ids.ids[i], &family));
        if (r == 0 && family.created_s < oldest.created_s)
            oldest = family;
    }
    return r == 0 && ids.count == ACCOUNT_SESSIONS_MAX ? family_close(book, &oldest) : r;
}

int family_open(struct book *book, const char *account, uint64_t now_s, struct family *family,
        char text[REFRESH_TEXT_SIZE + 1])
{
    struct family made = { .created_s = now_s, .until_s = now_s + SESSION_LIFE_S, .generation = 1 };
    struct book_key key;
    int r = close_ended(book, account, now_s);

    if (r == 0)
        r = close_oldest(book, account);
    if (r != 0)
        return r;
    randombytes_buf(made.id, sizeof(made.id));
    snprintf(made.account, sizeof(made.account), "%s", account);
    r = family_put(book, &made);
    index_key(&key, account, made.id);
    if (r == BOOK_OK)
        r = book_put(book, &key, (struct mu_bytes){ 0 });
    if (r == BOOK_OK)
        r = token_make(book, &made, text);
    if (r == BOOK_OK)
        *family = made;
    return r;
}

/* The session of a token, and the token's generation. */
static int find(struct book *book, const char *text, struct family *family, uint32_t *generationp)
{
    uint8_t token[TOKEN_SIZE];
    uint8_t hash[HASH_SIZE];
    struct mu_bytes value;
    struct book_key key;
    int r;

    if (!token_read(text, token))
        return FAMILY_NONE;
    hash_of(token, hash);
    refresh_key(&key, token, hash);
    r = book_get(book, &key, &value);
    if (r == BOOK_OK && value.size != sizeof(*generationp))
        r = err_new(-EBADMSG);
    if (r == BOOK_OK) {
        *generationp = (uint32_t)value.data[0] | (uint32_t)value.data[1] << 8 |
                       (uint32_t)value.data[2] << 16 | (uint32_t)value.data[3] << 24;
        r = family_get(book, token, family);
    }
    sodium_memzero(token, sizeof(token));
    return r;
}

int family_find(struct book *book, const char *text, struct family *family)
{
    uint32_t generation;

    return find(book, text, family, &generation);
}

int family_refresh(struct book *book, const char *old, uint64_t now_s, struct family *family,
        char text[REFRESH_TEXT_SIZE + 1])
{
    uint32_t generation;
    int r = find(book, old, family, &generation);

    if (r != BOOK_OK)
        return r;
    if (generation != family->generation)
        return FAMILY_REUSED;
    if (now_s >= family->until_s || family->generation >= SESSION_REFRESHES_MAX)
        return FAMILY_ENDED;
    family->generation += 1;
    r = family_put(book, family);
    return r == BOOK_OK ? token_make(book, family, text) : r;
}

int family_close(struct book *book, const struct family *family)
{
    struct book_key key;
    int r;

    refresh_key(&key, family->id, NULL);
    r = book_delete_all(book, &key);
    index_key(&key, family->account, family->id);
    if (r == 0)
        r = err_fold(book_delete(book, &key));
    family_key(&key, family->id);
    if (r == 0)
        r = err_fold(book_delete(book, &key));
    return r;
}

int family_close_all(struct book *book, const char *account)
{
    return close_ended(book, account, UINT64_MAX);
}

int family_count(struct book *book, const char *account, size_t *countp)
{
    struct book_key key;

    index_key(&key, account, NULL);
    return book_count(book, &key, ACCOUNT_SESSIONS_MAX, countp);
}
