/* services/platform/auth/throttle.h - how often passwords may be wrong: of one account, and of all.
 *
 * A pure core: time is an argument. A try is taken before the password is looked at, and given back
 * where it was right; so guessing is slow, and who knows his password is held up by others' guesses
 * at his own account and at all of them only. Names that are no accounts count like those that are:
 * what is refused tells nobody which there are. */
#pragma once

#include "services/platform/auth/auth_limits.h"

#include <stdint.h>

struct throttle_bucket {
    uint32_t left;
    uint64_t at_ms; /* when `left` was right */
};

struct throttle_name {
    uint64_t hash; /* of a name; 0: free */
    struct throttle_bucket bucket;
    uint32_t refused; /* since the last try that was let through */
};

struct throttle {
    uint8_t key[16]; /* of the hash, random: nobody picks names that meet */
    struct throttle_bucket all;
    struct throttle_name names[LOGIN_NAMES_MAX];
};

enum throttle_outcome {
    THROTTLE_OK,
    THROTTLE_FIRST, /* refused, and the one before was not: worth an entry in the audit log */
    THROTTLE_AGAIN  /* refused, as before */
};

void throttle_init(struct throttle *throttle, const uint8_t key[16], uint64_t now_ms);

/* Takes a try for the account called `name`, which need not exist. Where it is refused,
 * `*retry_after_ms` is when the next one may be. */
enum throttle_outcome throttle_take(
        struct throttle *throttle, const char *name, uint64_t now_ms, uint32_t *retry_after_ms);

/* Gives a try back: the password was right. */
void throttle_return(struct throttle *throttle, const char *name, uint64_t now_ms);
