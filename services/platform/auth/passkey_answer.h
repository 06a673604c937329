/* services/platform/auth/passkey_answer.h - what a passkey answered to a challenge, and whether
 * that is to be believed.
 *
 * It signs two texts, as in WebAuthn (Level 2, section 7.2): the device's, `authenticator data`, of
 * which it is certain, and ours, `client data`, which holds the challenge, the node that it is for
 * and what it is for. Ours has one spelling:
 *
 *   {"type":"webauthn.get","challenge":"…","origin":"mu://NODE","crossOrigin":false,"purpose":"…"}
 *
 * Pure. The process has called sodium_init(). */
#pragma once

#include "services/platform/auth/challenge.h"
#include "services/platform/auth/passkey.h"

/* What keys are made for. Nothing of the node's, since a name may change and keys last; which node
 * it is, stands in the client data. */
#define PASSKEY_RP "mu"

/* What came, borrowed from the request. */
struct passkey_answer {
    struct span id;
    struct span client_data;
    struct span authenticator_data;
    struct span signature;
};

/* What it says. */
struct passkey_said {
    uint8_t challenge[CHALLENGE_SIZE];
    struct span origin;  /* borrowed from the answer, … */
    struct span purpose; /* … and this */
    const uint8_t *rp;   /* 32 bytes of it: a hash */
    uint8_t flags;
    uint32_t counter;
};

/* Each has a text for the audit log (passkey_text). */
enum passkey_outcome {
    PASSKEY_OK,
    PASSKEY_SHAPE,      /* not laid out as an answer is */
    PASSKEY_UNKNOWN,    /* none of the account's */
    PASSKEY_CHALLENGE,  /* never given, or used before */
    PASSKEY_LATE,       /* given CHALLENGE_LIFE_MS ago */
    PASSKEY_OTHER,      /* given to another account, or for another purpose */
    PASSKEY_PURPOSE,    /* signed for another purpose */
    PASSKEY_ORIGIN,     /* signed for another node */
    PASSKEY_RP_OTHER,   /* made for something else than Mu */
    PASSKEY_ABSENT,     /* nobody touched the device */
    PASSKEY_UNVERIFIED, /* the device did not find out who touched it */
    PASSKEY_FORGED,     /* the signature does not fit */
    PASSKEY_DISABLED,   /* good, but nobody logs in to the account */
    PASSKEY_COUNTER,    /* the counter went back: there may be a copy of the device */
    PASSKEY_OUTCOMES
};

/* Static text. */
const char *passkey_text(enum passkey_outcome outcome);

/* Reads what an answer says. PASSKEY_OK or PASSKEY_SHAPE. */
enum passkey_outcome passkey_read(struct passkey_said *said, const struct passkey_answer *answer);

/* What an answer has to be. */
struct passkey_expected {
    const struct passkey *passkey;
    enum challenge_purpose purpose;
    const char *origin; /* `mu://NODE` */
    enum challenge_outcome challenge;
};

/* Is it? The signature is looked at in any case, so that the time that this takes says nothing. */
enum passkey_outcome passkey_check(const struct passkey_said *said,
        const struct passkey_answer *answer, const struct passkey_expected *expected);
