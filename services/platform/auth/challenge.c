// SPDX-License-Identifier: Apache-2.0
#include "services/platform/auth/challenge.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

const char *challenge_purpose_name(enum challenge_purpose purpose)
{
    static const char *const names[CHALLENGE_PURPOSES] = {
        [CHALLENGE_LOGIN] = "login",
        [CHALLENGE_PROVE] = "prove",
        [CHALLENGE_ADD] = "add",
    };

    CHECK(purpose >= 0 && purpose < CHALLENGE_PURPOSES);
    return names[purpose];
}

/* A free place, or the one whose challenge goes. */
static struct challenge *place_for(struct challenges *challenges, const char *account)
{
    struct challenge *oldest = &challenges->each[0]; /* a free one is older than any */
    struct challenge *oldest_own = NULL;
    size_t own = 0;

    for (size_t i = 0; i < CHALLENGES_MAX; i++) {
        struct challenge *place = &challenges->each[i];

        if (place->until_ms < oldest->until_ms)
            oldest = place;
        if (place->until_ms == 0 || strcmp(place->account, account) != 0)
            continue;
        own += 1;
        if (oldest_own == NULL || place->until_ms < oldest_own->until_ms)
            oldest_own = place;
    }
    return own >= CHALLENGES_ACCOUNT_MAX ? oldest_own : oldest;
}

void challenge_give(struct challenges *challenges, const char *account,
        enum challenge_purpose purpose, const uint8_t bytes[CHALLENGE_SIZE], uint64_t now_ms)
{
    struct challenge *place = place_for(challenges, account);

    *place = (struct challenge){ .until_ms = now_ms + CHALLENGE_LIFE_MS, .purpose = purpose };
    snprintf(place->account, sizeof(place->account), "%s", account);
    memcpy(place->bytes, bytes, CHALLENGE_SIZE);
}

enum challenge_outcome challenge_take(struct challenges *challenges, const char *account,
        enum challenge_purpose purpose, const uint8_t bytes[CHALLENGE_SIZE], uint64_t now_ms)
{
    for (size_t i = 0; i < CHALLENGES_MAX; i++) {
        struct challenge given = challenges->each[i];

        if (given.until_ms == 0 || sodium_memcmp(given.bytes, bytes, CHALLENGE_SIZE) != 0)
            continue;
        challenges->each[i] = (struct challenge){ .until_ms = 0 };
        if (given.purpose != purpose || strcmp(given.account, account) != 0)
            return CHALLENGE_OTHER;
        return now_ms < given.until_ms ? CHALLENGE_OK : CHALLENGE_LATE;
    }
    return CHALLENGE_NONE;
}

void challenge_forget(struct challenges *challenges, const char *account)
{
    for (size_t i = 0; i < CHALLENGES_MAX; i++) {
        if (strcmp(challenges->each[i].account, account) == 0)
            challenges->each[i] = (struct challenge){ .until_ms = 0 };
    }
}
