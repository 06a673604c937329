/* base/log.h - one line for each event worth an operator's time, on standard error.
 *
 * On a terminal a line is for people: `12:00:01 warn router: text`. Elsewhere it is a JSON object
 * with ts, level, msg and service, one a line. A line is written with one write(2), so that lines
 * of several threads never mix; one longer than LOG_LINE_MAX is cut. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum {
    LOG_LINE_MAX = 4096,     /* bytes */
    LOG_LINE_HEAD_MAX = 192, /* bytes of a line besides its text: what log_print needs at least */
    LOG_TRACE_SIZE = 24      /* bytes: trace id 16, span id 8 */
};

/* What every line that is no person's begins with. */
#define LOG_LINE_START "{\"ts\":\""

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Names the process in its lines and picks the form. `service` is borrowed for good. The level is
 * taken from MU_LOG_LEVEL (debug, info, warn, error), else info. */
void log_open(const char *service);

void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* "debug", "info", "warn" or "error". */
const char *log_level_name(enum log_level level);

/* Reads a level's name into `*levelp`. Returns 0, or -EINVAL and leaves it be. */
int log_level_parse(const char *name, enum log_level *levelp);

/* Says which call the calling thread works for: LOG_TRACE_SIZE bytes, borrowed until it says so
 * anew; NULL: for none. */
typedef const uint8_t *(*log_trace_fn)(void);

/* From now on every line of JSON names the call that `fn` knows of, in `trace_id` and `span_id`,
 * and a line for people the first digits of the former. For good; before a second thread is there.
 * It is asked only for lines that are written. */
void log_trace_by(log_trace_fn fn);

/* Makes the line of JSON, newline and all, of `size` bytes at most; a text for which there is no
 * room is cut. Bytes that are no UTF-8 become U+FFFD. Returns its length; no NUL behind it. */
size_t log_print(char *line, size_t size, const struct timespec *now, enum log_level level,
        const char *service, const char *text, size_t text_size);

void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
