/* registry/etcd/statement.h - what a node says in etcd: a body, signed together with the key that
 * it stands under, so that it is good for no other. docs/protocol.md, "Statements in etcd". */
#pragma once

#include <stdint.h>

#include "mu/api.h"
#include "mu/etcd/v1/etcd.pb-c.h"

enum { STATEMENT_KEY_SIZE = 32, STATEMENT_SECRET_SIZE = 64, STATEMENT_SIGNATURE_SIZE = 64 };

enum statement_outcome {
    STATEMENT_OK = 0,
    STATEMENT_GARBAGE = 1, /* it is none */
    STATEMENT_FORGED = 2   /* the signature is not of that key */
};

/* Packs and signs `body` for the key `place` in etcd. Gives the statement to the caller, who frees
 * `*statementp`. Returns 0 or -ENOMEM. */
int statement_write(const Mu__Etcd__V1__StatementBody *body, const char *place,
        const uint8_t secret[STATEMENT_SECRET_SIZE], uint8_t **statementp, size_t *sizep);

/* Checks a statement that stands under `place`, and gives its body to the caller, who frees it with
 * mu__etcd__v1__statement_body__free_unpacked. Returns STATEMENT_OK, another outcome, or -ENOMEM.
 */
int statement_read(struct mu_bytes statement, const char *place,
        const uint8_t key[STATEMENT_KEY_SIZE], Mu__Etcd__V1__StatementBody **bodyp);
