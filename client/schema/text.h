/* client/schema/text.h - text that came from outside. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mu/schema.h"

/* True for UTF-8 (RFC 3629: no surrogates, nothing overlong) without a NUL. */
bool text_is_clean(const uint8_t *text, size_t size);

/* Writes the code point (0..0x10FFFF) as UTF-8. Returns how many bytes, 1..4. */
size_t text_write_utf8(char *out, uint32_t code);

/* Letters and digits of ASCII, whatever the locale. */
static inline bool text_is_lower(char letter)
{
    return letter >= 'a' && letter <= 'z';
}

static inline bool text_is_upper(char letter)
{
    return letter >= 'A' && letter <= 'Z';
}

static inline bool text_is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

static inline char text_to_upper(char letter)
{
    return text_is_lower(letter) ? (char)(letter - 'a' + 'A') : letter;
}

static inline char text_to_lower(char letter)
{
    return text_is_upper(letter) ? (char)(letter - 'A' + 'a') : letter;
}

/* Puts `format` into `error`, unless that is NULL, cut to its size at a whole character and without
 * control characters. */
void text_write_error(struct mu_schema_error *error, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* The same, for the caller's return: it is -EINVAL. */
#define text_fail(error, ...) (text_write_error((error), __VA_ARGS__), -EINVAL)

/* The one of `count` names that `name` was probably meant to be, by edit distance; NULL for none.
 */
const char *text_closest(const char *name, size_t size, const char *const *names, size_t count);
