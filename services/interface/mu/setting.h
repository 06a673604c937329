/* setting.h - a policy's settings as words: `timeout=2s`, `weight=1.1.0:10`. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "mu/router/v1/policy.pb-c.h"

enum {
    SETTING_ERROR_MAX = 256, /* bytes of what is wrong with a word, with the final NUL */
    SETTING_TEXT_MAX = 512,  /* bytes of a policy's settings, with the final NUL */
    SETTING_WEIGHTS = 16,    /* that may be written; how many may be set, the node says */
    SETTING_LABELS = 16,
    SETTING_MIRRORS = 1,
    SETTING_PART_MAX = 80 /* bytes of a version or of a label's key, with the final NUL */
};

/* A policy that is being written, with room for all that it points at. Not to be moved. */
struct setting_policy {
    Mu__Router__V1__Policy message;
    Mu__Router__V1__Rate rate;
    Mu__Router__V1__Retries retries;
    Mu__Router__V1__Breaker breaker;
    Mu__Router__V1__Fault fault;
    Mu__Router__V1__Hedge hedge;
    Mu__Router__V1__Mirror mirror;
    Mu__Router__V1__Weight weights[SETTING_WEIGHTS];
    Mu__Router__V1__Weight *each_weight[SETTING_WEIGHTS];
    Mu__Router__V1__Policy__LabelsEntry labels[SETTING_LABELS];
    Mu__Router__V1__Policy__LabelsEntry *each_label[SETTING_LABELS];
    char parts[SETTING_WEIGHTS + SETTING_LABELS + SETTING_MIRRORS][SETTING_PART_MAX];
    size_t part_count;
};

/* Begins one for `endpoints` (borrowed) that sets nothing. */
void setting_begin(struct setting_policy *policy, const char *endpoints);

/* Takes one word into it; what it points at is borrowed from the word. False with what is wrong and
 * how to write it in `error`. Whether it makes sense beside the others, the node says. */
bool setting_take(struct setting_policy *policy, const char *word, char error[SETTING_ERROR_MAX]);

/* Writes all settings of a policy, as setting_take reads them, with spaces between; or, where
 * `only` is not NULL, those that belong to that one: `retries` has `backoff` and `idempotent`. */
void setting_print(
        const Mu__Router__V1__Policy *policy, const char *only, char text[SETTING_TEXT_MAX]);

/* What the setting called `key` does; NULL where there is none. */
const char *setting_about(const char *key);

/* `timeout=|timeout-max=|…`, for completion. */
extern const char setting_choices[];
