/* kernel/cage/grade.h - how well a process is shut in, in one letter. */
#pragma once

#include <stdbool.h>

/* Best first, so that a larger number is a worse grade. */
enum cage_grade {
    GRADE_A, /* all: namespaces, a filter of system calls, landlock, a cgroup */
    GRADE_B, /* without the cgroup, or without landlock */
    GRADE_C, /* without namespaces: the filter and landlock */
    GRADE_D  /* less */
};

/* "A" to "D". */
const char *grade_name(enum cage_grade grade);

/* Reads such a letter. False where it is none. */
bool grade_parse(const char *text, enum cage_grade *gradep);
