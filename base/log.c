// SPDX-License-Identifier: Apache-2.0
/* No buffer and no lock: a line is put together on the stack and leaves with one write, which the
 * kernel keeps whole for pipes up to PIPE_BUF. Log lines are rare by rule, so this is fast enough.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"

enum {
    LOG_LETTER_MAX = 7, /* bytes that a letter becomes at most, and one */
    LOG_TRACE_MAX = 96, /* bytes of a line that name its call, with the NUL */
    LOG_TRACE_ID = 16,  /* bytes, as they stand before those of the span */
    LOG_TRACE_SHORT = 4 /* bytes of it that people see */
};

static const char *const log_names[] = {
    [LOG_DEBUG] = "debug",
    [LOG_INFO] = "info",
    [LOG_WARN] = "warn",
    [LOG_ERROR] = "error",
};

static struct {
    const char *service; /* borrowed for good */
    bool human;
    atomic_int level;
    log_trace_fn trace; /* NULL: nobody knows */
} log_state = { .service = "mu", .level = LOG_INFO };

void log_open(const char *service)
{
    const char *wanted = getenv("MU_LOG_LEVEL");
    enum log_level level = LOG_INFO;

    log_state.service = service;
    log_state.human = isatty(STDERR_FILENO) == 1;
    if (wanted != NULL && log_level_parse(wanted, &level) == 0)
        log_set_level(level);
}

void log_set_level(enum log_level level)
{
    atomic_store(&log_state.level, (int)level);
}

enum log_level log_get_level(void)
{
    return (enum log_level)atomic_load(&log_state.level);
}

const char *log_level_name(enum log_level level)
{
    return log_names[level];
}

int log_level_parse(const char *name, enum log_level *levelp)
{
    for (int i = LOG_DEBUG; i <= LOG_ERROR; i++) {
        if (strcmp(name, log_names[i]) == 0) {
            *levelp = (enum log_level)i;
            return 0;
        }
    }
    return -EINVAL;
}

void log_trace_by(log_trace_fn fn)
{
    log_state.trace = fn;
}

/* How many bytes the UTF-8 letter at `text` has; 0 where they are none (RFC 3629). */
static size_t log_letter(const unsigned char *text, size_t size)
{
    static const struct {
        unsigned char first_min, first_max, second_min, second_max;
        unsigned char size;
    } rows[] = {
        { 0x00, 0x7f, 0, 0, 1 },
        { 0xc2, 0xdf, 0x80, 0xbf, 2 },
        { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 },
        { 0xed, 0xed, 0x80, 0x9f, 3 },
        { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 },
        { 0xf1, 0xf3, 0x80, 0xbf, 4 },
        { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (text[0] < rows[i].first_min || text[0] > rows[i].first_max)
            continue;
        if (rows[i].size == 1)
            return 1;
        if (size < rows[i].size || text[1] < rows[i].second_min || text[1] > rows[i].second_max)
            return 0;
        for (size_t k = 2; k < rows[i].size; k++) {
            if ((text[k] & 0xc0) != 0x80)
                return 0;
        }
        return rows[i].size;
    }
    return 0;
}

/* How many bytes stand for themselves, up to `max`: nearly all do, so they are taken at once. */
static size_t log_run(const unsigned char *text, size_t size, size_t max)
{
    size_t run = 0;

    if (size > max)
        size = max;
    while (run < size && text[run] >= 0x20 && text[run] < 0x7f && text[run] != '"' &&
            text[run] != '\\')
        run += 1;
    return run;
}

/* Appends `text` as the inside of a JSON string, as much as has room. Returns the new length, at
 * most `size`. */
static size_t log_escape(char *line, size_t length, size_t size, const char *text, size_t text_size)
{
    const unsigned char *c = (const unsigned char *)text;
    const unsigned char *end = c + text_size;

    while (c < end && length + LOG_LETTER_MAX < size) {
        size_t letter = log_run(c, (size_t)(end - c), size - length - LOG_LETTER_MAX);

        if (letter == 0)
            letter = log_letter(c, (size_t)(end - c));
        if (letter == 0) {
            memcpy(line + length, "\xef\xbf\xbd", 3); /* U+FFFD: no letter */
            length += 3;
            letter = 1;
        } else if (*c == '"' || *c == '\\') {
            line[length++] = '\\';
            line[length++] = (char)*c;
        } else if (*c < 0x20 || *c == 0x7f) {
            length += (size_t)snprintf(line + length, size - length, "\\u%04x", *c);
        } else {
            memcpy(line + length, c, letter);
            length += letter;
        }
        c += letter;
    }
    return length;
}

size_t log_print(char *line, size_t size, const struct timespec *now, enum log_level level,
        const char *service, const char *text, size_t text_size)
{
    struct tm parts;
    size_t length;

    CHECK(size >= LOG_LINE_HEAD_MAX);
    gmtime_r(&now->tv_sec, &parts);
    length = strftime(line, size, "{\"ts\":\"%Y-%m-%dT%H:%M:%S", &parts);
    length += (size_t)snprintf(line + length, size - length,
            ".%03ldZ\",\"level\":\"%s\",\"service\":\"%.64s\",\"msg\":\"", now->tv_nsec / 1000000,
            log_names[level], service);
    length = log_escape(line, length, size - 3, text, text_size);
    memcpy(line + length, "\"}\n", 3);
    return length + 3;
}

/* Writes what names the call that the thread works for into `text` ("" where there is none), and
 * returns its length. */
static size_t log_print_trace(char text[LOG_TRACE_MAX])
{
    const uint8_t *trace = log_state.trace != NULL ? log_state.trace() : NULL;
    size_t bytes = log_state.human ? LOG_TRACE_SHORT : LOG_TRACE_SIZE;
    size_t length = 0;

    text[0] = '\0';
    if (trace == NULL)
        return 0;
    length += (size_t)snprintf(
            text, LOG_TRACE_MAX, "%s", log_state.human ? " trace=" : ",\"trace_id\":\"");
    for (size_t i = 0; i < bytes; i++)
        length += (size_t)snprintf(text + length, LOG_TRACE_MAX - length, "%s%02x",
                i == LOG_TRACE_ID ? "\",\"span_id\":\"" : "", trace[i]);
    if (!log_state.human)
        length += (size_t)snprintf(text + length, LOG_TRACE_MAX - length, "\"");
    return length;
}

/* The line for people, newline and all. Returns its length. */
static size_t log_print_human(char line[LOG_LINE_MAX], const struct timespec *now,
        enum log_level level, const char *text, const char *trace)
{
    struct tm parts;
    size_t length;

    localtime_r(&now->tv_sec, &parts);
    length = (size_t)snprintf(line, LOG_LINE_MAX - 1, "%02d:%02d:%02d %s %s: %s%s", parts.tm_hour,
            parts.tm_min, parts.tm_sec, log_names[level], log_state.service, text, trace);
    if (length > LOG_LINE_MAX - 2)
        length = LOG_LINE_MAX - 2; /* of a service whose name is very long */
    line[length++] = '\n';
    return length;
}

void log_write(enum log_level level, const char *format, ...)
{
    char text[LOG_LINE_MAX / 2];
    char line[LOG_LINE_MAX];
    char trace[LOG_TRACE_MAX];
    size_t trace_size;
    struct timespec now;
    size_t length;
    va_list args;

    if ((int)level < atomic_load(&log_state.level))
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    clock_gettime(CLOCK_REALTIME, &now);
    trace_size = log_print_trace(trace);
    if (log_state.human) {
        length = log_print_human(line, &now, level, text, trace);
    } else {
        length = log_print(line, sizeof(line) - trace_size, &now, level, log_state.service, text,
                strlen(text));
        length -= 2; /* the brace and the newline, which come behind it now */
        memcpy(line + length, trace, trace_size);
        memcpy(line + length + trace_size, "}\n", 2);
        length += trace_size + 2;
    }
    if (write(STDERR_FILENO, line, length) < 0)
        return; /* nobody is left to be told */
}
