// SPDX-License-Identifier: Apache-2.0
#include "tests/fault/failing_memory.h"

#include <stdbool.h>
#include <stddef.h>

/* The names that the linker's --wrap gives them. */
void *real_malloc(size_t size) __asm__("__real_malloc");
void *real_calloc(size_t count, size_t size) __asm__("__real_calloc");
void *real_realloc(void *old, size_t size) __asm__("__real_realloc");
void *wrap_malloc(size_t size) __asm__("__wrap_malloc");
void *wrap_calloc(size_t count, size_t size) __asm__("__wrap_calloc");
void *wrap_realloc(void *old, size_t size) __asm__("__wrap_realloc");

unsigned memory_left;

static bool memory_fails(void)
{
    if (memory_left == 0)
        return false;
    memory_left -= 1;
    return memory_left == 0;
}

void *wrap_malloc(size_t size)
{
    return memory_fails() ? NULL : real_malloc(size);
}

void *wrap_calloc(size_t count, size_t size)
{
    return memory_fails() ? NULL : real_calloc(count, size);
}

void *wrap_realloc(void *old, size_t size)
{
    return memory_fails() ? NULL : real_realloc(old, size);
}
