// SPDX-License-Identifier: Apache-2.0
/* The signature is checked over the very bytes that were signed, before anything looks into them:
 * what is not signed by a believed node never reaches a parser beyond the outermost one. */
#include "registry/etcd/statement.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "mu/schema.h"
#include "registry/etcd/limits.h"

static const char statement_context[] = "mu etcd statement 1";

/* What is signed: the context, the key in etcd, each with its NUL, and the body. */
static uint8_t *statement_text(const char *place, struct mu_bytes body, size_t *sizep)
{
    size_t place_size = strlen(place) + 1;
    uint8_t *text = malloc(sizeof(statement_context) + place_size + body.size);

    if (text == NULL)
        return NULL;
    memcpy(text, statement_context, sizeof(statement_context));
    memcpy(text + sizeof(statement_context), place, place_size);
    if (body.size > 0)
        memcpy(text + sizeof(statement_context) + place_size, body.data, body.size);
    *sizep = sizeof(statement_context) + place_size + body.size;
    return text;
}

int statement_write(const Mu__Etcd__V1__StatementBody *body, const char *place,
        const uint8_t secret[STATEMENT_SECRET_SIZE], uint8_t **statementp, size_t *sizep)
{
    Mu__Etcd__V1__Statement statement = MU__ETCD__V1__STATEMENT__INIT;
    size_t size = mu__etcd__v1__statement_body__get_packed_size(body);
    CLEANUP(cleanup_free) uint8_t *packed = malloc(size + 1);
    CLEANUP(cleanup_free) uint8_t *text = NULL;
    uint8_t signature[STATEMENT_SIGNATURE_SIZE];
    uint8_t *bytes;
    size_t text_size;

    if (packed == NULL)
        return err_new(-ENOMEM);
    mu__etcd__v1__statement_body__pack(body, packed);
    text = statement_text(place, (struct mu_bytes){ packed, size }, &text_size);
    if (text == NULL)
        return err_new(-ENOMEM);
    crypto_sign_detached(signature, NULL, text, text_size, secret);

    statement.body = (ProtobufCBinaryData){ .data = packed, .len = size };
    statement.signature = (ProtobufCBinaryData){ .data = signature, .len = sizeof(signature) };
    bytes = malloc(mu__etcd__v1__statement__get_packed_size(&statement));
    if (bytes == NULL)
        return err_new(-ENOMEM);
    *sizep = mu__etcd__v1__statement__pack(&statement, bytes);
    *statementp = bytes;
    return 0;
}

/* Returns STATEMENT_OK, _FORGED or -ENOMEM. */
static int statement_verify(const Mu__Etcd__V1__Statement *statement, const char *place,
        const uint8_t key[STATEMENT_KEY_SIZE])
{
    struct mu_bytes body = { statement->body.data, statement->body.len };
    CLEANUP(cleanup_free) uint8_t *text = NULL;
    size_t size;

    text = statement_text(place, body, &size);
    if (text == NULL)
        return err_new(-ENOMEM);
    return crypto_sign_verify_detached(statement->signature.data, text, size, key) == 0
                   ? STATEMENT_OK
                   : STATEMENT_FORGED;
}

/* The body of a statement whose signature holds. */
static int statement_unpack(
        const Mu__Etcd__V1__Statement *statement, Mu__Etcd__V1__StatementBody **bodyp)
{
    const ProtobufCMessageDescriptor *type = &mu__etcd__v1__statement_body__descriptor;
    struct mu_bytes bytes = { statement->body.data, statement->body.len };
    Mu__Etcd__V1__StatementBody *body;

    if (mu_body_check(type, bytes, NULL) < 0)
        return STATEMENT_GARBAGE;
    body = mu__etcd__v1__statement_body__unpack(NULL, bytes.size, bytes.data);
    if (body == NULL)
        return err_new(-ENOMEM);
    if (body->sequence == 0 || body->what_case == MU__ETCD__V1__STATEMENT_BODY__WHAT__NOT_SET) {
        mu__etcd__v1__statement_body__free_unpacked(body, NULL);
        return STATEMENT_GARBAGE;
    }
    *bodyp = body;
    return STATEMENT_OK;
}

int statement_read(struct mu_bytes statement, const char *place,
        const uint8_t key[STATEMENT_KEY_SIZE], Mu__Etcd__V1__StatementBody **bodyp)
{
    Mu__Etcd__V1__Statement *outer;
    int r = STATEMENT_GARBAGE;

    if (statement.size == 0 || statement.size > ETCD_STATEMENT_SIZE_MAX ||
            mu_body_check(&mu__etcd__v1__statement__descriptor, statement, NULL) < 0)
        return STATEMENT_GARBAGE;
    outer = mu__etcd__v1__statement__unpack(NULL, statement.size, statement.data);
    if (outer == NULL)
        return err_new(-ENOMEM);
    if (outer->signature.len == STATEMENT_SIGNATURE_SIZE)
        r = statement_verify(outer, place, key);
    if (r == STATEMENT_OK)
        r = statement_unpack(outer, bodyp);
    mu__etcd__v1__statement__free_unpacked(outer, NULL);
    return r;
}
