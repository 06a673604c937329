// SPDX-License-Identifier: Apache-2.0
#include "transport/secure/token_record.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "transport/secure/big_endian.h"

/* Where the fields stand. */
enum {
    AT_ZERO = 4,
    AT_ID = 8,
    AT_PSK = 16,
    AT_PROOF = 48,
    AT_NOT_AFTER = 80,
    AT_ROLES = 88,
    AT_USES_LEFT = 92,
    AT_USE_COUNT = 96,
    AT_ZERO_TOO = 100,
    AT_USED_BY = 104,
    AT_USED_AT = 136
};

static const uint8_t magic[4] = { 'M', 'u', 'T', '1' };

int token_record_init(struct token_record *record, const struct token *token, uint32_t uses)
{
    struct key proof;
    int r;

    CHECK(uses >= 1 && uses <= TOKEN_USES_MAX);

    r = token_proof_key(token, &proof);
    if (r < 0)
        return err_trace(r);
    *record = (struct token_record){
        .id = token->id,
        .proof = proof.public,
        .not_after_s = token->not_after_s,
        .roles = token->roles,
        .uses_left = uses,
    };
    token_psk(token, record->psk);
    key_deinit(&proof);
    return 0;
}

enum token_use token_record_judge(
        const struct token_record *record, const struct public_key *node, uint64_t now_s)
{
    if (now_s > record->not_after_s)
        return TOKEN_USE_OVER;
    if (record->use_count > 0 && public_key_equal(&record->used_by, node))
        return TOKEN_USE_AGAIN;
    return record->uses_left > 0 ? TOKEN_USE_OK : TOKEN_USE_SPENT;
}

enum token_use token_record_use(
        struct token_record *record, const struct public_key *node, uint64_t now_s)
{
    enum token_use use = token_record_judge(record, node, now_s);

    if (use == TOKEN_USE_OK) {
        record->uses_left -= 1;
        record->use_count += 1;
        record->used_by = *node;
        record->used_at_s = now_s;
    }
    return use;
}

bool token_record_expire(struct token_record *record, uint64_t now_s)
{
    if (now_s <= record->not_after_s)
        return false;
    sodium_memzero(record->psk, sizeof(record->psk));
    return true;
}

void token_record_write(const struct token_record *record, uint8_t out[TOKEN_RECORD_SIZE])
{
    out = bytes_write(out, magic, sizeof(magic));
    out = be32_write(out, 0);
    out = bytes_write(out, record->id.bytes, TOKEN_ID_SIZE);
    out = bytes_write(out, record->psk, PSK_SIZE);
    out = bytes_write(out, record->proof.bytes, PUBLIC_KEY_SIZE);
    out = be64_write(out, record->not_after_s);
    out = be32_write(out, record->roles);
    out = be32_write(out, record->uses_left);
    out = be32_write(out, record->use_count);
    out = be32_write(out, 0);
    out = bytes_write(out, record->used_by.bytes, PUBLIC_KEY_SIZE);
    be64_write(out, record->used_at_s);
}

enum token_record_outcome token_record_read(struct token_record *record, struct span bytes)
{
    const uint8_t *at = bytes.data;
    struct token_record read;

    if (bytes.size != TOKEN_RECORD_SIZE || memcmp(at, magic, sizeof(magic)) != 0 ||
            be32_read(at + AT_ZERO) != 0 || be32_read(at + AT_ZERO_TOO) != 0)
        return TOKEN_RECORD_BAD;
    memcpy(read.id.bytes, at + AT_ID, TOKEN_ID_SIZE);
    memcpy(read.psk, at + AT_PSK, PSK_SIZE);
    memcpy(read.proof.bytes, at + AT_PROOF, PUBLIC_KEY_SIZE);
    read.not_after_s = be64_read(at + AT_NOT_AFTER);
    read.roles = be32_read(at + AT_ROLES);
    read.uses_left = be32_read(at + AT_USES_LEFT);
    read.use_count = be32_read(at + AT_USE_COUNT);
    memcpy(read.used_by.bytes, at + AT_USED_BY, PUBLIC_KEY_SIZE);
    read.used_at_s = be64_read(at + AT_USED_AT);
    if (read.not_after_s > TIME_MAX_S || read.uses_left > TOKEN_USES_MAX ||
            read.use_count > TOKEN_USES_MAX)
        return TOKEN_RECORD_BAD;
    *record = read;
    return TOKEN_RECORD_OK;
}
