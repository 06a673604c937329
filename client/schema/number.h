/* client/schema/number.h - numbers as text, in the C locale (json.c sees to that). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NUMBER_TEXT_MAX = 32 }; /* bytes with the final NUL */

/* Reads a whole number, which may be written as 10, 1e1 or 10.0, into its sign and magnitude. False
 * for text that is no whole number or does not fit. */
bool number_read_whole(const char *text, bool *negativep, uint64_t *magnitudep);

/* True for text that is a number by the grammar of JSON. */
bool number_is_json(const char *text);

/* Writes the shortest text that reads back as the same number. Not for NaN and infinities. */
void number_print_float(char *text, float value);
void number_print_double(char *text, double value);
