// SPDX-License-Identifier: Apache-2.0
#include "transport/secure/request.h"

#include <string.h>

#include "base/err.h"
#include "transport/secure/big_endian.h"

/* Where the fields stand. */
enum {
    AT_KIND = 4,
    AT_CERTIFICATES = 5,
    AT_NAME_SIZE = 6,
    AT_NETWORK = 8,
    AT_SUBJECT = 24,
    AT_TOKEN = 56,
    AT_ROLES = 64,
    AT_ZERO = 68,
    AT_NAME = REQUEST_HEAD_SIZE
};

enum { SIGNED_PART_MAX = REQUEST_HEAD_SIZE + CERTIFICATE_NAME_MAX };

static const uint8_t magic[4] = { 'M', 'u', 'Q', '1' };

/* Writes what both signatures are over. */
static uint8_t *request_write_signed(const struct request *request, uint8_t *out)
{
    size_t name_size = strlen(request->name);

    out = bytes_write(out, magic, sizeof(magic));
    *out++ = (uint8_t)request->kind;
    *out++ = request->kind == REQUEST_RENEWAL ? (uint8_t)request->chain.count : 0;
    out = be16_write(out, (uint16_t)name_size);
    out = bytes_write(out, request->network.bytes, NETWORK_ID_SIZE);
    out = bytes_write(out, request->subject.bytes, PUBLIC_KEY_SIZE);
    out = bytes_write(out, request->token.bytes, TOKEN_ID_SIZE);
    out = be32_write(out, request->roles);
    out = be32_write(out, 0);
    return bytes_write(out, request->name, name_size);
}

static void request_sign(const struct request *request, const struct key *key,
        enum key_purpose purpose, uint8_t signature[SIGNATURE_SIZE])
{
    uint8_t bytes[SIGNED_PART_MAX];
    size_t size = (size_t)(request_write_signed(request, bytes) - bytes);

    key_sign(key, purpose, (struct span){ bytes, size }, signature);
}

static bool request_verify(const struct request *request, const struct public_key *key,
        enum key_purpose purpose, const uint8_t signature[SIGNATURE_SIZE])
{
    uint8_t bytes[SIGNED_PART_MAX];
    size_t size = (size_t)(request_write_signed(request, bytes) - bytes);

    return key_verify(key, purpose, (struct span){ bytes, size }, signature);
}

int request_join(struct request *request, const struct key *node, const struct token *token,
        const char *name)
{
    struct request made = {
        .kind = REQUEST_JOIN,
        .network = token->network,
        .subject = node->public,
        .token = token->id,
        .roles = token->roles,
    };
    struct key proof;
    int r;

    if (!certificate_name_is_valid(name, CERTIFICATE_NODE))
        return REQUEST_BAD;
    r = token_proof_key(token, &proof);
    if (r < 0)
        return err_trace(r);
    memcpy(made.name, name, strlen(name));
    request_sign(&made, node, KEY_FOR_REQUEST, made.possession);
    request_sign(&made, &proof, KEY_FOR_JOIN, made.proof);
    key_deinit(&proof);
    *request = made;
    return 0;
}

void request_renewal(struct request *request, const struct key *node, const struct chain *chain)
{
    const struct certificate *present = &chain->certificates[0];

    *request = (struct request){
        .kind = REQUEST_RENEWAL,
        .network = present->network,
        .subject = node->public,
        .roles = present->roles,
        .chain = *chain,
    };
    memcpy(request->name, present->name, sizeof(request->name));
    request_sign(request, node, KEY_FOR_REQUEST, request->possession);
}

bool request_has_possession(const struct request *request)
{
    return request_verify(request, &request->subject, KEY_FOR_REQUEST, request->possession);
}

bool request_has_proof(const struct request *request, const struct public_key *proof)
{
    return request->kind == REQUEST_JOIN &&
           request_verify(request, proof, KEY_FOR_JOIN, request->proof);
}

/* Reads what is behind the first signature. */
static bool rest_read(struct request *request, uint32_t certificates, struct span rest)
{
    static const struct token_id none;

    if (request->kind == REQUEST_JOIN) {
        if (certificates != 0 || rest.size != SIGNATURE_SIZE)
            return false;
        memcpy(request->proof, rest.data, SIGNATURE_SIZE);
        return true;
    }
    return request->kind == REQUEST_RENEWAL &&
           memcmp(request->token.bytes, none.bytes, TOKEN_ID_SIZE) == 0 &&
           chain_read(&request->chain, certificates, rest) == CERTIFICATE_OK;
}

enum request_outcome request_read(struct request *request, struct span bytes)
{
    const uint8_t *at = bytes.data;
    struct request read = { 0 };
    size_t name_size;
    size_t size;

    if (bytes.size < REQUEST_HEAD_SIZE || memcmp(at, magic, sizeof(magic)) != 0 ||
            be32_read(at + AT_ZERO) != 0)
        return REQUEST_BAD;
    name_size = be16_read(at + AT_NAME_SIZE);
    size = REQUEST_HEAD_SIZE + name_size + SIGNATURE_SIZE;
    if (name_size > CERTIFICATE_NAME_MAX || bytes.size < size)
        return REQUEST_BAD;
    read.kind = (enum request_kind)at[AT_KIND];
    memcpy(read.network.bytes, at + AT_NETWORK, NETWORK_ID_SIZE);
    memcpy(read.subject.bytes, at + AT_SUBJECT, PUBLIC_KEY_SIZE);
    memcpy(read.token.bytes, at + AT_TOKEN, TOKEN_ID_SIZE);
    read.roles = be32_read(at + AT_ROLES);
    memcpy(read.name, at + AT_NAME, name_size);
    memcpy(read.possession, at + AT_NAME + name_size, SIGNATURE_SIZE);
    if (strlen(read.name) != name_size || !certificate_name_is_valid(read.name, CERTIFICATE_NODE) ||
            !rest_read(&read, at[AT_CERTIFICATES], (struct span){ at + size, bytes.size - size }))
        return REQUEST_BAD;
    *request = read;
    return REQUEST_OK;
}

size_t request_size(const struct request *request)
{
    return REQUEST_HEAD_SIZE + strlen(request->name) + SIGNATURE_SIZE +
           (request->kind == REQUEST_JOIN ? SIGNATURE_SIZE : chain_size(&request->chain));
}

uint8_t *request_write(const struct request *request, uint8_t *out)
{
    out = request_write_signed(request, out);
    out = bytes_write(out, request->possession, SIGNATURE_SIZE);
    return request->kind == REQUEST_JOIN ? bytes_write(out, request->proof, SIGNATURE_SIZE)
                                         : chain_write(&request->chain, out);
}
