/* instant.h - points in time, as people read them. */
#pragma once

#include <stdint.h>

enum { INSTANT_TEXT_MAX = 64 }; /* bytes with the final NUL */

/* Unix time, by this machine's clock. */
uint64_t instant_now_s(void);

/* Writes "2026-11-27 14:30 (in 23h 12m)" or "2026-11-27 14:30 (3m 5s ago)", in local time, into
 * `text`, and returns it. */
char *instant_print(uint64_t at_s, uint64_t now_s, char text[INSTANT_TEXT_MAX]);
