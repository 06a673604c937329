// SPDX-License-Identifier: Apache-2.0
#include "kernel/cage/grade.h"

static const char *const grade_names[] = {
    [GRADE_A] = "A",
    [GRADE_B] = "B",
    [GRADE_C] = "C",
    [GRADE_D] = "D",
};

const char *grade_name(enum cage_grade grade)
{
    return grade_names[grade];
}

bool grade_parse(const char *text, enum cage_grade *gradep)
{
    if (text[0] < 'A' || text[0] > 'D' || text[1] != '\0')
        return false;
    *gradep = (enum cage_grade)(text[0] - 'A');
    return true;
}
