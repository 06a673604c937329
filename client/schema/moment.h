/* client/schema/moment.h - the texts of google.protobuf.Timestamp and Duration. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { MOMENT_TEXT_MAX = 96 }; /* bytes with the final NUL */

/* Seconds and billionths, both of one sign; a timestamp's since 1970, its nanos 0..999999999. */
struct moment {
    int64_t seconds;
    int32_t nanos;
};

/* `2024-01-31T12:00:00.5Z` (RFC 3339), with any offset; the years 1 to 9999. */
bool timestamp_read(struct moment *moment, const char *text);

/* Writes it in UTC with 0, 3, 6 or 9 digits after the point. False, and no text, out of range. */
bool timestamp_print(const struct moment *moment, char *text);

/* `-1.5s`; 10,000 years at most. */
bool duration_read(struct moment *moment, const char *text);
bool duration_print(const struct moment *moment, char *text);
