/* transport/secure/request.h - a node asks for a certificate (docs/protocol.md, "Requests").
 *
 * It signs with the key that is to be certified, so nobody gets a certificate for another's key;
 * and either with a join token's proof key, or shows the certificate that is to be renewed. A
 * request that somebody repeats gives a certificate that only the first can use. */
#pragma once

#include "transport/secure/chain.h"
#include "transport/secure/token.h"

enum {
    REQUEST_HEAD_SIZE = 72,
    REQUEST_SIZE_MAX = REQUEST_HEAD_SIZE + CERTIFICATE_NAME_MAX + SIGNATURE_SIZE + CHAIN_SIZE_MAX
};

/* As on the wire. */
enum request_kind { REQUEST_JOIN = 1, REQUEST_RENEWAL = 2 };

struct request {
    enum request_kind kind;
    struct network_id network;
    struct public_key subject;
    struct token_id token; /* of a join */
    uint32_t roles;
    char name[CERTIFICATE_NAME_MAX + 1];
    uint8_t possession[SIGNATURE_SIZE]; /* by the subject */
    uint8_t proof[SIGNATURE_SIZE];      /* of a join, by the token's proof key */
    struct chain chain;                 /* of a renewal */
};

enum request_outcome {
    REQUEST_OK,
    REQUEST_BAD /* not a request, or one that breaks a rule of the layout */
};

/* Asks to join as `name` with all roles of the token. Returns 0, REQUEST_BAD where the name is
 * none, or -ENOMEM. */
int request_join(struct request *request, const struct key *node, const struct token *token,
        const char *name);

/* Asks for the same again: `chain` is what `node` shows at present. */
void request_renewal(struct request *request, const struct key *node, const struct chain *chain);

/* True where who asks holds the key that is to be certified. */
bool request_has_possession(const struct request *request);

/* True where who asks bears the token whose proof key is `proof`. */
bool request_has_proof(const struct request *request, const struct public_key *proof);

/* Reads `bytes`, all of them. `*request` is set on REQUEST_OK only. */
enum request_outcome request_read(struct request *request, struct span bytes);

size_t request_size(const struct request *request);

/* Writes request_size(request) bytes to `out` and returns the end. */
uint8_t *request_write(const struct request *request, uint8_t *out);
