// SPDX-License-Identifier: Apache-2.0
/* Tokens of one account lie next to each other, since what ends a session or disables an account
 * needs all of them; looking for one by its id walks through all, which only an operator does. */
#include "services/platform/auth/issued.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "record.pb-c.h"

static void key_of(struct book_key *key, const char *account, const struct access_id *id)
{
    book_key_init(key, 'i');
    if (account != NULL)
        book_key_add_name(key, account);
    if (id != NULL)
        book_key_add(key, id->bytes, ACCESS_ID_SIZE);
}

static int read_record(struct issued *issued, const Mu__Auth__Record__V1__Issued *record)
{
    *issued = (struct issued){ .until_s = record->until_s, .revoked = record->revoked };
    if (record->id.len != ACCESS_ID_SIZE || record->family.len != FAMILY_ID_SIZE ||
            strlen(record->account) > ACCESS_SUBJECT_MAX)
        return err_new(-EBADMSG);
    memcpy(issued->id.bytes, record->id.data, ACCESS_ID_SIZE);
    memcpy(issued->family, record->family.data, FAMILY_ID_SIZE);
    snprintf(issued->account, sizeof(issued->account), "%s", record->account);
    return BOOK_OK;
}

static int unpack(struct mu_bytes value, struct issued *issued)
{
    ProtobufCMessage *record;
    int r = book_unpack(value, &mu__auth__record__v1__issued__descriptor, &record);

    if (r != BOOK_OK)
        return r;
    r = read_record(issued, (const Mu__Auth__Record__V1__Issued *)record);
    protobuf_c_message_free_unpacked(record, NULL);
    return r;
}

static int put(struct book *book, const struct issued *issued)
{
    Mu__Auth__Record__V1__Issued record = MU__AUTH__RECORD__V1__ISSUED__INIT;
    struct book_key key;

    record.id.data = (uint8_t *)(uintptr_t)issued->id.bytes;
    record.id.len = ACCESS_ID_SIZE;
    record.account = (char *)(uintptr_t)issued->account;
    record.family.data = (uint8_t *)(uintptr_t)issued->family;
    record.family.len = FAMILY_ID_SIZE;
    record.until_s = issued->until_s;
    record.revoked = issued->revoked;
    key_of(&key, issued->account, &issued->id);
    return book_put_message(book, &key, &record.base);
}

/* ---- many of them: what is written behind a visit is gathered in it ---- */

struct gathered {
    uint64_t now_s;        /* gathers those that ended by then, … */
    const uint8_t *family; /* … or those of a session, or with neither all; not those void */
    bool ended;
    size_t count;
    struct issued each[ACCOUNT_TOKENS_MAX];
};

static int gather(struct mu_bytes key, struct mu_bytes value, void *user)
{
    struct gathered *gathered = user;
    struct issued *issued = &gathered->each[gathered->count];
    int r = unpack(value, issued);
    bool wanted;

    (void)key;
    if (r != BOOK_OK)
        return r;
    if (gathered->ended)
        wanted = issued->until_s <= gathered->now_s;
    else
        wanted = !issued->revoked &&
                 (gathered->family == NULL ||
                         memcmp(gathered->family, issued->family, FAMILY_ID_SIZE) == 0);
    gathered->count += wanted;
    return gathered->count == ACCOUNT_TOKENS_MAX ? 1 : 0;
}

/* Removes those that ended, of one account or with NULL of all. */
static int sweep(struct book *book, const char *account, uint64_t now_s)
{
    struct gathered *gathered = calloc(1, sizeof(*gathered));
    struct book_key key;
    int r = 1;

    if (gathered == NULL)
        return err_new(-ENOMEM);
    gathered->ended = true;
    gathered->now_s = now_s;
    while (r == 1) {
        key_of(&key, account, NULL);
        gathered->count = 0;
        r = book_each(book, &key, gather, gathered);
        for (size_t i = 0; r >= 0 && i < gathered->count; i++) {
            int deleted;

            key_of(&key, gathered->each[i].account, &gathered->each[i].id);
            deleted = err_fold(book_delete(book, &key));
            r = deleted < 0 ? deleted : r;
        }
    }
    free(gathered);
    return r;
}

int issued_sweep(struct book *book, uint64_t now_s)
{
    return sweep(book, NULL, now_s);
}

int issued_put(struct book *book, const struct issued *issued, uint64_t now_s)
{
    struct book_key key;
    size_t count;
    int r = sweep(book, issued->account, now_s);

    if (r < 0)
        return r;
    key_of(&key, issued->account, NULL);
    r = book_count(book, &key, ACCOUNT_TOKENS_MAX, &count);
    if (r != BOOK_OK)
        return r;
    return count == ACCOUNT_TOKENS_MAX ? BOOK_FULL : put(book, issued);
}

int issued_revoke(struct book *book, const struct issued *issued)
{
    struct issued revoked = *issued;

    revoked.revoked = true;
    return put(book, &revoked);
}

int issued_revoke_all(struct book *book, const char *account, const uint8_t *family)
{
    struct gathered *gathered = calloc(1, sizeof(*gathered));
    struct book_key key;
    int r = 1;

    if (gathered == NULL)
        return err_new(-ENOMEM);
    gathered->family = family;
    while (r == 1) {
        int revoked = BOOK_OK;

        key_of(&key, account, NULL);
        gathered->count = 0;
        r = book_each(book, &key, gather, gathered);
        for (size_t i = 0; r >= 0 && revoked == BOOK_OK && i < gathered->count; i++)
            revoked = issued_revoke(book, &gathered->each[i]);
        if (revoked != BOOK_OK) {
            free(gathered);
            return revoked;
        }
    }
    free(gathered);
    return r;
}

/* ---- one of them ---- */

struct search {
    const struct access_id *id;
    struct issued *issued;
};

static int look_at_one(struct mu_bytes key, struct mu_bytes value, void *user)
{
    struct search *search = user;
    int r;

    if (key.size < ACCESS_ID_SIZE ||
            memcmp(key.data + key.size - ACCESS_ID_SIZE, search->id->bytes, ACCESS_ID_SIZE) != 0)
        return 0;
    r = unpack(value, search->issued);
    return r < 0 ? r : 1;
}

int issued_find(struct book *book, const struct access_id *id, struct issued *issued)
{
    struct search search = { .id = id, .issued = issued };
    struct book_key key;
    int r;

    key_of(&key, NULL, NULL);
    r = book_each(book, &key, look_at_one, &search);
    if (r < 0)
        return r;
    return r == 1 ? BOOK_OK : BOOK_NONE;
}

struct visit {
    issued_fn fn;
    void *user;
};

static int visit_one(struct mu_bytes key, struct mu_bytes value, void *user)
{
    const struct visit *visit = user;
    struct issued issued;
    int r = unpack(value, &issued);

    (void)key;
    return r == BOOK_OK ? visit->fn(&issued, visit->user) : r;
}

int issued_each(struct book *book, issued_fn fn, void *user)
{
    struct visit visit = { .fn = fn, .user = user };
    struct book_key key;

    key_of(&key, NULL, NULL);
    return book_each(book, &key, visit_one, &visit);
}
