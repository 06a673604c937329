/* hex.h - bytes as digits of 0-9 and a-f, and back. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes `size` bytes and a NUL: 2 * `size` + 1 characters. Returns `text`. */
char *hex_write(char *text, const uint8_t *bytes, size_t size);

/* Reads all of `text`, `max` bytes at most. False where it is something else, or longer. */
bool hex_read(const char *text, uint8_t *bytes, size_t max, size_t *sizep);
