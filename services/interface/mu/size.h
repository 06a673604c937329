/* size.h - how many bytes, as people read them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { SIZE_TEXT_MAX = 24 }; /* bytes with the final NUL */

/* Writes "812 B", "1.2 KiB" or "31 MiB" into `text`, and returns it. */
char *size_print(uint64_t size, char text[SIZE_TEXT_MAX]);
