/* account.h - what became of one call, in sentences: where it went and who else could have had it,
 * what decided, how long it waited, whether it was executed, what to do next. */
#pragma once

#include "mu/router/v1/router.pb-c.h"

enum {
    ACCOUNT_LINE_MAX = 640, /* bytes of one sentence with the final NUL */
    ACCOUNT_LINES_MAX = 24, /* sentences of one call */
    ACCOUNT_NEXT_MAX = 4    /* things to do next */
};

struct account {
    char lines[ACCOUNT_LINES_MAX][ACCOUNT_LINE_MAX]; /* the first is the headline */
    int line_count;
    char next[ACCOUNT_NEXT_MAX][ACCOUNT_LINE_MAX];
    int next_count;
};

/* Gives the account of a record. */
void account_make(struct account *account, const Mu__Router__V1__CallRecord *record);
