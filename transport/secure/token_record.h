/* transport/secure/token_record.h - what the issuer of a join token keeps of it, for a store to
 * hold.
 *
 * Neither the secret nor anything that gives it back: the link's psk and the public proof key. The
 * psk stays until the token ends, also when all uses are spent, so that a node whose answer got
 * lost can ask again, and one that comes second is told apart from noise. */
#pragma once

#include "transport/secure/token.h"

enum { TOKEN_RECORD_SIZE = 144 };

struct token_record {
    struct token_id id;
    uint8_t psk[PSK_SIZE];
    struct public_key proof; /* of the key that signs requests */
    uint64_t not_after_s;
    uint32_t roles;
    uint32_t uses_left; /* 0..TOKEN_USES_MAX */
    uint32_t use_count;
    struct public_key used_by; /* the last node that it admitted, where use_count > 0 */
    uint64_t used_at_s;
};

enum token_use {
    TOKEN_USE_OK,
    TOKEN_USE_AGAIN, /* the last node asks once more: it gets its answer, and no use is spent */
    TOKEN_USE_SPENT, /* by others: an event for the audit log, naming `used_by` */
    TOKEN_USE_OVER   /* it has ended */
};

enum token_record_outcome { TOKEN_RECORD_OK, TOKEN_RECORD_BAD };

/* The record of a token that may be used `uses` times (1..TOKEN_USES_MAX). Returns 0 or -ENOMEM. */
int token_record_init(struct token_record *record, const struct token *token, uint32_t uses);

/* What using it now for `node` would be; by the issuer's own clock, to the second. */
enum token_use token_record_judge(
        const struct token_record *record, const struct public_key *node, uint64_t now_s);

/* Uses it: spends a use on TOKEN_USE_OK. The caller stores the record before it answers. */
enum token_use token_record_use(
        struct token_record *record, const struct public_key *node, uint64_t now_s);

/* Wipes the psk of a token that has ended; what is left says who used it. False where it has not.
 */
bool token_record_expire(struct token_record *record, uint64_t now_s);

void token_record_write(const struct token_record *record, uint8_t out[TOKEN_RECORD_SIZE]);

/* `*record` is set on TOKEN_RECORD_OK only. */
enum token_record_outcome token_record_read(struct token_record *record, struct span bytes);
