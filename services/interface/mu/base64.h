/* base64.h - bytes as text (RFC 4648, section 4), for bytes fields in JSON. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The text of `size` bytes, which the caller frees; NULL where memory is out. */
char *base64_encode(const uint8_t *bytes, size_t size);
