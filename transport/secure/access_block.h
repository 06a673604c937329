/* transport/secure/access_block.h - what stands in one block of an access token
 * (mu.router.v1.AccessBody), and what blocks have in common. For access.c alone. */
#pragma once

#include "transport/secure/access.h"

enum {
    ACCESS_BODY_SIZE_MAX = 192 + SERVICE_NAME_MAX + ACCESS_SUBJECT_MAX + ACCESS_AUDIENCE_MAX +
                           ACCESS_SCOPES_MAX * (3 + PATTERN_SIZE_MAX)
};

/* One block's content. Of the first all but budget and namespace is there; of the others some of
 * the last three, and nothing else. */
struct access_body {
    bool is_first;
    struct network_id network;
    struct access_key_id key;
    struct access_id id;
    struct span subject; /* borrowed, as the audience */
    struct span audience;
    struct span space; /* of the first alone: a namespace, or nothing */
    uint64_t issued_s;
    struct access_scopes scopes;
    uint64_t expires_s; /* 0: as before */
    uint32_t budget;    /* 0: as before */
};

/* Reads `bytes`, all of them, in the one spelling that access_body_write has. Returns ACCESS_OK or
 * ACCESS_BAD; `*body` may be half set then. */
enum access_outcome access_body_read(struct access_body *body, struct span bytes, bool is_first);

/* Writes it to `out` (ACCESS_BODY_SIZE_MAX bytes) and returns how many bytes. */
size_t access_body_write(const struct access_body *body, uint8_t *out);

/* ACCESS_OK where a reader would accept it, else ACCESS_BAD. */
enum access_outcome access_body_judge(const struct access_body *body);

/* Takes a body into what the ones before it allow; `hash` begins with its block's id. ACCESS_WIDER,
 * and `*access` is as it was, where it allows something that they do not. */
enum access_outcome access_fold(
        struct access *access, const struct access_body *body, const uint8_t *hash);
