/* services/platform/auth/challenge.h - what passkeys are asked to sign: random, good once, for one
 * account and one purpose, for CHALLENGE_LIFE_MS.
 *
 * They are kept in memory alone: behind a restart nobody waits for an answer to an older one, and
 * whoever tries gets a new one. A pure core: time and randomness are arguments. */
#pragma once

#include <stdint.h>

#include "services/platform/auth/auth_limits.h"
#include "transport/secure/identity_limits.h"

enum { CHALLENGE_SIZE = 32 /* bytes */ };

enum challenge_purpose {
    CHALLENGE_LOGIN, /* a session */
    CHALLENGE_PROVE, /* who has a session is still the one who opened it */
    CHALLENGE_ADD,   /* a passkey that is new */
    CHALLENGE_PURPOSES
};

struct challenge {
    uint64_t until_ms; /* 0: the place is free */
    enum challenge_purpose purpose;
    char account[ACCESS_SUBJECT_MAX + 1];
    uint8_t bytes[CHALLENGE_SIZE];
};

struct challenges {
    struct challenge each[CHALLENGES_MAX];
};

enum challenge_outcome {
    CHALLENGE_OK,
    CHALLENGE_NONE, /* never given, used, or put out by later ones */
    CHALLENGE_LATE,
    CHALLENGE_OTHER /* of another account, or for another purpose */
};

/* `login`, `prove` or `add`: as it stands in what is signed. */
const char *challenge_purpose_name(enum challenge_purpose purpose);

/* Remembers that `bytes` were given. Of an account that has CHALLENGES_ACCOUNT_MAX the oldest goes,
 * else where there is no place the oldest of all. */
void challenge_give(struct challenges *challenges, const char *account,
        enum challenge_purpose purpose, const uint8_t bytes[CHALLENGE_SIZE], uint64_t now_ms);

/* Takes `bytes` back, whatever comes of it: nobody shows them a second time. */
enum challenge_outcome challenge_take(struct challenges *challenges, const char *account,
        enum challenge_purpose purpose, const uint8_t bytes[CHALLENGE_SIZE], uint64_t now_ms);

/* Forgets those of an account that changed hands: what was begun before is not finished. */
void challenge_forget(struct challenges *challenges, const char *account);
