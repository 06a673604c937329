/* registry/etcd/v3.h - requests to etcd's v3 JSON gateway, and its answers.
 *
 * Keys and values are base64 there, 64-bit numbers are strings, and fields that are zero, false or
 * empty are left out. Pure: texts in, texts out. An answer that is not what was asked for is
 * -EBADMSG, never believed in part. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mu/api.h"

#define V3_RANGE      "/v3/kv/range"
#define V3_PUT        "/v3/kv/put"
#define V3_TXN        "/v3/kv/txn"
#define V3_DELETE     "/v3/kv/deleterange"
#define V3_GRANT      "/v3/lease/grant"
#define V3_KEEP_ALIVE "/v3/lease/keepalive"
#define V3_REVOKE     "/v3/lease/revoke"
#define V3_WATCH      "/v3/watch"

/* A key with its value, or a key that was deleted. Borrowed during the call that gives it. */
struct v3_pair {
    const char *key; /* with a NUL behind it, and perhaps some within */
    size_t key_size;
    struct mu_bytes value;
    uint64_t revision; /* at which it was last written */
    bool deleted;
};

/* Returns 0 to go on; anything else ends the reading and is returned. */
typedef int (*v3_fn)(const struct v3_pair *pair, void *user);

/* ---- requests: texts that the caller frees; NULL without memory ---- */

/* The key `key`. */
char *v3_get(const char *key);

/* `count_max` keys from `first` up to `behind` (excluded), as of `revision` (0: now), in order. */
char *v3_range(struct mu_bytes first, const char *behind, uint32_t count_max, uint64_t revision);

/* Writes `value`, on `lease` (0: for good), if the key was last written at `revision` (0: if it is
 * not there); else tells how it stands. */
char *v3_put_if(const char *key, struct mu_bytes value, uint64_t lease, uint64_t revision);

/* Deletes a key, whoever wrote it. */
char *v3_delete(const char *key);

char *v3_grant(uint32_t ttl_s);
char *v3_lease(uint64_t lease); /* for V3_KEEP_ALIVE and V3_REVOKE */

/* All changes of keys from `first` up to `behind`, from `revision` on. */
char *v3_watch(const char *first, const char *behind, uint64_t revision);

/* ---- answers. All return 0, -EBADMSG, -ENOMEM, or what `fn` returned ---- */

/* `*revisionp` is etcd's own when it answered; `*morep`: there are more keys than were asked for.
 */
int v3_read_range(struct mu_bytes answer, v3_fn fn, void *user, uint64_t *revisionp, bool *morep);

/* Of v3_put_if: `*donep` where it was written, at `*revisionp`. Else how the key stands:
 * `*revisionp` is when it was last written, 0 where it is not there. */
int v3_read_put_if(struct mu_bytes answer, bool *donep, uint64_t *revisionp);

/* Of v3_grant. */
int v3_read_grant(struct mu_bytes answer, uint64_t *leasep);

/* Of V3_KEEP_ALIVE: `*alivep` is false where the lease is over. */
int v3_read_keep_alive(struct mu_bytes answer, bool *alivep);

/* One line of a watch. */
enum v3_news {
    V3_NEWS_EVENTS,   /* `fn` was given them; there may be none */
    V3_NEWS_COMPACTED /* the changes since the revision that was asked for are gone: list anew */
};

/* A watch that etcd ends is -EPIPE, with what it says of it in `reason` (`reason_size` bytes). What
 * a watch goes on from is the revision of the last pair: etcd's own may be ahead of what it told.
 */
int v3_read_watch(struct mu_bytes line, v3_fn fn, void *user, enum v3_news *newsp, char *reason,
        size_t reason_size);
