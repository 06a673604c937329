// SPDX-License-Identifier: Apache-2.0
#include "services/platform/auth/book.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "mu/schema.h"
#include "services/platform/auth/auth_limits.h"

/* What the store says is said on; what it calls full is. */
static int outcome_of(int stored)
{
    switch (stored) {
    case MU_STORE_OK:
        return BOOK_OK;
    case MU_STORE_NONE:
        return BOOK_NONE;
    case MU_STORE_FULL:
        return BOOK_FULL;
    default:
        return err_trace(stored);
    }
}

int book_open(struct book *book, const char *path)
{
    book->store = NULL;
    return err_trace(mu_store_open(&book->store, path, BOOK_SIZE_MAX));
}

void book_close(struct book *book)
{
    book->store = mu_store_close(book->store);
}

int book_commit(struct book *book)
{
    return outcome_of(mu_store_commit(book->store));
}

void book_abort(struct book *book)
{
    mu_store_abort(book->store);
}

/* ---- keys ---- */

void book_key_init(struct book_key *key, char kind)
{
    key->bytes[0] = (uint8_t)kind;
    key->size = 1;
}

void book_key_add(struct book_key *key, const void *bytes, size_t size)
{
    CHECK(key->size + size <= sizeof(key->bytes));
    memcpy(key->bytes + key->size, bytes, size);
    key->size += size;
}

void book_key_add_name(struct book_key *key, const char *name)
{
    book_key_add(key, name, strlen(name) + 1);
}

void book_key_add_number(struct book_key *key, uint64_t number)
{
    uint8_t bytes[sizeof(number)];

    for (size_t i = sizeof(bytes); i > 0; i--, number >>= 8)
        bytes[i - 1] = (uint8_t)number;
    book_key_add(key, bytes, sizeof(bytes));
}

static struct mu_bytes bytes_of(const struct book_key *key)
{
    return (struct mu_bytes){ key->bytes, key->size };
}

/* ---- records ---- */

int book_get(struct book *book, const struct book_key *key, struct mu_bytes *valuep)
{
    return outcome_of(mu_store_get(book->store, bytes_of(key), valuep));
}

int book_put(struct book *book, const struct book_key *key, struct mu_bytes value)
{
    return outcome_of(mu_store_put(book->store, bytes_of(key), value));
}

int book_delete(struct book *book, const struct book_key *key)
{
    return outcome_of(mu_store_delete(book->store, bytes_of(key)));
}

int book_unpack(
        struct mu_bytes value, const ProtobufCMessageDescriptor *type, ProtobufCMessage **messagep)
{
    ProtobufCMessage *message;

    if (mu_body_check(type, value, NULL) < 0)
        return err_new(-EBADMSG);
    message = protobuf_c_message_unpack(type, NULL, value.size, value.data);
    if (message == NULL)
        return err_new(-ENOMEM);
    *messagep = message;
    return BOOK_OK;
}

int book_get_message(struct book *book, const struct book_key *key,
        const ProtobufCMessageDescriptor *type, ProtobufCMessage **messagep)
{
    struct mu_bytes value;
    int r = book_get(book, key, &value);

    return r == BOOK_OK ? book_unpack(value, type, messagep) : r;
}

int book_put_message(struct book *book, const struct book_key *key, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(size > 0 ? size : 1);
    int r;

    if (bytes == NULL)
        return err_new(-ENOMEM);
    protobuf_c_message_pack(message, bytes);
    r = book_put(book, key, (struct mu_bytes){ bytes, size });
    explicit_bzero(bytes, size); /* a signing key's seed may be among them */
    free(bytes);
    return r;
}

int book_each(struct book *book, const struct book_key *prefix, mu_store_fn fn, void *user)
{
    return err_trace(mu_store_each(book->store, bytes_of(prefix), fn, user));
}

struct count {
    size_t count;
    size_t max;
};

static int count_one(struct mu_bytes key, struct mu_bytes value, void *user)
{
    struct count *count = user;

    (void)key;
    (void)value;
    count->count += 1;
    return count->count == count->max ? 1 : 0;
}

int book_count(struct book *book, const struct book_key *prefix, size_t max, size_t *countp)
{
    struct count count = { .max = max };
    int r = book_each(book, prefix, count_one, &count);

    *countp = count.count;
    return r < 0 ? r : BOOK_OK;
}

/* Keys, gathered: a visit must not write. */
struct gathered {
    struct book_key keys[64];
    size_t count;
};

static int gather(struct mu_bytes key, struct mu_bytes value, void *user)
{
    struct gathered *gathered = user;
    struct book_key *kept = &gathered->keys[gathered->count];

    (void)value;
    kept->size = 0;
    book_key_add(kept, key.data, key.size);
    gathered->count += 1;
    return gathered->count == sizeof(gathered->keys) / sizeof(gathered->keys[0]) ? 1 : 0;
}

int book_delete_all(struct book *book, const struct book_key *prefix)
{
    struct gathered *gathered = malloc(sizeof(*gathered));
    int r = 1;

    if (gathered == NULL)
        return err_new(-ENOMEM);
    while (r == 1) {
        gathered->count = 0;
        r = book_each(book, prefix, gather, gathered);
        for (size_t i = 0; r >= 0 && i < gathered->count; i++) {
            int deleted = book_delete(book, &gathered->keys[i]);

            if (deleted != BOOK_OK)
                r = err_fold(deleted);
        }
    }
    free(gathered);
    return r;
}
