// SPDX-License-Identifier: Apache-2.0
#include "client/schema/moment.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/schema/text.h"

#define TIMESTAMP_SECONDS_MIN INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define TIMESTAMP_SECONDS_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define DURATION_SECONDS_MAX  INT64_C(315576000000)

enum { NANOS = 1000000000, DAY = 86400 };

/* Days from 1970-01-01 to a day of the Gregorian calendar (Hinnant, "chrono-Compatible Low-Level
 * Date Algorithms", days_from_civil and civil_from_days). */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    int64_t shifted = month > 2 ? year : year - 1; /* years begin in March */
    int64_t era = shifted / 400;
    int64_t year_of_era = shifted - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static void date_from_days(int64_t days, int *yearp, int *monthp, int *dayp)
{
    int64_t shifted = days + 719468;
    int64_t era = shifted / 146097;
    int64_t day = shifted - era * 146097;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t month;

    day -= 365 * year + year / 4 - year / 100;
    month = (5 * day + 2) / 153;
    *dayp = (int)(day - (153 * month + 2) / 5 + 1);
    *monthp = (int)(month < 10 ? month + 3 : month - 9);
    *yearp = (int)(year + era * 400 + (*monthp <= 2));
}

static int days_of_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && is_leap);
}

/* Takes exactly `count` digits. Returns the text after them, or NULL. */
static const char *digits_take(const char *text, int count, int *valuep)
{
    *valuep = 0;
    for (; text != NULL && count > 0; count--, text++) {
        if (!text_is_digit(*text))
            return NULL;
        *valuep = *valuep * 10 + (*text - '0');
    }
    return text;
}

static const char *sign_take(const char *text, char sign)
{
    return text != NULL && *text == sign ? text + 1 : NULL;
}

/* Takes `.5` or nothing, up to nine digits. Returns the text after it, or NULL. */
static const char *fraction_take(const char *text, int32_t *nanosp)
{
    int32_t unit = NANOS / 10;

    *nanosp = 0;
    if (text == NULL || *text != '.')
        return text;
    if (!text_is_digit(*++text))
        return NULL;
    for (; text_is_digit(*text); text++, unit /= 10) {
        if (unit == 0)
            return NULL;
        *nanosp += (*text - '0') * unit;
    }
    return text;
}

/* Takes `Z` or `+hh:mm`, in seconds. */
static const char *offset_take(const char *text, int *offsetp)
{
    int sign = text != NULL && *text == '-' ? -1 : 1;
    int hours;
    int minutes;

    *offsetp = 0;
    if (text == NULL || *text == 'Z')
        return text != NULL ? text + 1 : NULL;
    if (*text != '+' && *text != '-')
        return NULL;
    text = digits_take(text + 1, 2, &hours);
    text = digits_take(sign_take(text, ':'), 2, &minutes);
    if (text == NULL || hours > 23 || minutes > 59)
        return NULL;
    *offsetp = sign * (hours * 3600 + minutes * 60);
    return text;
}

bool timestamp_read(struct moment *moment, const char *text)
{
    int year, month, day, hour, minute, second, offset;

    text = digits_take(text, 4, &year);
    text = digits_take(sign_take(text, '-'), 2, &month);
    text = digits_take(sign_take(text, '-'), 2, &day);
    text = digits_take(sign_take(text, 'T'), 2, &hour);
    text = digits_take(sign_take(text, ':'), 2, &minute);
    text = digits_take(sign_take(text, ':'), 2, &second);
    text = fraction_take(text, &moment->nanos);
    text = offset_take(text, &offset);
    if (text == NULL || *text != '\0' || year < 1 || month < 1 || month > 12 || day < 1 ||
            day > days_of_month(year, month) || hour > 23 || minute > 59 || second > 59)
        return false;
    moment->seconds = days_from_date(year, month, day) * DAY + (int64_t)hour * 3600 +
                      (int64_t)minute * 60 + second - offset;
    return moment->seconds >= TIMESTAMP_SECONDS_MIN && moment->seconds <= TIMESTAMP_SECONDS_MAX;
}

enum { FRACTION_TEXT_MAX = 16 }; /* bytes with the final NUL */

/* Writes `.500` in as many groups of three digits as are needed. */
static void fraction_print(char *text, int32_t nanos)
{
    int digits = nanos % 1000000 == 0 ? 3 : nanos % 1000 == 0 ? 6 : 9;
    int32_t unit = nanos % 1000000 == 0 ? 1000000 : nanos % 1000 == 0 ? 1000 : 1;

    *text = '\0';
    if (nanos != 0)
        snprintf(text, FRACTION_TEXT_MAX, ".%0*d", digits, nanos / unit);
}

bool timestamp_print(const struct moment *moment, char *text)
{
    int64_t days;
    int year, month, day, second;
    char fraction[FRACTION_TEXT_MAX];

    if (moment->seconds < TIMESTAMP_SECONDS_MIN || moment->seconds > TIMESTAMP_SECONDS_MAX ||
            moment->nanos < 0 || moment->nanos >= NANOS)
        return false;
    days = (moment->seconds - TIMESTAMP_SECONDS_MIN) / DAY + TIMESTAMP_SECONDS_MIN / DAY;
    second = (int)(moment->seconds - days * DAY);
    date_from_days(days, &year, &month, &day);
    fraction_print(fraction, moment->nanos);
    snprintf(text, MOMENT_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d%sZ", year, month, day,
            second / 3600, second / 60 % 60, second % 60, fraction);
    return true;
}

bool duration_read(struct moment *moment, const char *text)
{
    int sign = *text == '-' ? -1 : 1;
    size_t digits;

    text += *text == '-';
    digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 12)
        return false;
    moment->seconds = sign * (int64_t)strtoll(text, NULL, 10);
    text = fraction_take(text + digits, &moment->nanos);
    moment->nanos *= sign;
    return text != NULL && strcmp(text, "s") == 0 && moment->seconds >= -DURATION_SECONDS_MAX &&
           moment->seconds <= DURATION_SECONDS_MAX;
}

bool duration_print(const struct moment *moment, char *text)
{
    bool is_negative = moment->seconds < 0 || moment->nanos < 0;
    char fraction[FRACTION_TEXT_MAX];

    if (moment->seconds < -DURATION_SECONDS_MAX || moment->seconds > DURATION_SECONDS_MAX ||
            moment->nanos <= -NANOS || moment->nanos >= NANOS ||
            (is_negative && (moment->seconds > 0 || moment->nanos > 0)))
        return false;
    fraction_print(fraction, is_negative ? -moment->nanos : moment->nanos);
    snprintf(text, MOMENT_TEXT_MAX, "%s%" PRId64 "%ss", is_negative ? "-" : "",
            is_negative ? -moment->seconds : moment->seconds, fraction);
    return true;
}
