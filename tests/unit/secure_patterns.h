/* tests/unit/secure_patterns.h - Noise's patterns as its specification writes them, made into the
 * tables that transport/secure/noise.h runs. */
#pragma once

#include "transport/secure/noise.h"

enum { SECURE_PROTOCOL_MAX = 96 };

struct secure_pattern {
    char protocol[SECURE_PROTOCOL_MAX];
    struct noise_pattern noise; /* points into `protocol`: not to be moved */
    size_t psk_count;
    bool one_way;
};

/* Makes the pattern of a name such as "Noise_XXpsk0+psk3_25519_ChaChaPoly_SHA256". False for one
 * that is none, or whose pattern is not in the table. */
bool secure_pattern_init(struct secure_pattern *pattern, const char *protocol);
