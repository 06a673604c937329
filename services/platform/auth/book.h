/* services/platform/auth/book.h - what must last of mu-auth: records of several kinds in one store.
 *
 *   a NAME            account            r FAMILY HASH     refresh token: its generation
 *   f FAMILY          session            i NAME 0 ID       access token that has not ended
 *   s NAME 0 FAMILY   session of it      k ID              signing key
 *   u ID              rule               e NUMBER          entry of the audit log
 *   c                 its chain              n                 the last rule's id
 *   p NAME 0 HASH     passkey                q                 what passkeys are made up of
 *
 * What is put lasts from book_commit on, all of it at once or none of it. Used by one thread at a
 * time. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "mu/store.h"

struct book {
    struct mu_store *store; /* owned */
};

/* Outcomes; each function below that returns an int returns 0, one of them, or -errno (-EBADMSG
 * where what is there is not what was written). */
enum book_outcome {
    BOOK_OK = 0,
    BOOK_NONE = 1, /* there is no such thing */
    BOOK_FULL = 2  /* no room: the disk's, the store's or a limit's */
};

struct book_key {
    size_t size;
    uint8_t bytes[MU_STORE_KEY_MAX];
};

/* Opens the book in the folder `path`, which is there. The caller closes it. */
int book_open(struct book *book, const char *path);

/* Drops what was not committed. Safe on zeroes, and safe twice. */
void book_close(struct book *book);

/* Makes what was put last. After anything but 0 nothing of it was written. */
int book_commit(struct book *book);

void book_abort(struct book *book);

/* ---- keys ---- */

/* Begins a key with its kind; the others add to it. */
void book_key_init(struct book_key *key, char kind);
void book_key_add(struct book_key *key, const void *bytes, size_t size);
void book_key_add_name(struct book_key *key, const char *name); /* and a 0 behind it */
void book_key_add_number(struct book_key *key, uint64_t number);

/* ---- records ---- */

/* `*valuep` is borrowed until the next write. */
int book_get(struct book *book, const struct book_key *key, struct mu_bytes *valuep);
int book_put(struct book *book, const struct book_key *key, struct mu_bytes value);
int book_delete(struct book *book, const struct book_key *key);

/* The same of messages: `*messagep` is the caller's, freed with
 * protobuf_c_message_free_unpacked(message, NULL). */
int book_get_message(struct book *book, const struct book_key *key,
        const ProtobufCMessageDescriptor *type, ProtobufCMessage **messagep);
int book_put_message(
        struct book *book, const struct book_key *key, const ProtobufCMessage *message);

/* Unpacks a value that book_each told. As book_get_message. */
int book_unpack(
        struct mu_bytes value, const ProtobufCMessageDescriptor *type, ProtobufCMessage **messagep);

/* Visits the records whose keys begin with `prefix`, in order, as mu_store_each does. */
int book_each(struct book *book, const struct book_key *prefix, mu_store_fn fn, void *user);

/* How many of them there are, counted up to `max`. */
int book_count(struct book *book, const struct book_key *prefix, size_t max, size_t *countp);

/* Deletes all of them. */
int book_delete_all(struct book *book, const struct book_key *prefix);
