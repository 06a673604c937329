/* transport/names.h - short lists of fixed names, and whether a text is one of them. */
#pragma once

#include <stdbool.h>
#include <string.h>

#include "transport/envelope.h"

/* A name of such a list, as it is written in a program. */
#define NAME(literal)                                                                              \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }

/* Sizes are compared first: most texts are none of them, and that is known then. */
static inline bool names_have(const struct span *names, size_t count, struct span text)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i].size == text.size && memcmp(names[i].data, text.data, text.size) == 0)
            return true;
    }
    return false;
}
