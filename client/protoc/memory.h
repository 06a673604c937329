/* client/protoc/memory.h - memory for a program that reads, writes and ends: where there is none,
 * it says so and ends with status 1, as a compiler may. */
#pragma once

#include <stddef.h>

/* `size` bytes of zeroes, which the caller frees. */
void *memory_get(size_t size);

/* A formatted text, which the caller frees. */
char *memory_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
