/* services/platform/auth/passkey_proof.h - asking a passkey, and looking at what it answered. All
 * with the lock. */
#pragma once

#include "services/platform/auth/auth.h"
#include "services/platform/auth/passkey_answer.h"

enum { ORIGIN_SIZE = 272 /* bytes with the final NUL: `mu://` and a node's name */ };

/* The node that the call came to, as it stands in what passkeys sign. Returns `origin`. */
const char *passkey_origin(const struct mu_call *call, char origin[ORIGIN_SIZE]);

/* An answer as it came; empty where there is none. */
struct passkey_answer passkey_answer_of(const Mu__Auth__V1__PasskeyAnswer *message);

/* What is asked, and the memory that it stands in: it must stay where it is. */
struct passkey_question {
    Mu__Auth__V1__PasskeyChallenge message;
    ProtobufCBinaryData ids[PASSKEYS_MAX];
    struct passkeys passkeys;
    uint8_t challenge[CHALLENGE_SIZE];
    char origin[ORIGIN_SIZE];
};

/* Asks for an answer of the account's passkeys, or of one that is to become its own. Where there is
 * no such account, or it has none, the question looks as any other, but for CHALLENGE_ADD, and
 * nothing answers it. 0 or -errno. */
int passkey_ask(struct auth *auth, const struct mu_call *call, const char *account,
        enum challenge_purpose purpose, struct passkey_question *question);

/* Looks at the answer of a passkey of the account called `name`, which need not be one. Where it is
 * PASSKEY_OK, `*passkey` is the one, with its new counter and time of use, for the caller to put.
 * An outcome, or -errno. */
int passkey_examine(struct auth *auth, const struct mu_call *call, const char *name,
        enum challenge_purpose purpose, const struct passkey_answer *answer,
        struct passkey *passkey);

/* What a caller shows who changes passkeys. */
struct passkey_proof {
    const char *password;
    const Mu__Auth__V1__PasskeyAnswer *answer; /* NULL: the password counts */
};

/* True where the caller is the node's owner, or shows again who he is; else the call is answered.
 */
bool passkey_prove(struct auth *auth, struct mu_call *call, const struct passkey_proof *proof);
