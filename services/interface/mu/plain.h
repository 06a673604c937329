/* plain.h - text of somebody else's, safe to show on a terminal. */
#pragma once

#include <stddef.h>
#include <stdio.h>

/* Writes `size` bytes of `text`; what would steer a terminal (C0 but for the tab, DEL, C1) comes
 * out as `\x1b`. */
void plain_print(FILE *stream, const char *text, size_t size);
