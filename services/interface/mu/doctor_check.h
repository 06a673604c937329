/* doctor_check.h - one check of `mu doctor`, and the list of them. */
#pragma once

#include "services/interface/mu/cli.h"

enum { CHECK_TEXT_MAX = 512 }; /* bytes with the final NUL */

enum check_level {
    CHECK_GOOD,
    CHECK_NOTE, /* good to know */
    CHECK_BAD
};

struct check {
    struct cli *cli;
    const char *name; /* NULL where there is nothing to check */
    enum check_level level;
    char text[CHECK_TEXT_MAX];
    char fix[CHECK_TEXT_MAX]; /* "" where nothing is to be done */
};

/* Fills the check, whose `cli` is set. */
typedef void (*check_fn)(struct check *check);

/* All of them, in the order they are made; ends with NULL. */
extern const check_fn check_all[];

/* Fills level, fix ("" for none) and text. */
void check_say(struct check *check, enum check_level level, const char *fix, const char *format,
        ...) __attribute__((format(printf, 4, 5)));
