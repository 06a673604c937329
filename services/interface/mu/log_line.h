/* log_line.h - one line of a service's log, for people. */
#pragma once

#include "services/interface/mu/cli.h"

enum { LOG_LINE_TIME_MAX = 32 }; /* bytes with the final NUL */

/* The line's time as it stands in it ("2026-01-31T12:00:00.123Z"), "" where there is none. */
void log_line_time(const char *line, size_t size, char time[LOG_LINE_TIME_MAX]);

/* True for a line whose `trace_id` begins with `trace`. */
bool log_line_is_of(const char *line, size_t size, const char *trace);

/* Prints a line that is none of JSON as one, for programs. */
void log_line_json(const char *service, const char *line, size_t size);

/* Prints `12:00:01 warn greeter: text key=value` (of a call `trace=`, and its first digits) for a
 * line of JSON, any other as it is behind the service's name. */
void log_line_print(const struct cli *cli, const char *service, const char *line, size_t size);
