/* client/schema/base64.h - RFC 4648, sections 4 and 5. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "client/schema/buffer.h"

/* Puts `size` bytes as base64 with padding. */
void base64_put(struct buffer *buffer, const uint8_t *bytes, size_t size);

/* Reads either alphabet, with padding or without, into `bytes`, which has room for size * 3 / 4
 * + 1. Returns how many bytes, or -1 for what is no base64. */
long base64_read(uint8_t *bytes, const char *text, size_t size);
