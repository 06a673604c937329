/* duration.h - lengths of time, as people write and read them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { DURATION_TEXT_MAX = 24 }; /* bytes with the final NUL */

/* Reads "2s", "500ms", "1.5s", "2m" or "1h" into `*msp`, which is then 1..UINT32_MAX. Returns 0, or
 * -EINVAL for anything else. */
int duration_parse(const char *text, uint32_t *msp);

/* Writes "850 ms", "12.3 s", "4m 12s", "3h 20m" or "2d 4h" into `text`, and returns it. */
char *duration_print(uint64_t ms, char text[DURATION_TEXT_MAX]);

/* The same of microseconds: "85 us", "1.24 ms", "312 ms", "4.2 s", "4m 12s". */
char *duration_print_us(uint64_t us, char text[DURATION_TEXT_MAX]);
