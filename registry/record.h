/* registry/record.h - what the journal keeps of one version of a service.
 *
 *   key    t/SERVICE/VERSION
 *   value  1 byte     format: 1
 *          32 bytes   BLAKE2b-256 of the set of types
 *          4 bytes    its size, little-endian
 *          texts      proto service, then each method, each with its NUL */
#pragma once

#include "mu/api.h"
#include "registry/limits.h"
#include "registry/service.h"

enum {
    RECORD_KEY_MAX = REGISTRY_NAME_MAX + REGISTRY_VERSION_MAX + 4, /* with a final NUL */
    RECORD_HEAD_SIZE = 1 + TYPES_HASH_SIZE + 4,
    RECORD_VALUE_MAX = RECORD_HEAD_SIZE + (REGISTRY_METHODS_MAX + 1) * (REGISTRY_PROTO_NAME_MAX + 1)
};

/* A record, taken apart. */
struct record {
    struct publication publication; /* borrows from the members below and from the value */
    char service[REGISTRY_NAME_MAX + 1];
    char version[REGISTRY_VERSION_MAX + 1];
    const char *methods[REGISTRY_METHODS_MAX];
};

/* Writes the key of a version as a text. Both names have no fault. */
void record_key(char key[RECORD_KEY_MAX], const char *service, const char *version);

/* Writes the value of a publication without fault; returns its size. */
size_t record_write(uint8_t value[RECORD_VALUE_MAX], const struct publication *publication);

/* Takes a record apart and checks all of it. `record` borrows from `value`. Returns 0 or -EBADMSG.
 */
int record_read(struct record *record, struct mu_bytes key, struct mu_bytes value);
