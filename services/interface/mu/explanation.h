/* explanation.h - what became of one call, in sentences: where it went and who else could have had
 * it, what decided, how long it waited, whether it was executed, what to do next. */
#pragma once

#include "mu/router/v1/router.pb-c.h"

enum {
    EXPLANATION_LINE_MAX = 640, /* bytes of one sentence with the final NUL */
    EXPLANATION_LINES_MAX = 24, /* sentences of one call */
    EXPLANATION_NEXT_MAX = 4    /* things to do next */
};

struct explanation {
    char lines[EXPLANATION_LINES_MAX][EXPLANATION_LINE_MAX]; /* the first is the headline */
    int line_count;
    char next[EXPLANATION_NEXT_MAX][EXPLANATION_LINE_MAX];
    int next_count;
};

/* Gives the explanation of a record. */
void explanation_make(struct explanation *explanation, const Mu__Router__V1__CallRecord *record);
