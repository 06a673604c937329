// SPDX-License-Identifier: Apache-2.0
#include "client/schema/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_EXPONENT_MAX = 100000 }; /* beyond it, all whole numbers but 0 are too large */

/* A number's parts, as they stand in its text. */
struct number_text {
    bool negative;
    const char *whole;
    size_t whole_size;
    const char *fraction;
    size_t fraction_size;
    long exponent;
};

static size_t number_count_digits(const char *text)
{
    return strspn(text, "0123456789");
}

static bool number_split(const char *text, struct number_text *number)
{
    *number = (struct number_text){ .negative = *text == '-', .fraction = "" };
    text += number->negative;
    number->whole = text;
    number->whole_size = number_count_digits(text);
    text += number->whole_size;
    if (number->whole_size == 0 || (*number->whole == '0' && number->whole_size > 1))
        return false;
    if (*text == '.') {
        number->fraction = text + 1;
        number->fraction_size = number_count_digits(text + 1);
        text += 1 + number->fraction_size;
        if (number->fraction_size == 0)
            return false;
    }
    if (*text == 'e' || *text == 'E') {
        const char *digits = text + 1 + (text[1] == '+' || text[1] == '-');
        size_t size = number_count_digits(digits);

        if (size == 0)
            return false;
        number->exponent = strtol(text + 1, NULL, 10);
        text = digits + size;
    }
    return *text == '\0';
}

bool number_is_json(const char *text)
{
    struct number_text number;

    return number_split(text, &number);
}

/* The `index`th digit of whole and fraction together. */
static unsigned number_digit(const struct number_text *number, size_t index)
{
    char digit = index < number->whole_size ? number->whole[index]
                                            : number->fraction[index - number->whole_size];

    return (unsigned)(digit - '0');
}

bool number_read_whole(const char *text, bool *negativep, uint64_t *magnitudep)
{
    struct number_text number;
    uint64_t magnitude = 0;
    size_t digits;
    long point; /* how many digits stand in front of the point */

    if (!number_split(text, &number))
        return false;
    if (number.exponent > NUMBER_EXPONENT_MAX)
        number.exponent = NUMBER_EXPONENT_MAX;
    if (number.exponent < -NUMBER_EXPONENT_MAX)
        number.exponent = -NUMBER_EXPONENT_MAX;
    digits = number.whole_size + number.fraction_size;
    while (digits > 0 && number_digit(&number, digits - 1) == 0)
        digits -= 1;
    point = (long)number.whole_size + number.exponent;
    if (digits > 0 && point < (long)digits)
        return false;
    for (long i = 0; digits > 0 && i < point; i++) {
        unsigned digit = (size_t)i < digits ? number_digit(&number, (size_t)i) : 0;

        if (__builtin_mul_overflow(magnitude, 10u, &magnitude) ||
                __builtin_add_overflow(magnitude, digit, &magnitude))
            return false;
    }
    *negativep = number.negative;
    *magnitudep = magnitude;
    return true;
}

/* Makes a number with a point or exponent of one that has none and needs its sign: JSON's readers
 * take -0 for 0. */
static void number_keep_sign(char *text)
{
    if (strcmp(text, "-0") == 0)
        memcpy(text, "-0.0", sizeof("-0.0"));
}

void number_print_float(char *text, float value)
{
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, NUMBER_TEXT_MAX, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    number_keep_sign(text);
}

void number_print_double(char *text, double value)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, NUMBER_TEXT_MAX, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    number_keep_sign(text);
}
