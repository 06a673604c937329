// SPDX-License-Identifier: Apache-2.0
#include "transport/secure/introduction.h"

#include <sodium.h>
#include <string.h>

#include "transport/secure/big_endian.h"

/* Where the fields stand. */
enum {
    AT_MIN_VERSION = 0,
    AT_MAX_VERSION = 1,
    AT_FLAGS = 2,
    AT_FRAME_SIZE = 4,
    AT_CREDIT_COUNT = 8,
    AT_CREDIT_SIZE = 12,
    AT_BOOT_ID = 16,
    AT_WALL = 24,
    AT_SIGNATURE = 32,
    AT_CERTIFICATE_COUNT = 96,
    AT_CERTIFICATES = INTRODUCTION_HEAD_SIZE
};

enum introduction_outcome introduction_read(struct introduction *introduction, struct span bytes)
{
    const uint8_t *at = bytes.data;
    struct introduction read;

    if (bytes.size < INTRODUCTION_HEAD_SIZE || be16_read(at + AT_FLAGS) != 0)
        return INTRODUCTION_BAD;
    read = (struct introduction){
        .versions = { at[AT_MIN_VERSION], at[AT_MAX_VERSION] },
        .limits = { be32_read(at + AT_FRAME_SIZE), be32_read(at + AT_CREDIT_COUNT),
                be32_read(at + AT_CREDIT_SIZE) },
        .boot_id = be64_read(at + AT_BOOT_ID),
        .wall_ms = be64_read(at + AT_WALL),
        .certificate_count = at[AT_CERTIFICATE_COUNT],
        .certificates = { at + AT_CERTIFICATES, bytes.size - INTRODUCTION_HEAD_SIZE },
    };
    memcpy(read.signature, at + AT_SIGNATURE, SIGNATURE_SIZE);
    if (read.wall_ms > TIME_MAX_S * 1000 || read.certificate_count > CHAIN_MAX)
        return INTRODUCTION_BAD;
    if (read.certificate_count == 0 &&
            (read.certificates.size > 0 || !sodium_is_zero(read.signature, SIGNATURE_SIZE)))
        return INTRODUCTION_BAD;
    *introduction = read;
    return INTRODUCTION_OK;
}

uint8_t *introduction_write(const struct introduction *introduction, uint8_t *out)
{
    *out++ = introduction->versions.min;
    *out++ = introduction->versions.max;
    out = be16_write(out, 0);
    out = be32_write(out, introduction->limits.frame_size);
    out = be32_write(out, introduction->limits.credit_count);
    out = be32_write(out, introduction->limits.credit_size);
    out = be64_write(out, introduction->boot_id);
    out = be64_write(out, introduction->wall_ms);
    out = bytes_write(out, introduction->signature, SIGNATURE_SIZE);
    *out++ = introduction->certificate_count;
    if (introduction->certificates.size > 0)
        out = bytes_write(out, introduction->certificates.data, introduction->certificates.size);
    return out;
}

void introduction_statement(uint8_t statement[STATEMENT_SIZE], enum noise_role role,
        const uint8_t link_static[NOISE_KEY_SIZE], const struct network_id *network)
{
    *statement++ = role == NOISE_INITIATOR ? 'i' : 'r';
    statement = bytes_write(statement, link_static, NOISE_KEY_SIZE);
    bytes_write(statement, network->bytes, NETWORK_ID_SIZE);
}

bool link_versions_hold(struct link_versions own, struct link_versions peer, uint8_t used)
{
    uint8_t best = own.max < peer.max ? own.max : peer.max;

    return used == best && own.min <= used && peer.min >= 1 && peer.min <= used;
}
